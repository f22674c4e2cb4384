import type { CloudEvent, HttpRequest, Reply } from "./invocation.js";
import type { Received, Sent } from "./json-types.js";

/** What a call takes beside its payload. */
export interface AppCallOptions {
  /** Sent with the request. Those that the connection or Dapr decides are refused. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Ends the call; the invocation's own signal does so in any case. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for this call; what is left of the invocation's time bounds it in any case. */
  readonly timeout?: number | undefined;
}

/** What {@link AppCaller.call} takes beside the method's name and the payload. */
export interface AppRequestOptions extends AppCallOptions {
  /** GET HEAD POST PUT DELETE PATCH OPTIONS or TRACE in any case; POST unless given. */
  readonly httpVerb?: string | undefined;
  /** Added to the query of the method's name. */
  readonly query?: URLSearchParams | Readonly<Record<string, string>> | undefined;
  /** Of the payload: JSON unless given, `application/octet-stream` for bytes. */
  readonly contentType?: string | undefined;
}

/** What another application answered. */
export interface AppReply<T = unknown> {
  /** The HTTP status, which is 2xx, or 404 of an input with `record: true`. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as its content type says: JSON parsed, text, bytes; `undefined` where there is none. */
  readonly value: T;
  /** The body as it arrived. */
  readonly bytes: Uint8Array;
}

/** The methods of an {@link AppClient} that every callee has. */
export interface AppCaller {
  /**
   * Calls any method of the application, with any verb.
   *
   * @param methodName path below the app's root
   * @param payload sent as JSON unless it is bytes, or text of another `contentType`; nothing is sent where left out
   * @throws SidecarError when the answer's status is not 2xx, or there is none
   */
  call(methodName: string, payload?: unknown, options?: AppRequestOptions): Promise<AppReply>;
}

type IsAny<T> = 0 extends 1 & T ? true : false;

/** Parameters and return type of each signature of a method; of more than four the last four. */
export type Signatures<F> = F extends {
  (...args: infer A1): infer R1;
  (...args: infer A2): infer R2;
  (...args: infer A3): infer R3;
  (...args: infer A4): infer R4;
}
  ? [A1, R1] | [A2, R2] | [A3, R3] | [A4, R4]
  : never;

/** True for a first parameter that only a topic or an HTTP trigger fills. */
type IsTriggers<P> =
  IsAny<P> extends true
    ? false
    : [Exclude<P, undefined | null>] extends [never]
      ? false
      : [Exclude<P, undefined | null>] extends [CloudEvent<unknown> | HttpRequest<unknown>]
        ? true
        : false;

/** What a program asks any object for, which a client cannot have as methods of the callee: `call` reaches those. */
type Taken = keyof AppCaller | keyof typeof Object.prototype | "then" | "catch" | "finally" | "toJSON" | "prototype";

/** The names of a class' methods that a payload reaches: not those that take an event or a request. */
type CalleeName<C> = Exclude<
  {
    [K in keyof C]-?: C[K] extends (...args: infer A) => unknown ? (IsTriggers<A[0]> extends true ? never : K) : never;
  }[keyof C] &
    string,
  Taken
>;

/** What a method's reply is to whoever called it. A `Reply` says nothing of its body. */
type Answer<R> =
  Awaited<R> extends infer V ? (IsAny<V> extends true ? V : V extends Reply ? unknown : Received<V>) : never;

type Call<A extends readonly unknown[], R> = A extends readonly []
  ? (payload?: undefined, options?: AppCallOptions) => Promise<Answer<R>>
  : undefined extends A[0]
    ? (payload?: Sent<A[0]>, options?: AppCallOptions) => Promise<Answer<R>>
    : (payload: Sent<A[0]>, options?: AppCallOptions) => Promise<Answer<R>>;

/** One call for each signature. */
type Calls<S> = (S extends [infer A extends readonly unknown[], infer R] ? (call: Call<A, R>) => void : never) extends (
  call: infer I,
) => void
  ? I
  : never;

/**
 * Another application, by its class: each of its methods that service invocation may call, taking the payload and
 * resolving with what JSON leaves of the reply (a `Date` is text, `undefined` members are gone, bytes stay bytes), and
 * `call` for everything else. Types only: the class is imported with `import type`.
 *
 * A call fails with a `SidecarError` that has the callee's `status`, `errorCode`, `headers`, `body` and `value`.
 */
export type AppClient<C> = AppCaller & { readonly [K in CalleeName<C>]: Calls<Signatures<C[K]>> };
