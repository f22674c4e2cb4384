import { PayloadError } from "../../model/errors.js";
import type { HttpRequest } from "../../model/invocation.js";

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

interface RequestParts extends Pick<HttpRequest, "method" | "url" | "headers" | "query" | "params"> {
  /** Called once, at the first use of the body. */
  readonly readBody: () => Promise<ArrayBuffer>;
}

/** The HTTP request that a function gets in either model; its body may be read any number of times. */
class FunctionsHttpRequest implements HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly query: URLSearchParams;
  readonly params: Record<string, string>;
  readonly #readBody: () => Promise<ArrayBuffer>;
  #body: Promise<ArrayBuffer> | undefined;

  constructor(parts: RequestParts) {
    this.method = parts.method;
    this.url = parts.url;
    this.headers = parts.headers;
    this.query = parts.query;
    this.params = parts.params;
    this.#readBody = parts.readBody;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.#bytes()).slice(0);
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.#bytes());
  }

  async json(): Promise<unknown> {
    const text = await this.text();
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      const message = `the body of ${this.method} ${this.url} is not JSON; send JSON, or read it with text()`;
      throw new PayloadError("ERR_MALFORMED_REQUEST", message, { cause });
    }
  }

  #bytes(): Promise<ArrayBuffer> {
    return (this.#body ??= this.#readBody());
  }
}

/** Wraps the request of the v4 model, whose own body can be read once only. */
export function fromV4Request(request: V4HttpRequest): HttpRequest {
  const { method, url, headers, query, params } = request;
  return new FunctionsHttpRequest({ method, url, headers, query, params, readBody: () => request.arrayBuffer() });
}

/** Wraps the request of the v3 model. */
export function fromV3Request(request: V3HttpRequest): HttpRequest {
  return new FunctionsHttpRequest({
    method: request.method ?? "GET",
    url: request.url ?? "",
    headers: new Headers(request.headers ?? {}),
    query: new URLSearchParams(request.query ?? {}),
    params: { ...request.params },
    // eslint-disable-next-line typescript/require-await -- an error in here rejects as a failed read does
    readBody: async () => bytesOf(request),
  });
}

/** Bytes where the worker kept them, then the text as it came; what is left was parsed by the worker. */
function bytesOf({ bufferBody, rawBody, body }: V3HttpRequest): ArrayBuffer {
  if (bufferBody !== undefined && bufferBody !== null) return copyOf(bufferBody);
  const content = rawBody ?? body;
  if (content === undefined || content === null) return new ArrayBuffer(0);
  if (content instanceof Uint8Array) return copyOf(content);
  return copyOf(new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content)));
}

function copyOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
