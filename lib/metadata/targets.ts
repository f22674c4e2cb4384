import type { Problem } from "../model/errors.js";
import type { Class } from "../model/payload-type.js";
import { show } from "./members.js";
import { methodsOf } from "./store.js";

/** A class with functions, and the instance whose methods are called, if one was given. */
export interface Target {
  readonly type: Class;
  readonly instance: object | undefined;
}

/** True for a class that has functions, its own or inherited, and for an instance of one. */
export function hasFunctions(value: unknown): value is Class | object {
  const type = classOf(value);
  return type !== undefined && methodsOf(type).length > 0;
}

/**
 * What of the given counts: each class once, an instance instead of its class, and no class beside one that extends
 * it, whose functions would all be there twice.
 */
export function targetsOf(given: unknown): { readonly targets: Target[]; readonly problems: Problem[] } {
  if (!Array.isArray(given)) {
    return { targets: [], problems: [notFunctions("", given, "a list of classes and instances, [OrderFunctions]")] };
  }
  const problems: Problem[] = [];
  const found: Target[] = [];
  for (const [index, value] of (given as readonly unknown[]).entries()) {
    if (typeof value !== "function" && (typeof value !== "object" || value === null)) {
      problems.push(notFunctions(`[${index}]`, value, "a class or an instance of one"));
      continue;
    }
    const type = classOf(value);
    if (type === undefined) continue;
    const instance = typeof value === "function" ? undefined : value;
    const known = found.some((other) => other.type === type && other.instance === instance);
    if (!known && methodsOf(type).length > 0) found.push({ type, instance });
  }
  const targets = found.filter(({ type, instance }) => {
    if (found.some((other) => isBelow(other.type, type))) return instance !== undefined;
    return instance !== undefined || !found.some((other) => other.type === type && other.instance !== undefined);
  });
  return { targets, problems };
}

/** The name of the class, else of the nearest above it that has one. */
export function nameOf(type: Class): string {
  for (let at: unknown = type; typeof at === "function"; at = Object.getPrototypeOf(at)) {
    if (at !== Function.prototype && at.name !== "") return at.name;
  }
  return "(anonymous)";
}

function classOf(value: unknown): Class | undefined {
  if (typeof value === "function") return value as unknown as Class;
  if (typeof value !== "object" || value === null) return undefined;
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: unknown } | null;
  return typeof prototype?.constructor === "function" ? (prototype.constructor as Class) : undefined;
}

function isBelow(type: Class, above: Class): boolean {
  return type !== above && Object.prototype.isPrototypeOf.call(above, type);
}

function notFunctions(at: string, value: unknown, due: string): Problem {
  const cause = value === undefined ? ", perhaps since two modules import each other" : "";
  return {
    code: "functions-none",
    level: "error",
    class: undefined,
    method: undefined,
    message: `functions${at}: it is ${show(value)}${cause}; give ${due}`,
  };
}
