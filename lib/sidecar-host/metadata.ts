import type { MetadataMap } from "../client/dapr-client.js";
import type { MetadataOption } from "../model/bindings.js";
import type { Invocation } from "../invocation/binding-host.js";
import { compileMap, compileOption } from "./options.js";

/** Fills in a binding's `metadata` for each invocation; undefined where the binding has none. */
export type Metadata = (invocation: Invocation) => MetadataMap | undefined;

/** Metadata of a request: a map of templates, or query text whose names may start with `metadata.`. */
export function compileMetadata(place: { readonly where: string }, metadata: MetadataOption | undefined): Metadata {
  if (typeof metadata !== "string") return compileMap(place, "metadata", metadata);
  // What expressions put in is encoded, so that it stays one value.
  const query = compileOption(place, "metadata", metadata.replace(/^\?/, ""), encodeURIComponent);
  return (invocation) => {
    const entries = [...new URLSearchParams(query(invocation))];
    return entries.length === 0
      ? undefined
      : Object.fromEntries(entries.map(([name, value]) => [name.replace(/^metadata\./i, ""), value]));
  };
}

/** How a request says for how many seconds a value is kept. */
export function ttlMetadata(seconds: number | undefined): MetadataMap | undefined {
  return seconds === undefined ? undefined : { ttlInSeconds: String(seconds) };
}

/** Both, of which the second wins; names of metadata are the same in any case. */
export function mergedMetadata(
  first: MetadataMap | undefined,
  second: MetadataMap | undefined,
): MetadataMap | undefined {
  if (first === undefined || second === undefined) return second ?? first;
  const names = new Set(Object.keys(second).map((name) => name.toLowerCase()));
  const kept = Object.entries(first).filter(([name]) => !names.has(name.toLowerCase()));
  return { ...Object.fromEntries(kept), ...second };
}
