import { randomUUID } from "node:crypto";
import { TriggerRequest } from "../invocation/requests.js";
import type { CloudEvent, HttpRequest, InvocationContext } from "../model/invocation.js";

/**
 * An event of a topic as a sidecar delivers it, with an id of its own.
 *
 * @param attributes replace or extend what is there: `{ id: "e-1", topic: "orders" }`
 */
export function cloudEvent<T>(data: T, attributes: Partial<CloudEvent<T>> = {}): CloudEvent<T> {
  return {
    id: randomUUID(),
    source: "test",
    type: "com.dapr.event.sent",
    specversion: "1.0",
    datacontenttype: ArrayBuffer.isView(data) ? "application/octet-stream" : "application/json",
    time: new Date().toISOString(),
    topic: "topic",
    pubsubname: "pubsub",
    data,
    ...given(attributes),
  };
}

/** What {@link httpRequest} makes a request of. */
export interface HttpRequestInit {
  /** POST unless given when there is a body, else GET. */
  readonly method?: string | undefined;
  /** `http://localhost/` unless given; a path is one of localhost. */
  readonly url?: string | undefined;
  /** Headers of the request. */
  readonly headers?: Headers | Readonly<Record<string, string>> | undefined;
  /** Added to the query of the url. */
  readonly query?: URLSearchParams | Readonly<Record<string, string>> | undefined;
  /** What the segments of the route hold. */
  readonly params?: Readonly<Record<string, string>> | undefined;
  /** Text and bytes are the body as they are; anything else is sent as JSON. */
  readonly body?: unknown;
}

/** A request as a function of an HTTP trigger gets it. */
export function httpRequest<T = unknown>(init: HttpRequestInit = {}): HttpRequest<T> {
  const { body } = init;
  const headers = new Headers(init.headers);
  const isRaw = body === undefined || typeof body === "string" || ArrayBuffer.isView(body);
  if (!isRaw && !headers.has("content-type")) headers.set("content-type", "application/json");
  const bytes = bytesOf(isRaw ? (body ?? "") : JSON.stringify(body));
  const url = new URL(init.url ?? "/", "http://localhost");
  for (const [name, value] of new URLSearchParams(init.query)) url.searchParams.append(name, value);
  const parts = {
    method: (init.method ?? (body === undefined ? "GET" : "POST")).toUpperCase(),
    url: url.href,
    headers,
    query: new URLSearchParams(url.search),
    params: { ...init.params },
  };
  return new TriggerRequest(parts, () => bytes) as HttpRequest as HttpRequest<T>;
}

function bytesOf(body: string | ArrayBufferView): Uint8Array {
  if (typeof body === "string") return new TextEncoder().encode(body);
  return new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
}

/** What surrounds a call. Warnings and errors go to the console, so that a test that causes some shows them. */
export function invocationContext(partial: Partial<InvocationContext> = {}): InvocationContext {
  return {
    invocationId: randomUUID(),
    functionName: "test",
    triggerMetadata: {},
    signal: new AbortController().signal,
    stopping: new AbortController().signal,
    attempt: 1,
    log: silent,
    info: silent,
    warn: (...args) => console.warn(...args),
    error: (...args) => console.error(...args),
    debug: silent,
    ...given(partial),
  };
}

function silent(): void {
  // A test that looks at log lines gives a function of its own.
}

/** What a partial says; an `undefined` in it says nothing. */
function given<T extends object>(partial: Partial<T>): Partial<T> {
  return Object.fromEntries(Object.entries(partial).filter(([, value]) => value !== undefined)) as Partial<T>;
}
