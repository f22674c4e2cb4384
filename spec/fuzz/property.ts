import fc from "fast-check";

/*
 * In a run of all specs the seed is always the same, so that a change fails for no reason but its own; `npm run fuzz`
 * takes a new one. FUZZ_SEED and FUZZ_RUNS say which and how many.
 */

const seed = Number(process.env["FUZZ_SEED"] ?? 20_261_126);
const runs = Number(process.env["FUZZ_RUNS"] ?? 300);

/** Checks what has to hold for whatever the arbitraries make; `check` throws where it does not. */
export async function holds<T extends [unknown, ...unknown[]]>(
  arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> },
  check: (...values: T) => void | Promise<void>,
): Promise<"held"> {
  const property = fc.asyncProperty(...arbitraries, async (...values) => await check(...values));
  await fc.assert(property, { seed, numRuns: runs, includeErrorInReport: true });
  return "held";
}

/** The error that a call throws, or what it returns. */
export function outcomeOf<T>(call: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: call() };
  } catch (error) {
    return { error };
  }
}

/** Any text that UTF-8 can carry. */
export const text = fc.string({ unit: "binary" });

/** Text of the characters given and of others, more of the former. */
export function textWith(characters: readonly string[]): fc.Arbitrary<string> {
  const common = fc.constantFrom(...characters);
  return fc.string({
    unit: fc.oneof(
      { weight: 6, arbitrary: common },
      { weight: 1, arbitrary: fc.string({ maxLength: 1, unit: "binary" }) },
    ),
  });
}

/** What might be obeyed where it should be carried: in JSON, paths, logs, prototypes. */
export const hostileNames = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "",
  ".",
  "..",
  "\0",
];

/** JSON whose objects have hostile names too. */
export const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5e300, ""),
    text,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(fc.oneof(fc.constantFrom(...hostileNames), text), tie("value")), { maxLength: 4 }).map(
      // As JSON.parse makes them: `__proto__` is a member as any other.
      (entries): unknown => Object.fromEntries(entries),
    ),
  ),
})).value;
