import { isUtf8 } from "node:buffer";
import type { IncomingRequest } from "../invocation/observer.js";
import { credentialNames } from "../record/secrets.js";
import type { RequestBody, RequestRecord } from "./page/wire.js";
import { previewOf } from "./records.js";

/** Bytes of a body that are kept. */
const maxBody = 16 * 1024;

/** Headers of one connection, of one trace and of what a sidecar or a client sets by itself whenever it sends. */
const notKept: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "dapr-api-token",
  "dapr-app-id",
  "dapr-callee-app-id",
  "dapr-caller-app-id",
  "dapr-caller-namespace",
  "expect",
  "grpc-trace-bin",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "sec-fetch-dest",
  "sec-fetch-mode",
  "sec-fetch-site",
  "sec-fetch-user",
  "te",
  "traceparent",
  "tracestate",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * What a record keeps of a request: enough to send it again, and of credentials the names.
 *
 * @param of.isHttp its query may hold `code`, the key with which Azure's callers prove themselves
 * @param of.isInflated its body is no longer what its content-encoding says
 */
export function requestRecordOf(
  { method, target, rawHeaders, body, entry }: IncomingRequest,
  { isHttp, isInflated }: { readonly isHttp: boolean; readonly isInflated: boolean },
): RequestRecord {
  const headers: Record<string, string> = {};
  const leftOut: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    if (notKept.has(name) || name.startsWith(":") || (isInflated && name === "content-encoding")) continue;
    // With an origin a sidecar takes the request for that of a web page, and refuses it.
    if (name === "origin" || credentialNames.test(name)) {
      if (!leftOut.includes(name)) leftOut.push(name);
    } else {
      const value = rawHeaders[index + 1]!;
      headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
    }
  }
  const path = isHttp ? withoutCode(target, leftOut) : target;
  return { method, path, headers, leftOut, body: entry === undefined ? bodyOf(body) : entryOf(entry, body) };
}

/** Pairs stay as they are written. */
function withoutCode(target: string, leftOut: string[]): string {
  const [path = "", query] = target.split(/\?(.*)/s);
  if (query === undefined || !/code/i.test(query)) return target;
  const pairs = query.split("&");
  const others = pairs.filter((pair) => pair.split("=")[0]!.toLowerCase() !== "code");
  if (others.length === pairs.length) return target;
  leftOut.push("?code");
  return others.length === 0 ? path : `${path}?${others.join("&")}`;
}

function entryOf(entry: unknown, { length }: Buffer): RequestBody {
  const one = { entries: [entry] };
  // Whole where all of them are no more than is kept of one.
  const kept = length <= maxBody ? { text: JSON.stringify(one), isCut: false } : previewOf(one);
  return { ...kept, isBase64: false };
}

function bodyOf(body: Buffer): RequestBody {
  const isCut = body.length > maxBody;
  // Where it is cut, a character of up to four bytes may be.
  for (let lost = 0; lost < (isCut ? 4 : 1); lost++) {
    const kept = isCut ? body.subarray(0, maxBody - lost) : body;
    if (isUtf8(kept)) return { text: kept.toString("utf8"), isCut, isBase64: false };
  }
  return { text: body.subarray(0, maxBody).toString("base64"), isCut, isBase64: true };
}
