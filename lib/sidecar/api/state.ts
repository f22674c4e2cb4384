import { messageOf } from "../../model/thrown.js";
import { ApiError, json, noContent, queryMetadata, route, type ApiReply, type ApiRequest, type Route } from "./api.js";
import { JsonObject, jsonList, parseJson } from "./json-body.js";
import {
  EtagMismatch,
  type InMemoryState,
  type Removal,
  type Upsert,
  type WriteOptions,
} from "../components/state-store.js";

/** @see https://docs.dapr.io/reference/api/state_api/ */
export function stateRoutes(stores: ReadonlyMap<string, InMemoryState>): readonly Route[] {
  return [
    route(["POST", "PUT"], "/v1.0/state/{store}/bulk", ({ store }, request) =>
      getBulk(storeOf(stores, store), request),
    ),
    route(["POST", "PUT"], "/v1.0/state/{store}/transaction", ({ store }, request) =>
      transact(storeOf(stores, store), request),
    ),
    route(["POST", "PUT"], "/v1.0/state/{store}", ({ store }, request) => save(storeOf(stores, store), store, request)),
    route(["GET"], "/v1.0/state/{store}/{key}", ({ store, key }) => get(storeOf(stores, store), key)),
    route(["DELETE"], "/v1.0/state/{store}/{key}", ({ store, key }, request) =>
      remove(storeOf(stores, store), key, request),
    ),
  ];
}

function storeOf(stores: ReadonlyMap<string, InMemoryState>, name: string): InMemoryState {
  if (stores.size === 0) {
    throw new ApiError(500, "ERR_STATE_STORE_NOT_CONFIGURED", `state store ${name} is not configured`);
  }
  const store = stores.get(name);
  if (!store) throw new ApiError(400, "ERR_STATE_STORE_NOT_FOUND", `state store ${name} is not found`);
  return store;
}

function get(store: InMemoryState, key: string): ApiReply {
  checkKey(key);
  const stored = store.get(key);
  if (!stored) return noContent;
  const { value, etag, expireTime } = stored;
  return {
    status: 200,
    headers: { etag, ...(expireTime !== undefined && { "metadata.ttlExpireTime": expireTime }) },
    body: value,
  };
}

function remove(store: InMemoryState, key: string, request: ApiRequest): ApiReply {
  checkKey(key);
  const query = new URLSearchParams(request.rawQuery);
  try {
    store.write({
      operation: "delete",
      key,
      etag: request.headers["if-match"],
      concurrency: query.get("concurrency") ?? undefined,
      consistency: query.get("consistency") ?? undefined,
    });
  } catch (error) {
    throw writeError("ERR_STATE_DELETE", `failed deleting state with key ${key}`, error);
  }
  return noContent;
}

function save(store: InMemoryState, name: string, request: ApiRequest): ApiReply {
  const entries = malformedIfThrown("", () =>
    jsonList(parseJson(request.body()), "[]state.SetRequest").map((entry) => upsertOf(entry, queryMetadata(request))),
  );
  for (const { key } of entries) {
    if (key === "") throw new ApiError(400, "ERR_MALFORMED_REQUEST", '"key" is a required field');
    checkKey(key);
  }
  const errors: unknown[] = [];
  // daprd writes the entries of one request side by side, and of two with one key the first survives: so, backwards.
  for (const entry of [...entries].reverse()) {
    try {
      store.write(entry);
    } catch (error) {
      errors.unshift(error);
    }
  }
  if (errors.length > 0) {
    // A wrong etag decides the answer; other errors are all named.
    const mismatch = errors.find((error) => error instanceof EtagMismatch);
    const error = mismatch ?? new Error(errors.map(messageOf).join("\n"));
    throw writeError("ERR_STATE_SAVE", `failed saving state in state store ${name}`, error);
  }
  return noContent;
}

function getBulk(store: InMemoryState, request: ApiRequest): ApiReply {
  const keys = malformedIfThrown("failed deserializing HTTP body: ", () => {
    const body = new JsonObject(parseJson(request.body()), "http.BulkGetRequest");
    body.textMap("metadata");
    return body.textList("keys");
  });
  keys.forEach(checkKey);
  const results = keys.map((key) => {
    const stored = store.get(key);
    if (!stored) return { key };
    const { value, etag, expireTime } = stored;
    const metadata = expireTime === undefined ? {} : { metadata: { ttlExpireTime: expireTime } };
    return { key, data: JSON.parse(value) as unknown, etag, ...metadata };
  });
  return json(results);
}

function transact(store: InMemoryState, request: ApiRequest): ApiReply {
  const query = queryMetadata(request);
  const writes = malformedIfThrown("failed deserializing HTTP body: ", () => {
    const body = new JsonObject(parseJson(request.body()), "http.stateTransactionRequestBody");
    body.textMap("metadata");
    return (body.list("operations", "[]http.stateTransactionRequestBodyOperation") ?? []).map((item) =>
      operationOf(item, query),
    );
  });
  try {
    store.transact(writes);
  } catch (error) {
    // daprd does not tell a wrong etag from other failures here.
    throw new ApiError(500, "ERR_STATE_TRANSACTION", `error while executing state transaction: ${messageOf(error)}`);
  }
  return noContent;
}

function operationOf(item: unknown, query: Record<string, string>): Upsert | Removal {
  const operation = new JsonObject(item, "http.stateTransactionRequestBodyOperation");
  const kind = operation.text("operation") ?? "";
  if (kind === "upsert") {
    const upsert = upsertOf(operation.value("request") ?? null, query);
    checkKey(upsert.key);
    return upsert;
  }
  if (kind === "delete") {
    const removal = operation.object("request", "state.DeleteRequest");
    const key = removal.text("key") ?? "";
    checkKey(key);
    return { operation: "delete", key, ...optionsOf(removal) };
  }
  throw new ApiError(400, "ERR_NOT_SUPPORTED_STATE_OPERATION", `operation type ${kind} not supported`);
}

function upsertOf(value: unknown, query: Record<string, string>): Upsert {
  const entry = new JsonObject(value, "state.SetRequest");
  return {
    operation: "upsert",
    key: entry.text("key") ?? "",
    value: JSON.stringify(entry.raw("value") ?? null),
    metadata: { ...entry.textMap("metadata"), ...query },
    ...optionsOf(entry),
  };
}

function optionsOf(entry: JsonObject): WriteOptions {
  const options = entry.object("options", "state.SetStateOption");
  return {
    etag: entry.text("etag"),
    concurrency: options.text("concurrency"),
    consistency: options.text("consistency"),
  };
}

function checkKey(key: string): void {
  if (!key.includes("||")) return;
  const message = `input key/keyPrefix '${key}' can't contain '||'`;
  throw new ApiError(400, "ERR_MALFORMED_REQUEST", `api error: code = InvalidArgument desc = ${message}`);
}

function malformedIfThrown<T>(prefix: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(400, "ERR_MALFORMED_REQUEST", prefix + messageOf(error));
  }
}

function writeError(errorCode: string, what: string, error: unknown): ApiError {
  return new ApiError(error instanceof EtagMismatch ? 409 : 500, errorCode, `${what}: ${messageOf(error)}`);
}
