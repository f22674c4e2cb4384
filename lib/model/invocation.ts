import { InvocationError } from "./errors.js";

/**
 * What surrounds one call of a function. Names follow `@azure/functions`.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-reference-node#invocation-context
 */
export interface InvocationContext {
  /** New for each delivery; in logs and failures it names the invocation. */
  readonly invocationId: string;
  /** Name of the function. */
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
  /** Writes a line at the level `info`. */
  log(...args: unknown[]): void;
  /** Writes a line. */
  info(...args: unknown[]): void;
  /** Writes a warning. */
  warn(...args: unknown[]): void;
  /** Writes an error. */
  error(...args: unknown[]): void;
  /** Writes what helps to find a fault. */
  debug(...args: unknown[]): void;
}

/** The request that triggered an invocation; the payload is not part of it. */
export interface InvocationRequest {
  /** In upper case. */
  readonly method: string;
  /** As the caller wrote it, without the query: `/orders/41`. */
  readonly path: string;
  /** The query of the URL. */
  readonly query: URLSearchParams;
  /** What the path has for the `{x}` of the route. */
  readonly params: Readonly<Record<string, string>>;
  /** Headers of the request. */
  readonly headers: Headers;
}

/** W3C trace context, as `@azure/functions` shapes it. */
export interface TraceContext {
  /** W3C `traceparent`. */
  readonly traceParent?: string | undefined;
  /** W3C `tracestate`. */
  readonly traceState?: string | undefined;
  /** Baggage and the like. */
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
  /** Writes a line. */
  info?(...args: unknown[]): unknown;
  /** Writes a warning. */
  warn?(...args: unknown[]): unknown;
  /** Writes an error. */
  error?(...args: unknown[]): unknown;
  /** Writes what helps to find a fault. */
  debug?(...args: unknown[]): unknown;
  /** Used for a level whose own function is missing. */
  log?(...args: unknown[]): unknown;
  /** A log whose lines carry these fields as well. */
  child?(...args: unknown[]): unknown;
}

/** On a logger whose child takes what was logged as it came, in order, as the console does. */
export const takesArguments = Symbol("takes arguments");

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
  /** Unique among the events of its source. */
  readonly id: string;
  /** Who published it. */
  readonly source: string;
  /** What kind of event it is: `com.dapr.event.sent` unless its publisher says otherwise. */
  readonly type: string;
  /** Version of the CloudEvents specification: `1.0`. */
  readonly specversion: string;
  /** Content type of `data`. */
  readonly datacontenttype?: string | undefined;
  /** What of the source it is about. */
  readonly subject?: string | undefined;
  /** When it was published, as RFC 3339 writes it. */
  readonly time?: string | undefined;
  /** The topic on which it was published. */
  readonly topic: string;
  /** Name of the pubsub component that delivered it. */
  readonly pubsubname: string;
  /** W3C trace context of its publisher. */
  readonly traceparent?: string | undefined;
  /** W3C trace state of its publisher. */
  readonly tracestate?: string | undefined;
  /** What was published. */
  readonly data: T;
  readonly [extension: string]: unknown;
}

/** An HTTP request, as `@azure/functions` shapes it. Bodies may be read any number of times. */
export interface HttpRequest<T = unknown> {
  /** The verb, in upper case. */
  readonly method: string;
  /** The absolute URL. */
  readonly url: string;
  /** Headers of the request. */
  readonly headers: Headers;
  /** The query of the URL. */
  readonly query: URLSearchParams;
  /** What the segments of the route hold, by name. */
  readonly params: Record<string, string>;
  /** The body as JSON, or as the instance that the function's `payload` type made of it. Rejects malformed JSON. */
  json(): Promise<T>;
  /** The body as text. */
  text(): Promise<string>;
  /** The body as bytes. */
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
  /** A record of text or lists of text, or `Headers`. */
  readonly headers?: ReplyHeaders | undefined;
  /** Text, bytes or a stream of bytes; the Functions host gathers a stream before it answers. */
  readonly body?: string | Uint8Array | ArrayBuffer | ReadableStream<Uint8Array> | undefined;
  /** Sent as JSON, with `application/json`; `null` is sent as `null`. */
  readonly jsonBody?: unknown;
  /** Each becomes a `set-cookie` header. */
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
  /** Its name. */
  readonly name: string;
  /** Its value, which is encoded. */
  readonly value: string;
  /** Hosts that get it back. */
  readonly domain?: string | undefined;
  /** Paths below which it is sent back. */
  readonly path?: string | undefined;
  /** A date, or milliseconds since 1970. */
  readonly expires?: Date | number | undefined;
  /** Sent back over https only. */
  readonly secure?: boolean | undefined;
  /** Kept from scripts. */
  readonly httpOnly?: boolean | undefined;
  /** Whether requests of other sites carry it. */
  readonly sameSite?: "Strict" | "Lax" | "None" | undefined;
  /** Seconds. */
  readonly maxAge?: number | undefined;
}

/** A stored value and the etag with which to change it. */
export interface StateRecord<T = unknown> {
  /** The key in its store. */
  readonly key: string;
  /** What is stored; `undefined` where the key does not exist. */
  readonly value: T | undefined;
  /** The version that was read; `undefined` where the key does not exist. */
  readonly etag: string | undefined;
  /** When the store removes the key, as RFC 3339 text; absent where it does not, or does not say. */
  readonly ttlExpireTime?: string | undefined;
}

/** What a {@link Reply} is made of; a status of 200 unless given. */
export interface ReplyInit {
  /** 200 unless given. */
  readonly status?: number | undefined;
  /** Headers of the answer. */
  readonly headers?: ReplyHeaders | undefined;
  /** JSON unless it is text or bytes. */
  readonly body?: unknown;
}

const replyMembers: ReadonlySet<string> = new Set<keyof ReplyInit>(["status", "headers", "body"]);

const brand = Symbol.for("dapr-functions/reply");

/**
 * A reply with a status of its own: the only thing a function of a Dapr trigger can return that sets status or headers.
 * An object that merely looks like one is data.
 */
export class Reply {
  /** 200 unless given. */
  readonly status: number | undefined;
  /** Headers of the answer. */
  readonly headers: ReplyHeaders | undefined;
  /** JSON unless it is text or bytes. */
  readonly body: unknown;

  /** @throws InvocationError `ERR_REPLY_INVALID` for another member, as `statusCode` or `json`: it would be dropped */
  constructor(init: ReplyInit = {}) {
    const given = init as Readonly<Record<string, unknown>>;
    const unknown = Object.keys(init).find((name) => !replyMembers.has(name) && given[name] !== undefined);
    if (unknown !== undefined) {
      const members = [...replyMembers].join(", ");
      throw new InvocationError(
        "ERR_REPLY_INVALID",
        `a Reply has no member ${JSON.stringify(unknown)}; it has ${members}`,
      );
    }
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
