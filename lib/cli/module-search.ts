import { readdirSync, readFileSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";

/** A trigger decorator, in source and in what compilers make of it. */
const declares = /\b(?:Dapr(?:ServiceInvocation|Topic|Binding)|Http)?Trigger\)?\(/;
/** The library's functions that start something, imported by name or called as CommonJS output does. */
const starts =
  /\{[^}]*\b(?:serve|register|startSidecar)\b[^}]*\}\s*(?:from\s*|=\s*require\(\s*)["']dapr-functions|\w_\d+\.(?:serve|register|startSidecar)\)\(/;
const tests = /\.(?:spec|test)\.[cm]?[jt]s$/;

/**
 * The modules below a folder that declare functions, and those that import one of them, which may export instances; but
 * none that starts a server. Sorted.
 */
export function modulesIn(folder: string, extensions: readonly string[]): string[] {
  const texts = new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && extensions.includes(extname(entry.name)))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !/[\\/]node_modules[\\/]/.test(file) && !tests.test(file) && !/\.d\.[cm]?ts$/.test(file))
      .map((file) => [file, readFileSync(file, "utf8")] as const)
      .filter(([, text]) => !starts.test(text)),
  );
  const found = new Set([...texts].filter(([, text]) => declares.test(text)).map(([file]) => file));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const [file, text] of texts) if (importsOf(file, text).some((path) => found.has(path))) found.add(file);
  }
  return [...found].sort();
}

function importsOf(file: string, text: string): string[] {
  return [...text.matchAll(/(?:from|import|require)\s*\(?\s*["'](\.[^"']+)["']/g)].flatMap(([, specifier = ""]) => {
    const path = resolve(dirname(file), specifier);
    return [path, path.replace(/\.([cm]?)js$/, ".$1ts"), `${path}${extname(file)}`];
  });
}
