import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { runCli, type CliRun } from "../support/functions-host.js";
import { built, makeProject, orders, source, write } from "./app.js";

interface Listed {
  readonly name: string;
  readonly payload?: string;
  readonly file: string;
}

function list(project: string, ...modules: string[]): CliRun & { readonly functions: readonly Listed[] } {
  const run = runCli(project, ["list", "--json", ...modules]);
  const { functions } = (run.status === 2 ? { functions: [] } : JSON.parse(run.stdout)) as { functions: Listed[] };
  return { ...run, functions };
}

const order = `import { IsString } from "class-validator";
export class Order { @IsString() id!: string }
`;
const typed = `import { Order } from "./order.js";
export class Orders {
  @DaprServiceInvocationTrigger()
  save(order: Order): void {}
}
`;
const tsconfig = (options: object = {}) =>
  JSON.stringify({
    compilerOptions: {
      target: "es2022",
      module: "node20",
      types: [],
      outDir: "build",
      rootDir: "src",
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      skipLibCheck: true,
      ...options,
    },
    include: ["src"],
  });

describe.each(["commonjs", "module"] as const)("a module of a %s package", (type) => {
  const validators = ["class-validator", "class-transformer"];

  it("is loaded built", () => {
    const project = makeProject(type);
    write(project, { "build/orders.js": built(orders, { module: type === "module" }) });
    expect(list(project, "build/orders.js").functions.map(({ name }) => name)).toEqual(["save", "read-order"]);
  });

  it.each([
    ["through the hook, where @swc/core is there", ["@swc/core"]],
    ["by the project's own compiler otherwise", ["@typescript/native"]],
  ])("is loaded as TypeScript %s", (_, packages) => {
    const project = makeProject(type, [...validators, ...packages]);
    write(project, { "src/orders.ts": source(typed), "src/order.ts": order, "tsconfig.json": tsconfig() });
    const { status, stderr, functions } = list(project, "src/orders.ts");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(functions).toMatchObject([{ name: "save", payload: "Order", file: "src/orders.ts" }]);
  });

  it.each([
    ["through the hook, where @swc/core is there", ["@swc/core"]],
    ["by the project's own compiler otherwise", ["@typescript/native"]],
  ])("is loaded as TypeScript that imports JSON %s", (_, packages) => {
    const project = makeProject(type, packages);
    // The compiler asks ES modules for the attribute.
    const attributes = type === "module" ? [' with { type: "json" }'] : ["", ' with { type: "json" }'];
    for (const attribute of attributes) {
      const module = `import names from "./names.json"${attribute};
        export class Orders { @FunctionName(names.first) @DaprServiceInvocationTrigger() save(): void {} }`;
      write(project, {
        "src/orders.ts": source(module),
        "src/names.json": '{"first":"from-json"}',
        "tsconfig.json": tsconfig({ esModuleInterop: true, resolveJsonModule: true }),
      });
      const { status, stderr, functions } = list(project, "src/orders.ts");
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(functions.map(({ name }) => name)).toEqual(["from-json"]);
    }
  });

  it("is loaded as TypeScript with standard decorators, where the project has them", () => {
    const project = makeProject(type, ["@swc/core"]);
    const off = { experimentalDecorators: false, emitDecoratorMetadata: false };
    write(project, { "src/orders.ts": source(orders), "tsconfig.json": tsconfig(off) });
    expect(list(project, "src/orders.ts").functions.map(({ name }) => name)).toEqual(["save", "read-order"]);
  });
});

describe("loading functions", () => {
  it.each([
    ["through the hook, where @swc/core is there", ["@swc/core"]],
    ["by the project's own compiler otherwise", ["@typescript/native"]],
  ])("loads TypeScript of a commonjs package that imports folders %s", (_, packages) => {
    const project = makeProject("commonjs", packages);
    const module = `import { first } from "../names";
      import { second } from "..";
      export class Orders {
        @FunctionName(first) @DaprServiceInvocationTrigger() save(): void {}
        @FunctionName(second) @DaprServiceInvocationTrigger() read(): void {}
      }`;
    write(project, {
      "src/functions/orders.ts": source(module),
      "src/names/index.ts": 'export const first = "first";',
      "src/index.ts": 'export const second = "second";',
      "tsconfig.json": tsconfig(),
    });
    const { status, stderr, functions } = list(project, "src/functions/orders.ts");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(functions.map(({ name }) => name)).toEqual(["first", "second"]);
  });

  it("says how TypeScript could be loaded where nothing compiles it", () => {
    const project = makeProject();
    write(project, { "orders.ts": source(orders) });
    const { status, stderr } = list(project, "orders.ts");
    expect(status).toBe(2);
    expect(stderr).toBe(
      "orders.ts does not load: there is nothing to compile it with; build it and give the .js file, " +
        "npm install -D @swc/core, or npm install -D typescript\n",
    );
  });

  it("names the modules that import each other in a circle", () => {
    const project = makeProject("module", ["@swc/core"]);
    write(project, {
      "src/a.ts": source(
        `import { B } from "./b.js";\nexport class A { @DaprServiceInvocationTrigger() a(_: B): void {} }`,
      ),
      "src/b.ts": source(
        `import { A } from "./a.js";\nexport class B { @DaprServiceInvocationTrigger() b(_: A): void {} }`,
      ),
      "tsconfig.json": tsconfig(),
    });
    const { status, stderr } = list(project, "src/a.ts");
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^src\/a\.ts does not load: A is used before its module has run, .*\(src\/a\.ts -> src\/b\.ts -> src\/a\.ts\)/,
    );
  });

  it.each([
    [
      "throws",
      `interface A {\n  a: string;\n}\n\nexport const v = ({} as Record<string, A>)["k"]!.a;\n`,
      "src/lib.ts:5:",
    ],
    ["lacks what another imports", "export const w = 1;\n", "src/orders.ts:2"],
  ])("names the place in the source where a module that is imported %s", (_, text, place) => {
    const project = makeProject("module", ["@swc/core"]);
    write(project, {
      "src/lib.ts": text,
      "src/orders.ts": `import { DaprServiceInvocationTrigger } from "dapr-functions";\nimport { v } from "./lib.js";\nexport class A { @DaprServiceInvocationTrigger() a(): unknown { return v; } }\n`,
      "tsconfig.json": tsconfig(),
    });
    const { status, stderr } = list(project, "src/orders.ts");
    expect(status).toBe(2);
    expect(stderr).toContain(`(${place}`);
  });

  it("names the place of a syntax error, not of who requires the module", () => {
    const project = makeProject();
    write(project, { "a.js": 'require("./b.js");', "b.js": "// one\n// two\nexports.b = ;" });
    expect(list(project, "a.js").stderr).toMatch(/^a\.js does not load: Unexpected token ';' \(b\.js:3\)/);
  });

  it("names the circle where what it has not reached yet is undefined", () => {
    const project = makeProject();
    write(project, {
      "a.js": 'const { B } = require("./b.js"); exports.A = class {}; exports.b = B;',
      "b.js": 'const { A } = require("./a.js"); exports.B = new A();',
    });
    expect(list(project, "a.js").stderr).toMatch(
      /^a\.js does not load: A is not a constructor \(b\.js:1:\d+\), perhaps since modules import .* \(a\.js -> b\.js -> a\.js\); /,
    );
  });

  describe("through the project's own compiler", () => {
    const compiled = (files: Readonly<Record<string, string>>, options: object = {}) => {
      const project = makeProject("commonjs", ["@typescript/native"]);
      write(project, { "tsconfig.json": tsconfig(options), ...files });
      return list(project, "src/orders.ts");
    };

    it.each([
      ["is not TypeScript", `${source(orders)}\nclass {`, /^src\/orders\.ts\(15,8\): error TS1005: .*\n$/],
      ["imports what is not there", 'import "./none.js";', /^src\/orders\.ts\(1,8\): error TS2\d+: .*\n$/],
    ])("gives the compiler's words for a module that %s", (_, text, words) => {
      const { status, stderr } = compiled({ "src/orders.ts": text });
      expect(status).toBe(2);
      const start = "src/orders.ts does not load: tsc -p tsconfig.json found errors; ";
      expect(stderr.slice(0, start.length)).toBe(start);
      expect(stderr.slice(start.length)).toMatch(words);
    });

    it("says so where tsconfig.json leaves the module out", () => {
      const { compilerOptions } = JSON.parse(tsconfig()) as { compilerOptions: object };
      expect(
        compiled({
          "src/orders.ts": source(orders),
          "src/other.ts": "",
          "tsconfig.json": JSON.stringify({ compilerOptions, files: ["src/other.ts"] }),
        }).stderr,
      ).toBe("src/orders.ts does not load: tsc -p tsconfig.json did not compile it; add it to `include` or `files`\n");
    });

    it.each([
      ["imports .ts files", { allowImportingTsExtensions: true, noEmit: true }],
      ["writes ES modules for a bundler", { module: "esnext", moduleResolution: "bundler" }],
    ])("loads a project that %s", (_, options) => {
      const { status, stderr, functions } = compiled(
        {
          "src/orders.ts": `import { suffix } from "./suffix.${"noEmit" in options ? "ts" : "js"}";\n${source(orders)}\nvoid suffix;`,
          "src/suffix.ts": "export const suffix = 1;",
        },
        options,
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(functions).toHaveLength(2);
    });
  });

  it.each(["@swc/core", "@typescript/native"])("refuses a tsconfig.json that is not JSON, with %s", (compiler) => {
    const project = makeProject("commonjs", [compiler]);
    write(project, { "src/orders.ts": source(orders), "tsconfig.json": '{ "compilerOptions": ' });
    expect(list(project, "src/orders.ts")).toMatchObject({
      status: 2,
      stderr: "src/orders.ts does not load: tsconfig.json is not JSON, at character 21; correct it\n",
    });
  });

  it("says that TypeScript is loaded as ES modules, to a file that uses require", () => {
    const project = makeProject("commonjs", ["@swc/core"]);
    write(project, { "orders.ts": `${source(orders)}\nrequire("node:fs");` });
    expect(list(project, "orders.ts").stderr).toContain(
      "TypeScript is loaded as ES modules here; build it and give the .js file",
    );
  });

  it("points the shim of a .ts module to the file that the compiler writes, extends followed", () => {
    const project = makeProject("commonjs", ["@swc/core"]);
    write(project, {
      "src/api/orders.ts": source(orders),
      "base/tsconfig.json": JSON.stringify({ compilerOptions: { outDir: "../out/js", rootDir: "../src" } }),
      "tsconfig.json": JSON.stringify({
        extends: "./base/tsconfig.json",
        compilerOptions: { experimentalDecorators: true },
      }),
    });
    const { stdout, stderr } = runCli(project, ["generate", "src/api/orders.ts", "--diff", "--dry-run"]);
    expect(stdout).toContain('import("../out/js/api/orders.js")');
    expect(stderr).toContain("warning build-missing: Orders.save (src/api/orders.ts): its module out/js/api/orders.js");
  });

  it("takes the folder of tsconfig.json for rootDir unless it says another", () => {
    const project = makeProject("commonjs", ["@swc/core"]);
    write(project, {
      "src/orders.mts": source(orders),
      "tsconfig.json": JSON.stringify({ compilerOptions: { outDir: "build", experimentalDecorators: true } }),
    });
    expect(runCli(project, ["generate", "src/orders.mts", "--diff", "--dry-run"]).stdout).toContain(
      'import("../build/src/orders.mjs")',
    );
  });

  describe.each([
    ["typescript-5", "typescript"],
    ["@typescript/native", "@typescript/native"],
  ])("the file that %s writes without rootDir", (compiler, name) => {
    const tsc = join(__dirname, "../../node_modules", compiler);
    const wideImport = 'import manifest from "../package.json"; export const id = manifest.name;';

    it.each([
      ["modules in one folder", {}, { "src/more.ts": "export const more = 1;" }],
      ["modules in folders side by side", {}, { "lib/more.ts": "export const more = 1;" }],
      ["one that imports the manifest", { resolveJsonModule: true }, { "src/more.ts": wideImport }],
      ["a project with composite", { composite: true }, {}],
    ])("is where the shim leads: %s", (_, options, files: Record<string, string>) => {
      const project = makeProject("commonjs");
      mkdirSync(dirname(join(project, "node_modules", name)), { recursive: true });
      symlinkSync(tsc, join(project, "node_modules", name));
      write(project, {
        "src/orders.ts": source(orders),
        ...files,
        "tsconfig.json": tsconfig({ rootDir: undefined, ...options }).replace('["src"]', '["src", "lib"]'),
      });
      const bin = JSON.parse(readFileSync(join(tsc, "package.json"), "utf8")) as { bin: { tsc: string } };
      spawnSync(process.execPath, [join(tsc, bin.bin.tsc), "-p", project]);
      const run = ["generate", "src/orders.ts", "--diff", "--dry-run"];
      const { stdout, stderr } = runCli(project, run, { Store: "statestore" });
      const [, shown = "nothing"] = /import\("\.\.\/(.*orders\.js)"\)/.exec(stdout) ?? [];
      expect({ exists: existsSync(join(project, shown)), stderr }).toEqual({ exists: true, stderr: "" });
    });
  });

  it("loads every module of a folder that has functions, but none that starts something", () => {
    const project = makeProject("commonjs");
    write(project, {
      "build/orders.js": built(orders),
      "build/deep/more.js": built("export class More { @HttpTrigger() more(_: HttpRequest): void {} }"),
      "build/instances.js": 'exports.orders = new (require("./orders").Orders)();',
      "build/main.js":
        'const { serve } = require("dapr-functions"); const { Orders } = require("./orders.js"); throw new Error("served");',
      "build/entry.mjs":
        'import { register } from "dapr-functions/azure"; import "./orders.js"; throw new Error("registered");',
      "build/orders.spec.js": `${built(orders)}; throw new Error("tested");`,
      "build/unrelated.js": 'throw new Error("loaded");',
      "build/node_modules/x.js": built(orders),
      "linked.js": built("export class Linked { @HttpTrigger() linked(_: HttpRequest): void {} }"),
    });
    symlinkSync(join(project, "linked.js"), join(project, "build", "link.js"));
    for (const name of ["nowhere.js", "build/circle.js"]) {
      symlinkSync(join(project, name), join(project, "build", name.replace("build/", "")));
    }
    const { status, stderr, functions } = list(project, "build");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(functions.map(({ name, file }) => `${name} ${file}`).sort()).toEqual([
      "linked build/link.js",
      "more build/deep/more.js",
      "read-order build/instances.js",
      "save build/instances.js",
    ]);
  });

  it("loads the .ts files of a folder without built ones", () => {
    const project = makeProject("commonjs", ["@swc/core"]);
    write(project, { "src/orders.ts": source(orders), "tsconfig.json": tsconfig() });
    expect(list(project, "src").functions).toHaveLength(2);
  });

  it("compiles a project once, so that modules share their classes", () => {
    const project = makeProject("commonjs", ["@typescript/native"]);
    write(project, {
      "src/orders.ts": source(orders),
      "src/instances.ts": 'import { Orders } from "./orders.js";\nexport const given = new Orders();',
      "tsconfig.json": tsconfig(),
    });
    const { status, stderr, functions } = list(project, "src/orders.ts", "src/instances.ts");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(functions.map(({ file }) => file)).toEqual(["src/instances.ts", "src/instances.ts"]);
    expect(readdirSync(join(project, "node_modules", ".cache"))).toEqual([]);
  });

  it("refuses a folder without functions", () => {
    const project = makeProject();
    write(project, { "build/a.js": "exports.a = 1;" });
    expect(list(project, "build")).toMatchObject({
      status: 2,
      stderr: "build: no file in this folder declares a function; name the modules that do\n",
    });
  });

  it("says so where a tool dropped the types that payloads would be checked by", () => {
    const project = makeProject();
    write(project, { "build/orders.js": built(typed.replace(/^import.*\n/, "class Order {}\n"), { metadata: false }) });
    const { status, stderr } = list(project, "build/orders.js");
    expect(status).toBe(0);
    expect(runCli(project, ["list", "build/orders.js"]).stderr).toMatch(
      /^note: save: compiled without decorator metadata \(by esbuild, tsx or vitest 3\?\)/,
    );
    expect(stderr).toBe("");
  });
});
