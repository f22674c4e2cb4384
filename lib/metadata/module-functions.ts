import { isRecord } from "../model/values.js";
import { hasFunctions } from "./targets.js";
import type { Class } from "../model/payload-type.js";

/** A class with functions, or an instance of one. */
export type Target = Class | object;

/**
 * The classes and instances with functions among the exports of a module, each once, in the order of their names.
 *
 * @param exports what `import()` or `require` gave
 */
export function functionsOfModule(exports: unknown): Target[] {
  return [...new Set(valuesOf(exports).filter(hasFunctions))];
}

/** `import()` of a CommonJS module puts all its exports into `default`, and finds only some of them by name. */
function valuesOf(exports: unknown): unknown[] {
  if (!isRecord(exports)) return [];
  const inner = exports["default"];
  return isRecord(inner) && !hasFunctions(inner)
    ? [...memberValues(exports), ...memberValues(inner)]
    : memberValues(exports);
}

function memberValues(object: Readonly<Record<string, unknown>>): unknown[] {
  return Object.keys(object)
    .sort()
    .map((name) => object[name]);
}
