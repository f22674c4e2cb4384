import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { spawnSync } from "node:child_process";
import type TypeScript from "typescript-5";
import { consumerProject } from "./support/packed.js";

/*
 * What a user's compiler and editor find in the packed library: every type that an exported signature names, prose on it,
 * and the way to the sources.
 */

const ts = require("typescript-5") as typeof TypeScript;
const entries = ["index", "testing/index", "testing/jest", "azure/index", "sidecar/index"] as const;

let dist: string;
let project: string;
let program: TypeScript.Program;
let checker: TypeScript.TypeChecker;

beforeAll(() => {
  project = consumerProject({ packages: ["@types/node", "undici-types", "@jest/globals"] });
  dist = join(project, "node_modules", "dapr-functions", "dist");
  program = ts.createProgram(
    entries.map((entry) => join(dist, `${entry}.d.ts`)),
    {
      module: ts.ModuleKind.Node16,
      moduleResolution: ts.ModuleResolutionKind.Node16,
      target: ts.ScriptTarget.ES2022,
      types: ["node"],
      skipLibCheck: true,
      preserveSymlinks: true,
    },
  );
  checker = program.getTypeChecker();
}, 180_000);

function exportsOf(entry: string): TypeScript.Symbol[] {
  const file = program.getSourceFile(join(dist, `${entry}.d.ts`))!;
  return checker.getExportsOfModule(checker.getSymbolAtLocation(file)!);
}

/** What an exported name stands for. */
function resolved(symbol: TypeScript.Symbol): TypeScript.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}

function isOurs(symbol: TypeScript.Symbol): boolean {
  const file = symbol.declarations?.[0]?.getSourceFile().fileName;
  return file !== undefined && !relative(dist, file).startsWith("..");
}

function isPrivate(node: TypeScript.Node): boolean {
  const flags = ts.isClassElement(node) ? ts.getCombinedModifierFlags(node) : 0;
  return (flags & ts.ModifierFlags.Private) !== 0;
}

/** A type that a declaration names, and whether it only builds on it. */
type Mention = readonly [type: TypeScript.Symbol, isBase: boolean];

/** The types of ours that a declaration names. */
function namesIn(declaration: TypeScript.Node): Mention[] {
  const found: Mention[] = [];
  const walk = (node: TypeScript.Node): void => {
    if (isPrivate(node)) return;
    const name = ts.isTypeReferenceNode(node)
      ? node.typeName
      : ts.isExpressionWithTypeArguments(node)
        ? node.expression
        : undefined;
    const symbol = name === undefined ? undefined : checker.getSymbolAtLocation(name);
    if (symbol !== undefined && (symbol.flags & ts.SymbolFlags.TypeParameter) === 0 && isOurs(resolved(symbol))) {
      found.push([resolved(symbol), ts.isExpressionWithTypeArguments(node)]);
    }
    ts.forEachChild(node, walk);
  };
  walk(declaration);
  return found;
}

/** True for a type that its own module exports: most others are parts of the one that names them. */
function isExported({ declarations }: TypeScript.Symbol): boolean {
  return declarations?.some((node) => (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Export) !== 0) === true;
}

/** True where whoever uses a declaration gets or gives a value of the types that it names. */
function givesValues(declaration: TypeScript.Node): boolean {
  if (ts.isFunctionDeclaration(declaration) || ts.isClassDeclaration(declaration)) return true;
  // A decorator is called with what the compiler makes of the method, to say what is wrong with it.
  return ts.isInterfaceDeclaration(declaration) && !declaration.members.some(ts.isCallSignatureDeclaration);
}

describe("the public types", () => {
  it.each(entries)("of %s name none that cannot be imported", (entry) => {
    // A decorator and the type of its binding share a name.
    const importable = new Set([...exportsOf("index"), ...exportsOf(entry)].map(({ name }) => name));
    const missing = new Set<string>();
    const seen = new Set<TypeScript.Symbol>();
    const visit = (symbol: TypeScript.Symbol, by: string): void => {
      if (seen.has(symbol)) return;
      seen.add(symbol);
      for (const declaration of symbol.declarations ?? []) {
        for (const [named, isBase] of namesIn(declaration)) {
          const isNeeded = isExported(named) || (givesValues(declaration) && !isBase);
          if (isNeeded && !importable.has(named.name)) missing.add(`${named.name}, named by ${by}`);
          visit(named, named.name);
        }
      }
    };
    for (const symbol of exportsOf(entry).map(resolved)) visit(symbol, symbol.name);
    expect([...missing]).toEqual([]);
  });

  it.each(entries)("of %s say in prose what they are", (entry) => {
    const silent = exportsOf(entry)
      .map((symbol) => [symbol.name, resolved(symbol)] as const)
      .filter(([, symbol]) => isOurs(symbol))
      .filter(([, symbol]) => ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() === "")
      .map(([name]) => name);
    expect(silent).toEqual([]);
  });

  it.each(entries)("of %s say of each member what it is", (entry) => {
    const silent = exportsOf(entry)
      .map(resolved)
      .filter(isOurs)
      .flatMap(({ name, declarations = [] }) =>
        declarations.flatMap((declaration) => {
          if (!ts.isInterfaceDeclaration(declaration) && !ts.isClassDeclaration(declaration)) return [];
          return [...declaration.members].flatMap((member) => {
            if (member.name === undefined || ts.isPrivateIdentifier(member.name) || isPrivate(member)) return [];
            const comment = checker.getSymbolAtLocation(member.name)!.getDocumentationComment(checker);
            return ts.displayPartsToString(comment).trim() === "" ? [`${name}.${member.name.getText()}`] : [];
          });
        }),
      );
    expect(silent).toEqual([]);
  });

  it("resolve each import under TypeScript 5 with module commonjs, which knows no exports of packages", () => {
    const imports = ["", "/testing", "/testing/jest", "/azure", "/sidecar"].map(
      (path) => `import "dapr-functions${path}";`,
    );
    writeFileSync(
      join(project, "old.ts"),
      `${imports.join("\n")}\nimport { invoke } from "dapr-functions/testing";\nvoid invoke;\n`,
    );
    const options = ["--module", "commonjs", "--moduleResolution", "node10", "--target", "es2022", "--strict"];
    const tsc = join(__dirname, "..", "node_modules", "typescript-5", "bin", "tsc");
    const { stdout } = spawnSync(process.execPath, [tsc, ...options, "--skipLibCheck", "--noEmit", "old.ts"], {
      cwd: project,
      encoding: "utf8",
    });
    expect(stdout).toBe("");
  });

  it("lead to their sources, and so does what runs", () => {
    const maps = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((file) =>
      /\.d\.m?ts\.map$|\.m?js\.map$/.test(file),
    );
    expect(maps.length).toBeGreaterThan(200);
    const lost = maps.flatMap((file) => {
      const { sources } = JSON.parse(readFileSync(join(dist, file), "utf8")) as { sources: string[] };
      return sources
        .map((source) => resolve(dirname(join(dist, file)), source))
        .filter((source) => !existsSync(source));
    });
    expect(lost).toEqual([]);
  });
});

describe("what an editor shows", () => {
  /** Every tag that a comment may have, by the forms in which we write it. */
  const known = [
    "throws",
    "see",
    "example",
    "param",
    "returns",
    "module",
    "deprecated",
    "template",
    "internal",
    "typeParam",
  ];

  it.each(entries)("of the exports of %s is not torn by a decorator in an example", (entry) => {
    const torn = exportsOf(entry).flatMap((symbol) => {
      const target = resolved(symbol);
      if (!isOurs(target)) return [];
      return target
        .getJsDocTags(checker)
        .filter(({ name }) => !known.includes(name))
        .map(({ name }) => `${symbol.name}: @${name}`);
    });
    expect(torn).toEqual([]);
  });

  it("of a decorator is what it gives the method, and an example whole", () => {
    const file = join(project, "hover.ts");
    writeFileSync(file, 'import { DaprApp } from "dapr-functions";\nDaprApp;\n');
    const host: TypeScript.LanguageServiceHost = {
      getCompilationSettings: () => ({
        module: ts.ModuleKind.Node16,
        moduleResolution: ts.ModuleResolutionKind.Node16,
      }),
      getScriptFileNames: () => [file],
      getScriptVersion: () => "1",
      getScriptSnapshot: (name) =>
        existsSync(name) ? ts.ScriptSnapshot.fromString(readFileSync(name, "utf8")) : undefined,
      getCurrentDirectory: () => project,
      getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
      fileExists: (name) => ts.sys.fileExists(name),
      readFile: (name) => ts.sys.readFile(name),
      directoryExists: (name) => ts.sys.directoryExists(name),
      getDirectories: (name) => ts.sys.getDirectories(name),
    };
    const service = ts.createLanguageService(host);
    const info = service.getQuickInfoAtPosition(file, readFileSync(file, "utf8").lastIndexOf("DaprApp"))!;
    expect(ts.displayPartsToString(info.documentation)).toContain("another application, to call while it runs");
    const [example, ...others] = (info.tags ?? []).filter(({ name }) => name === "example");
    expect(others).toEqual([]);
    const text = ts.displayPartsToString(example!.text);
    expect(text).toContain("@DaprServiceInvocationTrigger()");
    expect(text).toContain('@DaprApp({ name: "billing", appId: "billing" })');
    expect(text).toContain("return receipt.number;");
  });
});
