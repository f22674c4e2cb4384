import { isUtf8 } from "node:buffer";
import { setTimeout as delay } from "node:timers/promises";
import { InvocationError, SidecarError } from "../../model/errors.js";
import { numberFault } from "../../model/numbers.js";
import { parseAddress } from "../../model/sidecar-address.js";
import { sidecarTimeout, sidecarToken, sidecarUrl, tokenProblem } from "../address.js";
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
  MessageBody,
  PublishBulkRequest,
  PublishRequest,
  SaveStateRequest,
  SidecarMetadata,
  StateResult,
  TransactStateRequest,
} from "../dapr-client.js";
import type { Answer } from "./exchange.js";
import { bodyContent, bulkEntry, jsonOf, stateItem, stateOperation } from "./json-text.js";
import { enc, metadataQuery, methodNameProblem, methodPath, stateQuery } from "../paths.js";
import { bulkStateResults } from "./bulk-state.js";
import { badAnswer, calleeFailure, flat, partialFailure, sidecarError, withAccepted } from "./sidecar-failure.js";
import { Transport, type SidecarRequest } from "./transport.js";

/** What {@link HttpDaprClient} takes; what is left out comes from the environment. */
export interface HttpDaprClientOptions {
  /** The sidecar's URL; `DAPR_HTTP_ENDPOINT`, else `http://127.0.0.1:<DAPR_HTTP_PORT, else 3500>` unless given. */
  readonly url?: string | undefined;
  /** Sent as `dapr-api-token` with every request; `DAPR_API_TOKEN` unless given. */
  readonly apiToken?: string | undefined;
  /** Milliseconds for one request; `DAPR_API_TIMEOUT_SECONDS`, else 100,000 unless given. */
  readonly timeout?: number | undefined;
}

/**
 * Dapr's HTTP API over connections that are kept open: the client that `serve` uses unless given another. Paths are
 * sent raw, redirects are not followed, and nothing is retried but a refused connection.
 *
 * A call that fails rejects with a `SidecarError`.
 *
 * @see https://docs.dapr.io/reference/api/
 * @example
 * const client = new HttpDaprClient();
 * const { value, etag } = await client.getState({ stateStore: "statestore", key: "order-1" });
 */
export class HttpDaprClient implements DaprClient {
  readonly #transport: Transport;
  readonly #headers: readonly string[];
  readonly #jsonHeaders: readonly string[];
  /** Sidecars that turned out to have no bulk publish, by their address. */
  readonly #withoutBulk = new Set<string | undefined>();

  /** @throws DefinitionError `setting-invalid` for a variable; TypeError for a `url` that is not a sidecar's, an `apiToken`
   * that no header can carry, a `timeout` below 1 */
  constructor(options: HttpDaprClientOptions = {}) {
    const url = options.url ?? sidecarUrl();
    const address = parseAddress(url);
    if (typeof address === "string") throw new TypeError(`url: it ${address}`);
    const fault = options.timeout === undefined ? undefined : numberFault(options.timeout, { least: 1 });
    if (fault !== undefined) throw new TypeError(`timeout: ${fault}`);
    this.#transport = new Transport(url, options.timeout ?? sidecarTimeout());
    const token = options.apiToken ?? sidecarToken();
    const problem = tokenProblem(token);
    if (problem !== undefined) throw new TypeError(`apiToken: ${problem}`);
    this.#headers = token === "" ? [] : ["dapr-api-token", token];
    this.#jsonHeaders = ["content-type", "application/json", ...this.#headers];
  }

  saveState(request: SaveStateRequest): Promise<void> {
    const requestOf = (): SidecarRequest => {
      // Joined as it grows: a list of all texts first costs a tenth more.
      let body = "";
      for (const entry of request.entries) body += body === "" ? stateItem(entry) : `,${stateItem(entry)}`;
      return this.#jsonPost(`/v1.0/state/${enc(request.stateStore)}`, `[${body}]`);
    };
    return this.#transport.ask(request, requestOf, nothing);
  }

  getState(request: GetStateRequest): Promise<StateResult> {
    const requestOf = (): SidecarRequest => {
      const { consistency, metadata } = request;
      const query = consistency === undefined ? metadataQuery(metadata) : stateQuery({ consistency }, metadata);
      return this.#get(`/v1.0/state/${enc(request.stateStore)}/${enc(request.key)}`, query);
    };
    return this.#transport.ask(request, requestOf, stateResult);
  }

  async getBulkState(request: GetBulkStateRequest): Promise<readonly BulkStateResult[]> {
    const keys = [...new Set(request.keys)];
    if (keys.length === 0) return [];
    const requestOf = (): SidecarRequest => ({
      method: "POST",
      path: `/v1.0/state/${enc(request.stateStore)}/bulk`,
      query: metadataQuery(request.metadata),
      headers: this.#jsonHeaders,
      body: JSON.stringify({ keys }),
      keepBody: true,
    });
    return await this.#transport.ask(request, requestOf, (answer, place) =>
      bulkStateResults(place, request.keys, jsonOrText(answer.body.toString())),
    );
  }

  deleteState(request: DeleteStateRequest): Promise<void> {
    const requestOf = (): SidecarRequest => ({
      method: "DELETE",
      path: `/v1.0/state/${enc(request.stateStore)}/${enc(request.key)}`,
      query: stateQuery(request.options, request.metadata),
      headers: request.etag === undefined ? this.#headers : [...this.#headers, "if-match", request.etag],
      keepBody: false,
    });
    return this.#transport.ask(request, requestOf, nothing);
  }

  transactState(request: TransactStateRequest): Promise<void> {
    const requestOf = (): SidecarRequest => {
      let body = `{"operations":[${request.operations.map(stateOperation).join(",")}]`;
      body += request.metadata === undefined ? "}" : `,"metadata":${JSON.stringify(request.metadata)}}`;
      return this.#jsonPost(`/v1.0/state/${enc(request.stateStore)}/transaction`, body);
    };
    return this.#transport.ask(request, requestOf, nothing);
  }

  publish(request: PublishRequest): Promise<void> {
    const requestOf = (): SidecarRequest => ({
      method: "POST",
      path: `/v1.0/publish/${enc(request.pubSubName)}/${enc(request.topic)}`,
      query: metadataQuery(request.metadata),
      headers: this.#headersFor(request.payload),
      body: bodyContent(request.payload),
      keepBody: false,
    });
    return this.#transport.ask(request, requestOf, nothing);
  }

  /**
   * Publishes in one request; one by one and in order where the sidecar has no bulk publish, which is remembered.
   * Of an error, `accepted` counts the entries that were published and `details.failedEntries` names the refused ones.
   */
  async publishBulk(request: PublishBulkRequest): Promise<void> {
    if (this.#withoutBulk.has(request.daprAddress)) return await this.#publishSingly(request);
    const requestOf = (): SidecarRequest => {
      const body = `[${request.entries.map(bulkEntry).join(",")}]`;
      return this.#jsonPost(`/v1.0/publish/bulk/${enc(request.pubSubName)}/${enc(request.topic)}`, body);
    };
    try {
      await this.#transport.ask(request, requestOf, nothing, (place, answer) => {
        return partialFailure(place, answer, request.entries.length) ?? badAnswer(place, answer);
      });
    } catch (error) {
      if (!(error instanceof SidecarError) || !isBulkMissing(error, request.pubSubName)) throw error;
      this.#withoutBulk.add(request.daprAddress);
      await this.#publishSingly(request);
    }
  }

  invokeMethod(request: InvokeMethodRequest): Promise<InvokeMethodResult> {
    const requestOf = (): SidecarRequest => {
      const problem = methodNameProblem(request.methodName);
      if (problem !== undefined) throw new InvocationError("ERR_DAPR_BAD_REQUEST", `methodName: ${problem}`);
      const { path, query } = methodPath(request.methodName);
      const headers = request.body === undefined ? this.#headers : this.#headersFor(request.body);
      return {
        method: request.httpVerb,
        path: `/v1.0/invoke/${enc(request.appId)}/method/${path}`,
        query,
        headers: request.headers === undefined ? headers : [...headers, ...Object.entries(request.headers).flat()],
        body: request.body === undefined ? undefined : bodyContent(request.body),
        keepBody: request.discard !== true,
        isCallees: true,
      };
    };
    return this.#transport.ask(
      request,
      requestOf,
      (answer) => (request.discard === true ? statusOnly(answer) : methodResult(answer)),
      calleeFailure,
    );
  }

  invokeBinding(request: InvokeBindingRequest): Promise<InvokeBindingResult> {
    const requestOf = (): SidecarRequest => {
      let body = request.data === undefined ? "{" : `{"data":${jsonOf(request.data)},`;
      body += `"operation":${JSON.stringify(request.operation)}`;
      if (request.metadata !== undefined) body += `,"metadata":${JSON.stringify(request.metadata)}`;
      return {
        method: "POST",
        path: `/v1.0/bindings/${enc(request.bindingName)}`,
        headers: this.#jsonHeaders,
        body: `${body}}`,
        keepBody: request.discard !== true,
      };
    };
    return this.#transport.ask(request, requestOf, (answer) =>
      request.discard === true ? { ...statusOnly(answer), metadata: {} } : bindingResult(answer),
    );
  }

  getSecret(request: GetSecretRequest): Promise<Record<string, string>> {
    return this.#getObject<Record<string, string>>(request, () => {
      const { secretStoreName, key, metadata } = request;
      return this.#get(`/v1.0/secrets/${enc(secretStoreName)}/${enc(key)}`, metadata);
    });
  }

  metadata(request: CallOptions = {}): Promise<SidecarMetadata> {
    return this.#getObject<SidecarMetadata>(request, () => this.#get("/v1.0/metadata"));
  }

  /** Asks `/v1.0/healthz/outbound` until it answers 2xx; `timeout` is 60 s unless given. */
  async waitForOutbound(request: CallOptions = {}): Promise<void> {
    const end = performance.now() + (request.timeout ?? 60_000);
    for (let wait = 50; ; wait = Math.min(wait * 2, 1000)) {
      const timeout = Math.min(Math.max(end - performance.now(), 1), 5000);
      try {
        return await this.#transport.ask({ ...request, timeout }, () => this.#get("/v1.0/healthz/outbound"), nothing);
      } catch (error) {
        if (request.signal?.aborted === true || performance.now() + wait >= end) throw error;
      }
      await delay(wait, undefined, { signal: request.signal }).catch(() => undefined);
    }
  }

  /** Closes the connections once the requests under way are answered. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #publishSingly(request: PublishBulkRequest): Promise<void> {
    for (const [index, entry] of request.entries.entries()) {
      try {
        await this.publish({ ...request, ...entry });
      } catch (error) {
        throw error instanceof SidecarError ? withAccepted(error, index) : error;
      }
    }
  }

  #jsonPost(path: string, body: string): SidecarRequest {
    return { method: "POST", path, headers: this.#jsonHeaders, body, keepBody: false };
  }

  #get(path: string, query?: string): SidecarRequest {
    return { method: "GET", path, query, headers: this.#headers, keepBody: true };
  }

  #getObject<T extends object>(call: CallOptions, requestOf: () => SidecarRequest): Promise<T> {
    return this.#transport.ask(call, requestOf, ({ status, body }, place) => {
      const value = jsonOrText(body.toString());
      if (typeof value === "object" && value !== null) return value as T;
      throw sidecarError(place, {
        status,
        errorCode: "ERR_UNKNOWN",
        message: "not a valid JSON object",
        isAnswer: true,
      });
    });
  }

  #headersFor({ contentType }: MessageBody): readonly string[] {
    return contentType === "application/json" ? this.#jsonHeaders : ["content-type", contentType, ...this.#headers];
  }
}

function nothing(): void {}

/** Headers that nobody looks at are not read. */
function statusOnly({ status, body }: Answer): InvokeMethodResult {
  return { status, headers: {}, body };
}

function stateResult({ status, headers, body }: Answer): StateResult {
  if (status === 204 || body.length === 0) return { value: undefined, etag: undefined };
  const value = isUtf8(body) ? jsonOrText(body.toString()) : new Uint8Array(body);
  const etag = headerText(headers["etag"]);
  const ttlExpireTime = headerText(headers["metadata.ttlexpiretime"]);
  return ttlExpireTime === undefined ? { value, etag } : { value, etag, ttlExpireTime };
}

function methodResult({ status, headers, body }: Answer): InvokeMethodResult {
  return { status, headers: flat(headers), body };
}

function bindingResult({ status, headers: given, body }: Answer): InvokeBindingResult {
  const headers = flat(given);
  const metadata: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    if (name.startsWith("metadata.")) metadata[name.slice("metadata.".length)] = headers[name]!;
  }
  return { status, headers, body, metadata };
}

/**
 * True where an answer means that there is no bulk publish: daprd answers an unknown path with `ERR_DIRECT_INVOKE`, and
 * an older one takes `bulk` for the name of a pubsub.
 */
function isBulkMissing({ status, errorCode, message }: SidecarError, pubSubName: string): boolean {
  if (status !== 404) return false;
  if (errorCode === "ERR_DIRECT_INVOKE") return true;
  return errorCode === "ERR_PUBSUB_NOT_FOUND" && pubSubName !== "bulk" && /pubsub '?"?bulk"?'? /i.test(message);
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value;
}
