import type { Named } from "./names.js";
/**
 * What a function receives for an output binding: it adds values, the runtime sends them after the function returned.
 *
 * Every item is resolved, checked and serialised in `add`, so a bad one throws there (`ERR_DAPR_BAD_REQUEST`) and
 * nothing is sent. `Collector<void>` allows `add()`.
 */
export interface Collector<T> {
  /**
   * Adds one item; an array is one value.
   *
   * @throws InvocationError `ERR_DAPR_BAD_REQUEST` when the item cannot be sent or does not fit the binding's
   *   `valueType`, `ERR_COLLECTOR_CLOSED` when the invocation has ended (a missing `await`); PayloadError
   *   `ERR_BINDING_DATA` when an expression of the binding finds no data.
   */
  add(value: T): void;
  /**
   * Adds items in the form that languages without typed collectors use: `{ data | value | payload | body, … }` as an
   * object, JSON text or bytes; its properties win over the decorator's. An array is one item each.
   *
   * @throws as {@link add}
   * @see https://github.com/Azure/azure-functions-dapr-extension
   */
  addRequestBody(body: unknown): void;
}

/** Metadata of one item. Numbers and booleans are sent as their text, null and undefined entries are left out. */
export type ItemMetadata = Readonly<Record<string, string | number | boolean | null | undefined>>;

/**
 * How a store is to write.
 *
 * @see https://docs.dapr.io/reference/api/state_api/#optional-behaviors
 */
export interface StateOptions {
  /** `first-write` fails where another version is stored. */
  readonly concurrency?: "first-write" | "last-write" | undefined;
  /** `strong` waits for the replicas of the store. */
  readonly consistency?: "eventual" | "strong" | undefined;
}

/** What of its output an item for a state store may override. */
export interface StateOverrides {
  /** Name of the state store component. */
  readonly stateStore?: Named<"stateStore"> | undefined;
  /** The key in its store. */
  readonly key?: string | undefined;
  /** The version: what was read, or what a write is conditional on. */
  readonly etag?: string | undefined;
  /** Metadata of the request, as the component takes it. */
  readonly metadata?: ItemMetadata | undefined;
  /** How the store is to write. */
  readonly options?: StateOptions | undefined;
  /** What an output with `outbox: true` publishes in place of the value, once in a transaction. */
  readonly event?: unknown;
}

/** What a removal takes of {@link StateOverrides}. */
export interface StateRemoveOverrides {
  /** Name of the state store component. */
  readonly stateStore?: Named<"stateStore"> | undefined;
  /** The key in its store. */
  readonly key?: string | undefined;
  /** The version: what was read, or what a write is conditional on. */
  readonly etag?: string | undefined;
  /** Metadata of the request, as the component takes it. */
  readonly metadata?: ItemMetadata | undefined;
  /** How the store is to write. */
  readonly options?: StateOptions | undefined;
}

/** What a function receives for `@DaprStateOutput`: `add` saves a key, `remove` deletes one. */
export interface StateCollector<T> extends Collector<T> {
  add(value: T, overrides?: StateOverrides): void;
  /** Removes a key. It keeps its place among the items added. */
  remove(overrides?: StateRemoveOverrides): void;
}

/** What of its output an item for a topic may override. */
export interface PublishOverrides {
  /** Name of the pubsub component. */
  readonly pubSubName?: Named<"pubSubName"> | undefined;
  /** Name of the topic. */
  readonly topic?: Named<"topic"> | undefined;
  /** Metadata of the request, as the component takes it. */
  readonly metadata?: ItemMetadata | undefined;
  /** Content type of the value. */
  readonly contentType?: string | undefined;
}

/** What a function receives for `@DaprPublish`: each item is one event. */
export interface PublishCollector<T> extends Collector<T> {
  add(value: T, overrides?: PublishOverrides): void;
}

/** What of its output an item for another application may override. */
export interface InvokeOverrides {
  /** App id, `app.namespace` or an absolute URL. */
  readonly appId?: Named<"appId"> | undefined;
  /** Path below the app's root, query included. */
  readonly methodName?: string | undefined;
  /** In any case. */
  readonly httpVerb?: string | undefined;
  /** By their names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Content type of the value. */
  readonly contentType?: string | undefined;
}

/** What a function receives for `@DaprInvoke`: each item calls the other application once. */
export interface InvokeCollector<T> extends Collector<T> {
  add(value: T, overrides?: InvokeOverrides): void;
}

/** What of its output an item for a component may override. */
export interface BindingOverrides {
  /** Name of the component. */
  readonly bindingName?: Named<"bindingName"> | undefined;
  /** What the component is to do: `create`, `get` … */
  readonly operation?: string | undefined;
  /** Metadata of the request, as the component takes it. */
  readonly metadata?: ItemMetadata | undefined;
}

/** What a function receives for `@DaprBindingOutput`: each item invokes the component once. */
export interface BindingCollector<T> extends Collector<T> {
  add(value: T, overrides?: BindingOverrides): void;
}

/** What an item of each type of output may override. */
export interface ItemOverrides {
  /** Of `@DaprBindingOutput`. */
  readonly daprBinding: BindingOverrides;
  /** Of `@DaprInvoke`. */
  readonly daprInvoke: InvokeOverrides;
  /** Of `@DaprPublish`. */
  readonly daprPublish: PublishOverrides;
  /** Of `@DaprStateOutput`. */
  readonly daprState: StateOverrides;
}

/** The overrides of every kind of output, by name. */
export type Overrides = Readonly<Record<string, unknown>>;

/** One item as a function added it: not yet resolved against its binding. */
export interface OutputItem {
  /** Whether it was added, or its key is removed. */
  readonly verb: "add" | "remove";
  /**
   * The value as given; a `JsonText` when `addRequestBody` was given text, which is sent as written. Whether the
   * key was there at all is what `undefined` means: null is a value.
   */
  readonly value: unknown;
  /** What it overrides of its output, checked. */
  readonly overrides: Overrides;
  /** True for items of `addRequestBody`, whose value some outputs require where `add` may leave it out. */
  readonly fromRequestBody: boolean;
}
