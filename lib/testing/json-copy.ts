import { bytesOf, jsonTextOf } from "../collectors/json-value.js";

/**
 * What JSON leaves of a value, as it would arrive on the other side: instances become plain, dates text. Bytes stay
 * bytes.
 *
 * @throws TypeError for a cycle or a BigInt, as `JSON.stringify` does
 */
export function jsonCopy(value: unknown): unknown {
  const bytes = bytesOf(value);
  if (bytes !== undefined) return new Uint8Array(bytes);
  const json = jsonTextOf(value);
  return json === undefined ? undefined : JSON.parse(json.text);
}
