import { types } from "node:util";
import { JsonText } from "../model/json.js";

/**
 * The bytes of a Uint8Array or ArrayBuffer, copied, so that later changes are not sent; undefined for anything else.
 */
export function bytesOf(value: unknown): Buffer | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (ArrayBuffer.isView(value)) return types.isUint8Array(value) ? Buffer.from(value) : undefined;
  // Buffers have a tag and most objects do not, which is quicker to see than what the object is.
  if ((value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === undefined) return undefined;
  return types.isAnyArrayBuffer(value) ? Buffer.from(value.slice(0) as ArrayBuffer) : undefined;
}

/**
 * A value as JSON text, serialised here and now; a {@link JsonText} is returned as it is. Undefined where JSON has no
 * text for the value, as for a function.
 *
 * @throws TypeError for a cycle or a BigInt, as `JSON.stringify` does, and for what it would make `{}` of
 */
export function jsonTextOf(value: unknown): JsonText | undefined {
  if (value instanceof JsonText) return value;
  const lost = lostInJson(value);
  if (lost !== undefined) throw new TypeError(lost);
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : new JsonText(text);
}

/**
 * What is wrong with a value whose content JSON does not know, and what to do: of a promise that nobody awaited, a Map or an
 * Error it makes `{}`. Only the value itself is looked at, and the first of a list.
 */
export function lostInJson(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return lostInJson((value as readonly unknown[])[0]);
  const { toJSON, then, pipe } = value as { toJSON?: unknown; then?: unknown; pipe?: unknown };
  if (typeof toJSON === "function") return undefined;
  if (typeof then === "function") return "a promise; await it";
  if (typeof pipe === "function") return "a stream of Node; read it first";
  // Nearly every item, of which there may be very many.
  if (Object.getPrototypeOf(value) === Object.prototype) return undefined;
  if (value instanceof Error || types.isNativeError(value)) return "an Error; throw it, or give what it says";
  if (types.isRegExp(value)) return "a RegExp; give its text";
  const tag = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  // A class may have a tag of its own beside its members.
  if (typeof tag !== "string" || (Object.keys(value).length > 0 && !ArrayBuffer.isView(value))) return undefined;
  return `a ${tag}, which JSON does not know; give an object, a list, text or a Uint8Array`;
}
