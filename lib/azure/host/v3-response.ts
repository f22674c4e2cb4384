import type { HttpResponse } from "../../model/invocation.js";

/** What the v3 model takes as the reply of an HTTP function. */
export interface V3Response {
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
}

/** The v3 model knows no `jsonBody`, so it becomes the text that it stands for. */
export function toV3Response(reply: unknown): V3Response {
  const { jsonBody, headers: given, ...response } = reply as HttpResponse;
  const headers = given === undefined ? undefined : toRecord(given);
  if (jsonBody === undefined) return { ...response, ...(headers !== undefined && { headers }) };
  const hasType = Object.keys(headers ?? {}).some((name) => name.toLowerCase() === "content-type");
  return {
    ...response,
    headers: hasType ? headers : { ...headers, "content-type": "application/json" },
    body: JSON.stringify(jsonBody),
  };
}

/** The v3 model reads headers member by member; a `Headers` object, which the v4 model takes too, has none. */
function toRecord(headers: object): Record<string, string> {
  return Symbol.iterator in headers
    ? Object.fromEntries(headers as Iterable<[string, string]>)
    : (headers as Record<string, string>);
}
