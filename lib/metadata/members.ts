import type { ProblemCode } from "../model/errors.js";
import type { OptionKind } from "../model/binding-table.js";
import type { JsonValue } from "../model/bindings.js";
import { allMethods } from "../model/paths.js";
import { isBuiltIn, isStandardSchema, type Class } from "../model/payload-type.js";
import { parseAddress } from "../model/sidecar-address.js";
import { isRecord } from "../model/values.js";

/** What is wrong with the value of one option; `text` is `<what>; <what to do>`. */
export interface Finding {
  readonly code: Extract<ProblemCode, "option-empty" | "option-invalid" | "option-unknown">;
  /** Below the option itself: `maxMessagesCount` in `bulk`. */
  readonly path?: string;
  readonly text: string;
}

/** What is wrong with the value of an option. */
type Check = (value: unknown) => readonly Finding[];

const httpMethods: readonly string[] = allMethods.map((method) => method.toLowerCase());

/** An expression leaves the value open until the start (`%`) or the invocation (`{`). */
export function isOpen(text: string): boolean {
  return text.includes("%") || text.includes("{");
}

const fine: readonly Finding[] = [];
const blank: readonly Finding[] = [{ code: "option-empty", text: "it is blank; give a value or leave the option out" }];

function invalid(value: unknown, expected: string): readonly Finding[] {
  return [{ code: "option-invalid", text: `it is ${show(value)}; give ${expected}` }];
}

/** Text as it stands in function.json. */
const text: Check = (value) =>
  typeof value !== "string" ? invalid(value, "text") : value.trim() === "" ? blank : fine;

const flag: Check = (value) => (typeof value === "boolean" ? fine : invalid(value, "true or false"));

const number: Check = (value) =>
  typeof value === "number" && Number.isFinite(value) ? fine : invalid(value, "a number");

/** A whole number within bounds. */
function count(lowest: number, highest: number): Check {
  return (value) =>
    (Number.isSafeInteger(value) || value === Infinity) && (value as number) >= lowest && (value as number) <= highest
      ? fine
      : invalid(value, `a whole number from ${lowest} to ${highest}`);
}

function word(words: readonly string[], anyCase: boolean): Check {
  return (value) =>
    typeof value === "string" && words.includes(anyCase ? value.toLowerCase() : value)
      ? fine
      : invalid(value, oneOf(words));
}

/** A list of HTTP methods, each once, in any case. */
const methods: Check = (value) => {
  const expected = `a list of methods: ${httpMethods.join(", ")}`;
  if (!Array.isArray(value)) return invalid(value, expected);
  if (value.length === 0)
    return [{ code: "option-invalid", text: "it is empty; name a method or leave the option out" }];
  const wrong: unknown = value.find((name: unknown) => !isMethod(name));
  if (!value.every(isMethod)) return invalid(wrong, expected);
  const names = value.map((name) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return fine;
  return [{ code: "option-invalid", text: `it has "${twice}" twice; name each method once` }];
};

function isMethod(value: unknown): value is string {
  return typeof value === "string" && httpMethods.includes(value.toLowerCase());
}

/** A verb that Dapr passes on; it would deliver any other as POST. An expression may still become one. */
const verb: Check = (value) => {
  const findings = text(value);
  if (findings.length > 0) return findings;
  return isMethod(value) || isOpen(value as string)
    ? fine
    : invalid(value, oneOf(httpMethods.map((name) => name.toUpperCase())));
};

/** An absolute http(s) URL, once settings are in. The error does not show it, since it may hold a password. */
const address: Check = (value) => {
  if (typeof value !== "string") return invalid(value, "the URL of a sidecar");
  const findings = text(value);
  if (findings.length > 0 || isOpen(value)) return findings;
  const parsed = parseAddress(value);
  return typeof parsed === "string" ? [{ code: "option-invalid", text: `it ${parsed}` }] : fine;
};

function isTextMap(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((entry) => typeof entry === "string");
}

/** A map of names to text. */
const textMap: Check = (value) => (isTextMap(value) ? fine : invalid(value, "a map of names to text"));

/** Query text, or a map. */
const query: Check = (value) => {
  if (typeof value === "string") return text(value);
  return isTextMap(value) ? fine : invalid(value, 'query text ("metadata.version_id=2") or a map of names to text');
};

/** A class, a list of one class, or a Standard Schema, which may itself be a function. */
const payloadType: Check = (value) => {
  const one: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (isStandardSchema(value)) return fine;
  if (!isClass(one)) return invalid(value, "a class, [Class] or a Standard Schema");
  const { name } = one as Class;
  if (!isBuiltIn(one) || checkable.has(name)) return fine;
  return invalid(value, `a class of your own, [Class] or a Standard Schema: nothing arrives as ${name}`);
};

/** Classes of the language whose instances may be sent or arrive. */
const checkable: ReadonlySet<string> = new Set([
  "String",
  "Number",
  "Boolean",
  "Object",
  "Date",
  "Uint8Array",
  "Buffer",
  "ArrayBuffer",
]);

export function isClass(value: unknown): boolean {
  return typeof value === "function" && typeof value.prototype === "object" && value.prototype !== null;
}

/** A class with functions. */
const functionClass: Check = (value) =>
  isClass(value) ? fine : invalid(value, "the class of the other application's functions");

const bulkMembers = ["maxMessagesCount", "maxAwaitDurationMs", "concurrency"];

/** `true`, or the limits of one request. */
const bulk: Check = (value) => {
  if (value === true) return fine;
  if (!isRecord(value)) return invalid(value, `true, or an object of ${bulkMembers.join(", ")}`);
  return Object.entries(value).flatMap(([path, limit]): Finding[] => {
    if (!bulkMembers.includes(path)) {
      return [{ code: "option-unknown", path, text: `bulk has no such member; it takes ${bulkMembers.join(", ")}` }];
    }
    if (limit === undefined || (Number.isSafeInteger(limit) && (limit as number) > 0)) return [];
    return [{ code: "option-invalid", path, text: `it is ${show(limit)}; give a whole number above 0` }];
  });
};

/** Anything that JSON can say: the members of a generic binding. */
const json: Check = (value) => (isJson(value) ? fine : invalid(value, "a JSON value"));

/** @param above the objects that the value is in: one that holds itself is none */
function isJson(value: unknown, above: readonly unknown[] = []): value is JsonValue {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (above.includes(value)) return false;
  const within = [...above, value];
  const isJsonWithin = (member: unknown): boolean => isJson(member, within);
  if (Array.isArray(value)) return value.every(isJsonWithin);
  if (!isRecord(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === null || Object.getPrototypeOf(prototype) === null) && Object.values(value).every(isJsonWithin);
}

const checks: Readonly<Record<Extract<OptionKind, string>, Check>> = {
  text,
  flag,
  number,
  methods,
  verb,
  address,
  payloadType,
  functionClass,
  bulk,
  textMap,
  query,
  json,
};

/** What an option of this kind takes. */
export function checkOf(kind: OptionKind): Check {
  if (typeof kind === "string") return checks[kind];
  return "oneOf" in kind ? word(kind.oneOf, kind.anyCase === true) : count(kind.from, kind.to);
}

function oneOf(words: readonly string[]): string {
  return words.length === 1 ? `"${words[0]}"` : `one of ${words.join(", ")}`;
}

/** A value as an error shows it: short, and never more than one line. */
export function show(value: unknown): string {
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  if (shown.length <= 60) return shown;
  return `${shown.slice(0, 60)}…${typeof value === "string" ? '"' : ""}`;
}
