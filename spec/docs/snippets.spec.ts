import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCli } from "../support/functions-host.js";
import { consumerProject } from "../support/packed.js";
import { blocksOf, pages, root, type Block } from "./blocks.js";

/**
 * The blocks that a page shows without their surroundings: each is a module here, given the imports of this library that
 * it uses and does not write, the decorators of a function without its class, and `Order` and `Orders` where it names
 * them without declaring them.
 */
const snippets: readonly Block[] = pages
  .filter((page) => !["docs/getting-started.md", "docs/azure.md"].includes(page))
  .flatMap(blocksOf)
  .filter(({ language, code, page }) => language === "ts" && (page !== "README.md" || code.startsWith("class ")));

const imports = {
  "dapr-functions": exportsOf("lib/index.ts"),
  "dapr-functions/testing": exportsOf("lib/testing/index.ts"),
  "dapr-functions/azure": exportsOf("lib/azure/index.ts"),
  "dapr-functions/sidecar": exportsOf("lib/sidecar/index.ts"),
};

/** Name → whether it is a type. */
function exportsOf(file: string): ReadonlyMap<string, boolean> {
  const names = new Map<string, boolean>();
  for (const [, type, list = ""] of readFileSync(join(root, file), "utf8").matchAll(/export (type )?\{([^}]*)\}/g)) {
    for (const part of list.split(",").map((each) => each.trim())) {
      if (part !== "") names.set(part.replace(/^type /, ""), type !== undefined || part.startsWith("type "));
    }
  }
  return names;
}

function moduleOf({ code, page, line }: Block): string {
  const isMember = /^(?:\/\/.*\n)*@(?![\s\S]*^(?:export )?class )/m.test(code);
  const body = isMember ? `export class Example {\n${code}}\n` : code.replace(/^class /gm, "export class ");
  const bare = body.replace(/"[^"\n]*"|`[^`]*`|\/\/.*$/gm, '""');
  const declares = (name: string): boolean =>
    new RegExp(`\\b(?:class|interface|type|const|function|enum) ${name}\\b|import [^;]*\\b${name}\\b[^;]*from`).test(
      body,
    );
  const uses = (name: string): boolean => new RegExp(`(?<![.\\w])${name}\\b`).test(bare);
  const lines = [`// ${page}:${line}`];
  for (const [path, names] of Object.entries(imports)) {
    const needed = [...names].filter(([name]) => uses(name) && !declares(name));
    if (needed.length === 0) continue;
    const list = needed.map(([name, isType]) => (isType ? `type ${name}` : name)).join(", ");
    lines.push(`import { ${list} } from "${path}";`);
  }
  if (uses("Order") && !declares("Order")) lines.push("interface Order { id: string; total: number }");
  if (uses("Orders") && !declares("Orders")) lines.push("declare class Orders { private readonly any: unknown }");
  return `${lines.join("\n")}\n${body}`;
}

const dialects = {
  standard: {},
  legacy: { experimentalDecorators: true, emitDecoratorMetadata: true, useDefineForClassFields: false },
};

function dialectOf({ code }: Block): keyof typeof dialects {
  return code.includes('"class-validator"') ? "legacy" : "standard";
}

const given = snippets.map((block) => ({ block, name: `${block.page.replace(/\W/g, "-")}-${block.line}` }));
const used = (Object.keys(dialects) as (keyof typeof dialects)[]).filter((dialect) =>
  snippets.some((block) => dialectOf(block) === dialect),
);

describe.each(used)("the snippets with %s decorators", (dialect) => {
  const own = given.filter(({ block }) => dialectOf(block) === dialect);
  let project: string;

  beforeAll(() => {
    project = consumerProject({
      packages: [
        "zod",
        "class-validator",
        "class-transformer",
        "@types/node",
        "@dapr/dapr",
        "@azure/functions",
        "express",
        "@types/express",
        "pino",
      ].filter(isInstalled),
    });
    mkdirSync(join(project, "src"));
    for (const { block, name } of own) writeFileSync(join(project, "src", `${name}.mts`), moduleOf(block));
    const options = {
      target: "es2022",
      module: "node20",
      strict: true,
      types: ["node"],
      skipLibCheck: true,
      outDir: "build",
      rootDir: "src",
    };
    const config = { compilerOptions: { ...options, ...dialects[dialect] }, include: ["src"] };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
  }, 120_000);

  it("compile", () => {
    const tsc = join(root, "node_modules", "@typescript", "native", "bin", "tsc");
    const { stdout, status } = spawnSync(process.execPath, [tsc, "-p", "."], { cwd: project, encoding: "utf8" });
    expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
  });

  const withFunctions = own.filter(({ block }) => /^(?:export )?class /m.test(block.code) && !isProgram(block));
  if (withFunctions.length > 0) {
    it("hold functions that nothing is wrong with", () => {
      for (const { block, name } of withFunctions) {
        const { status, stderr } = runCli(project, ["check", "--standalone", `build/${name}.mjs`]);
        const left = stderr.replace(/^(?:note|warning (?:setting-missing|payload-unchecked)): .*\n/gm, "");
        expect({ at: `${block.page}:${block.line}`, status, left }).toMatchObject({ status: 0, left: "" });
      }
    }, 120_000);
  }

  const tests = own.filter(({ block }) => block.code.includes('from "node:test"'));
  if (tests.length > 0) {
    it("hold tests that pass", () => {
      for (const { name } of tests) {
        const { status, stdout } = spawnSync(process.execPath, ["--test", `build/${name}.mjs`], {
          cwd: project,
          encoding: "utf8",
        });
        expect({ name, status, stdout }).toMatchObject({ status: 0 });
      }
    }, 120_000);
  }
});

/** A block that does something when it is loaded: it serves, or it tests. */
function isProgram({ code }: Block): boolean {
  return /\b(?:serve|register|createHandler|startSidecar)\(|"node:test"/.test(code);
}

function isInstalled(name: string): boolean {
  try {
    readFileSync(join(root, "node_modules", name, "package.json"));
    return true;
  } catch {
    return false;
  }
}
