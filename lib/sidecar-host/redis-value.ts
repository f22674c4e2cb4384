import { isDeepStrictEqual } from "node:util";
import { isRecord } from "../model/values.js";

/**
 * True where Redis may hold this of a value that was written over HTTP: daprd (1.18) keeps six decimals of a number there,
 * `0.333333` of a third.
 *
 * @param stored what was read
 * @param written as JSON has it
 */
export function isKeptAs(stored: unknown, written: unknown): boolean {
  if (typeof stored === "number" && typeof written === "number") {
    return stored === written || stored === inSixDecimals(written);
  }
  if (Array.isArray(stored) && Array.isArray(written)) {
    return stored.length === written.length && stored.every((element, index) => isKeptAs(element, written[index]));
  }
  if (!isRecord(stored) || !isRecord(written)) return isDeepStrictEqual(stored, written);
  const names = Object.keys(stored);
  return (
    names.length === Object.keys(written).length &&
    names.every((name) => Object.hasOwn(written, name) && isKeptAs(stored[name], written[name]))
  );
}

/** As the encoder that daprd uses for Redis writes numbers; larger ones it writes whole. */
function inSixDecimals(value: number): number {
  const size = Math.abs(value);
  return size > 0x4ffffff ? value : (Math.sign(value) * Math.floor(size * 1e6 + 0.5)) / 1e6;
}
