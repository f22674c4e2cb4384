import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { Class } from "../model/payload-type.js";
import type { Problem } from "../model/errors.js";
import { classWith } from "../model/problem.js";
import type { Target } from "../metadata/module-functions.js";
import { loadModules, type LoadedModule } from "./load-functions.js";
import { progressOn } from "./progress.js";

/** The functions of all modules that a command was given, as one app. */
export interface LoadedFunctions {
  readonly targets: readonly Target[];
  /** What decorators refused while modules were loading. */
  readonly problems: readonly Problem[];
  /** The module of a function relative to a folder, as a URL has it; `../` leads out of the folder. */
  readonly builtPath: (definition: FunctionDefinition, folder: string) => string;
  /** The same problems with the file of each, relative to the working directory, sorted for printing. */
  readonly located: (problems: readonly Problem[]) => Problem[];
  readonly fileOf: (definition: FunctionDefinition) => string;
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
  const moduleOf = ({ target }: FunctionDefinition): LoadedModule => byClass.get(target)!;
  return {
    targets: [...new Set(modules.flatMap(({ targets }) => targets))],
    problems: modules.flatMap((module) => module.problems.map((problem) => withFile(problem, shown(module)))),
    builtPath: (definition, folder) => toUrlPath(relative(folder, moduleOf(definition).built)),
    located: (problems) => located(problems, byClass),
    fileOf: (definition) => shown(moduleOf(definition)),
  };
}

export interface Inspected {
  readonly definitions: readonly FunctionDefinition[];
  readonly problems: readonly Problem[];
}

/** Applies rules to the functions of an app; what decorators refused comes first. */
export function inspectApp(
  { targets, problems }: LoadedFunctions,
  inspect: (targets: readonly Target[]) => Inspected,
): Inspected {
  // A module that a decorator refused has no functions, which is not worth a second problem.
  if (targets.length === 0 && problems.length > 0) return { definitions: [], problems };
  const inspected = inspect(targets);
  return { definitions: inspected.definitions, problems: [...problems, ...inspected.problems] };
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
