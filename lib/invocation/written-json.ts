import { isDeepStrictEqual } from "node:util";
import { bytesOf, jsonTextOf } from "../collectors/json-value.js";

/** The JSON that is written of a value; undefined of bytes, and of what has none, which is said when it is written. */
export function writtenJson(value: unknown): string | undefined {
  if (bytesOf(value) !== undefined) return undefined;
  try {
    return jsonTextOf(value)?.text;
  } catch {
    return undefined;
  }
}

/** True for the same members in whatever order. */
export function isSameJson(one: string | undefined, other: string): boolean {
  return one === other || (one !== undefined && isDeepStrictEqual(JSON.parse(one), JSON.parse(other)));
}
