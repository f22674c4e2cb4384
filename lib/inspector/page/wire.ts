/*
 * What the inspector tells its page: all of it is JSON. Types only, for both sides.
 */

/** One invocation as the inspector shows it and as `run` prints it. All of it is JSON. */
export interface InvocationRecord {
  /** Of the invocation, as in logs. */
  readonly id: string;
  readonly appId: string;
  readonly functionName: string;
  readonly trigger: TriggerText;
  /** Milliseconds since 1970. */
  readonly begun: number;
  /** Milliseconds; absent while it runs. */
  readonly ms?: number | undefined;
  /** 1, 2, …: an event that comes again, or a re-run. */
  readonly attempt: number;
  /** As it was read, before it was checked; absent when it could not be read, and for HTTP functions, which get the request. */
  readonly payload?: Preview | undefined;
  /** What triggered it, as it came. */
  readonly request?: RequestRecord | undefined;
  readonly reads: readonly StepRecord[];
  readonly items: readonly ItemRecord[];
  readonly requests: readonly StepRecord[];
  readonly reply?: Preview | undefined;
  readonly failure?: FailureRecord | undefined;
  readonly log: readonly string[];
}

export interface TriggerText {
  readonly type: "invoke" | "topic" | "binding" | "http";
  /** `POST /orders/41?fast=1`, `bus/orders`, `tick`. */
  readonly where: string;
}

/** A request of a caller or of the sidecar, as far as it is made again from it. */
export interface RequestRecord {
  /** In upper case. */
  readonly method: string;
  /** Path and query, escapes included. */
  readonly path: string;
  /** By names in lower case; without those of the connection and of the trace. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names of headers that are not kept, since they look like credentials; `?code` of the query. */
  readonly leftOut: readonly string[];
  /** Of one event of a bulk request: JSON with that one among its `entries`. */
  readonly body: RequestBody;
}

/** Text, or bytes that are no UTF-8 as base64. */
export interface RequestBody extends Preview {
  readonly isBase64: boolean;
}

/** An input read, an output sent, or a call of a client. */
export interface StepRecord {
  /** Of the binding: `order`. */
  readonly name: string;
  /** `state orders-state`, `publish bus/orders`, `invoke inventory/reserve`; of a client of the sidecar `getState orders-state`. */
  readonly what: string;
  readonly ms: number;
  /** What was read, or the messages that were sent. */
  readonly value?: Preview | undefined;
  /** Messages sent; absent for reads. */
  readonly count?: number | undefined;
  readonly error?: string | undefined;
}

export interface ItemRecord {
  /** Of the output or the state entry. */
  readonly name: string;
  /** `set` of a state entry. */
  readonly verb: "add" | "set" | "remove";
  readonly value: Preview;
}

export interface FailureRecord {
  readonly errorCode: string;
  readonly message: string;
  /** What the causes of the error say. */
  readonly cause?: string | undefined;
  /** `src/orders.ts:12:5`: where the user's own code threw. */
  readonly place?: string | undefined;
}

/** A value as JSON text, cut where it is large. */
export interface Preview {
  readonly text: string;
  readonly isCut: boolean;
}

/** A test of an invocation, or why none is made. */
export type MadeTest = { readonly test: string } | { readonly obstacle: string };

/** An event that was published. */
export interface PublishedEvent {
  readonly at: number;
  readonly pubsub: string;
  readonly topic: string;
  readonly data: Preview;
}

/** One function, for the list and the map. */
export interface DescribedFunction {
  readonly appId: string;
  readonly name: string;
  /** The class and its method, and the module where it is known, for a test. */
  readonly className: string;
  readonly methodName: string;
  readonly module?: string | undefined;
  readonly trigger: string;
  readonly reads: readonly string[];
  readonly sends: readonly string[];
}

/** What the page is told, as it happens. */
export type Change =
  | { readonly type: "invocation"; readonly record: InvocationRecord }
  | { readonly type: "event"; readonly event: PublishedEvent }
  | { readonly type: "functions"; readonly functions: readonly DescribedFunction[] }
  /** All that is wrong with the code of the apps, in the place of what was said before; empty when nothing is. */
  | { readonly type: "notice"; readonly text: string };

/** What the page asks for beside the stream. */
export interface Overview {
  readonly apps: readonly OverviewApp[];
}

export interface OverviewApp {
  readonly appId: string;
  readonly url: string;
  readonly appPort?: number | undefined;
  /** False: keys are found by asking for them only. */
  readonly listsKeys: boolean;
  readonly stores: readonly string[];
  readonly pubsubs: readonly string[];
  readonly subscriptions: readonly {
    readonly pubsubName: string;
    readonly topic: string;
    readonly deadLetterTopic: string;
    readonly rules: readonly { readonly match: string; readonly path: string }[];
  }[];
  readonly outputs: readonly { readonly name: string; readonly operations: readonly string[] }[];
  readonly inputs: readonly string[];
  readonly secrets: readonly { readonly name: string; readonly keys: readonly string[] }[];
}

export interface StateItem {
  readonly key: string;
  /** JSON text. */
  readonly value: string;
  readonly etag: string;
}

/** A request to a sidecar, made for the page. */
export interface Call {
  readonly appId: string;
  readonly method: string;
  /** `/v1.0/state/…` */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  /** Its body is bytes. */
  readonly isBase64?: boolean | undefined;
}

export interface CallReply {
  readonly status: number;
  readonly body: string;
}
