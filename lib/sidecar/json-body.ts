/*
 * Reads bodies as daprd's Go code does: member names ignore case, null counts as absent, and a value of another type
 * is an error that names the member. Messages follow encoding/json as far as a caller is likely to see them.
 */

/** @throws Error `EOF` for an empty body, else what is malformed. */
export function parseJson(body: Buffer): unknown {
  const text = body.toString("utf8");
  if (text.trim() === "") throw new Error("EOF");
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = (error as Error).message;
    if (/end of JSON input|Unterminated/.test(message)) throw new Error("unexpected EOF", { cause: error });
    const token = /token '?(.)/u.exec(message)?.[1] ?? /position (\d+)/.exec(message)?.[1];
    throw new Error(`invalid character '${characterOf(text, token)}' in JSON`, { cause: error });
  }
}

function characterOf(text: string, token: string | undefined): string {
  return token !== undefined && /^\d\d+$/.test(token) ? (text[Number(token)] ?? "") : (token ?? text.trim()[0] ?? "");
}

/** A JSON object whose members are read by type. */
export class JsonObject {
  readonly #members: Readonly<Record<string, unknown>>;

  /** @throws Error unless `value` is an object, or null, which has no members. */
  constructor(
    value: unknown,
    private readonly type: string,
  ) {
    if (value !== null && (typeof value !== "object" || Array.isArray(value))) {
      throw mismatch(value, `Go value of type ${type}`);
    }
    this.#members = (value ?? {}) as Record<string, unknown>;
  }

  /** The member's value, of several spellings the last; undefined when it is absent or null. */
  value(name: string): unknown {
    return this.raw(name) ?? undefined;
  }

  /** As {@link value}, but null stays null. */
  raw(name: string): unknown {
    const key = Object.keys(this.#members)
      .filter((key) => key.toLowerCase() === name.toLowerCase())
      .at(-1);
    return key === undefined ? undefined : this.#members[key];
  }

  text(name: string): string | undefined {
    const value = this.value(name);
    if (value !== undefined && typeof value !== "string") throw this.#wrong(value, name, "string");
    return value;
  }

  list(name: string): readonly unknown[] | undefined {
    const value = this.value(name);
    if (value !== undefined && !Array.isArray(value)) throw this.#wrong(value, name, "[]");
    return value as readonly unknown[] | undefined;
  }

  /** A map of texts, as Dapr's metadata is one. */
  textMap(name: string): Record<string, string> | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value !== "object" || Array.isArray(value)) throw this.#wrong(value, name, "map[string]string");
    const entries = Object.entries(value as object).map(([key, entry]: [string, unknown]) => {
      if (entry !== null && typeof entry !== "string") throw this.#wrong(entry, name, "string");
      return [key, entry ?? ""];
    });
    return Object.fromEntries(entries) as Record<string, string>;
  }

  object(name: string, type: string): JsonObject {
    return new JsonObject(this.value(name) ?? null, type);
  }

  #wrong(value: unknown, name: string, expected: string): Error {
    return mismatch(value, `Go struct field ${this.type.split(".").at(-1)}.${name} of type ${expected}`);
  }
}

/** @throws Error unless `value` is an array, or null, which is an empty one. */
export function jsonList(value: unknown, type: string): readonly unknown[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw mismatch(value, `Go value of type ${type}`);
  return value;
}

function mismatch(value: unknown, target: string): Error {
  return new Error(`json: cannot unmarshal ${kindOf(value)} into ${target}`);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}
