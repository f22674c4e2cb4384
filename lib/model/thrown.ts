/*
 * What anything thrown says. It need not be an error, nor readable: a getter may throw, and so may whatever a proxy does.
 */

/** What an error says; text as it is; of any other value, that it says nothing. */
export function messageOf(thrown: unknown): string {
  if (typeof thrown === "string") return thrown;
  const message = memberOf(thrown, "message");
  return typeof message === "string" ? message : "what was thrown is a value that is not an error";
}

/** Where it was thrown, if it says so. */
export function stackOf(thrown: unknown): string | undefined {
  const stack = memberOf(thrown, "stack");
  return typeof stack === "string" ? stack : undefined;
}

/** Causes of one error that are told. */
const maxCauses = 5;

/**
 * What led to an error that something was thrown for: its `cause`, the `errors` of an AggregateError, and theirs; the nearest
 * first, at most 5, and none without a message, or whose message stands in that of one before.
 */
export function causesOf(thrown: unknown): readonly unknown[] {
  const causes: unknown[] = [];
  const seen = new Set<unknown>([thrown]);
  const said = [messageOf(thrown)];
  // A set is walked with what is added meanwhile.
  for (const at of seen) {
    for (const cause of [memberOf(at, "cause"), ...errorsOf(at)]) {
      if (cause === undefined || cause === null || seen.has(cause)) continue;
      if (seen.size > maxCauses) return causes;
      seen.add(cause);
      const message = typeof cause === "string" ? cause : memberOf(cause, "message");
      if (typeof message !== "string" || message === "" || said.some((text) => text.includes(message))) continue;
      said.push(message);
      causes.push(cause);
    }
  }
  return causes;
}

function errorsOf(thrown: unknown): readonly unknown[] {
  const errors = memberOf(thrown, "errors");
  try {
    return Array.isArray(errors) ? (errors.slice(0, maxCauses) as unknown[]) : [];
  } catch {
    return [];
  }
}

export function memberOf(thrown: unknown, name: string): unknown {
  try {
    return typeof thrown === "object" && thrown !== null ? (thrown as Record<string, unknown>)[name] : undefined;
  } catch {
    return undefined;
  }
}
