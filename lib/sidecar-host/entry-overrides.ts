import type { MetadataMap } from "../client/dapr-client.js";
import { badItem, checkOverride } from "../collectors/message.js";
import type { StateEntryOverrides } from "../model/state-entry.js";
import { kindOf } from "../model/values.js";
import { mergedMetadata, ttlMetadata } from "./metadata.js";

/**
 * The metadata that `set` of a state entry was given.
 *
 * @throws InvocationError `ERR_DAPR_BAD_REQUEST` for what no store could take
 */
export function overridingMetadata(overrides: unknown, where: string): MetadataMap | undefined {
  if (overrides === undefined || overrides === null) return undefined;
  if (typeof overrides !== "object") throw badItem(where, undefined, "set() takes { metadata, ttlInSeconds } second");
  const { metadata, ttlInSeconds, ...others } = overrides as StateEntryOverrides & Record<string, unknown>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw badItem(where, unknown, "set() does not know it; it takes metadata and ttlInSeconds");
  const given = checkOverride("daprState", "metadata", metadata, () => where) as MetadataMap | undefined;
  if (ttlInSeconds === undefined) return given;
  if (!Number.isInteger(ttlInSeconds) || (ttlInSeconds < 1 && ttlInSeconds !== -1)) {
    const what = typeof ttlInSeconds === "number" ? String(ttlInSeconds) : kindOf(ttlInSeconds);
    throw badItem(where, "ttlInSeconds", `must be a whole number of seconds from 1, or -1 for ever, not ${what}`);
  }
  return mergedMetadata(given, ttlMetadata(ttlInSeconds));
}
