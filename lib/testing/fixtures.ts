import { randomUUID } from "node:crypto";
import { types } from "node:util";
import { stringify } from "../collectors/json-value.js";
import { TriggerRequest } from "../invocation/requests.js";
import { throwErrors } from "../metadata/functions.js";
import { optionProblems, type OptionKind } from "../model/app-options.js";
import type { CloudEvent, HttpRequest, InvocationContext } from "../model/invocation.js";
import { kindOf } from "../model/values.js";

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
    datacontenttype: isBytes(data) ? "application/octet-stream" : "application/json",
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
  /** Text and bytes are the body as they are; anything else is sent as JSON, and refused where that would lose something. */
  readonly body?: unknown;
}

const requestMembers: Readonly<Record<keyof HttpRequestInit, OptionKind>> = {
  method: "any",
  url: "any",
  headers: "any",
  query: "any",
  params: "any",
  body: "any",
};

/**
 * A request as a function of an HTTP trigger gets it.
 *
 * @throws DefinitionError `option-unknown` for a member that there is not, which would be dropped
 * @throws TypeError for a body that JSON cannot hold, such as a FormData
 */
export function httpRequest<T = unknown>(init: HttpRequestInit = {}): HttpRequest<T> {
  throwErrors(optionProblems(init, requestMembers, "error"));
  const { body } = init;
  const headers = new Headers(init.headers);
  const isRaw = body === undefined || typeof body === "string" || isBytes(body);
  if (!isRaw && !headers.has("content-type")) headers.set("content-type", "application/json");
  const bytes = bytesIn(isRaw ? (body ?? "") : jsonOf(body));
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

function isBytes(value: unknown): value is ArrayBufferView | ArrayBufferLike {
  return ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value);
}

/** A copy, which later changes do not reach. */
function bytesIn(body: string | ArrayBufferView | ArrayBufferLike): Uint8Array {
  if (typeof body === "string") return new TextEncoder().encode(body);
  const bytes = ArrayBuffer.isView(body)
    ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
    : new Uint8Array(body);
  return bytes.slice();
}

function jsonOf(body: unknown): string {
  let json: string | undefined;
  try {
    json = stringify(body);
  } catch (cause) {
    throw new TypeError(`httpRequest(): the body cannot be sent: ${(cause as Error).message}`, { cause });
  }
  if (json !== undefined) return json;
  throw new TypeError(`httpRequest(): the body cannot be sent: it is ${kindOf(body)}, which JSON does not know`);
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
