import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { consumerProject } from "./support/packed.js";
import { runCli } from "./support/functions-host.js";

const root = join(__dirname, "..");
const text = readFileSync(join(root, "README.md"), "utf8");

interface Block {
  /** `ts`, `json`, `yaml`; blank for commands and drawings. */
  readonly language: string;
  readonly code: string;
  /** From the block before to this one. */
  readonly before: string;
}

const blocks: readonly Block[] = (() => {
  const found: Block[] = [];
  let end = 0;
  for (const match of text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const [whole, language = "", code = ""] = match;
    found.push({ language, code, before: text.slice(end, match.index) });
    end = match.index + whole.length;
  }
  return found;
})();

const commands = blocks
  .filter(({ language }) => language === "")
  .flatMap(({ code }) => code.split("\n"))
  .flatMap((line) => line.split("&&"))
  .map((line) => line.trim())
  .filter((line) => /^(?:npm|npx|node|mkdir|dapr|daprd|curl|[A-Z_]+=)/.test(line));

/** The name that the reader is told to give a block: in its first comment, else the last file named before it. */
function fileOf({ code, before }: Block): string {
  const own = /^\/\/ (\S+\.\w+)\n/.exec(code)?.[1];
  const named = [...before.matchAll(/`([\w./-]+\.(?:[cm]?ts|json|yaml))`/g)].at(-1)?.[1];
  const file = own ?? named;
  if (file === undefined) throw new Error(`README gives no file name for:\n${code}`);
  return file;
}

interface Project {
  readonly name: string;
  readonly packages: string[];
  readonly files: Record<string, string>;
}

/** What a reader has in each folder after following all of the steps. */
const projects: readonly Project[] = (() => {
  const found: Project[] = [];
  for (const block of blocks) {
    const { language, code, before } = block;
    const project = found.at(-1);
    if (language === "") {
      const folder = /^mkdir (\S+)/m.exec(code)?.[1];
      if (folder !== undefined) found.push({ name: folder, packages: [], files: {} });
    } else if (project !== undefined) project.files[fileOf(block)] = code;
    for (const [, line = ""] of `${before}\n${language === "" ? code : ""}`.matchAll(/npm install ([^\n`]+)/g)) {
      const others = ["dapr-functions", "typescript", "azure-functions-core-tools@4"];
      const names = line.split(" ").filter((name) => !name.startsWith("--") && !others.includes(name));
      found.at(-1)?.packages.push(...names);
    }
  }
  return found;
})();

function make({ packages, files }: Project): string {
  const project = consumerProject({ packages });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), content);
  }
  return project;
}

function run(cwd: string, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

const compilers = { "TypeScript 7": "@typescript/native/bin/tsc", "TypeScript 6": "typescript/bin/tsc6" };

function compile(project: string, compiler: string): { status: number | null; output: string } {
  return run(project, join(root, "node_modules", compiler), "-p", ".");
}

describe.each(projects.map((project) => [project.name, project] as const))("the folder %s of README", (name, given) => {
  let project: string;
  beforeAll(() => {
    project = make(given);
  }, 120_000);

  it("has a tsconfig.json and functions", () => {
    expect(Object.keys(given.files)).toEqual(expect.arrayContaining(["tsconfig.json"]));
    expect(Object.keys(given.files).filter((file) => file.endsWith("functions.ts"))).toHaveLength(1);
  });

  it.each(Object.entries(compilers))("compiles with %s", (_, compiler) => {
    expect(compile(project, compiler)).toEqual({ status: 0, output: "" });
  });

  it("has functions that nothing is wrong with but settings to fill in", () => {
    const { status, stderr } = runCli(project, ["generate", "build/functions.js"]);
    expect(status).toBe(0);
    expect(stderr.replace(/^warning setting-missing: .*\n/gm, "")).toBe("");
  });

  if (Object.keys(given.files).includes("functions.test.ts")) {
    it("has tests that pass", () => {
      expect(run(project, "--test", "build/functions.test.js")).toMatchObject({ status: 0 });
    });
  }

  if (Object.keys(given.files).some((file) => file.endsWith(".yaml"))) {
    it("has components of the names that its functions use", () => {
      const yaml = Object.entries(given.files).flatMap(([file, content]) => (file.endsWith(".yaml") ? [content] : []));
      const names = yaml.flatMap((content) =>
        parseAllDocuments(content).map((document) => (document.toJS() as { metadata: { name: string } }).metadata.name),
      );
      const used = [...given.files["functions.ts"]!.matchAll(/(?:stateStore|pubSubName): "(\w+)"/g)].map(
        (match) => match[1]!,
      );
      expect(names).toEqual(expect.arrayContaining(used));
    });
  }
});

describe("README", () => {
  it("has two folders to follow", () => {
    expect(projects.map(({ name }) => name)).toEqual(["shop", "orders-app"]);
  });

  it("begins with a class that compiles, given its imports", () => {
    const first = blocks.find(({ language }) => language === "ts")!;
    const imports = [...new Set(first.code.match(/@?\b(?:Dapr\w+|Collector)\b/g))].map((word) => word.replace("@", ""));
    const project = make({
      name: "first",
      packages: [],
      files: {
        "tsconfig.json": JSON.stringify({
          compilerOptions: { target: "es2022", module: "node20", strict: true, types: [], noEmit: true },
          files: ["first.mts"],
        }),
        "first.mts": `import { serve, ${imports.map((word) => (word === "Collector" ? "type Collector" : word)).join(", ")} } from "dapr-functions";\ninterface Order { id: string }\n${first.code}`,
      },
    });
    expect(compile(project, compilers["TypeScript 7"])).toEqual({ status: 0, output: "" });
  });

  it("runs no file that it does not have", () => {
    const built = commands.flatMap((line) => [...line.matchAll(/\bbuild\/(\S+)\.([cm]?)js\b/g)]);
    const sources = projects.flatMap(({ files }) => Object.keys(files)).map((file) => file.replace(/^src\//, ""));
    expect(sources).toEqual(expect.arrayContaining(built.map(([, base, kind]) => `${base}.${kind}ts`)));
  });

  it("names npm scripts that there are", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
    const named = [...text.matchAll(/\bnpm (?:run (\w+)|(start|test)\b)/g)].map(([, script, own]) => script ?? own!);
    expect(named.length).toBeGreaterThan(3);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });

  it("names commands and options that dapr-functions has", () => {
    const uses = [...text.matchAll(/npx dapr-functions (\w+)([^\n`]*)/g)];
    expect(uses.length).toBeGreaterThan(3);
    const project = consumerProject();
    for (const [, command = "", rest = ""] of uses) {
      const { status, stdout } = runCli(project, [command, "--help"]);
      expect({ command, status }).toEqual({ command, status: 0 });
      for (const option of rest.match(/--[\w-]+/g) ?? []) expect(stdout).toContain(`${option} `);
    }
  });

  it("links to files that are there", () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map((match) => match[1]!);
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
  });
});
