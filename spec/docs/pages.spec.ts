import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { runCli } from "../support/functions-host.js";
import { consumerProject } from "../support/packed.js";
import { blocksOf, pages, projectsOf, root, textOf, type Project } from "./blocks.js";

/** Pages whose steps go on from one to the next. */
const walks = [["README.md", "docs/getting-started.md"], ["docs/azure.md"]];

const projects = walks.flatMap((walk) => projectsOf(walk.flatMap((page) => blocksOf(page).filter(isStep))));

/** README shows a class before its steps begin. */
function isStep({ page, code }: { page: string; code: string }): boolean {
  return page !== "README.md" || !code.startsWith("class ");
}

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

describe.each(projects.map((project) => [project.name, project] as const))("the folder %s", (_name, given) => {
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

  it("checks every payload that it declares", () => {
    const { status, stdout } = runCli(project, ["list", "build/functions.js"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/\bcreateNewOrder\b.* checked/i);
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

describe("the walks", () => {
  it("have three folders to follow", () => {
    expect(projects.map(({ name }) => name)).toEqual(["shop", "shop-classes", "orders-app"]);
  });

  it("run no file that they do not have", () => {
    const built = walks
      .flat()
      .flatMap((page) => commandsOf(page))
      .flatMap((line) => [...line.matchAll(/\bbuild\/(\S+)\.([cm]?)js\b/g)]);
    const sources = projects.flatMap(({ files }) => Object.keys(files)).map((file) => file.replace(/^src\//, ""));
    expect(built.length).toBeGreaterThan(3);
    expect(sources).toEqual(expect.arrayContaining(built.map(([, base, kind]) => `${base}.${kind}ts`)));
  });
});

function commandsOf(page: string): readonly string[] {
  return blocksOf(page)
    .filter(({ language }) => language === "")
    .flatMap(({ code }) => code.split("\n"))
    .flatMap((line) => line.split("&&"))
    .map((line) => line.trim())
    .filter((line) => /^(?:npm|npx|node|mkdir|dapr|daprd|curl|[A-Z_]+=)/.test(line));
}

describe("README", () => {
  it("fits on a page or two", () => {
    expect(textOf("README.md").split("\n").length).toBeLessThanOrEqual(131);
  });

  it("leads to every page of docs", () => {
    const linked = linksOf("README.md").map(({ path }) => path);
    expect(linked).toEqual(expect.arrayContaining(pages.slice(1)));
  });
});

function linksOf(page: string): readonly { readonly path: string; readonly anchor: string | undefined }[] {
  const text = textOf(page).replace(/^```[\s\S]*?^```$/gm, "");
  return [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?[^)]*\)/g)].map((match) => ({
    path: match[1]!,
    anchor: match[2],
  }));
}

/** The anchor of a heading, as GitHub and VitePress make it for the plain headings used here. */
function anchorsOf(page: string): readonly string[] {
  const text = textOf(page).replace(/^```[\s\S]*?^```$/gm, "");
  return [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-"),
  );
}

describe.each(pages)("%s", (page) => {
  const text = textOf(page);

  it("is short enough to be read, unless it is a list to look things up in", () => {
    const most = page === "docs/errors.md" ? Infinity : 201;
    expect(text.split("\n").length).toBeLessThanOrEqual(most);
  });

  it("links to files and headings that are there", () => {
    const missing = linksOf(page).filter(({ path, anchor }) => {
      const target = join(root, dirname(page), path);
      if (path !== "" && !existsSync(target)) return true;
      const of = path === "" ? page : join(dirname(page), path);
      return anchor !== undefined && of.endsWith(".md") && !anchorsOf(of).includes(anchor);
    });
    expect(missing).toEqual([]);
  });

  it("names npm scripts that there are", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
    const named = [...text.matchAll(/\bnpm (?:run (\w+)|(start|test)\b)/g)].map(([, script, own]) => script ?? own!);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });

  it("has JSON and YAML that can be read", () => {
    const errors = blocksOf(page)
      .filter(({ language }) => language === "json" || language === "yaml")
      .flatMap(({ code }) => parseAllDocuments(code).flatMap((document) => document.errors));
    expect(errors).toEqual([]);
  });

  it("names commands and options that dapr-functions has", () => {
    const uses = [...text.matchAll(/npx dapr-functions (\w+)([^\n`]*)/g)];
    if (uses.length === 0) return;
    const project = consumerProject();
    for (const [, command = "", rest = ""] of uses) {
      const { status, stdout } = runCli(project, [command, "--help"]);
      expect({ command, status }).toEqual({ command, status: 0 });
      for (const option of rest.match(/--[\w-]+/g) ?? []) expect(stdout).toContain(`${option} `);
    }
  });
});

describe("docs/wire-format.md", () => {
  it("has the headings that specs cite", () => {
    const files = readdirSync(join(root, "spec"), { recursive: true, encoding: "utf8" });
    const cited = files
      .filter((file) => file.endsWith(".ts") && !file.startsWith("docs"))
      .flatMap(
        (file) => readFileSync(join(root, "spec", file), "utf8").match(/(?<=docs\/wire-format\.md, )[^"`]+/g) ?? [],
      );
    const headings = textOf("docs/wire-format.md").match(/(?<=^## ).+$/gm);
    expect(cited.length).toBeGreaterThan(5);
    expect(headings).toEqual(expect.arrayContaining([...new Set(cited)]));
  });
});
