/*
 * Reads bodies as daprd's Go code does: member names ignore case, null counts as absent, and a value of another type
 * is an error that names the member. Messages follow encoding/json as far as a caller is likely to see them.
 */

/** The first JSON value of a body; what follows it is not read. @throws Error saying what is malformed. */
export function parseJson(body: Buffer): unknown {
  const text = body.toString("utf8").trimEnd();
  if (text === "") throw new Error("EOF");
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const position = Number(/at position (\d+)/.exec(message)?.[1] ?? text.search(/\S/));
    if (message.includes("after JSON")) return JSON.parse(text.slice(0, position));
    if (message.includes("end of JSON") || message.includes("Unterminated") || position >= text.length) {
      throw new Error("unexpected EOF", { cause: error });
    }
    const character = /token '(.)'/u.exec(message)?.[1] ?? text[position];
    throw new Error(`invalid character '${character}' looking for beginning of value`, { cause: error });
  }
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

  /** @param type is named when the value is not a list: `[]string`. */
  list(name: string, type: string): readonly unknown[] | undefined {
    const value = this.value(name);
    if (value !== undefined && !Array.isArray(value)) throw this.#wrong(value, name, type);
    return value as readonly unknown[] | undefined;
  }

  textList(name: string): readonly string[] {
    return (this.list(name, "[]string") ?? []).map((item) => {
      if (typeof item !== "string") throw this.#wrong(item, name, "string");
      return item;
    });
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
    const value = this.value(name) ?? null;
    if (typeof value !== "object" || Array.isArray(value)) throw this.#wrong(value, name, type);
    return new JsonObject(value, type);
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
