import { InvocationError, SidecarError } from "../../model/errors.js";
import { JsonText } from "../../model/json.js";
import { sidecarTimeout } from "../address.js";
import type {
  BulkStateResult,
  CallOptions,
  DaprClient,
  DeleteStateRequest,
  GetBulkStateRequest,
  GetSecretRequest,
  GetStateRequest,
  InvokeBindingRequest,
  InvokeBindingResult,
  InvokeMethodRequest,
  InvokeMethodResult,
  PublishBulkRequest,
  PublishRequest,
  SaveStateRequest,
  SidecarMetadata,
  StateResult,
  TransactStateRequest,
} from "../dapr-client.js";
import { bodyContent, jsonOf } from "../http/json-text.js";
import { enc, methodNameProblem, methodPath } from "../paths.js";
import { replyBytes, sdkData, sdkOptions, sdkStateItem } from "./sdk-data.js";
import { sdkCalleeError, sdkError, unreadReply } from "./sdk-failure.js";
import { hideToken, type DaprSdk } from "./sdk.js";
import { bulkStateResults } from "../http/bulk-state.js";
import { refuseTimeout, withAccepted, type RequestPlace } from "../http/sidecar-failure.js";
import { withinTime } from "../http/under-way.js";

/**
 * The calls that bindings need over a client of `@dapr/dapr` 3.18 that the application has already, HTTP or gRPC. The
 * application starts and stops that client; closing this one does nothing.
 *
 * What that package gets wrong is put right: errors that it returns are thrown, falsy values and instances of classes
 * are sent as their JSON, names and keys are escaped, and its debug log loses the api token. What cannot be had through
 * it:
 *
 * - status and headers of the reply of an invocation or a binding: they are 200 and none; over HTTP redirects are followed
 * - the consistency of a read (refused)
 * - cancellation: a call that is aborted or out of time is no longer waited for, but goes on
 * - a binding's `daprAddress`, which is refused
 * - trace headers on anything but invocations over HTTP
 * - bulk publish, of which it hides partial failures: entries go one by one, in order
 * - the spelling of numbers in `application/json`: `2.50` becomes `2.5`, integers beyond 2^53 lose digits
 * - over HTTP: names and keys `.` and `..`, a body with GET or HEAD (both refused), metadata of a binding's answer
 * - over gRPC: a query, headers and content types other than JSON, `text/plain` and bytes of an invocation, metadata of a
 *   secret's request, of a removal and of items in a transaction, their content types (all refused); all but the first
 *   value of a secret; when a key expires; the sidecar's own error codes, and what a callee that fails has sent
 *
 * @see https://docs.dapr.io/developing-applications/sdks/js/js-client/
 * @example
 * const dapr = new DaprClient({ communicationProtocol: CommunicationProtocolEnum.GRPC });
 * const app = await serve([OrderFunctions], { client: new SdkDaprClient(dapr) });
 */
export class SdkDaprClient implements DaprClient {
  readonly #sdk: DaprSdk;
  readonly #isGrpc: boolean;
  readonly #timeout: number;

  /** @throws DefinitionError `setting-invalid` for `DAPR_API_TIMEOUT_SECONDS` */
  constructor(clientOfDaprDapr: DaprSdk) {
    this.#sdk = clientOfDaprDapr;
    this.#isGrpc = clientOfDaprDapr.options.communicationProtocol === 0;
    this.#timeout = sidecarTimeout();
    hideToken(clientOfDaprDapr);
  }

  async saveState(request: SaveStateRequest): Promise<void> {
    const { stateStore } = request;
    const entries = request.entries.map((entry) => sdkStateItem(entry, this.#isGrpc));
    await this.#checked(request, `POST /v1.0/state/${enc(stateStore)}`, () =>
      this.#sdk.state.save(this.#part(stateStore), entries),
    );
  }

  /** Reads in bulk, since only that gives the etag, and tells a missing key from empty text. */
  async getState(request: GetStateRequest): Promise<StateResult> {
    const { stateStore, key, consistency } = request;
    if (consistency !== undefined) throw unsupported("the consistency of a read");
    const operation = `GET /v1.0/state/${enc(stateStore)}/${enc(key)}`;
    const [result] = await this.#readBulk(request, operation, [key], "ERR_STATE_GET");
    const { value, etag, ttlExpireTime } = result!;
    return ttlExpireTime === undefined ? { value, etag } : { value, etag, ttlExpireTime };
  }

  async getBulkState(request: GetBulkStateRequest): Promise<readonly BulkStateResult[]> {
    if (request.keys.length === 0) return [];
    const operation = `POST /v1.0/state/${enc(request.stateStore)}/bulk`;
    return await this.#readBulk(request, operation, request.keys, "ERR_STATE_BULK_GET");
  }

  async #readBulk(
    request: GetStateRequest | GetBulkStateRequest,
    operation: string,
    keys: readonly string[],
    errorCode: string,
  ): Promise<readonly BulkStateResult[]> {
    const store = this.#part(request.stateStore);
    const options = request.metadata === undefined ? {} : { metadata: request.metadata };
    const read = (): Promise<object[]> => this.#sdk.state.getBulk(store, [...new Set(keys)], options);
    const items = await this.#call(request, operation, read);
    const results = bulkStateResults(this.#place(request, operation), keys, items, errorCode);
    if (!this.#isGrpc) return results;
    return await Promise.all(
      results.map(async (result) => {
        if (result.value !== "" || result.etag !== undefined) return result;
        // Over gRPC a key that cannot be read looks like one that is missing; a read of its own fails.
        await this.#call(request, operation, () => this.#sdk.state.get(store, result.key, options));
        return { key: result.key, value: undefined, etag: undefined };
      }),
    );
  }

  async deleteState(request: DeleteStateRequest): Promise<void> {
    const { stateStore, key, etag, metadata, options } = request;
    if (this.#isGrpc && metadata !== undefined) throw unsupported("metadata of a removal over gRPC");
    const given = { ...sdkOptions(options), ...(etag !== undefined && { etag }), ...(metadata && { metadata }) };
    await this.#checked(request, `DELETE /v1.0/state/${enc(stateStore)}/${enc(key)}`, () =>
      this.#sdk.state.delete(
        this.#part(stateStore),
        this.#part(key),
        Object.keys(given).length === 0 ? undefined : given,
      ),
    );
  }

  async transactState(request: TransactStateRequest): Promise<void> {
    const { stateStore, metadata } = request;
    const operations = request.operations.map(({ operation, request: entry }) => {
      if (this.#isGrpc && entry.metadata !== undefined) {
        throw unsupported("metadata of items in a transaction over gRPC");
      }
      if (operation === "delete") return { operation, request: { ...entry, options: sdkOptions(entry.options) } };
      if (this.#isGrpc && entry.contentType !== undefined) {
        throw unsupported("the content type of items in a transaction over gRPC");
      }
      return { operation, request: sdkStateItem(entry, this.#isGrpc) };
    });
    await this.#call(request, `POST /v1.0/state/${enc(stateStore)}/transaction`, () =>
      this.#sdk.state.transaction(this.#part(stateStore), operations, metadata),
    );
  }

  async publish(request: PublishRequest): Promise<void> {
    const { pubSubName, topic, payload, metadata } = request;
    await this.#checked(request, `POST /v1.0/publish/${enc(pubSubName)}/${enc(topic)}`, () =>
      this.#sdk.pubsub.publish(this.#part(pubSubName), this.#part(topic), sdkData(payload), {
        contentType: payload.contentType,
        ...(metadata === undefined ? {} : { metadata }),
      }),
    );
  }

  /** Publishes one by one. `accepted` of an error counts the entries that were published. */
  async publishBulk(request: PublishBulkRequest): Promise<void> {
    for (const [index, { payload, metadata }] of request.entries.entries()) {
      try {
        await this.publish({ ...request, payload, metadata });
      } catch (error) {
        throw error instanceof SidecarError ? withAccepted(error, index) : error;
      }
    }
  }

  async invokeMethod(request: InvokeMethodRequest): Promise<InvokeMethodResult> {
    const { appId, methodName, httpVerb, body } = request;
    const problem = methodNameProblem(methodName);
    if (problem !== undefined) throw new InvocationError("ERR_DAPR_BAD_REQUEST", `methodName: ${problem}`);
    const { path, query } = methodPath(methodName);
    // daprd takes the `?` for a part of the method's name there, and refuses it.
    if (this.#isGrpc && query !== undefined) throw unsupported("the query of an invocation over gRPC");
    const method = this.#isGrpc ? methodName.replace(/^\//, "") : query === undefined ? path : `${path}?${query}`;
    const data = this.#invocationData(request);
    const headers = {
      ...request.traceHeaders,
      ...request.headers,
      ...(body === undefined ? {} : { "Content-Type": body.contentType }),
    };
    const operation = `${httpVerb} /v1.0/invoke/${enc(appId)}/method/${path}`;
    const reply = await this.#call(request, operation, async () => {
      try {
        return await this.#sdk.invoker.invoke(this.#part(appId), method, httpVerb as never, data, { headers });
      } catch (error) {
        const text = unreadReply(error);
        if (text !== undefined) return text;
        throw sdkCalleeError(this.#place(request, operation), error);
      }
    });
    return { ...unknownAnswer, body: replyBytes(reply) };
  }

  async invokeBinding(request: InvokeBindingRequest): Promise<InvokeBindingResult> {
    const { bindingName, operation, data, metadata } = request;
    const text = data === undefined ? undefined : jsonOf(data);
    const sent = text === undefined ? undefined : this.#isGrpc ? Buffer.from(text) : new JsonText(text);
    const answer = await this.#call(request, `POST /v1.0/bindings/${enc(bindingName)}`, () =>
      this.#sdk.binding.send(this.#part(bindingName), operation, sent, { ...metadata }),
    );
    if (!this.#isGrpc) return { ...unknownAnswer, body: replyBytes(answer), metadata: {} };
    const { data: body, metadata: given } = answer as { data?: Uint8Array; metadata?: Record<string, string> };
    return { ...unknownAnswer, body: body ?? new Uint8Array(), metadata: given ?? {} };
  }

  async getSecret(request: GetSecretRequest): Promise<Record<string, string>> {
    const { secretStoreName, key, metadata } = request;
    if (this.#isGrpc && metadata !== undefined && metadata !== "") throw unsupported("metadata of a secret over gRPC");
    const secret = await this.#call(request, `GET /v1.0/secrets/${enc(secretStoreName)}/${enc(key)}`, () =>
      this.#sdk.secret.get(this.#part(secretStoreName), this.#part(key), metadata),
    );
    return secret as Record<string, string>;
  }

  /** Over gRPC the package leaves subscriptions and the app's address out. */
  async metadata(request: CallOptions = {}): Promise<SidecarMetadata> {
    const metadata = (await this.#call(request, "GET /v1.0/metadata", () =>
      this.#sdk.metadata.get(),
    )) as SidecarMetadata;
    return this.#isGrpc ? { ...metadata, isPartial: true } : metadata;
  }

  /** Resolves once the client has started; `timeout` is 60 s unless given. */
  async waitForOutbound(request: CallOptions = {}): Promise<void> {
    await this.#call({ timeout: 60_000, ...request }, "GET /v1.0/metadata", () => this.#sdk.start());
  }

  /** Does nothing: the client is the application's. */
  async close(): Promise<void> {}

  /** A name or key as a part of a path over HTTP, where it is escaped; as it is over gRPC. */
  #part(name: string): string {
    if (this.#isGrpc) return name;
    if (name === "." || name === "..") throw unsupported(`the name or key "${name}" over HTTP, which folds it`);
    return enc(name);
  }

  /** Over gRPC the package looks at the data to tell its content type, and sends `{}` when there is none. */
  #invocationData({ body, headers, httpVerb }: InvokeMethodRequest): object | undefined {
    if (!this.#isGrpc) {
      if (body === undefined) return undefined;
      if (httpVerb === "GET" || httpVerb === "HEAD") throw unsupported(`a body with ${httpVerb} over HTTP`);
      return sdkData(body);
    }
    if (headers !== undefined) throw unsupported("headers of an invocation over gRPC");
    if (body === undefined) return Buffer.alloc(0);
    if (body.contentType === "application/json") return sdkData(body);
    const content = bodyContent(body);
    if (body.contentType === "application/octet-stream") return Buffer.from(content);
    if (body.contentType === "text/plain" && typeof content === "string") return Object(content) as object;
    throw unsupported(`the content type ${body.contentType} of an invocation over gRPC`);
  }

  /** As {@link #call}, of a method that returns its error. */
  async #checked(call: CallOptions, operation: string, run: () => Promise<unknown>): Promise<void> {
    const returned = (await this.#call(call, operation, run)) as { error?: unknown } | undefined;
    if (returned?.error !== undefined) throw sdkError(this.#place(call, operation), returned.error);
  }

  async #call<T>(call: CallOptions, operation: string, run: () => Promise<T>): Promise<T> {
    if (call.daprAddress !== undefined) throw unsupported("another daprAddress");
    refuseTimeout(call.timeout, { operation });
    try {
      return await withinTime(run, call.timeout ?? this.#timeout, call.signal);
    } catch (error) {
      if (error instanceof InvocationError || error instanceof SidecarError) throw error;
      throw sdkError(this.#place(call, operation), error);
    }
  }

  #place({ binding }: CallOptions, operation: string): RequestPlace {
    const { daprHost, daprPort } = this.#sdk.options;
    return { binding, operation, target: `${this.#isGrpc ? "grpc" : "http"}://${daprHost}:${daprPort}` };
  }
}

/** The package tells neither status nor headers of a success. */
const unknownAnswer = { status: 200, headers: {} } as const;

function unsupported(what: string): InvocationError {
  return new InvocationError("ERR_OVERRIDE_UNSUPPORTED", `@dapr/dapr cannot send ${what}; use HttpDaprClient`);
}
