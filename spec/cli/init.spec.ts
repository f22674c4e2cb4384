import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parse, parseAllDocuments } from "yaml";
import { canRun } from "../support/not-run.js";
import { consumerProject } from "../support/packed.js";
import { write } from "./app.js";

const root = join(__dirname, "..", "..");
const targets = ["serve", "azure-v3", "azure-v4"] as const;
const decorators = ["standard", "legacy"] as const;
const runners = ["node", "jest", "vitest"] as const;

/** All eighteen with `DAPR_FUNCTIONS_INIT=all`; else each choice once, the defaults first. */
const combinations =
  process.env["DAPR_FUNCTIONS_INIT"] === "all"
    ? targets.flatMap((target) => decorators.flatMap((kind) => runners.map((tests) => [target, kind, tests] as const)))
    : ([
        ["serve", "standard", "node"],
        ["azure-v3", "legacy", "jest"],
        ["azure-v4", "standard", "vitest"],
      ] as const);

/** A folder in which projects find what `npm install` would bring them. */
function workshop(): string {
  const folder = consumerProject({
    packages: [
      "zod",
      "@swc/core",
      "class-validator",
      "class-transformer",
      "@azure/functions",
      "@types/node",
      "@types/jest",
      "undici-types",
      "jest",
      "vitest",
    ],
  });
  const bin = join(folder, "node_modules", ".bin");
  mkdirSync(bin, { recursive: true });
  const link = (name: string, path: string) => !existsSync(join(bin, name)) && symlinkSync(path, join(bin, name));
  link("tsc", join(root, "node_modules", "@typescript", "native", "bin", "tsc"));
  link("jest", join(root, "node_modules", ".bin", "jest"));
  link("vitest", join(root, "node_modules", ".bin", "vitest"));
  // As npm does when it installs a command.
  chmodSync(cli(folder), 0o755);
  link("dapr-functions", join(folder, "node_modules", "dapr-functions", "dist", "cli", "main.js"));
  return folder;
}

const cli = (folder: string) => join(folder, "node_modules", "dapr-functions", "dist", "cli", "main.js");

function init(
  folder: string,
  args: readonly string[],
  agent = "npm/11.0.0 node/v20",
): { status: number | null; stdout: string; stderr: string } {
  const env = { PATH: process.env["PATH"], npm_config_user_agent: agent };
  return spawnSync(process.execPath, [cli(folder), "init", ...args], { cwd: folder, encoding: "utf8", env });
}

/** Jest of the project, not that of this spec, runs there. */
const environment = { PATH: process.env["PATH"], HOME: process.env["HOME"], CI: "true" };

describe("dapr-functions init", () => {
  let folder: string;

  beforeAll(() => {
    folder = workshop();
  }, 180_000);

  describe.each(combinations)("--target %s --decorators %s --tests %s", (target, kind, tests) => {
    const name = `${target}-${kind}-${tests}`;
    let project: string;

    beforeAll(() => {
      const made = init(folder, [name, "--target", target, "--decorators", kind, "--tests", tests]);
      if (made.status !== 0) throw new Error(made.stderr);
      project = join(folder, name);
    });

    it("passes its tests, and those of a file that is added", () => {
      const added = readFileSync(join(project, "src", "functions.test.ts"), "utf8");
      write(project, { "src/added.test.ts": added });
      const { status, stdout, stderr } = spawnSync("npm", ["test"], {
        cwd: project,
        encoding: "utf8",
        env: environment,
      });
      expect({ status, output: status === 0 ? "" : stdout + stderr }).toEqual({ status: 0, output: "" });
      expect(`${stdout}${stderr}`).toMatch(/\b8 pass|pass 8|8 passed/);
    }, 120_000);

    it.each(["start", "dev"])(
      "answers beside the embedded sidecar after npm run %s",
      async (script) => {
        const app = spawn("npm", ["run", script, "--", "--dapr-http-port", "0"], {
          cwd: project,
          env: environment,
          detached: true,
        });
        try {
          const sidecar = await sidecarOf(app);
          const send = (method: string, body: object) =>
            fetch(`${sidecar}/v1.0/invoke/${name}/method/${method}`, {
              method: "POST",
              headers: { "content-type": "application/json" },
              body: JSON.stringify(body),
            });
          expect(await (await send("createNewOrder", { id: "41", total: 3 })).json()).toEqual({ id: "41", total: 3 });
          expect(await (await send("retrieveOrder", { id: "41" })).json()).toEqual({ id: "41", total: 3 });
          expect((await send("createNewOrder", { id: "41" })).status).toBe(400);
        } finally {
          process.kill(-app.pid!, "SIGTERM");
          await once(app, "close");
        }
      },
      120_000,
    );

    it("has nothing that check finds wrong", () => {
      const { status, stderr } = spawnSync("npm", ["run", "check"], {
        cwd: project,
        encoding: "utf8",
        env: environment,
      });
      expect([status, stderr.split("\n").filter((line) => /^(error|warning)/.test(line))]).toEqual([0, []]);
    });
  });

  it("is what npm create dapr-functions runs", () => {
    const packed = spawnSync("npm", ["pack", "--silent", "--pack-destination", folder], {
      cwd: join(root, "create-dapr-functions"),
      encoding: "utf8",
    }).stdout.trim();
    const modules = join(folder, "node_modules", "create-dapr-functions");
    mkdirSync(modules, { recursive: true });
    spawnSync("tar", ["-xzf", join(folder, packed), "-C", modules, "--strip-components", "1"]);
    const env = { PATH: process.env["PATH"] };
    const run = spawnSync(process.execPath, [join(modules, "create.cjs"), "created", "--tests", "vitest"], {
      cwd: folder,
      encoding: "utf8",
      env,
    });
    expect([run.status, existsSync(join(folder, "created", "src", "functions.ts"))]).toEqual([0, true]);
    const versions = ["create-dapr-functions/package.json", "package.json"].map(
      (file) => (JSON.parse(readFileSync(join(root, file), "utf8")) as { version: string }).version,
    );
    expect(new Set(versions).size).toBe(1);
  });

  it("gives the v4 model the host.json and local.settings.json that no other command writes for it", () => {
    init(folder, ["orders-v4", "--target", "azure-v4"]);
    const read = (file: string) => JSON.parse(readFileSync(join(folder, "orders-v4", file), "utf8")) as unknown;
    expect(read("host.json")).toMatchObject({ extensionBundle: { version: "[4.17.0, 5.0.0)" } });
    expect(read("local.settings.json")).toMatchObject({ Values: { FUNCTIONS_WORKER_RUNTIME: "node" } });
  });

  it("quotes a folder that the shell would take apart", () => {
    expect(init(folder, ["My App"]).stderr).toContain('\n  cd "My App"\n');
  });

  it("asks Kubernetes and Container Apps to send nothing before the sidecar answers", () => {
    init(folder, ["probes"]);
    for (const file of ["kubernetes.yaml", "container-app.bicep"]) {
      const text = readFileSync(join(folder, "probes", "deploy", file), "utf8");
      expect([file, /readiness.{0,100}\/readyz/is.test(text), /liveness.{0,150}\/healthz/is.test(text)]).toEqual([
        file,
        true,
        true,
      ]);
    }
  });

  it("says what it wrote and what comes next, in the words of the package manager that ran it", () => {
    const run = init(folder, ["with-pnpm"], "pnpm/10.1.0 npm/? node/v22");
    expect(
      run.stdout
        .split("\n")
        .filter(Boolean)
        .every((line) => line.startsWith("write ")),
    ).toBe(true);
    expect(run.stderr).toBe(
      "next:\n  cd with-pnpm\n  pnpm install\n  pnpm run start\n  pnpm run test\n  pnpm run dev\n",
    );
    expect(readFileSync(join(folder, "with-pnpm", "Dockerfile"), "utf8")).toContain("pnpm install --frozen-lockfile");
  });

  it("takes the defaults where nobody can be asked: standard decorators, zod, Node's test runner", () => {
    init(folder, ["defaults"]);
    const manifest = JSON.parse(readFileSync(join(folder, "defaults", "package.json"), "utf8")) as {
      dependencies: object;
      scripts: Record<string, string>;
    };
    expect(Object.keys(manifest.dependencies)).toEqual(["dapr-functions", "zod"]);
    expect(manifest.scripts["test"]).toContain("node --test");
    expect(readFileSync(join(folder, "defaults", "tsconfig.json"), "utf8")).not.toContain("experimentalDecorators");
  });

  it("writes manifests that are YAML, with an app id that is the project's name", () => {
    init(folder, ["Some Shop!"]);
    const project = join(folder, "Some Shop!");
    for (const path of [
      "dapr.yaml",
      "deploy/kubernetes.yaml",
      "components/statestore.yaml",
      ".github/workflows/ci.yml",
    ]) {
      const documents = parseAllDocuments(readFileSync(join(project, path), "utf8"));
      expect([path, documents.flatMap(({ errors }) => errors)]).toEqual([path, []]);
    }
    const [deployment] = parseAllDocuments(readFileSync(join(project, "deploy", "kubernetes.yaml"), "utf8"));
    expect(deployment!.toJS()).toMatchObject({
      spec: {
        template: {
          metadata: { annotations: { "dapr.io/app-id": "some-shop", "dapr.io/block-shutdown-duration": "6s" } },
        },
      },
    });
  });

  it.each([
    ["123", "app-123"],
    ["1e3", "app-1e3"],
    ["0x1f", "app-0x1f"],
    ["1_000", "app-1-000"],
    ["true", "app-true"],
    ["No", "app-no"],
    ["null", "app-null"],
    ["~", "orders"],
    ["my_app", "my-app"],
    ["foo.bar", "foo-bar"],
    ["a--b", "a-b"],
    ["a'b $c", "a-b-c"],
    ["Ünï çode", "uni-code"],
    ["заказы", "orders"],
    ["x".repeat(40), "x".repeat(32)],
    [`${"x".repeat(31)} y`, "x".repeat(31)],
  ])("gives the folder %s a name that a package, Dapr, Kubernetes and Container Apps take", (name, expected) => {
    const target = join("names", name);
    expect(init(folder, [target])).toMatchObject({ status: 0 });
    const read = (path: string) => readFileSync(join(folder, target, path), "utf8");
    const yaml = (path: string) => parse(read(path), { version: "1.1" }) as never;
    expect(JSON.parse(read("package.json"))).toMatchObject({ name: expected });
    expect(yaml("dapr.yaml")).toMatchObject({ apps: [{ appID: expected }] });
    const labels = { app: expected };
    expect(yaml("deploy/kubernetes.yaml")).toMatchObject({
      metadata: { name: expected },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels, annotations: { "dapr.io/app-id": expected } },
          spec: { containers: [{ name: expected }] },
        },
      },
    });
    expect(read("deploy/container-app.bicep").match(/(?<=(?:name|appId): ')[^']*/g)).toEqual(Array(3).fill(expected));
  });

  it.each<[string, (at: string) => void, string]>([
    ["a file where a folder must be", (at) => write(at, { src: "" }), "src is there already"],
    [
      "a file where a folder of a folder must be",
      (at) => write(at, { ".github/workflows": "" }),
      ".github/workflows is",
    ],
    ["a folder where a file must be", (at) => write(at, { "tsconfig.json/x": "" }), "tsconfig.json is there already"],
    [
      "a link that leads nowhere",
      (at) => symlinkSync("gone", join(at, "package.json")),
      "package.json is there already",
    ],
    ["a link that leads nowhere for a folder", (at) => symlinkSync("gone", join(at, "src")), "src is there already"],
  ])("writes nothing beside %s", (name, make, message) => {
    const target = join("obstacles", name);
    const at = join(folder, target);
    mkdirSync(at, { recursive: true });
    make(at);
    const before = readdirSync(at, { recursive: true });
    expect(init(folder, [target])).toMatchObject({ status: 2, stderr: expect.stringContaining(message) });
    expect(readdirSync(at, { recursive: true })).toEqual(before);
  });

  it("writes nothing below a file, or what leads nowhere", () => {
    write(folder, { "below/file": "" });
    symlinkSync("gone", join(folder, "below", "link"));
    for (const target of ["below/file", "below/file/app", "below/link", "below/link/app"]) {
      expect(init(folder, [target])).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(/^below\/\S+: \/\S+\/below\/(file|link) is not a folder; give another one\n$/),
      });
    }
    expect(readdirSync(join(folder, "below")).sort()).toEqual(["file", "link"]);
  });

  it("writes nothing into a folder that has a file of the same name", () => {
    write(folder, { "taken/src/functions.ts": "// mine", "taken/README.md": "# mine" });
    const { status, stderr } = init(folder, ["taken"]);
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining("taken: src/functions.ts, README.md are there already; nothing was written"),
    ]);
    expect(readdirSync(join(folder, "taken"))).toEqual(["README.md", "src"]);
    write(folder, { file: "" });
    expect(init(folder, ["file"])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("/file is not a folder"),
    });
    expect(statSync(join(folder, "file")).isFile()).toBe(true);
  });

  it.each([
    ["--target", "lambda"],
    ["--decorators", "none"],
    ["--tests", "mocha"],
  ])("refuses %s %s", (option, value) => {
    const { status, stderr } = init(folder, ["refused", option, value]);
    expect([status, stderr]).toEqual([2, expect.stringContaining("Allowed choices are")]);
    expect(existsSync(join(folder, "refused"))).toBe(false);
  });
});

if (canRun("init on a terminal", "script")) {
  describe("dapr-functions init on a terminal", () => {
    let folder: string;
    beforeAll(() => {
      folder = consumerProject({ packages: [] });
    });

    /** Types all at once, before any question stands there; the key once the second does. */
    async function answered(name: string, typed: string, key = ""): Promise<{ status: number; output: string }> {
      const command = `'${process.execPath}' '${cli(folder)}' init ${name}`;
      const terminal = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], { cwd: folder });
      let output = "";
      terminal.stdout.on("data", (data: Buffer) => {
        const asked = output.includes("[standard]");
        output += data.toString();
        // Nothing is not written either: a terminal that has ended by then takes no more.
        if (key !== "" && !asked && output.includes("[standard]")) terminal.stdin.write(key);
      });
      terminal.stdin.write(typed);
      const tooLate = setTimeout(() => terminal.kill("SIGKILL"), 60_000);
      const [status, signal] = (await once(terminal, "close")) as [number, string | null];
      clearTimeout(tooLate);
      if (signal !== null) throw new Error(`it had not ended after 60 s, and had shown:\n${output}`);
      return { status, output };
    }

    it("takes answers that are typed ahead, and asks again after one that it does not know", async () => {
      const { status, output } = await answered("typed", "lambda\nazure-v4\n\nvitest\n");
      expect(output).toContain('"lambda" is none of them.');
      expect([status, output]).toEqual([0, expect.stringContaining("write package.json")]);
      const manifest = readFileSync(join(folder, "typed", "package.json"), "utf8");
      expect(manifest).toContain('"@azure/functions"');
      expect(manifest).toContain('"vitest"');
      expect(manifest).toContain('"zod"');
    });

    it.each([
      ["Ctrl-D", "\x04"],
      ["Ctrl-C", "\x03"],
    ])("writes nothing after %s", async (_, key) => {
      const { status, output } = await answered("ended", "azure-v4\n", key);
      expect([status, output]).toEqual([2, expect.stringContaining("not answered; nothing was written")]);
      expect(existsSync(join(folder, "ended"))).toBe(false);
    });
  });
}

/** Where a started project says that its sidecar is. */
async function sidecarOf(app: ChildProcess): Promise<string> {
  let output = "";
  app.stderr!.on("data", (data: Buffer) => (output += data.toString()));
  for await (const line of createInterface({ input: app.stdout! })) {
    output += `${line}\n`;
    const [, url] = /its sidecar at (http:\S+)/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(output);
}
