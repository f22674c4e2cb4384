import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runCli } from "../support/functions-host.js";
import { makeProject, write } from "./app.js";

const root = join(__dirname, "..", "..");
const compilers = {
  "TypeScript 5.9": join(root, "node_modules", "typescript-5", "bin", "tsc"),
  "TypeScript 6": join(root, "node_modules", "typescript", "bin", "tsc6"),
  "TypeScript 7": join(root, "node_modules", "@typescript", "native", "bin", "tsc"),
};

function component(name: string, type: string, more = ""): string {
  return `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${name}\nspec:\n  type: ${type}\n  version: v1\n${more}`;
}

const files = {
  "components/all.yaml": [
    component("statestore", "state.in-memory"),
    component("carts", "state.redis", "scopes:\n- shop\n"),
    component("messagebus", "pubsub.in-memory", "  metadata:\n  - name: allowedTopics\n    value: orders, paid\n"),
    component("files", "bindings.localstorage"),
    component("vault", "secretstores.local.file"),
    "apiVersion: dapr.io/v1alpha1\nkind: HTTPEndpoint\nmetadata:\n  name: github\nspec:\n  baseUrl: https://api.github.com\n",
  ].join("---\n"),
  "dapr.yaml": "version: 1\napps:\n- appID: billing\n  appDirPath: ./billing\n- appDirPath: ./stock/\n",
  "local.settings.json": `{ "IsEncrypted": false, "Values": { "Store": "statestore", }, }`,
  "functions.ts": `
import { DaprBindingOutput, DaprInvoke, DaprPublish, DaprSecret, DaprServiceInvocationTrigger, DaprStateInput, DaprStateOutput,
  DaprTopicTrigger, type BindingCollector, type Collector, type InvokeCollector, type StateCollector } from "dapr-functions";
export class Named {
  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "a", stateStore: "statestore", key: "k" })
  @DaprStateOutput({ name: "b", stateStore: "%Store%", key: "k" })
  @DaprStateOutput({ name: "c", stateStore: "{store}", key: "k" })
  @DaprSecret({ name: "d", secretStoreName: "vault", key: "k" })
  @DaprInvoke({ name: "e", appId: "stock", methodName: "m" })
  @DaprBindingOutput({ name: "f", bindingName: "files" })
  @DaprPublish({ name: "g", pubSubName: "messagebus", topic: "orders" })
  right(_: unknown, { b, e, f }: { a: unknown; b: StateCollector<unknown>; c: Collector<unknown>; d: Record<string, string>;
    e: InvokeCollector<unknown>; f: BindingCollector<unknown>; g: Collector<unknown> }): void {
    b.add(1, { stateStore: "carts" });
    e.add(1, { appId: "billing" });
    f.add(1, { bindingName: "files" });
    // @ts-expect-error no such store
    b.add(1, { stateStore: "cart" });
    // @ts-expect-error no such app
    e.add(1, { appId: "biling" });
  }

  // @ts-expect-error no such pubsub
  @DaprTopicTrigger({ pubSubName: "mesagebus", topic: "orders" })
  topic(): void {}

  // @ts-expect-error no such topic
  @DaprTopicTrigger({ pubSubName: "messagebus", topic: "oders" })
  topics(): void {}

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "a", stateStore: "%store%", key: "k" })
  @DaprSecret({ name: "b", secretStoreName: "kubernetes", key: "k" })
  @DaprInvoke({ name: "c", appId: "billing.production", methodName: "m" })
  @DaprInvoke({ name: "d", appId: "github", methodName: "m" })
  @DaprInvoke({ name: "e", appId: "https://api.github.com", methodName: "m" })
  beside(_: unknown, _b: { a: unknown; b: Record<string, string>; c: Collector<unknown>; d: Collector<unknown>; e: Collector<unknown> }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error a component of another building block
  @DaprStateInput({ name: "a", stateStore: "messagebus", key: "k" })
  block(_: unknown, _b: { a: unknown }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error no such setting
  @DaprStateInput({ name: "a", stateStore: "%Stor%", key: "k" })
  setting(_: unknown, _b: { a: unknown }): void {}
}
`,
};

const all = ["components", "--apps", "dapr.yaml", "--settings", "local.settings.json"];

describe("dapr-functions types", () => {
  let project: string;

  beforeAll(() => {
    project = makeProject("commonjs", ["@types/node", "undici-types"]);
    write(project, files);
  }, 180_000);

  function compile(compiler: string, dialect: object): string {
    const compilerOptions = {
      target: "es2022",
      module: "node20",
      lib: ["es2023", "esnext.decorators"],
      types: ["node"],
      strict: true,
      skipLibCheck: true,
      noEmit: true,
    };
    write(project, {
      "tsconfig.json": JSON.stringify({ compilerOptions: { ...compilerOptions, ...dialect }, include: ["*.ts"] }),
    });
    return spawnSync(process.execPath, [compiler, "-p", project], { encoding: "utf8" }).stdout;
  }

  describe.each(Object.entries(compilers))("with %s", (_name, compiler) => {
    it.each([
      ["standard", {}],
      ["legacy", { experimentalDecorators: true }],
    ])("lets the names that are there compile, and no other, with %s decorators", (_dialect, options) => {
      expect(runCli(project, ["types", ...all])).toMatchObject({ status: 0, stderr: "" });
      expect(compile(compiler, options)).toBe("");
    });

    it("narrows nothing without the file", () => {
      rmSync(join(project, "dapr-names.d.ts"), { force: true });
      const unused = compile(compiler, {}).match(/TS2578/g);
      expect(unused).toHaveLength(6);
    });
  });

  it("writes sorted names, each once, and knows whether they are up to date", () => {
    runCli(project, ["types", ...all, "--out", "types/names.d.ts"]);
    expect(readFileSync(join(project, "types", "names.d.ts"), "utf8"))
      .toBe(`// Written by dapr-functions types. Changes are lost.
import "dapr-functions";

declare module "dapr-functions" {
  interface DaprNames {
    stateStore: "carts" | "statestore";
    pubSubName: "messagebus";
    bindingName: "files";
    secretStoreName: "vault";
    topic: "orders" | "paid";
    appId: "billing" | "github" | "stock";
    setting: "Store";
  }
}
`);
    const check = (...args: string[]) => runCli(project, ["types", ...args, "--out", "types/names.d.ts", "--check"]);
    expect([check(...all).status, check("components").status]).toEqual([0, 1]);
    expect(check("components", "--apps", "dapr.yaml").stderr).toBe(
      "types/names.d.ts: it is not what the files say now; write it with " +
        "dapr-functions types components --apps dapr.yaml --out types/names.d.ts\n",
    );
    rmSync(join(project, "types"), { recursive: true });
  });

  it.each([
    [["nowhere"], "nowhere: it is not there"],
    [["components", "--apps", "components/all.yaml"], "components/all.yaml: "],
    [["components", "--apps", "nowhere.yaml"], "nowhere.yaml: it cannot be read"],
    [["components", "--settings", "tsconfig.json"], "tsconfig.json: it has no object of Values"],
  ])("refuses %j", (args, message) => {
    const { status, stderr } = runCli(project, ["types", ...args]);
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
