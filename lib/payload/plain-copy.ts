import type { PayloadIssue } from "../model/errors.js";
import { elementPath, joinedPath, memberPath } from "../model/payload-issues.js";

export interface Limits {
  readonly maxDepth: number;
  readonly maxItems: number;
  /** Members of one object; any number unless given. */
  readonly maxMembers?: number;
}

/** Members are cheap to convert beside the objects that hold them, yet not free. */
export const membersPerItem = 10;

/**
 * Copies what JSON can hold and leaves instances of classes as they are.
 *
 * What is checked before bounds the time of everything after, and class-transformer may change the copy: it deletes
 * discriminators from the object it reads.
 *
 * @param omitted name of properties to leave out
 * @returns the copy, or one issue when a limit is exceeded or a key would replace a prototype
 */
export function plainCopy(
  value: unknown,
  limits: Limits,
  omitted?: string,
): { copy: unknown } | { issue: PayloadIssue } {
  let items = 0;
  let members = 0;
  let issue: PayloadIssue | undefined;

  function refuse(message: string, rule: string, path = ""): undefined {
    issue = { path, message, rule };
    return undefined;
  }

  function count(more: number): boolean {
    items += more;
    if (items <= limits.maxItems) return true;
    refuse(`the payload must not hold more than ${limits.maxItems} objects and list elements`, "maxItems");
    return false;
  }

  /** Once an issue is found, each level on the way up puts itself before the issue's path. */
  function within(path: string): undefined {
    if (issue !== undefined && issue.path !== "") issue = { ...issue, path: joinedPath(path, issue.path) };
    return undefined;
  }

  function copyOf(source: unknown, depth: number, isElement: boolean): unknown {
    if (typeof source !== "object" || source === null) return source;
    const isList = Array.isArray(source);
    if (!isList && !isPlain(source)) return source;
    if (depth > limits.maxDepth) {
      return refuse(`the payload must not be nested deeper than ${limits.maxDepth} levels`, "maxDepth");
    }
    if (isList) {
      if (!count(source.length)) return undefined;
      const list: unknown[] = [];
      for (let index = 0; index < source.length; index++) {
        list.push(copyOf(source[index], depth + 1, true));
        if (issue !== undefined) return within(elementPath("", index));
      }
      return list;
    }
    if (!isElement && !count(1)) return undefined;
    const keys = Object.keys(source);
    members += keys.length;
    if (keys.length > (limits.maxMembers ?? Infinity)) {
      return refuse(`an object of the payload must not hold more than ${limits.maxMembers} properties`, "maxItems");
    }
    const mostMembers = limits.maxItems * membersPerItem;
    if (members > mostMembers)
      return refuse(`the payload must not hold more than ${mostMembers} properties`, "maxItems");
    const copy: Record<string, unknown> = {};
    for (const key of keys) {
      if (key === "__proto__")
        return refuse("__proto__ is not accepted as the name of a property", "forbiddenKey", key);
      if (key === omitted) continue;
      copy[key] = copyOf((source as Record<string, unknown>)[key], depth + 1, false);
      if (issue !== undefined) return within(memberPath("", key));
    }
    return copy;
  }

  const copy = copyOf(value, 1, false);
  return issue === undefined ? { copy } : { issue };
}

export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // A plain object of another realm (a sandboxed test, a vm context) has that realm's Object.prototype.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
