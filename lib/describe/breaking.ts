import type { JsonSchema } from "./schemas.js";

type Json = { readonly [member: string]: unknown };

/**
 * What of a new description breaks those who keep to the old one, a line each: an operation or a channel that is gone, and
 * what callers may no longer send, or subscribers no longer rely on.
 */
export function breakingChanges(before: Json, after: Json): readonly string[] {
  const changes: string[] = [];
  if ("openapi" in before) compareOperations(before, after, changes);
  else if ("asyncapi" in before) compareChannels(before, after, changes);
  else {
    for (const [name, schema] of Object.entries(part(before, "$defs"))) {
      const now = part(after, "$defs")[name];
      if (now === undefined) changes.push(`${name}: it is gone`);
      else new Comparison(before, after, changes).accepts(name, schema as JsonSchema, now as JsonSchema);
    }
  }
  return changes;
}

function compareOperations(before: Json, after: Json, changes: string[]): void {
  const comparison = new Comparison(before, after, changes);
  for (const [path, operations] of Object.entries(part(before, "paths"))) {
    for (const [verb, operation] of Object.entries(operations as Json)) {
      const name = `${verb.toUpperCase()} ${path}`;
      const now = (part(after, "paths")[path] as Json | undefined)?.[verb];
      if (now === undefined) changes.push(`${name}: it is gone`);
      else comparison.accepts(name, bodyOf(operation as Json), bodyOf(now as Json));
    }
  }
}

function bodyOf(operation: Json): JsonSchema {
  const content = part(part(operation, "requestBody"), "content");
  return part(part(content, "application/json"), "schema");
}

function compareChannels(before: Json, after: Json, changes: string[]): void {
  const comparison = new Comparison(before, after, changes);
  for (const [name, operation] of Object.entries(part(before, "operations"))) {
    const now = part(after, "operations")[name];
    const { action } = operation as { action: string };
    if (now === undefined) {
      changes.push(`${name}: it is gone`);
      continue;
    }
    const [old, fresh] = [messageOf(before, operation as Json), messageOf(after, now as Json)];
    if (old.address !== fresh.address) changes.push(`${name}: the topic ${old.address} became ${fresh.address}`);
    if (action === "receive") comparison.accepts(name, old.payload, fresh.payload);
    else comparison.provides(name, old.payload, fresh.payload);
  }
}

function messageOf(document: Json, operation: Json): { readonly address: string; readonly payload: JsonSchema } {
  const channel = resolve(document, operation["channel"] as JsonSchema);
  const [reference] = operation["messages"] as readonly JsonSchema[];
  return { address: String(channel["address"] as string), payload: part(resolve(document, reference!), "payload") };
}

class Comparison {
  constructor(
    private readonly before: Json,
    private readonly after: Json,
    private readonly changes: string[],
  ) {}

  /** Whether what the old schema lets callers send is still taken. */
  accepts(place: string, oldSchema: JsonSchema, newSchema: JsonSchema, seen: readonly string[] = []): void {
    const [old, fresh, trail] = this.#both(oldSchema, newSchema, seen);
    if (trail === undefined) return;
    this.#types(place, old, fresh, "is no longer taken");
    for (const value of missing(old["enum"], fresh["enum"]))
      this.changes.push(`${place}: ${JSON.stringify(value)} is no longer taken`);
    const wasRequired = new Set(list(old["required"]));
    for (const name of list(fresh["required"])) {
      if (!wasRequired.has(name)) this.changes.push(`${place}.${String(name)}: it must be given now`);
    }
    if (fresh["additionalProperties"] === false && old["additionalProperties"] !== false)
      this.changes.push(`${place}: unknown properties are no longer taken`);
    for (const [name, schema] of Object.entries(part(old, "properties"))) {
      const now = part(fresh, "properties")[name];
      if (now !== undefined) this.accepts(`${place}.${name}`, schema as JsonSchema, now as JsonSchema, trail);
      else if (fresh["additionalProperties"] === false) this.changes.push(`${place}.${name}: it is no longer taken`);
    }
    this.#items(place, old, fresh, trail, "accepts");
    for (const [keyword, isNarrower] of narrower) {
      const [was, is] = [old[keyword], fresh[keyword]];
      if (is !== undefined && (was === undefined || isNarrower(was as number, is as number)))
        this.changes.push(
          `${place}: ${keyword} ${was === undefined ? "is new" : `was ${String(was as number)}`}: ${String(is as number)}`,
        );
    }
  }

  /** Whether what the old schema promised to subscribers is still there. */
  provides(place: string, oldSchema: JsonSchema, newSchema: JsonSchema, seen: readonly string[] = []): void {
    const [old, fresh, trail] = this.#both(oldSchema, newSchema, seen);
    if (trail === undefined) return;
    this.#types(place, fresh, old, "may come now");
    for (const value of missing(fresh["enum"], old["enum"]))
      this.changes.push(`${place}: ${JSON.stringify(value)} may come now`);
    const isRequired = new Set(list(fresh["required"]));
    for (const name of list(old["required"])) {
      if (!isRequired.has(name)) this.changes.push(`${place}.${String(name)}: it may be missing now`);
    }
    for (const [name, schema] of Object.entries(part(old, "properties"))) {
      const now = part(fresh, "properties")[name];
      if (now === undefined && !list(old["required"]).includes(name)) this.changes.push(`${place}.${name}: it is gone`);
      else if (now !== undefined) this.provides(`${place}.${name}`, schema as JsonSchema, now as JsonSchema, trail);
    }
    this.#items(place, old, fresh, trail, "provides");
  }

  /** Both with their references followed; no trail where the same pair was looked at before. */
  #both(
    oldSchema: JsonSchema,
    newSchema: JsonSchema,
    seen: readonly string[],
  ): [JsonSchema, JsonSchema, readonly string[] | undefined] {
    const key = `${String(oldSchema["$ref"] as string)} ${String(newSchema["$ref"] as string)}`;
    const isKnown = oldSchema["$ref"] !== undefined && seen.includes(key);
    return [resolve(this.before, oldSchema), resolve(this.after, newSchema), isKnown ? undefined : [...seen, key]];
  }

  #types(place: string, wide: JsonSchema, narrow: JsonSchema, what: string): void {
    if (narrow["type"] === undefined) return;
    const types = list(wide["type"]);
    const taken = new Set(list(narrow["type"]));
    if (types.length === 0)
      this.changes.push(
        `${place}: only ${[...taken].join(" or ")} ${what === "may come now" ? "came before" : "is taken now"}`,
      );
    for (const type of types) {
      const fits = taken.has(type) || (type === "integer" && taken.has("number"));
      if (!fits) this.changes.push(`${place}: ${String(type)} ${what}`);
    }
  }

  #items(
    place: string,
    old: JsonSchema,
    fresh: JsonSchema,
    trail: readonly string[],
    verb: "accepts" | "provides",
  ): void {
    if (old["items"] !== undefined && fresh["items"] !== undefined)
      this[verb](`${place}[]`, old["items"] as JsonSchema, fresh["items"] as JsonSchema, trail);
  }
}

/** Bounds, and when a new one takes less. */
const narrower: readonly (readonly [string, (was: number, is: number) => boolean])[] = [
  ["minimum", (was, is) => is > was],
  ["exclusiveMinimum", (was, is) => is > was],
  ["minLength", (was, is) => is > was],
  ["minItems", (was, is) => is > was],
  ["maximum", (was, is) => is < was],
  ["exclusiveMaximum", (was, is) => is < was],
  ["maxLength", (was, is) => is < was],
  ["maxItems", (was, is) => is < was],
];

/** Values of the first list that the second lacks; a list that is not there has every value. */
function missing(values: unknown, allowed: unknown): unknown[] {
  if (!Array.isArray(allowed)) return [];
  return Array.isArray(values) ? values.filter((value) => !allowed.includes(value)) : [];
}

function list(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? (value as readonly unknown[]) : [value];
}

function part(value: Json, name: string): Json {
  return (value[name] ?? {}) as Json;
}

function resolve(document: Json, schema: JsonSchema): JsonSchema {
  const reference = schema["$ref"];
  if (typeof reference !== "string" || !reference.startsWith("#/")) return schema;
  const found = reference
    .slice(2)
    .split("/")
    .reduce<unknown>(
      (value, name) => (value as Json | undefined)?.[name.replaceAll("~1", "/").replaceAll("~0", "~")],
      document,
    );
  return found === undefined ? {} : resolve(document, found as JsonSchema);
}
