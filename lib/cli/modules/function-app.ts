import type { Inspection } from "../../metadata/functions.js";
import { existsSync, readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { FunctionDefinition } from "../../model/function-definition.js";
import type { Class } from "../../model/payload-type.js";
import type { Problem } from "../../model/errors.js";
import { classWith } from "../../model/problem.js";
import type { Target } from "../../metadata/module-functions.js";
import { loadModules, type LoadedModule } from "./load-functions.js";
import { importedBy, startsSomething } from "./module-search.js";
import { progressOn } from "./progress.js";

/** The functions of all modules that a command was given, as one app. */
export interface LoadedFunctions {
  readonly targets: readonly Target[];
  /** What decorators refused while modules were loading. */
  readonly problems: readonly Problem[];
  /** The modules that registered functions while they were loading, relative to the working directory. */
  readonly registering: readonly string[];
  /** The module of a function relative to a folder, as a URL has it; `../` leads out of the folder. */
  readonly builtPath: (definition: FunctionDefinition, folder: string) => string;
  /** The same problems with the file of each, relative to the working directory, sorted for printing. */
  readonly located: (problems: readonly Problem[]) => Problem[];
  readonly fileOf: (definition: FunctionDefinition) => string;
  /** A module that imports a file of a folder, relative to the working directory; undefined where none does. */
  readonly importerOf: (path: string, folder: string) => string | undefined;
}

/** @throws UsageError when a module does not load */
export async function loadFunctions(paths: readonly string[]): Promise<LoadedFunctions> {
  const modules = await loadModules(paths, progressOn(process.stderr));
  const byClass = new Map<Class, LoadedModule>();
  for (const module of modules) {
    for (const target of module.targets) {
      const known = byClass.get(classOf(target));
      // An instance stands for its class, wherever that is exported too; else the first file counts.
      const isInstance = typeof target !== "function";
      const knownIsInstance = known?.targets.some(
        (other) => typeof other !== "function" && classOf(other) === classOf(target),
      );
      if (known === undefined || (isInstance && knownIsInstance !== true)) byClass.set(classOf(target), module);
    }
  }
  const problems = modules.flatMap((module) => module.problems.map((problem) => withFile(problem, shown(module))));
  if (byClass.size === 0 && problems.length === 0) problems.push(...modules.map(withoutFunctions));
  const moduleOf = ({ target }: FunctionDefinition): LoadedModule => byClass.get(target)!;
  let imported: readonly (readonly [LoadedModule, ReadonlySet<string>])[] | undefined;
  return {
    targets: [...new Set(modules.flatMap(({ targets }) => targets))],
    problems,
    registering: modules.filter(({ registers }) => registers).map(shown),
    builtPath: (definition, folder) => toUrlPath(relative(folder, moduleOf(definition).built)),
    located: (problems) => located(problems, byClass),
    fileOf: (definition) => shown(moduleOf(definition)),
    importerOf: (path, folder) => {
      imported ??= modules.map((module) => [module, importedBy(module.file, module.built)]);
      const importer = imported.find(([, files]) => files.has(resolve(folder, path)));
      return importer === undefined ? undefined : shown(importer[0]);
    },
  };
}

/** Applies rules to the functions of an app; what decorators refused comes first. */
export function inspectApp(
  { targets, problems }: LoadedFunctions,
  inspect: (targets: readonly Target[]) => Inspection,
): Inspection {
  // A module that a decorator refused has no functions, which is not worth a second problem.
  if (targets.length === 0 && problems.length > 0) return { definitions: [], problems };
  const inspected = inspect(targets);
  return { definitions: inspected.definitions, problems: [...problems, ...inspected.problems] };
}

function withoutFunctions(module: LoadedModule): Problem {
  const what = startsSomething(readFileSync(module.file, "utf8"))
    ? "it exports no function, and what it starts is run by `node`; give the modules that it takes functions from"
    : "it exports no function; give a module that exports classes whose methods have a trigger, or instances of them";
  return {
    code: "functions-none",
    level: "error",
    class: undefined,
    method: undefined,
    file: shown(module),
    message: `${shown(module)}: ${what}`,
  };
}

/** A function is of one model: what a module registers itself cannot be read from function.json as well. */
export function registeringProblems({ registering }: LoadedFunctions, level: Problem["level"]): Problem[] {
  const what = "it calls register() while it loads, and the Functions host then reads no function.json";
  const remedy = "export the functions from a module that starts nothing, or do without generate";
  const message = `${what}; ${remedy}`;
  return registering.map((file) => ({
    code: "model-mixed",
    level,
    class: undefined,
    method: undefined,
    file,
    message: `${file}: ${message}`,
  }));
}

function classOf(target: Target): Class {
  return (typeof target === "function" ? target : target.constructor) as Class;
}

function toUrlPath(path: string): string {
  return path.replaceAll("\\", "/");
}

function shown({ file }: LoadedModule): string {
  return toUrlPath(relative(process.cwd(), file));
}

/** Whether a built module is there, by its path relative to the app's folder. */
export function hasModuleIn(folder: string): (path: string) => boolean {
  return (path) => existsSync(resolve(folder, path));
}

function located(problems: readonly Problem[], modules: ReadonlyMap<Class, LoadedModule>): Problem[] {
  return problems
    .map((problem) => {
      const type = classWith(problem);
      const module = type === undefined || problem.file !== undefined ? undefined : modules.get(type);
      return module === undefined ? problem : withFile(problem, shown(module));
    })
    .sort((a, b) => compareKeys(keysOf(a), keysOf(b)));
}

function withFile({ code, level, class: type, method, ...rest }: Problem, file: string): Problem {
  return { code, level, class: type, method, file, ...rest };
}

function keysOf({ file, class: type, method, code }: Problem): readonly string[] {
  return [file ?? "", type ?? "", method ?? "", code];
}

function compareKeys(a: readonly string[], b: readonly string[]): number {
  const index = a.findIndex((key, i) => key !== b[i]);
  return index < 0 ? 0 : a[index]! < b[index]! ? -1 : 1;
}
