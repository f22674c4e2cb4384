/** True for an object with members, which a list is not. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Gives an object an own member, also one named `__proto__`. */
export function setOwn<T>(owner: Record<string, T>, name: string, value: T): void {
  if (name !== "__proto__") owner[name] = value;
  else Object.defineProperty(owner, name, { value, enumerable: true, writable: true, configurable: true });
}

const mostListed = 20;

/** A list for messages: no more of it than one can read, and how many are left. */
export function listed<T>(items: readonly T[], show: (item: T) => string): string {
  const shown = items.slice(0, mostListed).map(show).join(", ");
  return items.length > mostListed ? `${shown} and ${items.length - mostListed} more` : shown;
}

/** Says what a value is, for messages: never the value itself. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return "bytes";
  if (typeof value === "string") return "text";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** What was thrown, as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
