import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { noteNotRun } from "./support/not-run.js";
import { packLibrary } from "./support/packed.js";

/** What a project has installed already when it adds the library. */
const oldest = [
  "@azure/functions@3.0.0",
  "@dapr/dapr@3.18.0",
  "@swc/core@1.3.0",
  "class-transformer@0.4.0",
  "class-validator@0.14.0",
];
const others: readonly (readonly string[])[] = [
  ["@azure/functions@3.5.1", "class-validator@0.14.4", "class-transformer@0.5.1", "zod@3.25.76"],
  ["@azure/functions@4.0.0", "class-validator@0.15.1", "@swc/core@1.13.5", "zod@4.6.7"],
  ["@azure/functions@4", "@dapr/dapr@3", "@swc/core@1", "class-validator@0.15"],
];

function newProject(): string {
  const project = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "peers-"));
  writeFileSync(join(project, "package.json"), '{"name":"project","private":true}');
  return project;
}

function npm(project: string, ...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const retries = ["--fetch-retries=4", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=10000"];
  const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", ...retries];
  const { status, stdout, stderr } = spawnSync("npm", [...args, ...flags], { cwd: project, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

/** Up to three times: a conflict fails each time, a registry that breaks off in the midst of an answer does not. */
function install(project: string, ...packages: readonly string[]): ReturnType<typeof npm> {
  for (let attempt = 1; ; attempt += 1) {
    const installed = npm(project, "install", ...packages);
    if (installed.status === 0 || attempt === 3) return installed;
  }
}

const isOffline = npm(newProject(), "view", "class-validator@0.14.0", "version", "--fetch-timeout=20000").status !== 0;

const program = `
  require("reflect-metadata");
  const { IsString, ValidateNested } = require("class-validator");
  const { Transform, Type } = require("class-transformer");
  const { DaprServiceInvocationTrigger, SdkDaprClient } = require("dapr-functions");
  const { register } = require("dapr-functions/azure");
  const { invoke } = require("dapr-functions/testing");
  const { DaprClient } = require("@dapr/dapr");

  class Line {}
  IsString()(Line.prototype, "sku");
  class Order {}
  IsString()(Order.prototype, "id");
  Transform(({ value }) => value.trim())(Order.prototype, "id");
  ValidateNested()(Order.prototype, "line");
  Type(() => Line)(Order.prototype, "line");
  class Orders {
    place(order) { return [order instanceof Order, order.line instanceof Line, order]; }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Orders.prototype, "place");
  DaprServiceInvocationTrigger({ payload: Order })(Orders.prototype, "place", descriptor);

  (async () => {
    const { reply } = await invoke(new Orders(), "place", { id: " 1 ", line: { sku: "a" }, more: 1 });
    const { issues } = await invoke(new Orders(), "place", { id: "1", line: { sku: 5 } }).catch((error) => error);
    const paths = issues.map(({ path }) => path);
    const sdk = typeof new SdkDaprClient(new DaprClient()).saveState;
    let registered;
    try { register([Orders]); } catch ({ message }) { registered = message; }
    console.log(JSON.stringify({ reply, paths, sdk, registered }));
  })();
`;

if (isOffline) {
  noteNotRun("installing beside other versions of the peers", "a registry", "npm ping");
} else {
  describe("the packed library", () => {
    it("installs beside the oldest of each peer, and works there", () => {
      const project = newProject();
      const installed = install(project, packLibrary().tarball, "reflect-metadata", ...oldest);
      expect(installed).toEqual({ status: 0, output: expect.any(String) });
      writeFileSync(join(project, "program.cjs"), program);
      writeFileSync(
        join(project, "functions.ts"),
        `import { DaprServiceInvocationTrigger } from "dapr-functions";
         class Order { id!: string }
         export class Orders { @DaprServiceInvocationTrigger() place(order: Order): Order { return order; } }`,
      );
      const run = spawnSync(process.execPath, ["program.cjs"], { cwd: project, encoding: "utf8" });
      expect({
        status: run.status,
        printed: run.stdout && (JSON.parse(run.stdout) as unknown),
        stderr: run.stderr,
      }).toEqual({
        status: 0,
        printed: {
          reply: [true, true, { id: "1", line: { sku: "a" } }],
          paths: ["line.sku"],
          sdk: "function",
          registered: expect.stringContaining(
            "register(): @azure/functions 3.0.0 is for the v3 model, whose function.json files `generate` writes; " +
              "npm install @azure/functions@4",
          ),
        },
        stderr: expect.any(String),
      });
      const cli = ["dapr-functions", "list", "functions.ts"];
      const { status, stdout, stderr } = spawnSync("npx", cli, { cwd: project, encoding: "utf8" });
      expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
      expect(stdout).toContain("checked as Order");
    }, 300_000);

    it.each(others.map((packages) => [packages.join(" "), packages] as const))(
      "is not a conflict beside %s",
      (_title, packages) => {
        const project = newProject();
        const { tarball } = packLibrary();
        const solved = install(project, "--package-lock-only", tarball, ...packages);
        expect(solved).toEqual({ status: 0, output: expect.any(String) });
      },
      300_000,
    );
  });
}
