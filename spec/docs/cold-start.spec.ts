import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { consumerProject } from "../support/packed.js";
import { call } from "../contract/harness.js";
import { freePort, killAtExit } from "../support/daprd.js";
import { recordingSidecar, type RecordingSidecar } from "../support/recording-sidecar.js";
import { blocksOf, root, textOf } from "./blocks.js";

jest.setTimeout(120_000);

const page = "docs/cold-start.md";
const blocks = blocksOf(page);
const commands = blocks.flatMap(({ language, code }) => (language === "" ? code.trim().split("\n") : []));

/** The one command of the page that begins like this. */
function command(start: string): string[] {
  const found = commands.filter((line) => line.startsWith(start));
  expect(found).toHaveLength(1);
  return found[0]!.split(" ");
}

const orders = `
import { IsString } from "class-validator";
import { DaprServiceInvocationTrigger, DaprStateOutput, type Collector } from "dapr-functions";
export class Order {
  @IsString() id!: string;
}
export class Orders {
  @DaprServiceInvocationTrigger({ payload: Order })
  @DaprStateOutput({ name: "order", stateStore: "%StateStoreName%", key: "{id}" })
  save(payload: Order, { order }: { order: Collector<Order> }): string {
    order.add(payload);
    return "saved " + payload.id;
  }
}
`;
const unchecked = orders
  .replace(/import \{ IsString.*\n/, "")
  .replace("@IsString() ", "")
  .replace("{ payload: Order }", "");
const imports = 'import { serve } from "dapr-functions";\nimport { Orders } from "./orders.js";\n';
const main = `${imports}void serve([Orders]);\n`;
const snapshot = imports + blocks.find(({ file }) => file === "src/snapshot.ts")!.code;

function makeProject(functions: string, packages: readonly string[], dialect: "legacy" | "standard"): string {
  const project = consumerProject({ packages });
  const compilerOptions = { target: "es2022", module: "node20", experimentalDecorators: dialect === "legacy" };
  const files = { "orders.ts": functions, "main.ts": main, "snapshot.ts": snapshot };
  mkdirSync(join(project, "src"));
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, "src", name), text);
  return project;
}

const esbuild = join(root, "node_modules", ".bin", "esbuild");

/** Runs the command of the page for an entry. */
function bundle(project: string, entry: string, ...more: readonly string[]): void {
  const [, , ...args] = command(`npx esbuild src/${entry}.ts`);
  execFileSync(esbuild, [...args, ...more, "--log-level=error"], { cwd: project });
}

/** A project's build folder, where nothing else of it can be reached. */
function movedAway(project: string): string {
  const folder = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "alone-"));
  execFileSync("cp", ["-r", join(project, "build"), folder]);
  return folder;
}

let sidecar: RecordingSidecar;
beforeEach(async () => {
  sidecar = await recordingSidecar();
});
afterEach(() => sidecar.close());

/** Starts an app, sends it a good and a bad order, tells it to stop. */
async function answersOf(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const port = await freePort();
  const own = {
    APP_PORT: String(port),
    DAPR_HTTP_ENDPOINT: sidecar.url,
    DAPR_DISABLE_SIDECAR_METADATA_CHECK: "true",
    DAPR_FUNCTIONS_LOG: "text",
    StateStoreName: "statestore",
  };
  const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...own, ...env } });
  const forget = killAtExit(child);
  const ended = once(child, "exit");
  try {
    await listening(child);
    const post = async (body: unknown) => {
      const { status, json } = await call(`http://127.0.0.1:${port}`, "POST", "/save", { body });
      return [status, (json as { errorCode?: string }).errorCode ?? json];
    };
    const replies = [await post({ id: "41" }), await post({ id: 1 })];
    child.kill("SIGTERM");
    const [code] = (await ended) as [number];
    return { replies, saved: sidecar.lines, code };
  } finally {
    child.kill("SIGKILL");
    await ended;
    forget();
  }
}

/** Resolves once an app lists its function, which it does when it listens. */
async function listening(child: ChildProcessWithoutNullStreams): Promise<void> {
  const output: string[] = [];
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        output.push(line);
        if (line.includes("save: service invocation")) resolve();
      });
    }
    child.once("close", () => reject(new Error(`it ended and had said:\n${output.join("\n")}`)));
  });
}

const checkedAnswers = {
  replies: [
    [200, "saved 41"],
    [400, "ERR_PAYLOAD_INVALID"],
  ],
  saved: ['POST /v1.0/state/statestore [{"key":"41","value":{"id":"41"}}]'],
  code: 0,
};

describe("an app with a payload class, bundled as the page says", () => {
  let folder: string;
  let project: string;

  beforeAll(() => {
    project = makeProject(orders, ["class-validator", "class-transformer"], "legacy");
    bundle(project, "main", "--metafile=meta.json");
    bundle(project, "snapshot");
    folder = movedAway(project);
  });

  it("serves from one file, with no packages beside it", async () => {
    expect(await answersOf(folder, command("node build/main.cjs").slice(1))).toEqual(checkedAnswers);
  });

  it("holds nothing of the library that it does not need, and loads nothing but Node's own modules", () => {
    const { inputs, outputs } = JSON.parse(readFileSync(join(project, "meta.json"), "utf8")) as {
      inputs: Record<string, unknown>;
      outputs: Record<string, { imports: { path: string; external?: boolean }[] }>;
    };
    const rooms = Object.keys(inputs).flatMap((file) => /dapr-functions\/dist\/([\w-]+)\//.exec(file)?.[1] ?? []);
    const unneeded = ["azure", "cli", "describe", "init", "inspector", "map", "sidecar", "testing"];
    expect(rooms).toContain("serve");
    expect(unneeded.filter((room) => rooms.includes(room))).toEqual([]);
    const externals = Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    const foreign = externals.filter((name) => !name.startsWith("node:") && !builtinModules.includes(name));
    expect([...new Set(foreign)].sort()).toEqual(["@opentelemetry/api"]);
  });

  it("serves with a compile cache, which Node 22.1 and later fill", async () => {
    const [cache, ...start] = command("NODE_COMPILE_CACHE=");
    const [name, value] = cache!.split("=") as [string, string];
    const env = { [name]: join(folder, value) };
    expect(await answersOf(folder, start.slice(1), env)).toEqual(checkedAnswers);
    const isFilled = existsSync(join(folder, value)) && readdirSync(join(folder, value)).length > 0;
    expect(isFilled).toBe("enableCompileCache" in nodeModule);
    await sidecar.close();
    sidecar = await recordingSidecar();
    expect(await answersOf(folder, start.slice(1), env)).toEqual(checkedAnswers);
  });

  it("serves from a start-up snapshot, with the environment of its start", async () => {
    const [build, start] = commands.filter((line) => line.startsWith("node --snapshot-blob"));
    execFileSync(process.execPath, build!.split(" ").slice(1), { cwd: folder, stdio: "pipe" });
    expect(await answersOf(folder, start!.split(" ").slice(1))).toEqual(checkedAnswers);
  });

  it("serves from the entry of a snapshot without the snapshot", async () => {
    expect(await answersOf(folder, ["build/snapshot.cjs"])).toEqual(checkedAnswers);
  });
});

describe.each(["legacy", "standard"] as const)("an app without payload classes, with %s decorators", (dialect) => {
  it("is bundled where class-validator is not installed", async () => {
    const project = makeProject(unchecked, [], dialect);
    const [, flags] = /payload classes adds\s+`([^`]+)`/.exec(textOf(page))!;
    bundle(project, "main", ...flags!.split(" "));
    expect(await answersOf(movedAway(project), ["build/main.cjs"])).toMatchObject({
      replies: [
        [200, "saved 41"],
        [200, "saved 1"],
      ],
      code: 0,
    });
  });
});
