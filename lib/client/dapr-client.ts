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
  saveState(request: SaveStateRequest): Promise<void>;
  /** `value: undefined` when the key does not exist; the etag as the sidecar sends it, unquoted. */
  getState(request: GetStateRequest): Promise<StateResult>;
  /** Reads several keys in one request; results in the order of the keys. */
  getBulkState(request: GetBulkStateRequest): Promise<readonly BulkStateResult[]>;
  deleteState(request: DeleteStateRequest): Promise<void>;
  transactState(request: TransactStateRequest): Promise<void>;
  publish(request: PublishRequest): Promise<void>;
  /** Rejects with a `SidecarError` whose `accepted` counts the entries that were published all the same. */
  publishBulk(request: PublishBulkRequest): Promise<void>;
  /**
   * Rejects with a `SidecarError` where the callee answers anything but 2xx: `status`, `headers`, `body` and `value` are
   * the callee's, `errorCode` is what it sent, else `ERR_CALLEE_FAILED`.
   */
  invokeMethod(request: InvokeMethodRequest): Promise<InvokeMethodResult>;
  invokeBinding(request: InvokeBindingRequest): Promise<InvokeBindingResult>;
  getSecret(request: GetSecretRequest): Promise<Record<string, string>>;
  /** What the sidecar says of itself: `GET /v1.0/metadata`. */
  metadata(request?: CallOptions): Promise<SidecarMetadata>;
  /** Resolves once the sidecar can be called; rejects when `timeout` has passed before. */
  waitForOutbound(request?: CallOptions): Promise<void>;
  close(): Promise<void>;
}

/** What every call takes besides its own members. */
export interface CallOptions {
  /** Put before the message of an error: `daprPublish "copies"`. */
  readonly binding?: string | undefined;
  /** Absolute URL of another sidecar than the client's: a binding's `daprAddress`. */
  readonly daprAddress?: string | undefined;
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
  readonly key: string;
  readonly value: unknown;
  readonly etag?: string | undefined;
  readonly metadata?: MetadataMap | undefined;
  readonly options?: StateOptions | undefined;
  /** In a transaction: what an outbox says of the value that it publishes. */
  readonly contentType?: string | undefined;
}

/** Keys of one store to save in one request. */
export interface SaveStateRequest extends CallOptions {
  readonly stateStore: string;
  readonly entries: readonly StateItem[];
}

/** A key to read. */
export interface GetStateRequest extends CallOptions {
  readonly stateStore: string;
  readonly key: string;
  readonly metadata?: MetadataMap | undefined;
  readonly consistency?: StateOptions["consistency"];
}

/** What is stored under a key, and its version. */
export interface StateResult {
  readonly value: unknown;
  readonly etag: string | undefined;
  /** When the store removes the key, as RFC 3339 text; undefined where it does not, or does not say. */
  readonly ttlExpireTime?: string | undefined;
}

/** Keys of one store to read. */
export interface GetBulkStateRequest extends CallOptions {
  readonly stateStore: string;
  readonly keys: readonly string[];
  readonly metadata?: MetadataMap | undefined;
}

/** One key of several that were read. */
export interface BulkStateResult extends StateResult {
  readonly key: string;
}

/** A key to delete; with an etag only if it is still that version. */
export interface DeleteStateRequest extends CallOptions {
  readonly stateStore: string;
  readonly key: string;
  readonly etag?: string | undefined;
  readonly metadata?: MetadataMap | undefined;
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
  readonly stateStore: string;
  readonly operations: readonly StateOperation[];
  /** Of the transaction as a whole: Cosmos DB takes the `partitionKey` of all operations from here. */
  readonly metadata?: MetadataMap | undefined;
}

/** A body with its content type: JSON for a JSON type, else text or bytes. Without one nothing is sent. */
export interface MessageBody {
  readonly contentType: string;
  /** A `JsonText`, text or bytes as the content type says. */
  readonly content: unknown;
}

/** An event to publish. */
export interface PublishRequest extends CallOptions {
  readonly pubSubName: string;
  readonly topic: string;
  readonly payload: MessageBody;
  readonly metadata?: MetadataMap | undefined;
}

/** Events of one topic to publish in one request. */
export interface PublishBulkRequest extends CallOptions {
  readonly pubSubName: string;
  readonly topic: string;
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
  readonly body?: MessageBody | undefined;
  /** Read the callee's body to its end and forget it: the result's is empty. */
  readonly discard?: boolean | undefined;
}

/** What another application answered, with a 2xx status. */
export interface InvokeMethodResult {
  readonly status: number;
  /** By their names in lower case; several of one name are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An operation of a component, with its data and metadata. */
export interface InvokeBindingRequest extends CallOptions {
  readonly bindingName: string;
  readonly operation: string;
  /** Left out of the request when undefined. */
  readonly data?: unknown;
  readonly metadata?: MetadataMap | undefined;
  /** As for an invocation. */
  readonly discard?: boolean | undefined;
}

/** What a component answered. */
export interface InvokeBindingResult {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** What the component says of its answer: the headers `metadata.*`, without that prefix. */
  readonly metadata: MetadataMap;
}

/** A secret to read. */
export interface GetSecretRequest extends CallOptions {
  readonly secretStoreName: string;
  readonly key: string;
  /** A query as it is sent, without the leading `?`. */
  readonly metadata?: string | undefined;
}

/** The members of `GET /v1.0/metadata` that are used here. */
export interface SidecarMetadata {
  readonly id?: string | undefined;
  readonly runtimeVersion?: string | undefined;
  readonly components?: readonly { readonly name: string; readonly type: string; readonly version?: string }[];
  readonly subscriptions?: readonly { readonly pubsubname: string; readonly topic: string }[];
  readonly appConnectionProperties?: { readonly port?: number; readonly channelAddress?: string };
}
