import { isUtf8 } from "node:buffer";
import { types } from "node:util";
import { isPromise, type MaybePromise } from "../model/maybe-promise.js";
import { isBuiltIn, isStandardSchema, type PayloadType } from "../model/payload-type.js";
import type { Check, Checked, CheckOptions } from "./check.js";
import { compileCheck } from "./payload-type.js";

/** The check of a payload, which may come as text or bytes of what its type is: see {@link decodedAs}. */
export function compilePayloadCheck(type: PayloadType, options: CheckOptions | undefined): Check {
  const check = compileCheck(type, options);
  if (!isStandardSchema(type)) return (value) => check(decodedAs(type, value));
  return (value) =>
    typeof value === "string" || isBytes(value) ? firstAccepted(check, readingsOf(value)) : check(value);
}

/** Where none is accepted, the refusal of the last is told: that of JSON where the value is JSON. */
function firstAccepted(check: Check, [value, ...others]: readonly unknown[]): MaybePromise<Checked> {
  const elseNext = (checked: Checked): MaybePromise<Checked> =>
    checked.issues === undefined || others.length === 0 ? checked : firstAccepted(check, others);
  const checked = check(value);
  return isPromise(checked) ? checked.then(elseNext) : elseNext(checked);
}

/**
 * Text and bytes as what a function declares, since labels are often missing or too general: raw messages come as
 * bytes, and JSON of another name than `application/json` as text. What cannot be read so stays as it is.
 *
 * | declared | text | bytes |
 * |---|---|---|
 * | a class, a list, `Number`, `Boolean` | JSON | JSON |
 * | `String` | as it is | UTF-8 |
 * | a class of JavaScript's own (`Uint8Array`, `Buffer`) | as it is | as they are |
 * | a schema, which does not say what it asks for | as it is, else as JSON | as they are, else as UTF-8, else as JSON |
 *
 * The row of schemas is {@link compilePayloadCheck}'s.
 */
export function decodedAs(type: PayloadType, value: unknown): unknown {
  if (typeof value !== "string" && !isBytes(value)) return value;
  if (isStandardSchema(type)) return value;
  if ((type as unknown) === String) return isBytes(value) ? (textOf(value) ?? value) : value;
  return isOfLanguage(type) ? value : (jsonOf(value) ?? value);
}

/** What text and bytes may stand for: themselves; of bytes, text; and JSON. */
function readingsOf(value: string | Uint8Array): unknown[] {
  const text = isBytes(value) ? textOf(value) : undefined;
  return [value, text, jsonOf(value)].filter((reading, index) => index === 0 || reading !== undefined);
}

function jsonOf(value: unknown): unknown {
  const text = isBytes(value) ? textOf(value) : value;
  if (typeof text !== "string") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isBytes(value: unknown): value is Uint8Array {
  return types.isUint8Array(value);
}

/** Undefined where it would hold U+FFFD for what is not UTF-8. */
function textOf(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? new TextDecoder().decode(bytes) : undefined;
}

/** `Number`, `Boolean` and `Object` stand for JSON's own values, and a list is JSON whatever it is of. */
function isOfLanguage(type: unknown): boolean {
  return type !== Number && type !== Boolean && type !== Object && isBuiltIn(type);
}
