import type { InvokeOverrides, StateOptions } from "../model/collector.js";

/**
 * The calls of Dapr's API that bindings need: the port behind which the sidecar stands.
 *
 * Names are those of function.json's options. A value may be a `JsonText`, which is sent as written. A failed call
 * rejects with a `SidecarError`.
 *
 * @see https://docs.dapr.io/reference/api/
 */
export interface DaprClient {
  /** Saves keys of one store. */
  saveState(request: SaveStateRequest): Promise<void>;
  /** `value: undefined` when the key does not exist; the etag as the sidecar sends it, unquoted. */
  getState(request: GetStateRequest): Promise<StateResult>;
  /** Reads several keys in one request; results in the order of the keys. */
  getBulkState(request: GetBulkStateRequest): Promise<readonly BulkStateResult[]>;
  /** Deletes a key, whether it is there or not. */
  deleteState(request: DeleteStateRequest): Promise<void>;
  /** Writes keys of one store as one, as far as the store can. */
  transactState(request: TransactStateRequest): Promise<void>;
  /** Publishes one event. */
  publish(request: PublishRequest): Promise<void>;
  /** Rejects with a `SidecarError` whose `accepted` counts the entries that were published all the same. */
  publishBulk(request: PublishBulkRequest): Promise<void>;
  /**
   * Rejects with a `SidecarError` where the callee answers anything but 2xx: `status`, `headers`, `body` and `value` are
   * the callee's, `errorCode` is what it sent, else `ERR_CALLEE_FAILED`.
   */
  invokeMethod(request: InvokeMethodRequest): Promise<InvokeMethodResult>;
  /** Has a component do one operation. */
  invokeBinding(request: InvokeBindingRequest): Promise<InvokeBindingResult>;
  /** Reads a secret: one entry, or several where it has parts. */
  getSecret(request: GetSecretRequest): Promise<Record<string, string>>;
  /** What the sidecar says of itself: `GET /v1.0/metadata`. */
  metadata(request?: CallOptions): Promise<SidecarMetadata>;
  /** Resolves once the sidecar can be called; rejects when `timeout` has passed before. */
  waitForOutbound(request?: CallOptions): Promise<void>;
  /** Closes the connections. */
  close(): Promise<void>;
}

/** What every call takes besides its own members. */
export interface CallOptions {
  /** Put before the message of an error: `daprPublish "copies"`. */
  readonly binding?: string | undefined;
  /** Absolute URL of another sidecar than the client's: a binding's `daprAddress`. */
  readonly daprAddress?: string | undefined;
  /** Ends the request. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for this call; the client's own limit unless given. */
  readonly timeout?: number | undefined;
  /** `traceparent`, `tracestate` and `baggage` to send. */
  readonly traceHeaders?: Readonly<Record<string, string>> | undefined;
}

/** Metadata as Dapr takes it: text only. */
export type MetadataMap = Readonly<Record<string, string>>;

/** A key of a state store with what is to be saved under it. */
export interface StateItem {
  /** The key in its store. */
  readonly key: string;
  /** What is saved. */
  readonly value: unknown;
  /** Save only over this version. */
  readonly etag?: string | undefined;
  /** Metadata of the request, as the component takes it. */
  readonly metadata?: MetadataMap | undefined;
  /** How the store is to write. */
  readonly options?: StateOptions | undefined;
  /** In a transaction: what an outbox says of the value that it publishes. */
  readonly contentType?: string | undefined;
}

/** Keys of one store to save in one request. */
export interface SaveStateRequest extends CallOptions {
  /** Name of the state store component. */
  readonly stateStore: string;
  /** The keys with their values. */
  readonly entries: readonly StateItem[];
}

/** A key to read. */
export interface GetStateRequest extends CallOptions {
  /** Name of the state store component. */
  readonly stateStore: string;
  /** The key in its store. */
  readonly key: string;
  /** Metadata of the request, as the component takes it. */
  readonly metadata?: MetadataMap | undefined;
  /** How fresh the value must be. */
  readonly consistency?: StateOptions["consistency"];
}

/** What is stored under a key, and its version. */
export interface StateResult {
  /** What is stored: JSON, else text, else bytes; `undefined` where the key does not exist. */
  readonly value: unknown;
  /** The version: what was read, or what a write is conditional on. */
  readonly etag: string | undefined;
  /** When the store removes the key, as RFC 3339 text; undefined where it does not, or does not say. */
  readonly ttlExpireTime?: string | undefined;
}

/** Keys of one store to read. */
export interface GetBulkStateRequest extends CallOptions {
  /** Name of the state store component. */
  readonly stateStore: string;
  /** The keys to read. */
  readonly keys: readonly string[];
  /** Metadata of the request, as the component takes it. */
  readonly metadata?: MetadataMap | undefined;
}

/** One key of several that were read. */
export interface BulkStateResult extends StateResult {
  /** The key. */
  readonly key: string;
}

/** A key to delete; with an etag only if it is still that version. */
export interface DeleteStateRequest extends CallOptions {
  /** Name of the state store component. */
  readonly stateStore: string;
  /** The key in its store. */
  readonly key: string;
  /** Delete only this version. */
  readonly etag?: string | undefined;
  /** Metadata of the request, as the component takes it. */
  readonly metadata?: MetadataMap | undefined;
  /** How the store is to write. */
  readonly options?: StateOptions | undefined;
}

/** What a removal in a transaction holds. */
export type StateRemoval = Pick<DeleteStateRequest, "key" | "etag" | "metadata" | "options">;

/** One step of a transaction. */
export type StateOperation =
  | { readonly operation: "upsert"; readonly request: StateItem }
  | { readonly operation: "delete"; readonly request: StateRemoval };

/** Keys of one store to write as one. */
export interface TransactStateRequest extends CallOptions {
  /** Name of the state store component. */
  readonly stateStore: string;
  /** The steps, in order. */
  readonly operations: readonly StateOperation[];
  /** Of the transaction as a whole: Cosmos DB takes the `partitionKey` of all operations from here. */
  readonly metadata?: MetadataMap | undefined;
}

/** A body with its content type: JSON for a JSON type, else text or bytes. Without one nothing is sent. */
export interface MessageBody {
  /** Decides how the content is sent. */
  readonly contentType: string;
  /** A `JsonText`, text or bytes as the content type says. */
  readonly content: unknown;
}

/** An event to publish. */
export interface PublishRequest extends CallOptions {
  /** Name of the pubsub component. */
  readonly pubSubName: string;
  /** Name of the topic. */
  readonly topic: string;
  /** The event's data with its content type. */
  readonly payload: MessageBody;
  /** Metadata of the request, as the component takes it. */
  readonly metadata?: MetadataMap | undefined;
}

/** Events of one topic to publish in one request. */
export interface PublishBulkRequest extends CallOptions {
  /** Name of the pubsub component. */
  readonly pubSubName: string;
  /** Name of the topic. */
  readonly topic: string;
  /** The events, in order. */
  readonly entries: readonly { readonly payload: MessageBody; readonly metadata?: MetadataMap | undefined }[];
}

/** A call of another application. */
export interface InvokeMethodRequest extends CallOptions, Pick<InvokeOverrides, "headers"> {
  /** App id, `app.namespace`, or an absolute URL. */
  readonly appId: string;
  /** Path below the app's root, query included. */
  readonly methodName: string;
  /** In upper case. */
  readonly httpVerb: string;
  /** Nothing is sent unless given. */
  readonly body?: MessageBody | undefined;
  /** Read the callee's answer to its end and forget it: of the result only the status means anything. */
  readonly discard?: boolean | undefined;
}

/** What another application answered, with a 2xx status. */
export interface InvokeMethodResult {
  /** The HTTP status. */
  readonly status: number;
  /** By their names in lower case; several of one name are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the callee answered. */
  readonly body: Uint8Array;
}

/** An operation of a component, with its data and metadata. */
export interface InvokeBindingRequest extends CallOptions {
  /** Name of the component. */
  readonly bindingName: string;
  /** What the component is to do: `create`, `get` … */
  readonly operation: string;
  /** Left out of the request when undefined. */
  readonly data?: unknown;
  /** Metadata of the request, as the component takes it. */
  readonly metadata?: MetadataMap | undefined;
  /** As for an invocation. */
  readonly discard?: boolean | undefined;
}

/** What a component answered. */
export interface InvokeBindingResult {
  /** The HTTP status. */
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the component answered. */
  readonly body: Uint8Array;
  /** What the component says of its answer: the headers `metadata.*`, without that prefix. */
  readonly metadata: MetadataMap;
}

/** A secret to read. */
export interface GetSecretRequest extends CallOptions {
  /** Name of the secret store component. */
  readonly secretStoreName: string;
  /** The key in its store. */
  readonly key: string;
  /** A query as it is sent, without the leading `?`. */
  readonly metadata?: string | undefined;
}

/** The members of `GET /v1.0/metadata` that are used here. */
export interface SidecarMetadata {
  /** The app's id. */
  readonly id?: string | undefined;
  /** Version of Dapr. */
  readonly runtimeVersion?: string | undefined;
  /** The components that were loaded. */
  readonly components?: readonly {
    readonly name: string;
    readonly type: string;
    readonly version?: string;
    /** What the component can do: `ETAG`, `TRANSACTIONAL`, `TTL` … */
    readonly capabilities?: readonly string[];
  }[];
  /** The topics that the app subscribed to. */
  readonly subscriptions?: readonly { readonly pubsubname: string; readonly topic: string }[];
  /** Where the sidecar expects the app. */
  readonly appConnectionProperties?: { readonly port?: number; readonly channelAddress?: string };
  /** True where a client does not learn all of it: a member that is missing says nothing then. */
  readonly isPartial?: boolean;
}
