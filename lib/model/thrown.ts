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

export function memberOf(thrown: unknown, name: string): unknown {
  try {
    return typeof thrown === "object" && thrown !== null ? (thrown as Record<string, unknown>)[name] : undefined;
  } catch {
    return undefined;
  }
}
