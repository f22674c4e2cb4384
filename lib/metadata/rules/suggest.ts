import { nearestOf } from "../../model/nearest.js";

/** What people write out of habit, and the option they mean. */
const aliases: Readonly<Record<string, string>> = {
  method: "methods",
  verb: "httpVerb",
  store: "stateStore",
  output: "operation",
};

/** The option that was probably meant: spelt in another case, known under another name, or at most two letters off. */
export function suggestMember(given: string, known: readonly string[]): string | undefined {
  const lower = given.toLowerCase();
  const sameLetters = known.find((name) => name.toLowerCase() === lower);
  if (sameLetters !== undefined) return sameLetters;
  const alias = Object.hasOwn(aliases, lower) ? aliases[lower] : undefined;
  if (alias !== undefined && known.includes(alias)) return alias;
  return suggestName(given, known);
}

/** The known name that is at most two letters off, or differs in case alone. */
export function suggestName(given: string, known: readonly string[]): string | undefined {
  return nearestOf(given, known, (name) => name, 2);
}
