import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const lib = resolve(__dirname, "../lib");

/** What each folder may import besides itself. A file rather than a folder stands for that file alone. */
const allowed: Record<string, readonly string[]> = {
  model: [],
  metadata: ["model"],
  decorators: ["metadata/store", "model"],
  payload: ["model"],
  collectors: ["model"],
  client: ["model"],
  runtime: ["model", "metadata", "payload", "collectors", "client"],
  azure: [
    "model",
    "metadata",
    "payload",
    "collectors",
    "runtime/invoke",
    "runtime/binding-host",
    "runtime/topic-events",
  ],
  testing: [
    "model",
    "metadata",
    "payload",
    "collectors",
    "runtime/invoke",
    "runtime/binding-host",
    "runtime/binding-data",
    // The fake host is the sidecar's without a sidecar, so that a test meets what production refuses.
    "runtime/sidecar-host",
    "runtime/write-reply",
    "client/dapr-client",
  ],
  sidecar: ["model/errors"],
  cli: [
    "index",
    "model",
    "metadata",
    "payload",
    "azure",
    "sidecar",
    "testing",
    "runtime/routes",
    "runtime/prepare",
    "runtime/settings",
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
});
