import { InvocationError } from "../model/errors.js";
import type { StateOptions } from "../model/collector.js";
import type { MetadataMap } from "./dapr-client.js";

/*
 * Parts of a request's path and query. Paths are sent raw, without any normalisation of a URL, so that every name and
 * key reaches the sidecar as it is (seen at daprd: one decoding, `..` only as `%2E%2E`). Deviation from the extension,
 * which escapes little: a payload could name another path of the API.
 */

const plain = /^[A-Za-z0-9_-]+$/;
const unreserved = /^[A-Za-z0-9_.~-]*$/;

/** One part of a path: nothing in it divides, ends or folds the path. */
export function enc(part: string): string {
  if (plain.test(part)) return part;
  if (part === ".") return "%2E";
  if (part === "..") return "%2E%2E";
  return percentEncoded(part);
}

/** @throws InvocationError `ERR_DAPR_BAD_REQUEST` for half of a surrogate pair, which UTF-8 has no bytes for */
export function percentEncoded(text: string): string {
  if (unreserved.test(text)) return text;
  if (text.isWellFormed()) return encodeURIComponent(text);
  const fault = "holds half of a surrogate pair; give well-formed text";
  throw new InvocationError("ERR_DAPR_BAD_REQUEST", `${JSON.stringify(text)} ${fault}`);
}

/** `metadata.<name>=<value>&…` of a map, in its order; empty for none. */
export function metadataQuery(metadata: MetadataMap | undefined): string {
  if (metadata === undefined) return "";
  let query = "";
  for (const name of Object.keys(metadata)) {
    query += `${query === "" ? "" : "&"}metadata.${percentEncoded(name)}=${percentEncoded(metadata[name]!)}`;
  }
  return query;
}

/** The query of a read or removal of state: how it is to be done, then metadata. */
export function stateQuery(options: StateOptions | undefined, metadata: MetadataMap | undefined): string {
  const parts: string[] = [];
  if (options?.concurrency !== undefined) parts.push(`concurrency=${options.concurrency}`);
  if (options?.consistency !== undefined) parts.push(`consistency=${options.consistency}`);
  const rest = metadataQuery(metadata);
  if (rest !== "") parts.push(rest);
  return parts.join("&");
}

/** A query kept as written; only what a URL cannot hold is percent-encoded. */
export function rawQuery(query: string): string {
  return query.replace(/[^!$-&(-;=?-~]+/gu, (text) => percentEncoded(text).replaceAll("'", "%27"));
}

/**
 * What is wrong with a method name: Dapr folds empty and dotted segments, which would reach another method, and fails
 * on a `%` or `#` in the path.
 */
export function methodNameProblem(methodName: string): string | undefined {
  if (plain.test(methodName)) return undefined;
  if (!methodName.isWellFormed()) return "must be well-formed text";
  const end = methodName.indexOf("?");
  const path = (end === -1 ? methodName : methodName.slice(0, end)).replace(/^\//, "");
  if (path === "") return "the path is empty";
  if (/[%#]/.test(path)) return `the path holds "${/[%#]/.exec(path)![0]}", which Dapr does not pass on`;
  for (const segment of path.split("/")) {
    if (segment === "") return "the path has an empty segment";
    if (segment === "." || segment === "..") return `the path has a segment "${segment}"`;
  }
  return undefined;
}

/** Path and query, as they are sent, of a method name that {@link methodNameProblem} has nothing against. */
export function methodPath(methodName: string): { readonly path: string; readonly query: string | undefined } {
  if (plain.test(methodName)) return { path: methodName, query: undefined };
  const end = methodName.indexOf("?");
  const path = (end === -1 ? methodName : methodName.slice(0, end)).replace(/^\//, "");
  const query = end === -1 ? undefined : rawQuery(methodName.slice(end + 1));
  return { path: path.split("/").map(enc).join("/"), query };
}
