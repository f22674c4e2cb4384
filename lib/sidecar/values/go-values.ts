/*
 * Texts that Dapr's components read with Go's standard library, in Go's grammar.
 */

/** `strconv.ParseBool`; undefined for text that is not a boolean. */
export function parseBool(text: string): boolean | undefined {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  return undefined;
}

/** What Dapr takes for true in the options of components. */
export function isTruthy(text: string): boolean {
  return ["y", "yes", "true", "t", "on", "1"].includes(text.trim().toLowerCase());
}

const milliseconds: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** `time.ParseDuration` (`1h30m`, `1.5s`, `0`) in milliseconds; undefined for text that is not a duration. */
export function parseDuration(text: string): number | undefined {
  const [, sign, rest = ""] = /^([-+]?)(.*)$/s.exec(text)!;
  if (rest === "0") return 0;
  if (rest === "") return undefined;
  // One part after the other, each where the last one ended: never tried anew from further on.
  const part = /(\d+(?:\.\d*)?|\.\d+)([a-zµμ]{1,2})(?=[\d.]|$)/y;
  let total = 0;
  while (part.lastIndex < rest.length) {
    const [, amount, unit = ""] = part.exec(rest) ?? [];
    if (amount === undefined || !Object.hasOwn(milliseconds, unit)) return undefined;
    total += Number(amount) * milliseconds[unit]!;
  }
  return sign === "-" ? -total : total;
}

/** RFC 3339 in UTC and to the second, as Dapr writes expiry times. */
export function toRfc3339(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
