import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { runCli, type CliRun } from "../support/functions-host.js";
import { built, makeProject, orders, write } from "./app.js";

/** A project whose built module has the functions given. */
function projectOf(text = orders): string {
  const project = makeProject();
  write(project, { "build/orders.js": built(text) });
  return project;
}

function generate(project: string, ...options: string[]): CliRun {
  return runCli(project, ["generate", "build/orders.js", ...options], { Store: "statestore" });
}

function linesOf({ stdout }: CliRun): string[] {
  return stdout.trimEnd().split("\n");
}

const paths = [
  "host.json",
  "local.settings.json",
  "read-order/function.json",
  "read-order/index.cjs",
  "save/function.json",
  "save/index.cjs",
];

const renamed = orders.replace('@FunctionName("read-order")', '@FunctionName("find-order")');

describe("dapr-functions generate", () => {
  it("writes the folders, host.json and local.settings.json, and says so", () => {
    const project = projectOf();
    const run = generate(project);
    expect(run).toEqual({ status: 0, stderr: "", stdout: paths.map((path) => `write ${path}\n`).join("") });
    expect(paths.filter((path) => existsSync(join(project, path)))).toEqual(paths);
    expect(readFileSync(join(project, "save", "index.cjs"), "utf8")).toContain('import("../build/orders.js"), "save"');
  });

  it("leaves Dapr inputs and outputs to the worker with --bindings sidecar, and says so in the shim", () => {
    const project = projectOf(`
      import { DaprPublish, Output } from "dapr-functions";
      export class Orders {
        @HttpTrigger({ route: "orders/{id}" })
        @DaprStateInput({ name: "old", stateStore: "%Store%", key: "{id}", record: true })
        @DaprStateOutput({ name: "order", transaction: true })
        @DaprPublish({ name: "events", pubSubName: "%Bus%", topic: "t", bulk: true })
        @Output({ name: "jobs", type: "queue", queueName: "%Queue%" })
        save(_: HttpRequest, bindings: never): void {}
      }`);
    const forHost = generate(project);
    expect(forHost.status).toBe(1);
    expect(forHost.stderr.match(/^error [\w-]+: .*?, (\w+) "/gm)).toHaveLength(3);
    const run = generate(project, "--bindings", "sidecar");
    expect({ status: run.status, problems: run.stderr.match(/^\w+ [\w-]+: .*the setting "\w+"/gm) }).toEqual({
      status: 0,
      problems: [
        expect.stringContaining('output "events", pubSubName: the setting "Bus"'),
        expect.stringContaining('output "jobs", queueName: the setting "Queue"'),
      ],
    });
    const { bindings } = JSON.parse(readFileSync(join(project, "save/function.json"), "utf8")) as {
      bindings: object[];
    };
    expect(bindings).toEqual([
      { type: "httpTrigger", direction: "in", name: "req", route: "orders/{id}" },
      { type: "http", direction: "out", name: "$return" },
      { type: "queue", direction: "out", name: "jobs", queueName: "%Queue%" },
    ]);
    expect(readFileSync(join(project, "save/index.cjs"), "utf8")).toContain(
      'toHandler(() => import("../build/orders.js"), "save", { bindings: "sidecar" });\n',
    );
    const { Values } = JSON.parse(readFileSync(join(project, "local.settings.json"), "utf8")) as { Values: object };
    expect(Object.keys(Values)).toEqual(expect.arrayContaining(["Bus", "Queue", "Store"]));
    expect(linesOf(generate(project, "--bindings", "sidecar"))).toEqual(
      linesOf(run).map((line) => line.replace("write", "unchanged")),
    );
    const forgotten = generate(project);
    expect(forgotten.status).toBe(1);
    expect(forgotten.stderr).toContain('warning bindings-changed: save/index.cjs: it says bindings: "sidecar"; give');
    const checked = runCli(project, ["check", "build/orders.js", "--bindings", "sidecar"], { Store: "s", Bus: "b" });
    expect(checked).toMatchObject({ status: 0, stdout: "1 function, 0 errors, 1 warning\n" });
  });

  it("touches nothing the second time", () => {
    const project = projectOf();
    generate(project);
    const times = paths.map((path) => statSync(join(project, path)).mtimeMs);
    expect(linesOf(generate(project))).toEqual(paths.map((path) => `unchanged ${path}`));
    expect(paths.map((path) => statSync(join(project, path)).mtimeMs)).toEqual(times);
  });

  it("writes below --out, which need not be there, and points back to the module", () => {
    const project = projectOf();
    const run = generate(project, "--out", "apps/orders");
    expect(run.status).toBe(0);
    expect(run.stderr).toContain(
      "warning module-outside-app: Orders.save (build/orders.js): its module ../../build/orders.js",
    );
    expect(readFileSync(join(project, "apps/orders/save/index.cjs"), "utf8")).toContain(
      'import("../../../build/orders.js")',
    );
  });

  it("does nothing with --dry-run, but prints the same", () => {
    const project = projectOf();
    expect(linesOf(generate(project, "--dry-run"))).toEqual(paths.map((path) => `write ${path}`));
    expect(readdirSync(project).sort()).toEqual(["build", "node_modules", "package.json"]);
  });

  it("removes the folders of functions that are gone", () => {
    const project = projectOf();
    generate(project);
    write(project, { "build/orders.js": built(renamed) });
    expect(linesOf(generate(project))).toEqual([
      "write find-order/function.json",
      "write find-order/index.cjs",
      "unchanged host.json",
      "unchanged local.settings.json",
      "remove read-order/function.json",
      "remove read-order/index.cjs",
      "unchanged save/function.json",
      "unchanged save/index.cjs",
    ]);
    expect(existsSync(join(project, "read-order"))).toBe(false);
  });

  it("leaves a person's files in such a folder, with a warning", () => {
    const project = projectOf();
    generate(project);
    write(project, { "build/orders.js": built(renamed), "read-order/notes.md": "mine" });
    const { status, stderr } = generate(project);
    expect(status).toBe(0);
    expect(stderr).toContain("warning: read-order/ has no function any more and holds other files");
    expect(readdirSync(join(project, "read-order"))).toEqual(["notes.md"]);
  });

  it("removes nothing with --keep-stale", () => {
    const project = projectOf();
    generate(project);
    write(project, { "build/orders.js": built(renamed) });
    expect(linesOf(generate(project, "--keep-stale"))).toContain("keep read-order/function.json");
    expect(existsSync(join(project, "read-order", "index.cjs"))).toBe(true);
  });

  it("never edits a host.json or a local.settings.json that is there", () => {
    const project = projectOf();
    const hostJson =
      '// mine\n{ "version": "2.0", "extensionBundle": { "id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)" } }';
    write(project, { "host.json": hostJson, "local.settings.json": '{ "Values": { "AzureWebJobsStorage": "x" } }' });
    expect(linesOf(generate(project)).slice(0, 2)).toEqual(["keep host.json", "keep local.settings.json"]);
    expect(readFileSync(join(project, "host.json"), "utf8")).toBe(hostJson);
  });

  it("refuses a folder that it did not make, and writes nothing at all", () => {
    const project = projectOf();
    write(project, { "save/function.json": '{ "bindings": [] }' });
    const { status, stdout, stderr } = generate(project);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toBe(
      "error folder-not-ours: Orders.save (build/orders.js): the folder save/ was not made by generate; rename the " +
        "function, move the folder, or overwrite its function.json and index.cjs with --force\n",
    );
    expect(existsSync(join(project, "host.json"))).toBe(false);
  });

  it("overwrites its two files there with --force, and no other", () => {
    const project = projectOf();
    write(project, { "save/function.json": "{}", "save/readme.md": "mine" });
    expect(generate(project, "--force").status).toBe(0);
    expect(JSON.parse(readFileSync(join(project, "save/function.json"), "utf8"))).toMatchObject({
      generatedBy: "dapr-functions",
    });
    expect(readFileSync(join(project, "save/readme.md"), "utf8")).toBe("mine");
  });

  it.each([
    ["at once", `const { save } = require("../save/index.cjs");\n`],
    ["when it runs", `const save = () => import("../save/index.cjs");\n`],
    ["through another module", `require("./handlers.js");\n`],
  ])("overwrites no file that a class imports %s, even with --force", (_, imported) => {
    const project = projectOf();
    write(project, {
      "save/function.json": "{}",
      "save/index.cjs": "exports.save = () => {};",
      "build/handlers.js": `exports.save = () => import("../save/index.cjs");`,
      "build/orders.js": imported + built(orders),
    });
    const { status, stdout, stderr } = generate(project, "--force");
    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: "",
      stderr:
        "error folder-not-ours: Orders.save (build/orders.js): build/orders.js imports save/index.cjs, which generate " +
        "writes; rename that file, and import it by its new name\n",
    });
    expect(readFileSync(join(project, "save/index.cjs"), "utf8")).toBe("exports.save = () => {};");
  });

  it("writes through no symbolic link, even with --force", () => {
    const project = projectOf();
    write(project, { "build/elsewhere/function.json": '{"generatedBy":"dapr-functions"}', "kept.json": "mine" });
    symlinkSync(join(project, "build", "elsewhere"), join(project, "save"));
    mkdirSync(join(project, "read-order"));
    symlinkSync(join(project, "kept.json"), join(project, "read-order", "function.json"));
    symlinkSync(join(project, "nowhere.json"), join(project, "host.json"));
    const { status, stderr } = generate(project, "--force");
    expect(status).toBe(1);
    expect(stderr).toMatch(/error folder-not-ours: Orders\.read .*read-order\/function\.json is not a plain file/);
    expect(stderr).toMatch(/error folder-not-ours: Orders\.save .*save is a symbolic link/);
    rmSync(join(project, "save"));
    rmSync(join(project, "read-order"), { recursive: true });
    expect(linesOf(generate(project))[0]).toBe("keep host.json");
    expect(lstatSync(join(project, "host.json")).isSymbolicLink()).toBe(true);
    expect(existsSync(join(project, "nowhere.json"))).toBe(false);
    expect(readFileSync(join(project, "kept.json"), "utf8")).toBe("mine");
  });

  it("shows what changes with --diff", () => {
    const project = projectOf();
    generate(project);
    write(project, { "build/orders.js": built(orders.replace("%Store%", "%Shop%")) });
    expect(generate(project, "--diff", "--dry-run").stdout).toContain(`write save/function.json
--- a/save/function.json
+++ b/save/function.json
@@ -3,6 +3,6 @@
   "scriptFile": "index.cjs",
   "bindings": [
     { "type": "daprServiceInvocationTrigger", "direction": "in", "name": "payload" },
-    { "type": "daprState", "direction": "out", "name": "order", "stateStore": "%Store%", "key": "{id}" }
+    { "type": "daprState", "direction": "out", "name": "order", "stateStore": "%Shop%", "key": "{id}" }
   ]
 }
unchanged save/index.cjs
`);
  });

  it("gives report, diffs and problems as JSON", () => {
    const project = projectOf();
    const { stdout, stderr } = runCli(project, ["generate", "build/orders.js", "--json", "--diff"]);
    const { report, problems } = JSON.parse(stdout) as {
      report: { action: string; path: string; diff: string }[];
      problems: object[];
    };
    expect(stderr).toBe("");
    expect(report.map(({ action, path }) => `${action} ${path}`)).toEqual(paths.map((path) => `write ${path}`));
    expect(report[0]!.diff).toMatch(/^--- \/dev\/null\n\+\+\+ b\/host\.json\n/);
    expect(problems).toEqual([
      {
        code: "setting-missing",
        level: "warning",
        class: "Orders",
        method: "save",
        file: "build/orders.js",
        binding: 'output "order"',
        member: "stateStore",
        message:
          'Orders.save, output "order", stateStore: the setting "Store" is neither in Values of local.settings.json nor ' +
          "in the environment, or it is blank; give it a value",
      },
    ]);
  });

  it("gives the same files whatever the order of the modules", () => {
    const [one, two] = [projectOf(), projectOf()];
    const more = built('export class More { @HttpTrigger({ route: "more" }) more(_: HttpRequest): void {} }');
    for (const project of [one, two]) write(project, { "build/more.js": more });
    expect(runCli(one, ["generate", "build/orders.js", "build/more.js"]).status).toBe(0);
    expect(runCli(two, ["generate", "build/more.js", "build/orders.js"]).status).toBe(0);
    for (const path of [...paths, "more/function.json", "more/index.cjs"]) {
      expect(readFileSync(join(one, path), "utf8")).toBe(readFileSync(join(two, path), "utf8"));
    }
  });

  it("counts a class exported by two modules once, with an instance before the class", () => {
    const project = projectOf();
    write(project, {
      "build/all.js": 'exports.orders = new (require("./orders.js").Orders)();',
      "build/zoo.js": 'module.exports = require("./orders.js");',
    });
    expect(runCli(project, ["generate", "build/zoo.js", "build/orders.js"]).status).toBe(0);
    expect(readFileSync(join(project, "save/index.cjs"), "utf8")).toContain('"../build/orders.js"');
    expect(runCli(project, ["generate", "build"]).status).toBe(0);
    expect(readFileSync(join(project, "save/index.cjs"), "utf8")).toContain('"../build/all.js"');
  });

  it("prints every problem, sorted by file, class, method and code, and writes nothing", () => {
    const project = projectOf(`
      export class Zoo {
        @DaprServiceInvocationTrigger()
        @DaprStateOutput({ name: "my_state" } as never)
        save(payload: unknown, bindings: any): void {}
      }
      export class Ape {
        @FunctionName("x")
        none(): void {}
        @DaprServiceInvocationTrigger({ method: "a" } as never)
        call(): void {}
      }`);
    write(project, {
      "build/more.js": built("export class More { @HttpTrigger({ methods: [] }) more(_: HttpRequest): void {} }"),
    });
    const { status, stdout, stderr } = runCli(project, ["generate", "build/orders.js", "build/more.js"]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect([...stderr.matchAll(/^(\w+ [\w-]+: \S+ \(\S+\))/gm)].map(([, place]) => place)).toEqual([
      "error option-invalid: More.more (build/more.js)",
      "error option-unknown: Ape.call (build/orders.js)",
      "error trigger-missing: Ape.none (build/orders.js)",
      "error binding-name-invalid: Zoo.save (build/orders.js)",
      "error option-missing: Zoo.save (build/orders.js)",
    ]);
  });
});
