/** The name that differs least from the one given, in at most so many letters; case does not count. */
export function nearestOf<T>(
  given: string,
  known: readonly T[],
  nameOf: (one: T) => string,
  edits: number,
): T | undefined {
  const { distance } = require("fastest-levenshtein") as typeof import("fastest-levenshtein");
  const lower = given.toLowerCase();
  let nearest: T | undefined;
  let least = edits + 1;
  for (const one of known) {
    const name = nameOf(one).toLowerCase();
    if (Math.abs(name.length - lower.length) >= least) continue;
    const needed = distance(lower, name);
    if (needed >= least) continue;
    least = needed;
    nearest = one;
  }
  return nearest;
}
