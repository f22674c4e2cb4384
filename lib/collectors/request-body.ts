import { types } from "node:util";
import type { OutputItem } from "../model/collector.js";
import { JsonText } from "../model/json.js";
import type { OutputType } from "../model/binding-table.js";
import { badItem, checkOverride, overrideName, valueRule } from "./message.js";
import { kindOf } from "../model/values.js";

/** The members of one envelope, in order; values that came from text are still text. */
type Envelope = readonly (readonly [name: string, value: unknown])[];

const required = "a request body must be an object, or JSON text or bytes of one, or a list of these";

/**
 * The items of a request body, the form that function.json languages use: `{ data | body | payload | value, … }` as an
 * object, JSON text or bytes; an array is one item each. Property names ignore case, the last of several wins, null
 * counts as absent. The value of an envelope that came as text stays the text that was written: a deviation from the
 * extension, which rewrites numbers and dates.
 *
 * @param unknown collects the names of properties that the output does not have
 * @throws InvocationError `ERR_DAPR_BAD_REQUEST`
 * @see https://github.com/Azure/azure-functions-dapr-extension
 */
export function requestBodyItems(
  body: unknown,
  type: OutputType,
  where: () => string,
  unknown: Set<string>,
): OutputItem[] {
  return envelopesOf(body, where).map((envelope) => itemOf(envelope, type, where, unknown));
}

function itemOf(envelope: Envelope, type: OutputType, where: () => string, unknown: Set<string>): OutputItem {
  const { name: valueName, nullInRequestBody } = valueRule(type);
  const properties = new Map<string, unknown>();
  let value: unknown;
  for (const [property, content] of envelope) {
    if (property.toLowerCase() === valueName) {
      value = content;
      continue;
    }
    const name = overrideName(type, property, "request-body");
    if (name === undefined) unknown.add(property);
    else properties.set(name, content instanceof JsonText ? content.toJSON() : content);
  }
  const isNull = value === null || (value instanceof JsonText && value.text === "null");
  if (isNull) value = nullInRequestBody === true ? null : undefined;
  const overrides: Record<string, unknown> = {};
  for (const [name, content] of properties) {
    const checked = checkOverride(type, name, content, where);
    if (checked !== undefined) overrides[name] = checked;
  }
  return { verb: "add", value, overrides, fromRequestBody: true };
}

function envelopesOf(body: unknown, where: () => string): Envelope[] {
  if (body === null || body === undefined) return [];
  if (Array.isArray(body)) return body.map((element) => envelopeOf(element, where));
  const text = textOf(body, where);
  if (text === undefined) return [envelopeOf(body, where)];
  const json = unwrapped(text, where);
  return json.startsWith("[")
    ? partsOf(json).map((part) => jsonEnvelope(unwrapped(part.text, where), where))
    : [jsonEnvelope(json, where)];
}

/** One element of an array, or a body that is neither an array nor text. */
function envelopeOf(element: unknown, where: () => string): Envelope {
  const text = textOf(element, where);
  if (text !== undefined) return jsonEnvelope(unwrapped(text, where), where);
  if (typeof element !== "object" || element === null || Array.isArray(element)) {
    throw badItem(where(), undefined, `${required}, not ${kindOf(element)}`);
  }
  return Object.entries(element).filter(([, value]) => value !== undefined);
}

function jsonEnvelope(json: string, where: () => string): Envelope {
  if (!json.startsWith("{")) {
    throw badItem(where(), undefined, `${required}, not ${kindOf(JSON.parse(json))}`);
  }
  return partsOf(json).map(({ key, text: member }) => [JSON.parse(key) as string, new JsonText(member)] as const);
}

/** Text of strings and of bytes; undefined for anything else. */
function textOf(value: unknown, where: () => string): string | undefined {
  if (typeof value === "string") return value;
  if (!types.isUint8Array(value) && !types.isAnyArrayBuffer(value)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(value as Uint8Array);
  } catch {
    throw badItem(where(), undefined, "the bytes of a request body must be UTF-8 text");
  }
}

/** JSON text without the space around it; a JSON string is taken for the JSON text that it holds, once. */
function unwrapped(text: string, where: () => string): string {
  const json = text.trim();
  const parsed = parse(json, where);
  if (typeof parsed !== "string") return json;
  const inner = parsed.trim();
  parse(inner, where);
  return inner;
}

function parse(text: string, where: () => string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badItem(where(), undefined, `${required}; this text is not JSON`);
  }
}

/* Token codes of jsonc-parser, whose const enum cannot be imported file by file. */
const openBrace = 1;
const closeBrace = 2;
const openBracket = 3;
const closeBracket = 4;
const comma = 5;
const colon = 6;

/**
 * The members of an object or the elements of an array, as written; of valid JSON only. Tokens rather than a tree, so
 * that depth costs no stack.
 */
function partsOf(json: string): { key: string; text: string }[] {
  const { createScanner } = require("jsonc-parser") as typeof import("jsonc-parser");
  const scanner = createScanner(json, true);
  const parts: { key: string; text: string }[] = [];
  let key = "";
  let start = -1;
  let end = -1;
  let depth = 0;
  do {
    const token = scanner.scan() as number;
    const offset = scanner.getTokenOffset();
    if (token === closeBrace || token === closeBracket) depth--;
    if (depth === 1 && token === colon) {
      key = json.slice(start, end);
      start = -1;
    } else if (start !== -1 && ((depth === 1 && token === comma) || depth === 0)) {
      parts.push({ key, text: json.slice(start, end) });
      start = -1;
    } else if (depth > 0) {
      if (start === -1) start = offset;
      end = offset + scanner.getTokenLength();
    }
    if (token === openBrace || token === openBracket) depth++;
  } while (depth > 0);
  return parts;
}
