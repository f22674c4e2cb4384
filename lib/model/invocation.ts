/**
 * What surrounds one call of a function. Names follow `@azure/functions`.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-reference-node#invocation-context
 */
export interface InvocationContext {
  readonly invocationId: string;
  readonly functionName: string;
  /** The trigger's headers in lower case (standalone) or what the Functions host says of the trigger. */
  readonly triggerMetadata: Readonly<Record<string, unknown>>;
  /** The request of a service invocation or an HTTP function; undefined for other triggers, and where a host hides it. */
  readonly request?: InvocationRequest | undefined;
  /**
   * Aborted when nobody waits for the answer of this invocation any more: the caller or the sidecar has gone, its time limit
   * is reached, or the app stops and the time is over that it had to finish. `signal.reason` is an error whose code says which:
   * `ERR_CALLER_GONE`, `ERR_INVOCATION_TIMEOUT`, `ERR_APP_STOPPED`. Never under the Functions host, which does not tell.
   */
  readonly signal: AbortSignal;
  /** Aborted as soon as the app is told to stop, for loops that had better end early. Never under the Functions host. */
  readonly stopping: AbortSignal;
  /** 1, and more where the method runs again since another has changed its state entries. */
  readonly attempt: number;
  /** W3C trace context of the trigger, handed on to every input and output. */
  readonly traceContext?: TraceContext | undefined;
  log(...args: unknown[]): void;
  info(...args: unknown[]): void;
  warn(...args: unknown[]): void;
  error(...args: unknown[]): void;
  debug(...args: unknown[]): void;
}

/** The request that triggered an invocation; the payload is not part of it. */
export interface InvocationRequest {
  /** In upper case. */
  readonly method: string;
  /** As the caller wrote it, without the query: `/orders/41`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** What the path has for the `{x}` of the route. */
  readonly params: Readonly<Record<string, string>>;
  readonly headers: Headers;
}

/** W3C trace context, as `@azure/functions` shapes it. */
export interface TraceContext {
  readonly traceParent?: string | undefined;
  readonly traceState?: string | undefined;
  readonly attributes?: Record<string, string> | undefined;
}

/** What a function logs with. `log` is `info`. */
export type Log = Pick<Console, "log" | "info" | "warn" | "error" | "debug">;

/** What a line of the log says beside its text: `function`, `invocationId`, `traceId`, `attempt`. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Where log lines go: the console, pino, bunyan, winston, or anything with these functions. One with a `child` gets the
 * lines of an invocation through a child of its own, which carries the invocation's fields.
 */
export interface LogPort {
  info?(...args: unknown[]): unknown;
  warn?(...args: unknown[]): unknown;
  error?(...args: unknown[]): unknown;
  debug?(...args: unknown[]): unknown;
  /** Used for a level whose own function is missing. */
  log?(...args: unknown[]): unknown;
  child?(...args: unknown[]): unknown;
}

/** The log of an app: never throws. */
export interface AppLog extends Log {
  /** A log whose lines carry these fields. */
  of(fields: LogFields): Log;
}

/**
 * An event of a topic, with the extensions that Dapr adds.
 *
 * @see https://docs.dapr.io/developing-applications/building-blocks/pubsub/pubsub-cloudevents/
 */
export interface CloudEvent<T = unknown> {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly specversion: string;
  readonly datacontenttype?: string | undefined;
  readonly subject?: string | undefined;
  readonly time?: string | undefined;
  readonly topic: string;
  readonly pubsubname: string;
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
  readonly data: T;
  readonly [extension: string]: unknown;
}

/** An HTTP request, as `@azure/functions` shapes it. Bodies may be read any number of times. */
export interface HttpRequest<T = unknown> {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly query: URLSearchParams;
  readonly params: Record<string, string>;
  /** The body as JSON, or as the instance that the function's `payload` type made of it. Rejects malformed JSON. */
  json(): Promise<T>;
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
  /** The fields and files of `multipart/form-data` or `application/x-www-form-urlencoded`. Rejects any other body. */
  formData(): Promise<FormData>;
  /** The bytes as a stream of their own at each use; null where there are none. */
  readonly body: ReadableStream<Uint8Array> | null;
}

/**
 * What an HTTP function answers. It has these members and no others: one that is misspelt would be lost.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-reference-node#http-response
 */
export interface HttpResponse {
  /** 200 to 599; 200 unless given. */
  readonly status?: number | undefined;
  readonly headers?: ReplyHeaders | undefined;
  /** Text, bytes or a stream of bytes; the Functions host gathers a stream before it answers. */
  readonly body?: string | Uint8Array | ArrayBuffer | ReadableStream<Uint8Array> | undefined;
  /** Sent as JSON, with `application/json`; `null` is sent as `null`. */
  readonly jsonBody?: unknown;
  readonly cookies?: readonly Cookie[] | undefined;
}

/** Headers by name, of which one may have several values (`set-cookie`), or `Headers`. */
export type ReplyHeaders = Readonly<Record<string, string | readonly string[] | undefined>> | Headers;

/**
 * A cookie to be set, as `@azure/functions` shapes it. Its value is sent in percent encoding.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6265
 */
export interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly domain?: string | undefined;
  readonly path?: string | undefined;
  /** A date, or milliseconds since 1970. */
  readonly expires?: Date | number | undefined;
  readonly secure?: boolean | undefined;
  readonly httpOnly?: boolean | undefined;
  readonly sameSite?: "Strict" | "Lax" | "None" | undefined;
  /** Seconds. */
  readonly maxAge?: number | undefined;
}

/** A stored value and the etag with which to change it. */
export interface StateRecord<T = unknown> {
  readonly key: string;
  readonly value: T | undefined;
  readonly etag: string | undefined;
  /** When the store removes the key, as RFC 3339 text; absent where it does not, or does not say. */
  readonly ttlExpireTime?: string | undefined;
}

/** What a {@link Reply} is made of; a status of 200 unless given. */
export interface ReplyInit {
  readonly status?: number | undefined;
  readonly headers?: ReplyHeaders | undefined;
  readonly body?: unknown;
}

const brand = Symbol.for("dapr-functions/reply");

/**
 * A reply with a status of its own: the only thing a function of a Dapr trigger can return that sets status or headers.
 * An object that merely looks like one is data.
 */
export class Reply {
  readonly status: number | undefined;
  readonly headers: ReplyHeaders | undefined;
  readonly body: unknown;

  constructor(init: ReplyInit) {
    this.status = init.status;
    this.headers = init.headers;
    this.body = init.body;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** True for a Reply of any loaded copy of this library. */
export function isReply(value: unknown): value is Reply {
  return typeof value === "object" && value !== null && Object.hasOwn(value, brand);
}
