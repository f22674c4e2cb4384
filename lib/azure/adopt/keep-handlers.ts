import type { AdoptedFunction, AdoptionFinding } from "./read-function.js";

/** A handler that has to be copied, since `generate` will write a file of its name. */
export interface KeptHandlers {
  /** The functions; those whose handler is copied have the path of the copy. */
  readonly functions: readonly AdoptedFunction[];
  /** The copies, as text by path relative to the app's root. */
  readonly copies: Readonly<Record<string, string>>;
  readonly findings: readonly AdoptionFinding[];
}

/**
 * `generate` writes `<Function>/index.cjs`, so that a handler of this name gets a copy beside it, `handler.cjs`, for its
 * class to call.
 *
 * @param read the text of a file by its path relative to the app's root; undefined where none is
 */
export function keepHandlers(
  functions: readonly AdoptedFunction[],
  read: (path: string) => string | undefined,
): KeptHandlers {
  const generated = new Set(functions.map(({ name }) => `${name}/index.cjs`.toLowerCase()));
  const copies: Record<string, string> = {};
  const findings: AdoptionFinding[] = [];
  const kept = functions.map((fn) => {
    const { name, script } = fn;
    // Some file systems tell no Index.cjs from index.cjs.
    if (script === undefined || !generated.has(script.toLowerCase())) return fn;
    const text = read(script);
    if (text === undefined) {
      const what = `its handler ${script} has the name of a file that generate writes`;
      findings.push({
        kind: "by-hand",
        function: name,
        text: `${what}; give it another name, and call that in its class`,
      });
      return fn;
    }
    const copy = copyOf(script, text, read);
    copies[copy] = text;
    const what = `generate writes a file ${script}, so its handler is copied to ${copy}`;
    findings.push({ kind: "corrected", function: name, text: `${what}, which its class calls` });
    return { ...fn, script: copy };
  });
  return { functions: kept, copies, findings };
}

/** The first name that is free, or that of a copy made before. */
function copyOf(script: string, text: string, read: (path: string) => string | undefined): string {
  const folder = script.slice(0, script.lastIndexOf("/"));
  for (let count = 1; ; count++) {
    const path = `${folder}/handler${count === 1 ? "" : count}.cjs`;
    const there = read(path);
    if (there === undefined || there === text) return path;
  }
}
