import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, posix, relative, resolve } from "node:path";
import type { Command } from "commander";
import { isOurs } from "../azure/app/app-files.js";
import { keepHandlers } from "../azure/adopt/keep-handlers.js";
import { readFunction, type AdoptedFunction, type AdoptionFinding } from "../azure/adopt/read-function.js";
import { namesInModule, writeClass } from "../azure/adopt/write-class.js";
import { builtPathOf, compilationOf } from "./modules/typescript.js";
import { toPatch } from "./patch.js";
import { exitCodes, exitWith, printJson } from "./report.js";
import { UsageError } from "./usage-error.js";

interface AdoptOptions {
  readonly out: string;
  readonly class: readonly string[];
  readonly decorators: "standard" | "legacy";
  readonly dryRun?: true;
  readonly diff?: true;
  readonly json?: true;
  readonly force?: true;
}

export function addAdopt(program: Command): void {
  const { Option } = require("commander") as typeof import("commander");
  program
    .command("adopt")
    .summary("turn an app of function.json folders into decorated classes")
    .description(
      "Reads <Function>/function.json of an Azure Functions app in the v3 model and writes TypeScript classes around the " +
        "handlers, which stay where they are. Says what the files got wrong and what is left for you.",
    )
    .argument("<folder>", "the app's root")
    .option("--out <folder>", "where the classes go, below the app's root", "src")
    .option(
      "--class <Name=functions>",
      "functions of one class, comma-separated, * for any text; may be repeated",
      collect,
      [],
    )
    .addOption(
      new Option("--decorators <kind>", "of a tsconfig.json where there is none")
        .choices(["standard", "legacy"])
        .default("standard"),
    )
    .option("--dry-run", "print what would be done, and do nothing")
    .option("--diff", "also print the files as a unified diff")
    .option("--json", "print files and findings as JSON")
    .option("--force", "overwrite classes that are there")
    .addHelpText("after", "\nExample:\n  $ npx dapr-functions adopt . --class 'Orders=*Order*' --diff")
    .action((folder: string, options: AdoptOptions) => exitWith(adopt(folder, options)));
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function adopt(folder: string, options: AdoptOptions): number {
  const root = resolve(folder);
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UsageError(`${folder}: it is not a folder; give the root of the app`);
  const out = slashes(relative(root, resolve(root, options.out)));
  if (out === "" || out.startsWith(".."))
    throw new UsageError(`--out ${options.out}: give a folder below the app's root`);
  const read = readApp(root);
  const { functions, copies, findings: kept } = keepHandlers(read.functions, (path) => textOf(join(root, path)));
  const findings = [...read.findings, ...kept];
  if (functions.length === 0 && findings.length === 0)
    throw new UsageError(
      `${folder}: no folder in it has a function.json; give the root of an app in the v3 model (handlers of the v4 model are moved by hand: docs/coming-from.md)`,
    );
  const hasConfig = existsSync(join(root, "tsconfig.json"));
  // What is written below has its root in `out`.
  const built = hasConfig ? slashes(relative(root, dirname(builtPathOf(join(root, out, "functions.ts"))))) : "build";
  const skipped = findings.filter(({ kind }) => kind === "skipped").map(({ function: name }) => name);
  const classes = filesOf(functions, out, posix.relative(built, "."), options, skipped);
  const files = {
    ...classes,
    ...(!hasConfig && functions.length > 0 && { "tsconfig.json": tsconfig(out, options.decorators) }),
    ...copies,
  };
  const taken = Object.entries(files)
    .filter(([path, text]) => ![undefined, text].includes(textOf(join(root, path))))
    .map(([path]) => path);
  if (taken.length > 0 && read.generated.length > 0)
    throw new UsageError(
      `${taken.join(", ")}: there already, and what is in it may be all that is left of ${read.generated.join(", ")}, whose function.json was generated; give another --out, or a --class of a new name`,
    );
  if (taken.length > 0 && options.force !== true)
    throw new UsageError(`${taken.join(", ")}: there already; give another --out, or overwrite with --force`);
  const report = Object.entries(files).map(([path, after]) => {
    const before = textOf(join(root, path));
    return {
      action: before === after ? "unchanged" : "write",
      path,
      ...(options.diff === true && before !== after && { diff: toPatch(path, before, after) }),
    };
  });
  if (options.dryRun !== true) {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  }
  if (options.json === true) printJson({ files: report, findings });
  else {
    for (const { action, path, diff } of report as { action: string; path: string; diff?: string }[])
      process.stdout.write(`${action} ${path}\n${diff ?? ""}`);
    for (const { kind, function: name, text } of findings) process.stderr.write(`${kind} ${name}: ${text}\n`);
    const lacks = hasConfig ? configLacks(join(root, out, "functions.ts"), out) : [];
    process.stderr.write(nextSteps(functions, out, built, lacks));
  }
  return skipped.length > 0 ? exitCodes.problems : exitCodes.done;
}

function readApp(root: string): {
  readonly functions: readonly AdoptedFunction[];
  readonly findings: readonly AdoptionFinding[];
  /** The folders that `generate` wrote. */
  readonly generated: readonly string[];
} {
  const generated: string[] = [];
  const functions: AdoptedFunction[] = [];
  const findings: AdoptionFinding[] = [];
  for (const entry of readdirSync(root, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (statSync(join(root, entry.name), { throwIfNoEntry: false })?.isDirectory() !== true) continue;
    const files = readdirSync(join(root, entry.name));
    const functionJson = files.find((name) => name.toLowerCase() === "function.json");
    if (functionJson === undefined) continue;
    const skip = (text: string): void => void findings.push({ kind: "skipped", function: entry.name, text });
    if (entry.isSymbolicLink()) {
      skip("its folder is a symbolic link, and generate writes through none; put the folder itself there");
      continue;
    }
    const text = textOf(join(root, entry.name, functionJson));
    if (text === undefined) {
      skip(`${functionJson} is not a file; put one there and run adopt again`);
      continue;
    }
    if (isOurs(text)) {
      generated.push(entry.name);
      skip(
        "generate wrote its function.json, so a class has it already; to adopt it anew, put back the files that were there before",
      );
      continue;
    }
    const read = readFunction({
      name: entry.name,
      functionJson: text,
      files,
      exists: (path) => existsSync(join(root, path)),
    });
    if (read.fn !== undefined) functions.push(read.fn);
    findings.push(...read.findings);
  }
  return { functions, findings, generated };
}

/** Undefined where there is no such file. */
function textOf(file: string): string | undefined {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(file, "utf8") : undefined;
}

/** Words that TypeScript takes for no class. */
const reserved =
  /^(?:any|arguments|as|async|await|bigint|boolean|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|eval|export|extends|false|finally|for|function|if|implements|import|in|instanceof|interface|let|never|new|null|number|object|package|private|protected|public|return|static|string|super|switch|symbol|this|throw|true|try|type|typeof|undefined|unknown|var|void|while|with|yield)$/;

/** The first `--class` that names a function has it; the others are those of `Functions`. */
function filesOf(
  functions: readonly AdoptedFunction[],
  out: string,
  up: string,
  options: AdoptOptions,
  skipped: readonly string[],
): Record<string, string> {
  const groups = options.class.map((text) => {
    const [, name, list] = /^([A-Za-z_$][\w$]*)=(.+)$/.exec(text) ?? [];
    if (name === undefined || list === undefined)
      throw new UsageError(`--class ${text}: write it as Name=Function,Other*`);
    if (namesInModule.has(name) || reserved.test(name))
      throw new UsageError(`--class ${text}: a class cannot be called ${name} there; give another name`);
    const patterns = list
      .split(",")
      .map((pattern) => new RegExp(`^${pattern.trim().split("*").map(escapeRegExp).join(".*")}$`));
    return { name, matches: (fnName: string) => patterns.some((pattern) => pattern.test(fnName)) };
  });
  const byClass = new Map<string, AdoptedFunction[]>();
  for (const fn of functions) {
    const name = groups.find(({ matches }) => matches(fn.name))?.name ?? "Functions";
    byClass.set(name, [...(byClass.get(name) ?? []), fn]);
  }
  const empty = groups.find(({ name, matches }) => !byClass.has(name) && !skipped.some(matches));
  if (empty !== undefined) throw new UsageError(`--class ${empty.name}: no function of the app has such a name`);
  const names = [...byClass.keys()];
  const twin = names.find((name, index) => names.findIndex((other) => kebab(other) === kebab(name)) < index);
  if (twin !== undefined)
    throw new UsageError(`--class ${twin}: another class is written to ${kebab(twin)}.ts as well; give another name`);
  return Object.fromEntries(
    [...byClass].map(([name, members]) => [posix.join(out, `${kebab(name)}.ts`), writeClass(name, members, up)]),
  );
}

function slashes(path: string): string {
  return path.replaceAll("\\", "/");
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function kebab(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase();
}

function tsconfig(out: string, decorators: AdoptOptions["decorators"]): string {
  const legacy = decorators === "legacy" ? { experimentalDecorators: true, emitDecoratorMetadata: true } : {};
  const compilerOptions = {
    target: "es2022",
    module: "node20",
    lib: ["es2023", "esnext.decorators"],
    types: ["node"],
    strict: true,
    skipLibCheck: true,
    rootDir: out,
    outDir: "build",
    ...legacy,
  };
  return `${JSON.stringify({ compilerOptions, include: [out] }, null, 2)}\n`;
}

/** What a person has to give the tsconfig.json that is there, for what is written into a folder to compile. */
function configLacks(file: string, out: string): string[] {
  const { types = [], includes } = compilationOf(file);
  return [
    ...(includes ? [] : [`let tsconfig.json compile ${out}/, which its files, include or exclude leave out`]),
    ...(types.some((type) => type === "node" || type === "*")
      ? []
      : ['add "types": ["node"] to compilerOptions of tsconfig.json; TypeScript takes no types unasked from 6 on']),
  ];
}

function nextSteps(
  functions: readonly AdoptedFunction[],
  out: string,
  built: string,
  lacks: readonly string[],
): string {
  if (functions.length === 0) return "";
  return [
    `adopted ${functions.length} function${functions.length === 1 ? "" : "s"} into ${out}/. Next:`,
    "  npm install dapr-functions && npm install --save-dev typescript @types/node",
    ...lacks.map((step) => `  ${step}`),
    "  npx tsc -p .",
    `  npx dapr-functions generate ${built} --force     # function.json and index.cjs of these folders from the decorators`,
    "",
  ].join("\n");
}
