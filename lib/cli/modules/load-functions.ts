import { statSync } from "node:fs";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { registerCalls } from "../../azure/host/register.js";
import { functionsOfModule, type Target } from "../../metadata/module-functions.js";
import { isDaprFunctionsError, type DefinitionError, type Problem } from "../../model/errors.js";
import { reasonOf, shown } from "./load-failure.js";
import { modulesIn } from "./module-search.js";
import type { Progress } from "./progress.js";
import { exitCodes } from "../report.js";
import { builtPathOf, loadTypeScript } from "./typescript.js";
import { UsageError } from "../usage-error.js";

/** A module of the user's with what it exports that has functions. */
export interface LoadedModule {
  /** Absolute. */
  readonly file: string;
  /** The file that runs: the module itself, or what the compiler makes of it. Absolute; need not be there yet. */
  readonly built: string;
  readonly targets: readonly Target[];
  /** Whether it called `register` while it was loading, and so is of the v4 model. */
  readonly registers: boolean;
  /** What decorators refused while the module was loading; then it has no targets. */
  readonly problems: readonly Problem[];
}

const javaScript: readonly string[] = [".js", ".cjs", ".mjs"];
const typeScript: readonly string[] = [".ts", ".cts", ".mts"];

/**
 * Loads modules and finds what has functions among their exports: built `.js` files as they are, `.ts` files through a
 * hook or the project's own compiler, of folders every file with functions.
 *
 * @param paths as given on the command line, relative to the working directory
 * @throws UsageError
 */
export async function loadModules(paths: readonly string[], progress: Progress): Promise<LoadedModule[]> {
  const files = [...new Set(paths.flatMap(filesOf))].sort();
  // The place in a stack is that of the source, where the build says it.
  process.setSourceMapsEnabled(true);
  const modules: LoadedModule[] = [];
  const write = process.stdout.write.bind(process.stdout);
  // stdout is the command's own: its --json must stay JSON whatever a module prints while it loads.
  process.stdout.write = process.stderr.write.bind(process.stderr);
  try {
    for (const [index, file] of files.entries()) {
      progress.step(`loading ${index + 1} of ${files.length}: ${shown(file)}`);
      modules.push(await loadModule(file));
    }
  } finally {
    process.stdout.write = write;
    progress.done();
  }
  return modules;
}

/**
 * The modules that a path of the command line stands for. Absolute.
 *
 * @throws UsageError
 */
export function filesOf(path: string): string[] {
  const file = resolve(path);
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined)
    throw new UsageError(`${path}: there is no such file or folder; build first, or mind the path`);
  if (stats.isDirectory()) {
    const found = modulesIn(file, javaScript);
    const files = found.length > 0 ? found : modulesIn(file, typeScript);
    if (files.length > 0) return files;
    throw new UsageError(`${path}: no file in this folder declares a function; name the modules that do`);
  }
  if ([...javaScript, ...typeScript].includes(extname(file)) && !/\.d\.[cm]?ts$/.test(file)) return [file];
  throw new UsageError(`${path}: this is not a module; give a .js file, a folder of them, or a .ts file`);
}

async function loadModule(file: string): Promise<LoadedModule> {
  const isTypeScript = typeScript.includes(extname(file));
  const onExit = (): void => {
    const what = "it ends the process while it loads, or awaits what never comes";
    process.stderr.write(
      `${shown(file)} does not load: ${what}; export the functions from a module that starts nothing\n`,
    );
    process.exitCode = exitCodes.usage;
  };
  process.once("exit", onExit);
  const before = registerCalls();
  try {
    const exports: unknown = isTypeScript ? await loadTypeScript(file) : await import(pathToFileURL(file).href);
    const built = isTypeScript ? builtPathOf(file) : file;
    const registers = registerCalls() > before;
    return { file, built, targets: functionsOfModule(exports), registers, problems: [] };
  } catch (error) {
    if (isDefinitionError(error)) return { file, built: file, targets: [], registers: false, problems: error.problems };
    throw new UsageError(`${shown(file)} does not load: ${reasonOf(error, file)}`, { cause: error });
  } finally {
    process.off("exit", onExit);
  }
}

export function isDefinitionError(error: unknown): error is DefinitionError {
  return isDaprFunctionsError(error) && "problems" in error;
}
