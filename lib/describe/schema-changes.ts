import { isDeepStrictEqual } from "node:util";
import type { JsonSchema } from "./schemas.js";

export type Json = { readonly [member: string]: unknown };

/** Whom a change may break: who sends what a schema describes, or who gets it. */
type View = "callers" | "subscribers";

/** Sentences of each view about what only the one of both schemas has. */
const words = {
  callers: { refused: "is no longer taken", only: "is taken now", required: "it must be given now" },
  subscribers: { refused: "may come now", only: "came before", required: "it may be missing now" },
} as const;

/** Bounds, and when one takes less than another. */
const bounds: Readonly<Record<string, (one: number, other: number) => boolean>> = {
  minimum: (one, other) => one > other,
  exclusiveMinimum: (one, other) => one > other,
  minLength: (one, other) => one > other,
  minItems: (one, other) => one > other,
  minProperties: (one, other) => one > other,
  maximum: (one, other) => one < other,
  exclusiveMaximum: (one, other) => one < other,
  maxLength: (one, other) => one < other,
  maxItems: (one, other) => one < other,
  maxProperties: (one, other) => one < other,
};

/** Bounds of what has a length, which is at least 0 anyway. */
const lengths: ReadonlySet<string> = new Set(["minLength", "minItems", "minProperties"]);

/** Whether a text or a number keeps to a keyword that is about it. */
const isKept: Readonly<Record<string, (value: unknown, limit: never) => boolean>> = {
  minimum: (value, limit: number) => typeof value !== "number" || value >= limit,
  exclusiveMinimum: (value, limit: number) => typeof value !== "number" || value > limit,
  maximum: (value, limit: number) => typeof value !== "number" || value <= limit,
  exclusiveMaximum: (value, limit: number) => typeof value !== "number" || value < limit,
  multipleOf: (value, limit: number) => typeof value !== "number" || value % limit === 0,
  minLength: (value, limit: number) => typeof value !== "string" || Array.from(value).length >= limit,
  maxLength: (value, limit: number) => typeof value !== "string" || Array.from(value).length <= limit,
  pattern: (value, limit: string) => typeof value !== "string" || isMatch(limit, value),
};

/** Keywords of which only equality can be told. */
const exact = ["pattern", "format", "contentEncoding", "contentMediaType", "propertyNames"];

/** Keywords that are compared in a way of their own, or say nothing of a value. */
const known: ReadonlySet<string> = new Set([
  ...Object.keys(bounds),
  ...exact,
  ...`type enum multipleOf uniqueItems required properties additionalProperties items prefixItems anyOf oneOf`.split(
    " ",
  ),
  ...`$ref $defs $schema $id $comment $anchor definitions title description default examples example`.split(" "),
  ...`deprecated readOnly writeOnly discriminator id ~standard`.split(" "),
]);

/** The changes from a schema to another that break callers, or subscribers: a line each. */
export class SchemaChanges {
  constructor(
    private readonly before: Json,
    private readonly after: Json,
    private readonly view: View,
    private readonly changes: string[],
  ) {}

  compare(place: string, old: JsonSchema, fresh: JsonSchema): void {
    if (this.view === "callers") this.#within(place, old, fresh, []);
    else this.#within(place, fresh, old, []);
  }

  /** Says what of the first schema the second does not take: callers send the old one, subscribers get the new one. */
  #within(place: string, part: unknown, whole: unknown, seen: readonly string[]): void {
    const key = `${refOf(part)} ${refOf(whole)}`;
    if (refOf(part) !== "" && seen.includes(key)) return;
    const trail = [...seen, key];
    const [partOf, wholeOf] = this.view === "callers" ? [this.before, this.after] : [this.after, this.before];
    const [parts, wholes] = [alternatives(partOf, part), alternatives(wholeOf, whole)];
    if (parts.length === 1 && wholes.length === 1) return this.#single(place, parts[0]!, wholes[0]!, trail);
    const all = wholes.flatMap(byType);
    for (const one of parts.flatMap(byType).flatMap(byValue)) {
      const found = all.map((other) => ({ other, changes: this.#tried(place, one, other, trail) }));
      if (found.some(({ changes }) => changes.length === 0)) continue;
      const alike = found.filter(({ other }) => isAlike(one, other));
      // The words of a list one by one may all break the same rule.
      if (alike.length === 1) this.changes.push(...alike[0]!.changes.filter((line) => !this.changes.includes(line)));
      else this.changes.push(`${place}: ${shown(one)} ${words[this.view].refused}`);
    }
  }

  #tried(place: string, part: JsonSchema, whole: JsonSchema, trail: readonly string[]): readonly string[] {
    const changes: string[] = [];
    new SchemaChanges(this.before, this.after, this.view, changes).#single(place, part, whole, trail);
    return changes;
  }

  #single(place: string, part: JsonSchema, whole: JsonSchema, trail: readonly string[]): void {
    this.#values(place, part, whole);
    this.#types(place, part, whole);
    for (const [keyword, isNarrower] of Object.entries(bounds)) {
      const [one, other] = [whole[keyword], part[keyword] ?? (lengths.has(keyword) ? 0 : undefined)];
      if (one === undefined || isMet(keyword, part, whole)) continue;
      if (other === undefined || isNarrower(one as number, other as number)) this.#changed(place, keyword, part, whole);
    }
    for (const keyword of exact) {
      if (whole[keyword] === undefined || isDeepStrictEqual(part[keyword], whole[keyword])) continue;
      if (isMet(keyword, part, whole)) continue;
      // A format of a library comes with its pattern, and says more.
      if (keyword === "pattern" && whole["format"] !== undefined && whole["format"] !== part["format"]) continue;
      this.#changed(place, keyword, part, whole);
    }
    const step = whole["multipleOf"] as number | undefined;
    const isMultiple = ((part["multipleOf"] as number | undefined) ?? NaN) % step! === 0;
    if (step !== undefined && !isMultiple && !isMet("multipleOf", part, whole))
      this.#changed(place, "multipleOf", part, whole);
    if (whole["uniqueItems"] === true && part["uniqueItems"] !== true) this.#changed(place, "uniqueItems", part, whole);
    this.#properties(place, part, whole, trail);
    this.#elements(place, part, whole, trail);
    for (const keyword of Object.keys(whole)) {
      if (!known.has(keyword) && !isDeepStrictEqual(part[keyword], whole[keyword]))
        this.changes.push(`${place}: ${keyword} changed, which cannot be compared`);
    }
  }

  #values(place: string, part: JsonSchema, whole: JsonSchema): void {
    const allowed = whole["enum"];
    if (!Array.isArray(allowed)) return;
    const { refused, only } = words[this.view];
    const values = part["enum"];
    if (!Array.isArray(values)) {
      this.changes.push(`${place}: only ${allowed.map((value) => JSON.stringify(value)).join(" or ")} ${only}`);
      return;
    }
    for (const value of values as readonly unknown[]) {
      if (!allowed.some((other) => isDeepStrictEqual(other, value)))
        this.changes.push(`${place}: ${JSON.stringify(value)} ${refused}`);
    }
  }

  #types(place: string, part: JsonSchema, whole: JsonSchema): void {
    // What is said of a list of values says more.
    if (whole["type"] === undefined || Array.isArray(whole["enum"])) return;
    const { refused, only } = words[this.view];
    const taken = new Set(typesOf(whole));
    if (taken.has("number")) taken.add("integer");
    const values = part["enum"];
    const types = Array.isArray(values)
      ? typesOf({ enum: values.filter((value) => !(Number.isInteger(value) && taken.has("integer"))) })
      : typesOf(part);
    if (Array.isArray(values) && types.length === 0) return;
    if (types.length === 0) this.changes.push(`${place}: only ${[...taken].join(" or ")} ${only}`);
    for (const type of types) {
      if (!taken.has(type)) this.changes.push(`${place}: ${type} ${refused}`);
    }
  }

  #properties(place: string, part: JsonSchema, whole: JsonSchema, trail: readonly string[]): void {
    const isCaller = this.view === "callers";
    const given = new Set(list(part["required"]));
    const required = list(whole["required"]);
    for (const name of required) {
      if (!given.has(name)) this.changes.push(`${place}.${String(name)}: ${words[this.view].required}`);
    }
    const [own, others] = [membersOf(part, "properties"), membersOf(whole, "properties")];
    const [ownRest, otherRest] = [part["additionalProperties"], whole["additionalProperties"]];
    if (isCaller && otherRest === false && ownRest !== false)
      this.changes.push(`${place}: unknown properties are no longer taken`);
    for (const [name, schema] of Object.entries(own)) {
      const other = Object.hasOwn(others, name) ? others[name] : isSchema(otherRest) ? otherRest : undefined;
      if (other !== undefined) this.#within(`${place}.${name}`, schema, other, trail);
      else if (isCaller && otherRest === false) this.changes.push(`${place}.${name}: it is no longer taken`);
    }
    for (const [name, schema] of Object.entries(others)) {
      if (Object.hasOwn(own, name)) continue;
      if (isSchema(ownRest)) this.#within(`${place}.${name}`, ownRest, schema, trail);
      else if (!isCaller && !required.includes(name)) this.changes.push(`${place}.${name}: it is gone`);
    }
    if (isSchema(otherRest) && ownRest !== false && hasType(part, "object"))
      this.#within(`${place}.*`, ownRest ?? {}, otherRest, trail);
  }

  #elements(place: string, part: JsonSchema, whole: JsonSchema, trail: readonly string[]): void {
    const [own, others] = [list(part["prefixItems"]), list(whole["prefixItems"])];
    for (let index = 0; index < Math.max(own.length, others.length); index++) {
      const [one, other] = [own[index] ?? part["items"], others[index] ?? whole["items"]];
      if (one === false || other === undefined) continue;
      const name = `${place}[${index}]`;
      if (other === false) this.changes.push(`${name}: it ${words[this.view].refused}`);
      else this.#within(name, one ?? {}, other, trail);
    }
    const [rest, otherRest] = [part["items"], whole["items"]];
    if (rest === false || otherRest === undefined || !hasType(part, "array")) return;
    if (otherRest === false) {
      if (part["maxItems"] === undefined) this.changes.push(`${place}: more elements ${words[this.view].refused}`);
    } else if (rest !== undefined || own.length === 0) this.#within(`${place}[]`, rest ?? {}, otherRest, trail);
  }

  #changed(place: string, keyword: string, part: JsonSchema, whole: JsonSchema): void {
    const [was, is] = this.view === "callers" ? [part[keyword], whole[keyword]] : [whole[keyword], part[keyword]];
    const show = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
    const before = was === undefined ? "is new" : `was ${show(was)}`;
    this.changes.push(`${place}: ${keyword} ${before}: ${is === undefined ? "none" : show(is)}`);
  }
}

/** A reference within a document, followed to what is none; `{}` for one that leads nowhere, or to itself. */
export function resolve(document: Json, schema: unknown, seen: readonly unknown[] = []): JsonSchema {
  if (schema === false) return { not: {} };
  if (!isSchema(schema)) return {};
  const reference = schema["$ref"];
  if (typeof reference !== "string" || !reference.startsWith("#/")) return schema;
  if (seen.includes(reference)) return {};
  const found = reference
    .slice(2)
    .split("/")
    .reduce<unknown>(
      (value, name) => (value as Json | undefined)?.[name.replaceAll("~1", "/").replaceAll("~0", "~")],
      document,
    );
  return resolve(document, found, [...seen, reference]);
}

/** What a value may be: each of `anyOf` and `oneOf`, with what is said beside them. */
function alternatives(document: Json, schema: unknown): JsonSchema[] {
  const { allOf, anyOf, oneOf, const: only, ...own } = resolve(document, schema);
  const said: JsonSchema = only === undefined ? own : { ...own, enum: [only] };
  let all: JsonSchema[] = [said];
  const crossed = (others: readonly JsonSchema[]) => all.flatMap((one) => others.map((other) => merged(one, other)));
  for (const one of list(allOf)) all = crossed(alternatives(document, one));
  for (const choice of [anyOf, oneOf]) {
    if (Array.isArray(choice)) all = crossed(choice.flatMap((one) => alternatives(document, one)));
  }
  return all;
}

/** What keeps to both. */
function merged(one: JsonSchema, other: JsonSchema): JsonSchema {
  const [own, others] = [membersOf(one, "properties"), membersOf(other, "properties")];
  const both = Object.entries(others).map(([name, schema]) => {
    const isOnce = !Object.hasOwn(own, name) || isDeepStrictEqual(own[name], schema);
    return [name, isOnce ? schema : { allOf: [own[name], schema] }] as const;
  });
  const properties = { ...own, ...Object.fromEntries(both) };
  const narrower = Object.entries(bounds)
    .filter(([keyword, isNarrower]) => isNarrower(one[keyword] as number, other[keyword] as number))
    .map(([keyword]) => [keyword, one[keyword]] as const);
  const required = [...new Set([...list(one["required"]), ...list(other["required"])])];
  return {
    ...one,
    ...other,
    ...Object.fromEntries(narrower),
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(required.length > 0 && { required }),
  };
}

/** Whether the values of one schema, where it lists them, keep to a keyword of another. */
function isMet(keyword: string, part: JsonSchema, whole: JsonSchema): boolean {
  const values = part["enum"];
  const keeps = isKept[keyword];
  return keeps !== undefined && Array.isArray(values) && values.every((value) => keeps(value, whole[keyword] as never));
}

function isMatch(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return false;
  }
}

/** One for each of its types. */
function byType(schema: JsonSchema): JsonSchema[] {
  const { type } = schema;
  return Array.isArray(type) ? type.map((one: unknown) => ({ ...schema, type: one })) : [schema];
}

/** One for each value that it lists: each may be taken by another alternative. */
function byValue(schema: JsonSchema): JsonSchema[] {
  const { enum: values } = schema;
  return Array.isArray(values) ? values.map((value: unknown) => ({ ...schema, enum: [value] })) : [schema];
}

/** Whether two alternatives are versions of one: of one type, and objects of one word that tells them apart. */
function isAlike(one: JsonSchema, other: JsonSchema): boolean {
  if (!typesOf(one).some((type) => typesOf(other).includes(type))) return false;
  const [own, others] = [membersOf(one, "properties"), membersOf(other, "properties")];
  const tags = Object.keys(own).filter((name) => wordOf(own[name]) !== undefined && wordOf(others[name]) !== undefined);
  return tags.every((name) => isDeepStrictEqual(wordOf(own[name]), wordOf(others[name])));
}

/** The only value that a schema takes, in a list. */
function wordOf(schema: unknown): readonly unknown[] | undefined {
  if (!isSchema(schema)) return undefined;
  const values = schema["const"] === undefined ? schema["enum"] : [schema["const"]];
  return Array.isArray(values) && values.length === 1 ? values : undefined;
}

function shown(schema: JsonSchema): string {
  if (Array.isArray(schema["enum"])) return schema["enum"].map((value) => JSON.stringify(value)).join(" or ");
  const type = typesOf(schema).join(" or ");
  const tags = Object.entries(membersOf(schema, "properties")).flatMap(([name, property]) => {
    const word = wordOf(property);
    return word === undefined ? [] : [`${name} ${JSON.stringify(word[0])}`];
  });
  const named = tags.length > 0 ? tags : list(schema["required"]);
  return type === "object" && named.length > 0 ? `object with ${named.join(", ")}` : type === "" ? "anything" : type;
}

function typesOf({ type, enum: values }: JsonSchema): readonly string[] {
  if (type !== undefined) return list(type) as readonly string[];
  if (!Array.isArray(values)) return [];
  return [...new Set(values.map(typeOf))];
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value;
}

function hasType(schema: JsonSchema, type: string): boolean {
  const types = typesOf(schema);
  return types.length === 0 || types.includes(type);
}

function refOf(schema: unknown): string {
  const reference = isSchema(schema) ? schema["$ref"] : undefined;
  return typeof reference === "string" ? reference : "";
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function membersOf(schema: JsonSchema, name: string): JsonSchema {
  const members = schema[name];
  return isSchema(members) ? members : {};
}

function list(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? (value as readonly unknown[]) : [value];
}
