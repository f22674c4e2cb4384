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
 * @throws TypeError for a cycle or a BigInt, as `JSON.stringify` does
 */
export function jsonTextOf(value: unknown): JsonText | undefined {
  if (value instanceof JsonText) return value;
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : new JsonText(text);
}
