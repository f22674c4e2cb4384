import type { HttpResponse } from "../model/invocation.js";

/** What the v3 model takes as the reply of an HTTP function. */
export interface V3Response {
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
}

/** The v3 model knows no `jsonBody`, so it becomes the text that it stands for. */
export function toV3Response(reply: unknown): V3Response {
  const { jsonBody, ...response } = reply as HttpResponse;
  if (jsonBody === undefined) return response;
  const headers = response.headers ?? {};
  const hasType = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  return {
    ...response,
    headers: hasType ? headers : { ...headers, "content-type": "application/json" },
    body: JSON.stringify(jsonBody),
  };
}
