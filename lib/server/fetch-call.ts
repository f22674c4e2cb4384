import type { IncomingRequest } from "../invocation/observer.js";
import type { EndpointCall } from "./endpoint.js";
import type { Unread } from "./node-body.js";
import { isStream, pieceOf, type WireReply } from "../invocation/reply.js";

/** A request of a host that speaks the web's own `Request` and `Response`. */
export class FetchCall implements EndpointCall {
  readonly #request: Request;
  readonly #url: URL;

  constructor(
    request: Request,
    url: URL,
    readonly body: Buffer,
    readonly params: Record<string, string>,
  ) {
    this.#request = request;
    this.#url = url;
  }

  get method(): string {
    return this.#request.method;
  }

  get url(): string {
    return this.#request.url;
  }

  get path(): string {
    return this.#url.pathname;
  }

  get hasData(): boolean {
    return this.#url.search !== "" || Object.keys(this.params).length > 0;
  }

  get query(): URLSearchParams {
    return this.#url.searchParams;
  }

  get headers(): Headers {
    return this.#request.headers;
  }

  get incoming(): IncomingRequest {
    const { method, body } = this;
    const { pathname, search } = this.#url;
    return { method, target: pathname + search, rawHeaders: [...this.headers].flat(), body };
  }

  onGone(listener: () => void): () => void {
    const { signal } = this.#request;
    if (signal.aborted) listener();
    else signal.addEventListener("abort", listener, { once: true });
    return () => signal.removeEventListener("abort", listener);
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined;
  }
}

/** Reads a body to its end, or to the limit in bytes. */
export async function readFetchBody(request: Request, limit: number): Promise<Buffer | Unread> {
  if (Number(request.headers.get("content-length") ?? 0) > limit) return "too-large";
  if (request.body === null) return Buffer.alloc(0);
  // Somebody has read it, or is about to.
  if (request.bodyUsed || request.body.locked) {
    return request.headers.get("content-length") === "0" ? Buffer.alloc(0) : "gone";
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = (request.body as ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return Buffer.concat(chunks, length);
      length += value.byteLength;
      if (length > limit) {
        void reader.cancel().catch(() => {});
        return "too-large";
      }
      chunks.push(value);
    }
  } catch {
    return "aborted";
  }
}

export function toResponse({ status, headers, body }: WireReply): Response {
  const given = new Headers();
  for (const [name, value] of headers) given.append(name, value);
  return new Response((body as string | Uint8Array<ArrayBuffer> | ReadableStream | undefined) ?? null, {
    status,
    headers: given,
  });
}

/** What answers HEAD where GET would be answered so: the length of the body, and no body. */
export function toHeadResponse({ status, headers, body }: WireReply): Response {
  if (isStream(body)) void body.cancel().catch(() => {});
  const isUnsized = isStream(body) || status === 204 || status === 304;
  const length: WireReply["headers"] = isUnsized
    ? []
    : [["content-length", String(body === undefined ? 0 : Buffer.byteLength(body))]];
  return toResponse({ status, headers: [...headers, ...length], body: undefined });
}

/** The same stream, which says once that it has been read to its end, failed, or was given up by its reader. */
export function endingWith(stream: ReadableStream<Uint8Array>, ended: () => void): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  let isOver = false;
  const end = (): void => {
    if (!isOver) ended();
    isOver = true;
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(pieceOf(value));
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      end();
    },
    async cancel(reason) {
      // What is being pulled ends with it.
      end();
      await reader.cancel(reason);
    },
  });
}
