import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";

/** A trigger decorator, in source and in what compilers make of it. */
const declares = /\b(?:Dapr(?:ServiceInvocation|Topic|Binding)|Http)?Trigger\)?\(/;
/** The names that a module imports from the library. */
const imports = /\{([^{}]*)\}\s*(?:from\s*|=\s*require\(\s*)["']dapr-functions/g;
/** The library's functions that start something, by name, and as CommonJS output calls them. */
const starters = /\b(?:serve|register|startSidecar)\b/;
const startCalls = /\w_\d+\.(?:serve|register|startSidecar)\)\(/;
const tests = /\.(?:spec|test)\.[cm]?[jt]s$/;

/**
 * The modules below a folder that declare functions, and those that import one of them, which may export instances; but
 * none that starts a server. Sorted.
 */
export function modulesIn(folder: string, extensions: readonly string[]): string[] {
  const texts = new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => extensions.includes(extname(entry.name)))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !/[\\/]node_modules[\\/]/.test(file) && !tests.test(file) && !/\.d\.[cm]?ts$/.test(file))
      .filter(leadsToFile)
      .map((file) => [file, readFileSync(file, "utf8")] as const)
      .filter(([, text]) => !startsSomething(text)),
  );
  const found = new Set([...texts].filter(([, text]) => declares.test(text)).map(([file]) => file));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const [file, text] of texts) if (importsOf(file, text).some((path) => found.has(path))) found.add(file);
  }
  return [...found].sort();
}

/** Links count as what they lead to; those that lead nowhere, or in a circle, do not. */
function leadsToFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** True for the text of a module that serves or registers functions itself: loading it is running it. */
export function startsSomething(text: string): boolean {
  return startCalls.test(text) || [...text.matchAll(imports)].some(([, names]) => starters.test(names!));
}

/** The first circle of relative imports that is met from a module, its first file again at the end; else nothing. */
export function cycleFrom(file: string): string[] {
  const finished = new Set<string>();
  const visit = (at: string, path: readonly string[]): string[] => {
    if (path.includes(at)) return [...path.slice(path.indexOf(at)), at];
    if (finished.has(at)) return [];
    for (const candidate of importsOf(at, readFileSync(at, "utf8"))) {
      if (statSync(candidate, { throwIfNoEntry: false })?.isFile() !== true) continue;
      const cycle = visit(candidate, [...path, at]);
      if (cycle.length > 0) return cycle;
    }
    finished.add(at);
    return [];
  };
  return visit(file, []);
}

/**
 * The files that a module imports by relative paths, at once or when it runs, and what those import in turn. Absolute;
 * not all need be there.
 *
 * @param built where the module's own imports are resolved from, if it is compiled to another folder
 */
export function importedBy(file: string, built: string = file): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (at: string, from: string): void => {
    for (const candidate of importsOf(from, readFileSync(at, "utf8"))) {
      if (found.has(candidate)) continue;
      found.add(candidate);
      if (isReadable(candidate)) visit(candidate, candidate);
    }
  };
  visit(file, file);
  if (built !== file) visit(file, built);
  return found;
}

function isReadable(file: string): boolean {
  return /\.[cm]?[jt]s$/.test(file) && statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

function importsOf(file: string, text: string): string[] {
  return [...text.matchAll(/(?:from|import|require)\s*(?:\(\s*)?["'](\.[^"']+)["']/g)].flatMap(([, specifier = ""]) => {
    const path = resolve(dirname(file), specifier);
    return [path, path.replace(/\.([cm]?)js$/, ".$1ts"), `${path}${extname(file)}`];
  });
}
