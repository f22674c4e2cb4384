import type { Named } from "./names.js";
import type { Class, PayloadType } from "./payload-type.js";

/*
 * One interface per binding type. Keys are those of function.json, in the order in which function.json writes them;
 * keys that only the runtime knows (`payload`, `match`, `record` …) follow. What a decorator was not given is absent.
 */

/** How the Functions host hands a value over. */
export type DataType = "string" | "binary" | "stream";

interface NamedBinding {
  /** Names the binding within its function: a letter, then letters and digits. */
  readonly name: string;
  readonly generic?: undefined;
}

interface BindingBase extends NamedBinding {
  /** How the Functions host hands the payload or value over; standalone goes by the content type. */
  readonly dataType?: DataType | undefined;
}

interface SidecarAddressed {
  /** Absolute http(s) URL of the sidecar to use for this binding; may hold `%setting%`, never `{data}`. */
  readonly daprAddress?: string | undefined;
}

interface SidecarBindingBase extends BindingBase, SidecarAddressed {}

/** What only the sidecar serves: the Functions host has no binding of this kind. */
interface SidecarOnlyBase extends NamedBinding, SidecarAddressed {
  readonly dataType?: undefined;
}

/** A verb that HTTP functions may answer. */
export type HttpMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS" | "TRACE";

/** A method in either case, as decorators take it. */
export type HttpMethodOption = HttpMethod | Lowercase<HttpMethod>;

/** What bounds the invocations of a function. The Functions host has limits of its own. */
interface LimitedTrigger {
  /** Milliseconds from the arrival of a request to its answer; those of the app unless given. */
  readonly timeout?: number | undefined;
  /** How many invocations of this function run at once; the others wait. No limit but the app's unless given. */
  readonly concurrency?: number | undefined;
}

/** @see https://docs.dapr.io/reference/api/service_invocation_api/ */
export interface DaprServiceInvocationTrigger extends BindingBase, LimitedTrigger {
  readonly type: "daprServiceInvocationTrigger";
  readonly direction: "in";
  /** Name under which callers invoke the function, or a route template: `orders/{id}`; the function's name unless given. */
  readonly methodName?: string | undefined;
  /** Verbs it answers; POST unless given. The Functions host answers POST only. */
  readonly methods?: readonly HttpMethodOption[] | undefined;
  /** What the caller's JSON is checked against. */
  readonly payload?: PayloadType | undefined;
}

/** @see https://docs.dapr.io/reference/api/pubsub_api/ */
export interface DaprTopicTrigger extends BindingBase, LimitedTrigger {
  readonly type: "daprTopicTrigger";
  readonly direction: "in";
  /** Name of the pubsub component; may hold `%setting%`. */
  readonly pubSubName: Named<"pubSubName">;
  /** The function's name unless given. */
  readonly topic?: Named<"topic"> | undefined;
  /** Path on which the app receives the events; the topic unless given. */
  readonly route?: string | undefined;
  /** Topic that receives the events that could not be handled; the same for all functions of a topic. */
  readonly deadLetterTopic?: Named<"topic"> | undefined;
  /** A CEL expression over `event`: the function gets the events for which it is true. */
  readonly match?: string | undefined;
  /** Order of the rules of one topic, lower first. */
  readonly priority?: number | undefined;
  /** Receive several events in one request; the method still takes them one by one. */
  readonly bulk?: true | BulkSubscribe | undefined;
  /** Metadata of the subscription, as its pubsub component takes it: `{ rawPayload: "true" }`. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Describes the event's `data`. */
  readonly payload?: PayloadType | undefined;
}

/**
 * The limits of one request with several events.
 *
 * @see https://docs.dapr.io/developing-applications/building-blocks/pubsub/pubsub-bulk/
 */
export interface BulkSubscribe {
  /** How many events one request holds at most. */
  readonly maxMessagesCount?: number | undefined;
  /** Milliseconds that Dapr waits for a request to fill. */
  readonly maxAwaitDurationMs?: number | undefined;
  /** How many events of one request run side by side; 1 unless given, which keeps their order. */
  readonly concurrency?: number | undefined;
}

/** @see https://docs.dapr.io/reference/api/bindings_api/ */
export interface DaprBindingTrigger extends BindingBase, LimitedTrigger {
  readonly type: "daprBindingTrigger";
  readonly direction: "in";
  /** Name of the component; the function's name unless given. */
  readonly bindingName?: Named<"bindingName"> | undefined;
  /** What the component sends is checked against this. */
  readonly payload?: PayloadType | undefined;
}

/** @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger */
export interface HttpTrigger extends BindingBase, LimitedTrigger {
  readonly type: "httpTrigger";
  readonly direction: "in";
  /** Enforced by the Functions host only. */
  readonly authLevel?: "anonymous" | "function" | "admin" | undefined;
  /** All verbs unless given. */
  readonly methods?: readonly HttpMethodOption[] | undefined;
  /** Route below the app's `routePrefix`, `/api/` unless given, with `{name}`, `{name?}` and `{*name}` segments; the function's name unless given. */
  readonly route?: string | undefined;
  /** Describes the body. */
  readonly payload?: PayloadType | undefined;
}

/** @see https://docs.dapr.io/reference/api/state_api/ */
export interface DaprStateInput extends SidecarBindingBase {
  readonly type: "daprState";
  readonly direction: "in";
  /** Name of the state store component; may hold `%setting%` and `{data}`. */
  readonly stateStore: Named<"stateStore">;
  /** May hold `%setting%` and `{data}`; never `||`. Either this or `keys` is given. */
  readonly key?: string | undefined;
  /** One expression that finds a list of keys, all of which are read: `{ids}`. The value is a list of `StateRecord`. */
  readonly keys?: string | undefined;
  /** Fail the invocation when the key does not exist. */
  readonly required?: boolean | undefined;
  /** Deliver a `StateRecord` (key, value, etag) rather than the value. */
  readonly record?: boolean | undefined;
  /** Revives the stored value as an instance of this class. */
  readonly valueType?: PayloadType | undefined;
  /** Metadata of the request, as the store takes it; texts may hold `%setting%` and `{data}`. */
  readonly metadata?: MetadataOption | undefined;
  /** How fresh the value must be; the store's own choice unless given. */
  readonly consistency?: Consistency | undefined;
}

/** Metadata of a request: a map of names, or query text (`metadata.partitionKey=eu&…`). */
export type MetadataOption = string | Readonly<Record<string, string>>;

/**
 * How fresh a value that is read must be, or how safe one that is written.
 *
 * @see https://docs.dapr.io/developing-applications/building-blocks/state-management/state-management-overview/#consistency
 */
export type Consistency = "eventual" | "strong";

/**
 * One key of a state store that is read before the method and written after it, as one unit.
 *
 * @see https://docs.dapr.io/reference/api/state_api/
 */
export interface DaprStateEntryBinding extends SidecarOnlyBase {
  /** The type, which the Functions host does not have. */
  readonly type: "daprStateEntry";
  /** Which way its data goes. */
  readonly direction: "inout";
  /** Name of the state store component; may hold `%setting%` and `{data}`. */
  readonly stateStore: Named<"stateStore">;
  /** May hold `%setting%` and `{data}`; never `||`. */
  readonly key: string;
  /** Fail the invocation when the key does not exist. */
  readonly required?: boolean | undefined;
  /** What is read, and what is set, is checked against this. */
  readonly valueType?: PayloadType | undefined;
  /** Metadata of each request, as the store takes it; texts may hold `%setting%` and `{data}`. */
  readonly metadata?: MetadataOption | undefined;
  /** How fresh the value must be; the store's own choice unless given. */
  readonly consistency?: Consistency | undefined;
  /** What happens when the key changed between read and write: start over (unless given), or fail at once. */
  readonly onConflict?: "rerun" | "fail" | undefined;
  /** How often the method runs at most for one invocation: 1 to 100, 5 unless given. */
  readonly attempts?: number | undefined;
}

/** @see https://docs.dapr.io/reference/api/secrets_api/ */
export interface DaprSecret extends SidecarBindingBase {
  readonly type: "daprSecret";
  readonly direction: "in";
  /** Name of the secret store component; may hold `%setting%` and `{data}`. */
  readonly secretStoreName: Named<"secretStoreName">;
  /** Name of the secret; may hold `%setting%` and `{data}`. */
  readonly key: string;
  /** Query text (`metadata.version_id=2&…`) or a map of names without `metadata.`. */
  readonly metadata?: string | Readonly<Record<string, string>> | undefined;
}

/** @see https://docs.dapr.io/reference/api/state_api/ */
export interface DaprStateOutput extends SidecarBindingBase {
  readonly type: "daprState";
  readonly direction: "out";
  /** Name of the state store component, unless an item gives one; may hold `%setting%` and `{data}`. */
  readonly stateStore?: Named<"stateStore"> | undefined;
  /** Unless an item gives one; may hold `%setting%` and `{data}`; never `||`. */
  readonly key?: string | undefined;
  /** Send the items of one invocation as one transaction. Whether that is all or nothing is up to the store. */
  readonly transaction?: boolean | undefined;
  /** Metadata of each item, which its own goes before; of a transaction's request too. Texts may hold `%setting%` and `{data}`. */
  readonly metadata?: MetadataOption | undefined;
  /** Seconds after which the store forgets what is saved. */
  readonly ttlInSeconds?: number | undefined;
  /** The store publishes what the transaction saves; needs `transaction` and a store with an outbox. */
  readonly outbox?: boolean | undefined;
  /** What each item is checked against when it is added. */
  readonly valueType?: PayloadType | undefined;
}

/** @see https://docs.dapr.io/reference/api/pubsub_api/ */
export interface DaprPublish extends SidecarBindingBase {
  readonly type: "daprPublish";
  readonly direction: "out";
  /** Name of the pubsub component, unless an item gives one; may hold `%setting%` and `{data}`. */
  readonly pubSubName?: Named<"pubSubName"> | undefined;
  /** Unless an item gives one; may hold `%setting%` and `{data}`. */
  readonly topic?: Named<"topic"> | undefined;
  /** Send consecutive items for one topic in one request; Dapr does not keep their order. */
  readonly bulk?: boolean | undefined;
  /** What each item is checked against when it is added. */
  readonly valueType?: PayloadType | undefined;
}

/** @see https://docs.dapr.io/reference/api/service_invocation_api/ */
export interface DaprInvoke extends SidecarBindingBase {
  readonly type: "daprInvoke";
  readonly direction: "out";
  /** App id, `app.namespace` or an absolute URL, unless an item gives one; may hold `%setting%` and `{data}`. */
  readonly appId?: Named<"appId"> | undefined;
  /** Path below the app's root, query included, unless an item gives one; may hold `%setting%` and `{data}`. */
  readonly methodName?: string | undefined;
  /** In any case; POST unless given. */
  readonly httpVerb?: string | undefined;
  /** What each item is checked against when it is added. */
  readonly valueType?: PayloadType | undefined;
}

/**
 * What another application answers, asked before the method.
 *
 * @see https://docs.dapr.io/reference/api/service_invocation_api/
 */
export interface DaprInvokeInput extends SidecarOnlyBase {
  readonly type: "daprInvoke";
  readonly direction: "in";
  /** App id, `app.namespace` or an absolute URL; may hold `%setting%` and `{data}`. */
  readonly appId: Named<"appId">;
  /** Path below the app's root, query included; may hold `%setting%` and `{data}`. */
  readonly methodName: string;
  /** In any case; GET unless given. */
  readonly httpVerb?: string | undefined;
  /** Sent as JSON. Texts in it may hold `%setting%` and `{data}`; one that is an expression alone becomes what it finds. */
  readonly body?: JsonValue | undefined;
  /** Headers of the request; texts may hold `%setting%` and `{data}`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What the reply is checked against. */
  readonly valueType?: PayloadType | undefined;
  /** Fail the invocation when the callee answers nothing (204) or 404. */
  readonly required?: boolean | undefined;
  /** Deliver an `AppReply` (status, headers, value, bytes) rather than the value. */
  readonly record?: boolean | undefined;
}

/**
 * What a component answers, asked before the method.
 *
 * @see https://docs.dapr.io/reference/api/bindings_api/
 */
export interface DaprBindingInput extends SidecarOnlyBase {
  readonly type: "daprBinding";
  readonly direction: "in";
  /** Name of the component; may hold `%setting%` and `{data}`. */
  readonly bindingName: Named<"bindingName">;
  /** What the component is to do: `get`, `list` …; may hold `%setting%` and `{data}`. */
  readonly operation: string;
  /** Sent as JSON. Texts in it may hold `%setting%` and `{data}`; one that is an expression alone becomes what it finds. */
  readonly data?: JsonValue | undefined;
  /** Metadata of the request, as the component takes it; texts may hold `%setting%` and `{data}`. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** What the answer is checked against. */
  readonly valueType?: PayloadType | undefined;
  /** Fail the invocation when the component answers nothing. */
  readonly required?: boolean | undefined;
  /** Deliver a `BindingRecord` (data and metadata) rather than the data. */
  readonly record?: boolean | undefined;
}

/**
 * Another application, called during the method.
 *
 * @see https://docs.dapr.io/reference/api/service_invocation_api/
 */
export interface DaprApp extends SidecarOnlyBase {
  readonly type: "daprApp";
  readonly direction: "inout";
  /** App id, `app.namespace` or an absolute URL; may hold `%setting%` and `{data}`. */
  readonly appId: Named<"appId">;
  /** The class of the callee: gives the names and verbs of its methods, and checks what is sent. */
  readonly of?: Class | undefined;
}

/**
 * The sidecar itself, called during the method.
 *
 * @see https://docs.dapr.io/reference/api/
 */
export interface DaprSidecar extends SidecarOnlyBase {
  readonly type: "daprSidecar";
  readonly direction: "inout";
}

/** @see https://docs.dapr.io/reference/api/bindings_api/ */
export interface DaprBindingOutput extends SidecarBindingBase {
  readonly type: "daprBinding";
  readonly direction: "out";
  /** Name of the component, unless an item gives one; may hold `%setting%` and `{data}`. */
  readonly bindingName?: Named<"bindingName"> | undefined;
  /** What the component is to do, unless an item says: `create`, `get` …; may hold `%setting%` and `{data}`. */
  readonly operation?: string | undefined;
  /** What each item is checked against when it is added. */
  readonly valueType?: PayloadType | undefined;
}

/** What JSON can say. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [member: string]: JsonValue };

/** Any other binding of the Functions host; `members` keep the order in which they were written. */
export interface GenericBinding<Direction extends "in" | "out"> {
  /** Tells it from bindings whose type this library knows. */
  readonly generic: true;
  /** The type, as function.json spells it. */
  readonly type: string;
  /** Which way its data goes. */
  readonly direction: Direction;
  /** Names the binding within its function. */
  readonly name: string;
  /** How the Functions host hands the value over. */
  readonly dataType?: DataType | undefined;
  /** Every other member of function.json, in the order written. */
  readonly members: Readonly<Record<string, JsonValue>>;
}

/** A trigger that the sidecar delivers. */
export type DaprTriggerBinding = DaprServiceInvocationTrigger | DaprTopicTrigger | DaprBindingTrigger;
/** An input that a sidecar answers. */
export type SidecarInputBinding = DaprStateInput | DaprSecret | DaprInvokeInput | DaprBindingInput;
/** An output that a sidecar takes. */
export type SidecarOutputBinding = DaprStateOutput | DaprPublish | DaprInvoke | DaprBindingOutput;

/** What causes an invocation. */
export type TriggerBinding = DaprTriggerBinding | HttpTrigger | GenericBinding<"in">;
/** What is read before the method. */
export type InputBinding = SidecarInputBinding | GenericBinding<"in">;
/** What is sent after the method. */
export type OutputBinding = SidecarOutputBinding | GenericBinding<"out">;
/** What the method calls while it runs. */
export type ClientBinding = DaprApp | DaprSidecar;

/** One named, declared connection of a function. */
export type Binding = TriggerBinding | InputBinding | OutputBinding | DaprStateEntryBinding | ClientBinding;

/** How the Functions host repeats a failed invocation; standalone ignores it. Intervals are `HH:MM:SS`. */
export type RetryOptions =
  | { readonly strategy: "fixedDelay"; readonly maxRetryCount: number; readonly delayInterval: string }
  | {
      readonly strategy: "exponentialBackoff";
      readonly maxRetryCount: number;
      readonly minimumInterval: string;
      readonly maximumInterval: string;
    };
