import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import * as nodeModule from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { readJsonWithComments } from "../../model/jsonc.js";
import { shown } from "./load-failure.js";
import type { HookData } from "./typescript-hook.mjs";

interface Project {
  /** The folder of tsconfig.json, else of the module. */
  readonly folder: string;
  readonly config: string | undefined;
  readonly options: Readonly<Record<string, unknown>>;
}

/** The nearest tsconfig.json of a module, `extends` followed. */
function projectOf(file: string): Project {
  const { getTsconfig } = require("get-tsconfig") as typeof import("get-tsconfig");
  const found = getTsconfig(file);
  if (found === null) return { folder: dirname(file), config: undefined, options: {} };
  // get-tsconfig takes a file that is not JSON for an empty one, and the paths of built modules would be wrong.
  const { fault } = readJsonWithComments(readFileSync(found.path, "utf8"));
  if (fault !== undefined) throw new Error(`${shown(found.path)} is not JSON, at character ${fault}; correct it`);
  return { folder: dirname(found.path), config: found.path, options: { ...found.config.compilerOptions } };
}

/** The file that the compiler writes for a `.ts` module, from `outDir` and `rootDir` of its tsconfig.json. */
export function builtPathOf(file: string): string {
  const project = projectOf(file);
  const { folder, options } = project;
  const name = file.replace(/\.([cm]?)ts$/, ".$1js");
  if (typeof options["outDir"] !== "string") return name;
  const root = sourceFolderOf(file, project) ?? rootDirOf(folder, options);
  return join(resolve(folder, options["outDir"]), relative(root, name));
}

/** What the nearest tsconfig.json says of a `.ts` file, which need not be there yet: whether it compiles it, with which types. */
export function compilationOf(file: string): {
  readonly includes: boolean;
  readonly types: readonly string[] | undefined;
} {
  const { createFilesMatcher, getTsconfig } = require("get-tsconfig") as typeof import("get-tsconfig");
  const found = getTsconfig(file);
  if (found === null) return { includes: false, types: undefined };
  return { includes: createFilesMatcher(found)(file) !== undefined, types: found.config.compilerOptions?.types };
}

/** Of a program, by tsconfig.json: asking the compiler takes most of a second. */
const programs = new Map<string, readonly string[]>();

/**
 * What TypeScript before 6 takes for `rootDir` where none is given: the folder that all files of the program have in
 * common. Undefined where that is not how it goes.
 */
function sourceFolderOf(file: string, { config, options }: Project): string | undefined {
  if (config === undefined || typeof options["rootDir"] === "string" || options["composite"] === true) return undefined;
  const known = programs.get(config) ?? programOf(file, config);
  programs.set(config, known);
  // A file that is yet to be written belongs to the program, too.
  return known.length === 0 ? undefined : commonFolderOf([file, ...known]);
}

/** The files that the project's own compiler writes for, if it is one before 6. */
function programOf(file: string, config: string): string[] {
  const manifest = resolveFrom(file, "typescript/package.json");
  const tsc = compilerOf(file);
  if (manifest === undefined || tsc === undefined) return [];
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  if (Number.parseInt(version, 10) >= 6) return [];
  const list = outputOf(tsc, ["-p", config, "--listFilesOnly"]);
  return list
    .split(/\r?\n/)
    .filter((path) => /\.(?:[cm]?[jt]sx?|json)$/.test(path) && !/\.d\.(?:[^.]+\.)?[cm]?ts$/.test(path))
    .filter((path) => !path.includes("/node_modules/"));
}

function commonFolderOf([first, ...others]: readonly [string, ...string[]]): string {
  let folder = dirname(first);
  const holds = (file: string): boolean => !relative(folder, file).startsWith("..");
  while (!others.every(holds)) folder = dirname(folder);
  return folder;
}

function rootDirOf(folder: string, options: Project["options"]): string {
  return typeof options["rootDir"] === "string" ? resolve(folder, options["rootDir"]) : folder;
}

/** Loads a `.ts` module with its decorator metadata: by a hook where @swc/core is there, else by the project's tsc. */
export async function loadTypeScript(file: string): Promise<unknown> {
  const swc = resolveFrom(file, "@swc/core");
  if (swc !== undefined) return loadThroughHook(file, swc);
  const tsc = compilerOf(file);
  if (tsc !== undefined) return loadCompiled(file, tsc);
  throw new Error(
    "there is nothing to compile it with; build it and give the .js file, npm install -D @swc/core, or npm install -D typescript",
  );
}

let hooked = false;

async function loadThroughHook(file: string, swc: string): Promise<unknown> {
  if (!hooked) {
    const { options } = projectOf(file);
    const data: HookData = { swc, legacyDecorators: isLegacy(options), decoratorMetadata: hasMetadata(options) };
    await hook(data);
    hooked = true;
  }
  return import(pathToFileURL(file).href);
}

/** In this thread where Node can, from 22.15 on: `module.register` is deprecated in Node 26. */
async function hook(data: HookData): Promise<void> {
  const url = pathToFileURL(join(__dirname, "typescript-hook.mjs")).href;
  const { registerHooks } = nodeModule as { registerHooks?: (hooks: object) => void };
  if (registerHooks === undefined) {
    nodeModule.register(url, { data });
    return;
  }
  const { initialize, resolve, load } = (await import(url)) as typeof import("./typescript-hook.mjs");
  initialize(data);
  registerHooks({ resolve, load });
}

/** Without a tsconfig.json, the documented mode. */
function isLegacy(options: Project["options"]): boolean {
  return Object.keys(options).length === 0 || options["experimentalDecorators"] === true;
}

function hasMetadata(options: Project["options"]): boolean {
  return Object.keys(options).length === 0 || options["emitDecoratorMetadata"] === true;
}

function resolveFrom(file: string, name: string): string | undefined {
  // The project's own copy first, then the one beside this library.
  for (const from of [file, __filename]) {
    try {
      return nodeModule.createRequire(from).resolve(name);
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The script of the project's `tsc`, in any version: their output is the same. */
function compilerOf(file: string): string | undefined {
  for (const name of ["typescript", "@typescript/native"]) {
    const manifest = resolveFrom(file, `${name}/package.json`);
    if (manifest === undefined) continue;
    const { bin } = JSON.parse(readFileSync(manifest, "utf8")) as { bin?: Record<string, string> };
    if (bin?.["tsc"] !== undefined) return join(dirname(manifest), bin["tsc"]);
  }
  return undefined;
}

async function loadCompiled(file: string, tsc: string): Promise<unknown> {
  const project = projectOf(file);
  const { config, folder, options } = project;
  if (config === undefined) throw new Error("it has no tsconfig.json; add one, or build it and give the .js file");
  let output = compiled.get(config);
  if (output === undefined) compiled.set(config, (output = compileProject(tsc, config, project)));
  const name = relative(rootDirOf(folder, options), file).replace(/\.([cm]?)ts$/, ".$1js");
  const built = join(output.folder, name);
  if (!existsSync(built)) {
    const why = output.log === "" ? "add it to `include` or `files`" : firstLinesOf(output.log);
    throw new Error(`tsc -p ${shown(config)} did not compile it; ${why}`);
  }
  try {
    return await import(pathToFileURL(built).href);
  } catch (error) {
    // The compiler knows the line in the user's own file.
    if (output.log === "" || !isLoadError(error)) throw error;
    throw new Error(`tsc -p ${shown(config)} found errors; ${firstLinesOf(output.log)}`, { cause: error });
  }
}

/** Of a module that cannot be parsed or lacks what it imports, rather than one that ran and threw. */
function isLoadError(error: unknown): boolean {
  return (
    error instanceof SyntaxError || String((error as { code?: unknown } | null)?.code).endsWith("MODULE_NOT_FOUND")
  );
}

function firstLinesOf(log: string): string {
  const lines = log.split("\n");
  return lines.length > 5 ? [...lines.slice(0, 5), "…"].join("\n") : log;
}

interface Output {
  readonly folder: string;
  /** What the compiler said. */
  readonly log: string;
}

/** By tsconfig.json: modules compiled twice would have each class twice. */
const compiled = new Map<string, Output>();

/** Compiles a project into a folder below it, so that its packages are found; gone when this process ends. */
function compileProject(tsc: string, config: string, { folder, options }: Project): Output {
  const parent = existsSync(join(folder, "node_modules")) ? join(folder, "node_modules", ".cache") : folder;
  mkdirSync(parent, { recursive: true });
  const outDir = mkdtempSync(join(parent, ".dapr-functions-"));
  process.once("exit", () => rmSync(outDir, { recursive: true, force: true }));
  // Under `run --watch` a later version may end this process before it can do so.
  if (process.env["WATCH_REPORT_DEPENDENCIES"] !== undefined) process.send?.({ "watch:output": outDir });
  const log = compile(tsc, config, outDir, rootDirOf(folder, options), options);
  reportSources(outDir, rootDirOf(folder, options));
  writeFileSync(join(outDir, "package.json"), JSON.stringify({ type: moduleTypeOf(folder, options) }));
  return { folder: outDir, log };
}

/** The module runs whatever its types are: a build would show their errors. */
function compile(tsc: string, config: string, outDir: string, rootDir: string, options: Project["options"]): string {
  const args = ["-p", config, "--outDir", outDir, "--rootDir", rootDir];
  // `./order.ts` is not a file of the output.
  if (options["allowImportingTsExtensions"] === true) args.push("--rewriteRelativeImportExtensions", "true");
  const off = ["noEmit", "noEmitOnError", "emitDeclarationOnly", "composite", "declaration", "incremental"];
  return outputOf(tsc, [...args, ...off.flatMap((name) => [`--${name}`, "false"])]);
}

/** Under `run --watch`, in the message in which Node reports what it loads: what runs is built, what is saved is not. */
function reportSources(outDir: string, rootDir: string): void {
  if (process.env["WATCH_REPORT_DEPENDENCIES"] === undefined) return;
  const sources = readdirSync(outDir, { recursive: true, encoding: "utf8" }).flatMap((name) => {
    const source = join(rootDir, name);
    return [source.replace(/\.([cm]?)js$/, ".$1ts"), source.replace(/\.js$/, ".tsx"), source].filter(isFile);
  });
  process.send?.({ "watch:require": sources });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** What the compiler prints, whether or not it finds errors. */
function outputOf(tsc: string, args: readonly string[]): string {
  try {
    return execFileSync(process.execPath, [tsc, ...args], { encoding: "utf8", stdio: "pipe" }).trim();
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout ?? error).trim();
  }
}

/** What the `.js` files that the compiler writes are: by its option, else as the package says. */
function moduleTypeOf(folder: string, { module }: Project["options"]): string {
  return typeof module === "string" && /^(es|preserve)/i.test(module) ? "module" : packageTypeOf(folder);
}

function packageTypeOf(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    const manifest = join(at, "package.json");
    if (existsSync(manifest)) {
      const { value, fault } = readJsonWithComments(readFileSync(manifest, "utf8"));
      if (fault !== undefined) throw new Error(`${shown(manifest)} is not JSON, at character ${fault}; correct it`);
      return (value as { type?: string } | null)?.type ?? "commonjs";
    }
    if (at === dirname(at)) return "commonjs";
  }
}
