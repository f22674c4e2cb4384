import type { BulkStateResult } from "../dapr-client.js";
import { sidecarError, type RequestPlace } from "./sidecar-failure.js";

/** One key of a bulk answer. */
interface BulkItem {
  readonly key?: unknown;
  readonly data?: unknown;
  readonly etag?: unknown;
  readonly metadata?: Readonly<Record<string, unknown>> | null;
  readonly error?: unknown;
}

/**
 * What a bulk read gave for each of the keys, in their order. A key without an etag and without data does not exist:
 * stored null has an etag.
 *
 * @throws SidecarError `errorCode` for an answer that is not a list, or a key that could not be read
 */
export function bulkStateResults(
  place: RequestPlace,
  keys: readonly string[],
  answer: unknown,
  errorCode = "ERR_STATE_BULK_GET",
): readonly BulkStateResult[] {
  const failure = (message: string): Error => sidecarError(place, { status: 500, errorCode, message });
  const items = Array.isArray(answer) ? (answer as readonly (BulkItem | null)[]) : undefined;
  if (items === undefined) throw failure("not a valid JSON list");
  const byKey = new Map<unknown, BulkItem>();
  for (const item of items) if (item !== null) byKey.set(item.key, item);
  return keys.map((key) => {
    const { data, etag, metadata, error } = byKey.get(key) ?? {};
    if (typeof error === "string" && error !== "") throw failure(`key "${key}": ${error}`);
    if (etag === undefined || etag === null || etag === "") {
      if (data === undefined || data === null) return { key, value: undefined, etag: undefined };
    }
    const ttl = Object.entries(metadata ?? {}).find(([name]) => name.toLowerCase() === "ttlexpiretime")?.[1];
    const ttlExpireTime = typeof ttl === "string" ? { ttlExpireTime: ttl } : {};
    return { key, value: data, etag: typeof etag === "string" && etag !== "" ? etag : undefined, ...ttlExpireTime };
  });
}
