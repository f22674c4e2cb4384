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
  readonly concurrency?: "first-write" | "last-write" | undefined;
  readonly consistency?: "eventual" | "strong" | undefined;
}

/** What of its output an item for a state store may override. */
export interface StateOverrides {
  readonly stateStore?: Named<"stateStore"> | undefined;
  readonly key?: string | undefined;
  readonly etag?: string | undefined;
  readonly metadata?: ItemMetadata | undefined;
  readonly options?: StateOptions | undefined;
  /** What an output with `outbox: true` publishes in place of the value, once in a transaction. */
  readonly event?: unknown;
}

/** What a removal takes of {@link StateOverrides}. */
export interface StateRemoveOverrides {
  readonly stateStore?: Named<"stateStore"> | undefined;
  readonly key?: string | undefined;
  readonly etag?: string | undefined;
  readonly metadata?: ItemMetadata | undefined;
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
  readonly pubSubName?: Named<"pubSubName"> | undefined;
  readonly topic?: Named<"topic"> | undefined;
  readonly metadata?: ItemMetadata | undefined;
  readonly contentType?: string | undefined;
}

/** What a function receives for `@DaprPublish`: each item is one event. */
export interface PublishCollector<T> extends Collector<T> {
  add(value: T, overrides?: PublishOverrides): void;
}

/** What of its output an item for another application may override. */
export interface InvokeOverrides {
  readonly appId?: Named<"appId"> | undefined;
  readonly methodName?: string | undefined;
  readonly httpVerb?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly contentType?: string | undefined;
}

/** What a function receives for `@DaprInvoke`: each item calls the other application once. */
export interface InvokeCollector<T> extends Collector<T> {
  add(value: T, overrides?: InvokeOverrides): void;
}

/** What of its output an item for a component may override. */
export interface BindingOverrides {
  readonly bindingName?: Named<"bindingName"> | undefined;
  readonly operation?: string | undefined;
  readonly metadata?: ItemMetadata | undefined;
}

/** What a function receives for `@DaprBindingOutput`: each item invokes the component once. */
export interface BindingCollector<T> extends Collector<T> {
  add(value: T, overrides?: BindingOverrides): void;
}

/** What an item of each type of output may override. */
export interface ItemOverrides {
  readonly daprBinding: BindingOverrides;
  readonly daprInvoke: InvokeOverrides;
  readonly daprPublish: PublishOverrides;
  readonly daprState: StateOverrides;
}

/** The overrides of every kind of output, by name. */
export type Overrides = Readonly<Record<string, unknown>>;

/** One item as a function added it: not yet resolved against its binding. */
export interface OutputItem {
  readonly verb: "add" | "remove";
  /**
   * The value as given; a `JsonText` when `addRequestBody` was given text, which is sent as written. Whether the
   * key was there at all is what `undefined` means: null is a value.
   */
  readonly value: unknown;
  readonly overrides: Overrides;
  /** True for items of `addRequestBody`, whose value some outputs require where `add` may leave it out. */
  readonly fromRequestBody: boolean;
}
