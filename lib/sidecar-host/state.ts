import type {
  CallOptions,
  DaprClient,
  MetadataMap,
  StateItem,
  StateOperation,
  StateRemoval,
} from "../client/dapr-client.js";
import { stateItem, stateOperation } from "../client/http/json-text.js";
import { badItem } from "../collectors/message.js";
import { asError, kindOf } from "../model/values.js";
import type { DaprStateInput, DaprStateOutput } from "../model/bindings.js";
import type { OutputItem } from "../model/collector.js";
import type { StateRecord } from "../model/invocation.js";
import type { JsonText } from "../model/json.js";
import { WriteError, type InputReader, type Invocation, type OutputWriter } from "../invocation/binding-host.js";
import { decisiveError } from "../invocation/failures.js";
import { compileMetadata, mergedMetadata, ttlMetadata, type Metadata } from "./metadata.js";
import {
  badItemOption,
  badOption,
  callOptions,
  compileInputOption,
  compileItemOption,
  compileValue,
  type BindingPlace,
} from "./options.js";
import { cutBySize, mostBytesOfMap, refuseTooLarge, tooLarge } from "./request-size.js";
import { compileKey, dividerProblem, holdsDivider, keyRule, missingKey, storeRule } from "./state-keys.js";
import { jsonValue } from "./values.js";

export function stateReader(client: DaprClient, place: BindingPlace<DaprStateInput>): InputReader {
  return place.binding.keys === undefined ? keyReader(client, place) : keysReader(client, place, place.binding.keys);
}

function keyReader(client: DaprClient, place: BindingPlace<DaprStateInput>): InputReader {
  const { binding } = place;
  const { consistency } = binding;
  const storeOf = compileInputOption(place, "stateStore", binding.stateStore, storeRule.missing);
  const keyOf = compileKey(place, binding.key ?? "");
  const metadataOf = compileMetadata(place, binding.metadata);
  return {
    async read(invocation) {
      const stateStore = storeOf(invocation);
      const key = keyOf(invocation);
      const metadata = metadataOf(invocation);
      const { binding: name, daprAddress, signal, traceHeaders } = callOptions(place, invocation);
      const request = { stateStore, key, metadata, consistency, binding: name, daprAddress, signal, traceHeaders };
      const { value, etag, ttlExpireTime } = await client.getState(request);
      // Deviation from the extension, which fails for any key that is missing.
      if (value === undefined && binding.required === true) throw missingKey(place.call, stateStore, key);
      return binding.record === true ? recordOf(key, value, etag, ttlExpireTime) : value;
    },
  };
}

/** Reads the keys of a list that an expression finds, in one request. */
function keysReader(client: DaprClient, place: BindingPlace<DaprStateInput>, keys: string): InputReader {
  const storeOf = compileInputOption(place, "stateStore", place.binding.stateStore, storeRule.missing);
  const keysOf = compileValue(place, "keys", keys);
  const metadataOf = compileMetadata(place, place.binding.metadata);
  return {
    async read(invocation) {
      const stateStore = storeOf(invocation);
      const list = checkedKeys(place, keys, keysOf(invocation));
      const metadata = metadataOf(invocation);
      const results = await client.getBulkState({
        ...callOptions(place, invocation),
        stateStore,
        keys: list,
        metadata,
      });
      return results.map(({ key, value, etag, ttlExpireTime }) => recordOf(key, value, etag, ttlExpireTime));
    },
  };
}

/** @param option as the decorator has it */
function checkedKeys(place: { readonly where: string }, option: string, found: unknown): string[] {
  const refuse = (member: string, what: string): Error => badOption(place, member, option, what);
  if (!Array.isArray(found)) throw refuse("keys", `must find a list of keys, not ${kindOf(found)}`);
  return found.map((key: unknown, index) => {
    const text = typeof key === "number" ? String(key) : key;
    if (typeof text !== "string" || text === "" || !text.isWellFormed()) {
      const instead = typeof text === "string" ? "" : `, not ${kindOf(key)}`;
      throw refuse(`keys[${index}]`, `must be a key: well-formed text that is not empty${instead}`);
    }
    if (holdsDivider(text)) throw refuse(`keys[${index}]`, dividerProblem);
    return text;
  });
}

function recordOf(key: string, value: unknown, etag: string | undefined, ttlExpireTime?: string): StateRecord {
  return ttlExpireTime === undefined ? { key, value, etag } : { key, value, etag, ttlExpireTime };
}

/**
 * An entry with nothing but key and value.
 *
 * Messages, of which an invocation may hold very many, are instances of classes: V8 allocates literals that have often lived
 * long in the old heap at once, where each costs several times as much (bulk publish: 1.9 times the CPU of code written by
 * hand, with classes 1.4).
 */
class StateEntry implements StateItem {
  constructor(
    readonly key: string,
    readonly value: JsonText,
  ) {}
}

class SaveMessage {
  readonly operation = "upsert";

  /** @param projection what an outbox publishes in place of the value */
  constructor(
    readonly stateStore: string,
    readonly request: StateItem,
    readonly projection: StateOperation | undefined,
  ) {}
}

/** A literal: removals are few. */
interface RemoveMessage {
  readonly operation: "delete";
  readonly stateStore: string;
  readonly request: StateRemoval;
  readonly projection: StateOperation | undefined;
}

/** What becomes of a key of a store. */
type StateMessage = SaveMessage | RemoveMessage;

/** What an invocation has put into its transaction so far. */
interface OpenTransaction {
  readonly stateStore: string;
  /** Bytes that its operations have at most. */
  atMost: number;
  readonly operations: StateOperation[];
  hasProjection: boolean;
}

/** @param limit bytes of a request that the sidecar takes */
export function stateWriter(
  client: DaprClient,
  place: BindingPlace<DaprStateOutput>,
  limit: number,
): OutputWriter<StateMessage> {
  const { binding, where } = place;
  const storeOf = compileItemOption(place, "stateStore", binding.stateStore, storeRule.missing);
  const keyOf = compileItemOption(place, "key", binding.key, keyRule.missing);
  const metadataOf = compileMetadata(place, binding.metadata);
  const ttl = ttlMetadata(binding.ttlInSeconds);
  const savingMetadataOf: Metadata =
    ttl === undefined ? metadataOf : (invocation) => mergedMetadata(metadataOf(invocation), ttl);
  const transactions = binding.transaction === true ? new WeakMap<Invocation, OpenTransaction>() : undefined;
  const hasOutbox = binding.outbox === true;

  const saveOf = ({ value, overrides }: OutputItem, key: string, invocation: Invocation): StateItem => {
    const text = jsonValue(value, where, "value");
    const etag = overrides["etag"] as string | undefined;
    const options = overrides["options"] as StateItem["options"];
    const own = overrides["metadata"] as StateItem["metadata"];
    const metadata = mergedMetadata(savingMetadataOf(invocation), own);
    // Without it an outbox publishes JSON as text.
    const contentType = hasOutbox ? "application/json" : undefined;
    // An invocation may have very many items, and most have no more than this.
    if ((etag ?? metadata ?? options ?? contentType) === undefined) return new StateEntry(key, text);
    return { key, value: text, etag, metadata, options, contentType };
  };

  const removalOf = ({ overrides }: OutputItem, key: string, invocation: Invocation): StateRemoval => {
    const { etag, metadata, options } = overrides as Pick<StateRemoval, "etag" | "metadata" | "options">;
    return { key, etag, metadata: mergedMetadata(metadataOf(invocation), metadata), options };
  };

  const projectionOf = ({ overrides }: OutputItem, key: string): StateOperation | undefined => {
    const { event } = overrides;
    if (event === undefined) return undefined;
    if (!hasOutbox) throw badItem(where, "event", "only an output with outbox: true publishes one; leave it out");
    const metadata = { "outbox.projection": "true" };
    const request = { key, value: jsonValue(event, where, "event"), metadata, contentType: "application/json" };
    return { operation: "upsert", request };
  };

  /** Joins what is to be one transaction, which can only be one request to one store. */
  const join = (message: StateMessage, invocation: Invocation): void => {
    const { stateStore, projection } = message;
    let open = transactions!.get(invocation);
    if (open === undefined) {
      transactions!.set(invocation, (open = { stateStore, atMost: 0, operations: [], hasProjection: false }));
    }
    if (open.stateStore !== stateStore) {
      throw badItem(where, "stateStore", `a transaction has one store; this one began with "${open.stateStore}"`);
    }
    if (projection !== undefined && open.hasProjection) {
      throw badItem(where, "event", "a transaction publishes one event of its own, and daprd fails on two; add one");
    }
    const added = operationsOf(message);
    const atMost = open.atMost + added.reduce((sum, operation) => sum + mostBytes(operation.request), 0);
    if (atMost > limit) {
      const size = [...open.operations, ...added].reduce((sum, operation) => sum + bytesOf(operation), 256);
      if (size > limit) throw badItem(where, "value", tooLarge("the transaction, with this item,", size, limit));
    }
    open.atMost = atMost;
    open.operations.push(...added);
    open.hasProjection ||= projection !== undefined;
  };

  return {
    toMessage(item, invocation) {
      const stateStore = storeOf(item, invocation);
      const key = keyOf(item, invocation);
      if (holdsDivider(key)) throw badItemOption(place, "key", binding.key, item, dividerProblem);
      const projection = projectionOf(item, key);
      const message: StateMessage =
        item.verb === "remove"
          ? { stateStore, operation: "delete", request: removalOf(item, key, invocation), projection }
          : new SaveMessage(stateStore, saveOf(item, key, invocation), projection);
      if (transactions !== undefined) join(message, invocation);
      else if (message.operation === "upsert") {
        refuseTooLarge(where, "value", limit, mostBytes(message.request), sizeAlone, message.request);
      }
      return message;
    },
    async write(messages, invocation) {
      if (transactions !== undefined) return await transact(messages, invocation);
      const requests = requestsOf(messages, limit);
      const call = callOptions(place, invocation);
      let sent = 0;
      for (let index = 0; index < requests.length; index++) {
        const request = requests[index]!;
        try {
          await send(request, call);
        } catch (error) {
          throw await writeError(request, sent, error, invocation);
        }
        sent += request.positions.length;
      }
    },
  };

  function send({ stateStore, entries, removal }: StateRequest, call: CallOptions): Promise<void> {
    const { binding: name, daprAddress, signal, traceHeaders } = call;
    return removal === undefined
      ? client.saveState({ stateStore, entries, binding: name, daprAddress, signal, traceHeaders })
      : client.deleteState({ stateStore, ...removal, binding: name, daprAddress, signal, traceHeaders });
  }

  async function writeError(
    { stateStore, positions, entries, removal }: StateRequest,
    sent: number,
    error: unknown,
    invocation: Invocation,
  ): Promise<WriteError> {
    const operations: readonly StateOperation[] =
      removal === undefined
        ? entries.map((request) => ({ operation: "upsert", request }))
        : [{ operation: "delete", request: removal }];
    const cause = await conflictOr(asError(error), stateStore, operations, invocation);
    // Dapr does not take back the entries that it saved before another one failed.
    const hint = entries.length > 1 ? "other entries of the request may be stored" : undefined;
    return new WriteError(sent, positions[0]!, cause, hint);
  }

  async function transact(messages: readonly StateMessage[], invocation: Invocation): Promise<void> {
    const { stateStore } = messages[0]!;
    const operations = messages.flatMap(operationsOf);
    const metadata = metadataOf(invocation);
    try {
      await client.transactState({ ...callOptions(place, invocation), stateStore, operations, metadata });
    } catch (error) {
      throw new WriteError(0, 0, await conflictOr(asError(error), stateStore, operations, invocation));
    }
  }

  /**
   * The conflict that a refused write means, else its own error. Not every store says 409, so where an item has an etag,
   * or wants to be the first, what is there now tells.
   */
  async function conflictOr(
    error: Error,
    stateStore: string,
    operations: readonly StateOperation[],
    invocation: Invocation,
  ): Promise<Error> {
    const { name, status, code } = error as Error & { readonly status?: number; readonly code?: string };
    if (name !== "SidecarError" || code === "ERR_DAPR_REQUEST_FAILED" || status === 503) return error;
    const guarded = operations.filter(
      ({ request: { etag, options } }) => etag !== undefined || options?.concurrency === "first-write",
    );
    if (guarded.length === 0) return error;
    const stale = status === 409 ? guarded[0]! : await firstStale(stateStore, guarded, invocation);
    if (stale === undefined) return error;
    const what = `the key "${stale.request.key}" of the state store "${stateStore}" is not what it was when it was read`;
    return decisiveError("ERR_STATE_CONFLICT", `${what}: ${error.message}`, { cause: error });
  }

  async function firstStale(
    stateStore: string,
    guarded: readonly StateOperation[],
    invocation: Invocation,
  ): Promise<StateOperation | undefined> {
    try {
      const reads = guarded.map(({ request: { key, metadata } }) =>
        client.getState({ ...callOptions(place, invocation), stateStore, key, metadata: partitionOf(metadata) }),
      );
      const now = await Promise.all(reads);
      return guarded.find(({ request }, index) => request.etag !== now[index]!.etag);
    } catch {
      return undefined;
    }
  }
}

/** What of an item's metadata says where its key is, rather than what is to become of it. */
function partitionOf(metadata: MetadataMap | undefined): MetadataMap | undefined {
  const entry = Object.entries(metadata ?? {}).find(([name]) => name.toLowerCase() === "partitionkey");
  return entry === undefined ? undefined : Object.fromEntries([entry]);
}

/** What an item is in a transaction. */
function operationsOf(message: StateMessage): readonly StateOperation[] {
  const change: StateOperation =
    message.operation === "upsert"
      ? { operation: "upsert", request: message.request }
      : { operation: "delete", request: message.request };
  return message.projection === undefined ? [change] : [message.projection, change];
}

/** Bytes that an operation has at most in a request; counting them would cost as much as writing them. */
function mostBytes(request: StateItem | (StateRemoval & { readonly value?: undefined })): number {
  const { key, metadata, value, etag } = request;
  const length = value === undefined ? 0 : (value as JsonText).text.length;
  return 3 * length + mostBytesOfMap(metadata) + 6 * (key.length + (etag?.length ?? 0)) + 256;
}

/** Bytes of an entry in a request beside others. */
function sizeOf(item: StateItem): number {
  return Buffer.byteLength(stateItem(item)) + 1;
}

/** Bytes of a request that has but this entry. */
function sizeAlone(item: StateItem): number {
  return sizeOf(item) + 1;
}

function bytesOf(operation: StateOperation): number {
  return Buffer.byteLength(stateOperation(operation)) + 1;
}

/** One request: entries to save, or a removal. */
interface StateRequest {
  readonly stateStore: string;
  /** Positions of its messages. */
  readonly positions: number[];
  readonly entries: StateItem[];
  readonly removal?: StateRemoval;
}

/** A request that takes further entries, and the keys that it has. */
interface OpenRequest extends StateRequest {
  readonly keys: Set<string>;
}

/**
 * Groups messages by store, in order; the extension sends them in reverse, and a key twice. Dapr saves the entries of one
 * request side by side and of two with one key keeps the first, so a key that a store's open request already has opens
 * the next one, and so does a removal. A request that would be too large for the sidecar is cut.
 */
function requestsOf(messages: readonly StateMessage[], limit: number): readonly StateRequest[] {
  // One item, which `add` has found to fit: the usual case, for which nothing is grouped.
  if (messages.length === 1) return [requestOf(messages[0]!, 0)];
  const requests: StateRequest[] = [];
  const open = new Map<string, OpenRequest>();
  let current: OpenRequest | undefined;
  messages.forEach((message, position) => {
    const { stateStore } = message;
    if (message.operation === "delete") {
      requests.push(requestOf(message, position));
      open.delete(stateStore);
      current = undefined;
      return;
    }
    // Nearly always that of the message before.
    if (current?.stateStore !== stateStore) current = open.get(stateStore);
    const { key } = message.request;
    // The set does not grow by a key that it has.
    if (current === undefined || current.keys.add(key).size === current.entries.length) {
      current = { stateStore, positions: [], entries: [], keys: new Set([key]) };
      requests.push(current);
      open.set(stateStore, current);
    }
    current.positions.push(position);
    current.entries.push(message.request);
  });
  return requests.flatMap((request) => (request.removal === undefined ? cut(request, limit) : [request]));
}

function requestOf(message: StateMessage, position: number): StateRequest {
  const { stateStore } = message;
  const positions = [position];
  return message.operation === "delete"
    ? { stateStore, positions, entries: [], removal: message.request }
    : { stateStore, positions, entries: [message.request] };
}

function cut(request: StateRequest, limit: number): readonly StateRequest[] {
  const { entries } = request;
  const cuts = cutBySize(entries, limit, mostBytes, sizeOf, 2);
  if (cuts.length === 1) return [request];
  return cuts.map(({ first, end }) => ({
    ...request,
    positions: request.positions.slice(first, end),
    entries: entries.slice(first, end),
  }));
}
