import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const lib = resolve(__dirname, "../lib");

/** What each folder may import besides itself. A file rather than a folder stands for that file alone. */
const allowed: Record<string, readonly string[]> = {
  model: [],
  expressions: ["model"],
  // What records a class says where the packages of its payloads are found.
  metadata: ["model", "expressions", "payload/recording"],
  // The port is the type of what @DaprSidecar gives; the members of a topic are checked as the same options are.
  decorators: ["metadata/store", "metadata/members", "model", "client/dapr-client"],
  payload: ["model"],
  collectors: ["model"],
  client: ["model"],
  invocation: ["model", "expressions", "payload", "collectors"],
  // A callee whose class is given is read for the names, verbs and payload types of its methods.
  "sidecar-host": ["model", "expressions", "collectors", "client", "invocation", "payload", "metadata/functions"],
  server: ["model", "expressions", "invocation"],
  telemetry: ["model", "invocation"],
  serve: [
    "telemetry",
    "record",
    "model",
    "expressions",
    "metadata",
    "payload",
    "client",
    "invocation",
    "sidecar-host",
    "server",
  ],
  azure: [
    "model",
    "expressions",
    "metadata",
    "payload",
    "collectors",
    "invocation",
    // With `bindings: "sidecar"` the worker does what `serve` does, from the same settings.
    "client",
    "sidecar-host",
    "serve/settings",
    "telemetry/telemetry",
  ],
  testing: [
    // A replay is recorded as the first run was, and the two recordings are compared.
    "record/recording",
    "record/recording-watch",
    "model",
    "expressions",
    "metadata",
    "payload",
    "collectors",
    "invocation",
    // The fake host is the sidecar's without a sidecar, so that a test meets what production refuses.
    "sidecar-host",
    "client/dapr-client",
  ],
  init: [],
  map: ["model"],
  describe: ["model"],
  record: ["model", "invocation"],
  // What looks like a credential is kept by neither.
  // What is written to state entries is told as it goes to their store.
  inspector: ["model", "invocation/binding-host", "invocation/observer", "record"],
  // Types only: the command line makes the inspector.
  sidecar: ["model/duration", "model/errors", "model/thrown", "model/visible", "inspector/inspector"],
  cli: [
    "index",
    "init",
    "map",
    "describe",
    "record",
    "model",
    "expressions",
    "metadata",
    "payload",
    "azure",
    "sidecar",
    "inspector",
    "testing",
    "server/routes",
    "server/subscriptions",
    "serve/prepare",
    "serve/settings",
    // Whose sidecar turns to an app that is served already.
    "serve/start-server",
  ],
};

const files = readdirSync(lib, { recursive: true, encoding: "utf8" }).filter((file) => /\.m?ts$/.test(file));

function importsOf(file: string): string[] {
  // Examples in comments import modules that are not there.
  const text = readFileSync(join(lib, file), "utf8").replace(/^\s*(?:\*|\/[/*]).*$/gm, "");
  const specifiers = [...text.matchAll(/(?:from|import|require\()\s*\(?["'](\.[^"']+)["']/g)].map((match) => match[1]!);
  return specifiers.map((specifier) =>
    relative(lib, resolve(lib, dirname(file), specifier))
      .replaceAll("\\", "/")
      .replace(/\.m?js$/, ""),
  );
}

describe("the layers of lib", () => {
  it("has files to check", () => {
    expect(files.length).toBeGreaterThan(5);
  });

  it.each(files.filter((file) => file.includes("/")))("%s imports only what its folder may", (file) => {
    const folder = file.split("/")[0]!;
    const refused = importsOf(file).filter(
      (target) =>
        target.split("/")[0] !== folder &&
        !allowed[folder]!.some((entry) => target === entry || (!entry.includes("/") && target.startsWith(`${entry}/`))),
    );
    expect(refused).toEqual([]);
  });

  it("no file imports the root barrel but the command line", () => {
    expect(files.filter((file) => !file.startsWith("cli/") && importsOf(file).includes("index"))).toEqual([]);
  });

  it("has no circles, those through require included", () => {
    const graph = new Map(files.map((file) => [file.replace(/\.m?ts$/, ""), importsOf(file)]));
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (file: string, trail: readonly string[]): void => {
      const start = trail.indexOf(file);
      if (start !== -1) circles.push([...trail.slice(start), file].join(" → "));
      if (start !== -1 || done.has(file)) return;
      for (const target of graph.get(file) ?? []) walk(target, [...trail, file]);
      done.add(file);
    };
    for (const file of graph.keys()) walk(file, []);
    expect(circles).toEqual([]);
  });
});
