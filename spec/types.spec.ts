import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { consumerProject } from "./support/packed.js";

/*
 * What the compiler accepts and refuses of decorated methods, and in which words, for a user of the packed library. The
 * methods are in spec/dialects.
 */

const dialects = { legacy: true, standard: false };
const compiler = join(__dirname, "..", "node_modules", "@typescript", "native", "bin", "tsc");

interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

let project: string;

beforeAll(() => {
  const packages = ["@types/node", "arktype", "valibot", "zod", "undici-types"];
  project = consumerProject({ packages });
}, 180_000);

/** Compiles one file of spec/dialects beside the packed library. */
function compile(source: string, file: string, options: object, tsc = compiler): Diagnostic[] {
  writeFileSync(join(project, file), source);
  const config = {
    compilerOptions: {
      target: "es2022",
      module: "node20",
      types: ["node"],
      noEmit: true,
      skipLibCheck: true,
      preserveSymlinks: true,
      ...options,
    },
    files: [file],
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
  const { stdout } = spawnSync(process.execPath, [tsc, "-p", project, "--pretty", "false"], {
    cwd: project,
    encoding: "utf8",
  });
  return readDiagnostics(stdout);
}

/** A diagnostic begins with its place; further lines of it are indented. */
function readDiagnostics(output: string): Diagnostic[] {
  return output
    .split(/\n(?! )/)
    .filter((text) => text !== "")
    .map((text) => {
      const [, file = "", line] = /^([^\n(]*)\((\d+),\d+\): /.exec(text) ?? [];
      return { file, line: Number(line), text };
    });
}

/** The lines that a file expects to be refused, and in which words. */
function expectedOf(source: string): { readonly line: number; readonly words: string }[] {
  return source.split("\n").flatMap((line, index) => {
    const words = /@ts-expect-error (.*)/.exec(line)?.[1];
    return words === undefined ? [] : [{ line: index + 2, words }];
  });
}

/** What was found, in the words that were expected of it where it has them. */
function inWords(
  found: readonly Diagnostic[],
  expected: ReturnType<typeof expectedOf>,
): { line: number; words: string }[] {
  return found.map(({ line, text }, index) => {
    const { words } = expected[index] ?? { words: "nothing" };
    return { line, words: text.includes(words) ? words : text };
  });
}

const read = (file: string) => readFileSync(join(__dirname, "dialects", file), "utf8");

describe.each(Object.entries(dialects))("in the %s dialect", (_, experimentalDecorators) => {
  it.each([
    ["strictly", { strict: true }],
    [
      "with exact optional properties",
      { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ],
    ["loosely", { strict: false }],
    ["with emitted metadata", { strict: true, emitDecoratorMetadata: experimentalDecorators }],
  ])("methods that take what they are given compile %s", (_name, options) => {
    expect(compile(read("accepted.ts"), "accepted.ts", { experimentalDecorators, ...options })).toEqual([]);
  });

  it("methods with schemas compile", () => {
    const options = { experimentalDecorators, strict: true };
    expect(compile(read("accepted-schemas.ts"), "accepted-schemas.ts", options)).toEqual([]);
  });

  it("each mistake is refused in words that say what is wrong", () => {
    const source = read("refused.ts");
    const found = compile(source.replaceAll("@ts-expect-error", "expected:"), "refused.ts", {
      experimentalDecorators,
      strict: true,
    });
    expect(inWords(found, expectedOf(source))).toEqual(expectedOf(source));
  });
});

describe.each([
  ["5.9", "typescript-5"],
  ["6", "@typescript/old"],
  ["7", "@typescript/native"],
])("with TypeScript %s", (version, folder) => {
  const tsc = join(__dirname, "..", "node_modules", folder, "bin", "tsc");

  it.each(Object.entries(dialects))(
    "what calls other applications, and topics as objects, are checked in the %s dialect",
    (_, experimentalDecorators) => {
      const { stdout } = spawnSync(process.execPath, [tsc, "--version"], { encoding: "utf8" });
      expect(stdout).toContain(`Version ${version}.`);
      const source = read("clients.ts");
      const options = { experimentalDecorators, strict: true };
      const found = compile(source.replaceAll("@ts-expect-error", "expected:"), "clients.ts", options, tsc);
      expect(inWords(found, expectedOf(source))).toEqual(expectedOf(source));
    },
    60_000,
  );
});
