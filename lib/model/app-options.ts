import type { Problem } from "./errors.js";
import { nearestOf } from "./nearest.js";
import { settingProblem } from "./problem.js";
import { isRecord, kindOf } from "./values.js";

/** What an option takes, where anything else would fail later and in other words. */
export type OptionKind = "any" | "function" | "list" | "members" | "container" | "log" | "folder";

const kinds: Readonly<Record<OptionKind, { readonly takes: (value: unknown) => boolean; readonly what: string }>> = {
  any: { takes: () => true, what: "a value" },
  function: { takes: (value) => typeof value === "function", what: "a function" },
  list: { takes: Array.isArray, what: "a list" },
  members: { takes: isRecord, what: "an object" },
  container: { takes: (value) => has(value, "get"), what: "an object with get()" },
  log: {
    // An object without any of them is a log that is off.
    takes: (value) => isRecord(value) || ["info", "warn", "error", "log"].some((level) => has(value, level)),
    what: "console, or a logger with info(), warn(), error() and debug()",
  },
  folder: {
    takes: (value) => typeof value === "string" || (isRecord(value) && typeof value["folder"] === "string"),
    what: "the path of a folder, or an object with one as its folder",
  },
};

function has(value: unknown, name: string): boolean {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return typeof (value as Readonly<Record<string, unknown>>)[name] === "function";
}

/**
 * What is wrong with the options that a program gives: `setting-invalid` for another kind of value than an option takes,
 * `option-unknown` for one that there is not, which was meant to change something.
 *
 * @param known options by name
 * @param at what stands before a name in messages: `validation.`
 */
export function optionProblems(
  given: object,
  known: Readonly<Record<string, OptionKind>>,
  level: Problem["level"] = "warning",
  at = "",
): Problem[] {
  return Object.entries(given).flatMap(([name, value]: [string, unknown]): Problem[] => {
    if (value === undefined) return [];
    const member = `${at}${name}`;
    if (!Object.hasOwn(known, name)) return [unknownOption(name, member, Object.keys(known), level)];
    const { takes, what } = kinds[known[name]!];
    return takes(value) ? [] : [settingProblem(member, `it is ${kindOf(value)}; give ${what}`)];
  });
}

function unknownOption(name: string, member: string, known: readonly string[], level: Problem["level"]): Problem {
  const meant = nearestOf(name, known, (one) => one, Math.min(2, Math.floor(name.length / 3)));
  const remedy = meant === undefined ? `there are ${known.join(", ")}` : `did you mean ${meant}?`;
  const message = `${member}: there is no such option, so that it changes nothing; ${remedy}`;
  return { code: "option-unknown", level, class: undefined, method: undefined, member, message };
}
