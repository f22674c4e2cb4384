import type { HttpRequest } from "../../model/invocation.js";
import { TriggerRequest } from "../../invocation/requests.js";

/** What is used of the v3 model's request. */
export interface V3HttpRequest {
  readonly method?: string | null | undefined;
  readonly url?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly params?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
  readonly rawBody?: unknown;
  readonly bufferBody?: Uint8Array | undefined;
}

/** What is used of the v4 model's request. */
export type V4HttpRequest = Pick<HttpRequest, "method" | "url" | "headers" | "query" | "params" | "arrayBuffer">;

/** Wraps the request of the v4 model, whose own body can be read once only. */
export function fromV4Request(request: V4HttpRequest): HttpRequest {
  const { method, url, headers, params } = request;
  const parts = { method, url, headers, params, query: queryOf(url, request.query) };
  return new TriggerRequest(parts, async () => new Uint8Array(await request.arrayBuffer()));
}

/** Wraps the request of the v3 model. */
export function fromV3Request(request: V3HttpRequest): HttpRequest {
  const { url = "" } = request;
  const parts = {
    method: request.method ?? "GET",
    url,
    headers: headersOf(request.headers ?? {}),
    query: queryOf(url, new URLSearchParams(request.query ?? {})),
    params: { ...request.params },
  };
  return new TriggerRequest(parts, () => bytesOf(request));
}

/** What is more than latin1 the host has read as UTF-8: its bytes are what came, and what every other host shows. */
function headersOf(given: Readonly<Record<string, string>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    headers.append(name, /[^\0-\xff]/.test(value) ? Buffer.from(value).toString("latin1") : value);
  }
  return headers;
}

/** As it was requested: what the host makes of it is one text a name, several joined by commas, and may lack empty ones. */
function queryOf(url: string, given: URLSearchParams): URLSearchParams {
  const mark = url.indexOf("?");
  return mark === -1 ? given : new URLSearchParams(url.slice(mark).split("#", 1)[0]);
}

/** Bytes where the worker kept them, then the text as it came; what is left was parsed by the worker. */
function bytesOf({ bufferBody, rawBody, body }: V3HttpRequest): Uint8Array {
  if (bufferBody !== undefined && bufferBody !== null) return bufferBody;
  const content = rawBody ?? body;
  if (content === undefined || content === null) return new Uint8Array();
  if (content instanceof Uint8Array) return content;
  return new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content));
}
