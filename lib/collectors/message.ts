import { outputTypes, type ItemRule, type OutputType, type ValueRule } from "../model/binding-table.js";
import { InvocationError } from "../model/errors.js";
import { isRecord, kindOf, setOwn } from "../model/values.js";
import { headerProblem, isHeaderValue } from "../model/headers.js";

/** The rule of an output's value. */
export function valueRule(type: OutputType): ValueRule {
  return outputTypes[type].value;
}

/** An item that cannot be sent: `<Class>.<method>, output "<name>"[, <property>]: <what>`. */
export function badItem(where: string, property: string | undefined, what: string, cause?: unknown): InvocationError {
  const message = `${where}${property === undefined ? "" : `, ${property}`}: ${what}`;
  return new InvocationError("ERR_DAPR_BAD_REQUEST", message, cause === undefined ? undefined : { cause });
}

/**
 * Refuses JSON text that escapes half of a surrogate pair: `JSON.stringify` writes it so, and others do in either case.
 *
 * @throws InvocationError `ERR_DAPR_BAD_REQUEST`
 */
export function refuseHalfPairs(text: string, where: string, property: string | undefined): void {
  if (text.includes("\\u") && holdsHalfPair(text)) throw badItem(where, property, halfPair);
}

const halfPair = "holds half of a surrogate pair, which would arrive as another character; give well-formed text";

/** True where JSON text escapes one half of a surrogate pair alone. */
function holdsHalfPair(text: string): boolean {
  const escapes = text.replace(/\\(?:\\|ud[89ab][\da-f]{2}\\ud[c-f][\da-f]{2})/gi, "");
  return /\\ud[89a-f][\da-f]{2}/i.test(escapes);
}

/**
 * Refuses text with half of a surrogate pair.
 *
 * @throws InvocationError `ERR_DAPR_BAD_REQUEST`
 */
export function refuseHalfPair(text: string, where: string, property: string | undefined): void {
  if (!text.isWellFormed()) throw badItem(where, property, halfPair);
}

/** Where an item comes from, which decides what it may hold. */
export type ItemSource = "add" | "remove" | "request-body";

/** An override of an output's items, and what it may hold. */
interface Override {
  readonly name: string;
  readonly rule: ItemRule;
}

/** By its name as the option is spelt, and in lower case. */
const overridesOf: ReadonlyMap<string, ReadonlyMap<string, Override>> = new Map(
  Object.entries(outputTypes).map(([type, { overrides }]) => [
    type,
    new Map(
      Object.entries<ItemRule>(overrides).flatMap(([name, rule]) => {
        const override = { name, rule };
        return [[name, override] as const, [name.toLowerCase(), override] as const];
      }),
    ),
  ]),
);

/** The override that a property stands for, whatever its case; undefined where this output has none of that name. */
export function overrideOf(type: OutputType, property: string, source: ItemSource): Override | undefined {
  const all = overridesOf.get(type)!;
  const found = all.get(property) ?? all.get(property.toLowerCase());
  if (found === undefined || source === "add") return found;
  const { rule } = found;
  return (source === "remove" ? rule.inRemove === true : rule.inRequestBody !== false) ? found : undefined;
}

/** The name of {@link overrideOf}. */
export function overrideName(type: OutputType, property: string, source: ItemSource): string | undefined {
  return overrideOf(type, property, source)?.name;
}

/**
 * Checks an override, named as in {@link outputTypes}, and makes of it what is sent: undefined where there is nothing
 * to send; text of what metadata holds.
 *
 * @throws InvocationError `ERR_DAPR_BAD_REQUEST`
 */
export function checkOverride(type: OutputType, name: string, value: unknown, where: () => string): unknown {
  return checkedOverride(overridesOf.get(type)!.get(name)!, value, where);
}

/** {@link checkOverride} of an override that {@link overrideOf} has found. */
export function checkedOverride({ name, rule }: Override, value: unknown, where: () => string): unknown {
  if (value === undefined || value === null) return undefined;
  const problem = problemOf(rule, name, value);
  if (problem !== undefined) throw badItem(where(), name, problem);
  if (rule.kind === "value") return value;
  return rule.kind === "metadata" ? metadataText(value) : copyOf(value);
}

function problemOf(rule: ItemRule, name: string, value: unknown): string | undefined {
  switch (rule.kind) {
    case "text":
    case "header":
      if (typeof value !== "string") return `must be text, not ${kindOf(value)}`;
      // Deviation from the extension, which takes empty text for a value and asks for a path that no API has.
      if (value === "") return rule.missing ?? `A non-empty ${name} must be specified; leave it out instead`;
      if (!value.isWellFormed()) return "must be well-formed text";
      return rule.kind === "header" && !isHeaderValue(value) ? "holds a character that no header can carry" : undefined;
    case "metadata":
      return metadataProblem(value);
    case "options":
      return optionsProblem(value);
    case "headers":
      return headersProblem(value);
    case "value":
      return undefined;
  }
}

function metadataProblem(value: unknown): string | undefined {
  if (!isMap(value)) return notAMap(value);
  for (const name of Object.keys(value)) {
    const entry = value[name];
    if (typeof entry === "object" && entry !== null) {
      return `"${name}" must be text, a number or a boolean, not ${kindOf(entry)}: Dapr takes text only`;
    }
  }
  return undefined;
}

/** @param value that {@link metadataProblem} has nothing against */
function metadataText(value: unknown): Readonly<Record<string, string>> | undefined {
  const metadata = value as Readonly<Record<string, string | number | boolean | null | undefined>>;
  let text: Record<string, string> | undefined;
  for (const name of Object.keys(metadata)) {
    const entry = metadata[name];
    if (entry !== null && entry !== undefined) setOwn((text ??= {}), name, String(entry));
  }
  return text;
}

const stateOptions: Readonly<Record<string, readonly unknown[]>> = {
  concurrency: ["first-write", "last-write"],
  consistency: ["eventual", "strong"],
};

function optionsProblem(value: unknown): string | undefined {
  if (!isMap(value)) return `must be { concurrency, consistency }, not ${kindOf(value)}`;
  for (const [name, entry] of Object.entries(value)) {
    if (entry === undefined || entry === null) continue;
    const allowed = Object.hasOwn(stateOptions, name) ? stateOptions[name]! : undefined;
    if (allowed === undefined) return `has no "${name}"; give concurrency or consistency`;
    if (!allowed.includes(entry)) return `${name} must be "${allowed.join('" or "')}"`;
  }
  return undefined;
}

function headersProblem(value: unknown): string | undefined {
  if (!isMap(value)) return notAMap(value);
  for (const [name, entry] of Object.entries(value)) {
    if (entry === undefined || entry === null) continue;
    const problem = headerProblem(name, entry);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Text as it is; of a map a copy without null and undefined, so that later changes to it are not sent. */
function copyOf(value: unknown): unknown {
  if (typeof value !== "object") return value;
  const entries = Object.entries(value as object).filter(([, entry]) => entry !== null && entry !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** False for `Headers`, a `Map` and their like too, which have no members of their own: nothing of them would be sent. */
function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return isRecord(value) && !ArrayBuffer.isView(value) && !(Symbol.iterator in value);
}

function notAMap(value: unknown): string {
  const isEntries = isRecord(value) && !ArrayBuffer.isView(value);
  return `must be a map of text, not ${isEntries ? "a list of entries; give Object.fromEntries() of it" : kindOf(value)}`;
}
