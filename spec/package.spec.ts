import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as azure from "../lib/azure/index.js";
import * as library from "../lib/index.js";
import * as sidecar from "../lib/sidecar/index.js";
import * as testing from "../lib/testing/index.js";
import { consumerProject, packLibrary } from "./support/packed.js";

/** What each import path has in the tree, which is listed in index.spec.ts. */
const names: Readonly<Record<string, readonly string[]>> = {
  "dapr-functions": Object.keys(library).sort(),
  "dapr-functions/testing": Object.keys(testing).sort(),
  "dapr-functions/azure": Object.keys(azure).sort(),
  "dapr-functions/sidecar": Object.keys(sidecar).sort(),
};

const heavy = [
  "class-validator",
  "class-transformer",
  "@dapr/dapr",
  "@azure/functions",
  "@marcbachmann/cel-js",
  "croner",
  "diff",
  "get-tsconfig",
  "jsonc-parser",
  "undici",
  "yaml",
  "commander",
];

function run(project: string, file: string, text: string): string {
  writeFileSync(join(project, file), text);
  return execFileSync(process.execPath, [file], { cwd: project, encoding: "utf8" });
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[^]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

describe("the packed library", () => {
  it("holds what its users need and nothing else", () => {
    const { folder } = packLibrary();
    const listed = execFileSync("find", [".", "-type", "f"], { cwd: join(folder, "package"), encoding: "utf8" })
      .split("\n")
      .filter(
        (file) =>
          file !== "" &&
          !/^\.\/docs\/[\w-]+\.md$/.test(file) &&
          !/^\.\/dist\/.*\.(?:js|mjs|d\.ts|d\.mts)(?:\.map)?$/.test(file) &&
          !/^\.\/lib\/.*\.(?:m?ts|mjs)$/.test(file),
      )
      .sort();
    expect(listed).toEqual([
      "./CHANGELOG.md",
      "./LICENSE",
      "./README.md",
      "./dist/inspector/page/index.html",
      "./dist/inspector/page/style.css",
      "./package.json",
    ]);
  });

  it("gives the same names to CommonJS and to ES modules", () => {
    const project = consumerProject();
    for (const [path, expected] of Object.entries(names)) {
      const fromCommonJs = run(project, "a.cjs", `console.log(JSON.stringify(Object.keys(require("${path}")).sort()))`);
      const fromModules = run(
        project,
        "a.mjs",
        `import * as all from "${path}";
         console.log(JSON.stringify(Object.keys(all).filter((name) => !/^(default|module\\.exports|__esModule)$/.test(name)).sort()))`,
      );
      expect(JSON.parse(fromCommonJs)).toEqual(expected);
      expect(JSON.parse(fromModules)).toEqual(expected);
    }
  });

  it("is one library to a program that loads it both ways", () => {
    const project = consumerProject();
    const text = `
      import { createRequire } from "node:module";
      import { Reply } from "dapr-functions";
      console.log(createRequire(import.meta.url)("dapr-functions").Reply === Reply);`;
    expect(run(project, "both.mjs", text)).toBe("true\n");
  });

  it("loads in a user's CommonJS jest, the matchers too", () => {
    const project = consumerProject({ packages: ["jest"] });
    mkdirSync(join(project, "spec"));
    writeFileSync(
      join(project, "spec", "a.test.js"),
      `const { fakeCollector } = require("dapr-functions/testing");
       require("dapr-functions/testing/jest");
       require("dapr-functions"); require("dapr-functions/azure"); require("dapr-functions/sidecar");
       test("a collector", () => { const c = fakeCollector(); c.add(1); expect(c).toHaveAdded(1); });`,
    );
    const jest = join(project, "node_modules", "jest", "bin", "jest.js");
    const { status, stderr } = spawnSync(process.execPath, [jest, "--rootDir", project], {
      cwd: project,
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining("Tests:       1 passed") });
  });

  it("loads no heavy package with its root", () => {
    const project = consumerProject({ packages: ["class-validator", "class-transformer"] });
    const text = `require("dapr-functions"); console.log(JSON.stringify(Object.keys(require.cache)))`;
    const loaded = JSON.parse(run(project, "root.cjs", text)) as string[];
    expect(loaded.length).toBeGreaterThan(10);
    const found = heavy.filter((name) => loaded.some((file) => file.includes(`/node_modules/${name}/`)));
    expect(found).toEqual([]);
  });

  it("declares every package that it requires", () => {
    const { folder } = packLibrary();
    const dist = join(folder, "package", "dist");
    // What init writes is in texts, which import what the new project installs.
    const search = [
      dist,
      "-path",
      join(dist, "init"),
      "-prune",
      "-o",
      "(",
      "-name",
      "*.js",
      "-o",
      "-name",
      "*.mjs",
      ")",
      "-print",
    ];
    const files = execFileSync("find", search, { encoding: "utf8" });
    const manifest = JSON.parse(readFileSync(join(folder, "package", "package.json"), "utf8")) as Record<
      "dependencies" | "peerDependencies",
      Record<string, string>
    >;
    const declared = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];
    const required = files
      .trim()
      .split("\n")
      .flatMap((file) =>
        [
          ...withoutComments(readFileSync(file, "utf8")).matchAll(
            /(?:require\(|from )"(@[^/"]+\/[^/"]+|[^./"@][^/":]*)[/"]/g,
          ),
        ].map((match) => match[1]!),
      );
    // Generated shims require the library itself, who uses the matchers has jest, and describe asks the app for its converter.
    const missing = [...new Set(required)].filter(
      (name) => ![...declared, "dapr-functions", "@jest/globals", "class-validator-jsonschema"].includes(name),
    );
    expect(required).toContain("reflect-metadata");
    expect(missing).toEqual([]);
  });

  it.each([
    ["all", ["@azure/functions", "@types/jest"], Object.keys(names)],
    // Users of the v3 model have version 3 of @azure/functions, whose types are others, or none.
    ["no optional package", [], Object.keys(names).filter((path) => path !== "dapr-functions/testing/jest")],
  ])("has types that compile by themselves, without skipLibCheck: with %s", (_, optional, paths) => {
    const project = consumerProject({ packages: ["@types/node", "undici-types", ...optional] });
    const imports = paths.map((path, index) => `import * as entry${index} from "${path}";`);
    const all = paths.map((_path, index) => `entry${index}`);
    writeFileSync(join(project, "all.mts"), [...imports, `export const all = [${all.join(", ")}];`].join("\n"));
    const tsc = join(__dirname, "..", "node_modules", "@typescript", "native", "bin", "tsc");
    const options = [
      "--noEmit",
      "--strict",
      "--module",
      "node20",
      "--target",
      "es2022",
      "--lib",
      "es2023,esnext.disposable,esnext.decorators",
      "--types",
      "node",
    ];
    const { stdout } = spawnSync(process.execPath, [tsc, ...options, "all.mts"], { cwd: project, encoding: "utf8" });
    const ours = stdout.split("\n").filter((line) => line.includes("dapr-functions/"));
    expect(ours).toEqual([]);
  });
});
