import type { DaprClient, MetadataMap, StateOperation, StateResult } from "../client/dapr-client.js";
import { badItem } from "../collectors/message.js";
import { asError } from "../model/values.js";
import type { DaprStateEntryBinding } from "../model/bindings.js";
import { looseRemovals, unfitForEntries } from "../model/entry-stores.js";
import { InvocationError, PayloadError } from "../model/errors.js";
import { placeOf } from "../model/function-definition.js";
import { JsonText } from "../model/json.js";
import { isPromise, type MaybePromise } from "../model/maybe-promise.js";
import {
  EntryConflict,
  type ChangedEntry,
  type EntryPlace,
  type EntryStore,
  type Invocation,
} from "../invocation/binding-host.js";
import { pause } from "../model/abort.js";
import type { KeyQueue } from "../invocation/key-queue.js";
import { overridingMetadata } from "./entry-overrides.js";
import { compileMetadata, mergedMetadata, ttlMetadata } from "./metadata.js";
import { callOptions, compileInputOption, type BindingPlace } from "./options.js";
import { isKeptAs } from "./redis-value.js";
import { refuseTooLarge } from "./request-size.js";
import { compileKey, missingKey, storeRule } from "./state-keys.js";
import type { RemovedKeys } from "./removed-keys.js";
import type { StateStores, StoreFacts } from "./state-stores.js";
import { jsonValue } from "./values.js";

type Change = ChangedEntry<JsonText>;

/** How long it is tried to learn what became of a write, in milliseconds: a sidecar may have to start again. */
const patience = 10_000;

/**
 * State entries over a sidecar: read with their etags, and written with them so that nothing is written over what came
 * in between; several as one transaction.
 *
 * @param queue who has which key in this process
 * @param limit bytes of a request that the sidecar takes
 * @see https://docs.dapr.io/reference/api/state_api/#optional-behaviors
 */
export function entryStore(
  client: DaprClient,
  places: readonly BindingPlace<DaprStateEntryBinding>[],
  queue: KeyQueue,
  limit: number,
  stores: StateStores,
  removed: RemovedKeys,
): EntryStore<JsonText> {
  const entries = places.map((place) => compileEntry(place));

  /** The etag read guards a key that is there; one that is not must still not be there. */
  const operationOf = (
    { index, place: { key }, stored, change }: Change,
    isRedis: boolean,
    given: Invocation,
  ): StateOperation => {
    const { metadataOf, options: whole, redisOptions } = entries[index]!;
    const metadata = metadataOf(given);
    const etag = stored.etag ?? (isRedis ? noVersion : undefined);
    const options = isRedis ? redisOptions : whole;
    if (change.operation === "set") {
      const merged = mergedMetadata(metadata, change.metadata);
      return { operation: "upsert", request: { key, value: change.value, etag, metadata: merged, options } };
    }
    if (!isRedis) return { operation: "delete", request: { key, etag, metadata, options } };
    const lasting = mergedMetadata(metadata, ttlMetadata(-1));
    return { operation: "upsert", request: { key, value: nothingThere, etag, metadata: lasting, options } };
  };

  /** @param timeout milliseconds; the client's own limit unless given */
  async function send(
    changes: readonly Change[],
    isRedis: boolean,
    invocation: Invocation,
    timeout?: number,
  ): Promise<void> {
    const [{ index, place }] = changes as [Change];
    const { stateStore } = place;
    const call = { ...callOptions(entries[index]!.place, invocation), timeout };
    const operations = changes.map((change) => operationOf(change, isRedis, invocation));
    if (operations.length > 1) {
      const metadata = changes
        .map((change) => entries[change.index]!.metadataOf(invocation))
        .reduce<MetadataMap | undefined>((all, own) => mergedMetadata(all, own), undefined);
      return await client.transactState({ ...call, stateStore, operations, metadata });
    }
    const [{ operation, request }] = operations as [StateOperation];
    if (operation === "delete") return await client.deleteState({ ...call, stateStore, ...request });
    return await client.saveState({ ...call, stateStore, entries: [request] });
  }

  /**
   * Sends a write again that got no answer, under the same etag, which only one of the two can still find: when this one
   * is carried out, the first was not and never will be. When it is refused, the first was carried out, or another has
   * written: both leave another etag, and an equal value says nothing, as others may have come to the same.
   *
   * @param lost what the first failed with
   * @throws EntryConflict where it is certain that another has written, and this not; InvocationError
   *   `ERR_DAPR_REQUEST_FAILED` where it is not
   */
  async function sendAgain(
    changes: readonly Change[],
    lost: Error,
    facts: StoreFacts,
    invocation: Invocation,
  ): Promise<void> {
    const isNotKnown = (): Error => unknownOutcome(changes, lost, invocation);
    if (!changes.some((change) => happensOnce(change, facts))) throw isNotKnown();
    const isRedis = facts.type === redis;
    const end = performance.now() + patience;
    for (let wait = 20; ; wait = Math.min(wait * 2, 500)) {
      if (invocation.signal?.aborted === true || performance.now() + wait >= end) throw isNotKnown();
      await pause(wait, invocation.signal).catch(() => {
        throw isNotKnown();
      });
      try {
        return await send(changes, isRedis, invocation, Math.ceil(end - performance.now()));
      } catch (thrown) {
        const error = asError(thrown);
        if (!isOfSidecar(error)) throw isNotKnown();
        const isAnswered = !isUnanswered(error) && error.code !== "ERR_DAPR_SIDECAR_DOES_NOT_EXIST";
        const now = isAnswered ? await readNow(changes, invocation).catch(() => undefined) : undefined;
        // Without a sidecar to ask, or where it refused for a reason of its own, it may still be carried out.
        if (now === undefined || changes.every(({ stored }, i) => stored.etag === now[i]!.etag)) continue;
        throw isRedis && isAnothers(changes[0]!, now[0]!) ? new EntryConflict(lost) : isNotKnown();
      }
    }
  }

  /**
   * Redis takes any etag for a key that is not there (daprd 1.18), so a write may have revived what somebody has deleted,
   * or time has, since it was read. Its versions count up, so the one that the write has made tells; such a write is
   * taken back.
   *
   * @param lost what an earlier sending of it failed with, which may have been carried out before the key was deleted
   * @throws EntryConflict when it was; InvocationError `ERR_DAPR_REQUEST_FAILED` where that is not known
   */
  async function refuseRevived(change: Change, lost: Error | undefined, invocation: Invocation): Promise<void> {
    const { place, stored, index } = change;
    if (stored.etag === undefined) return;
    const isNotKnown = (error: unknown): Error => unknownOutcome([change], asError(error), invocation);
    const [now] = await readBack([change], invocation).catch((error: unknown) => {
      throw isNotKnown(error);
    });
    const { value, etag } = now!;
    // Another value under the first version was put there afterwards: what was written here had been seen.
    if (etag !== firstVersion || !isKeptAs(value, writtenValue(change))) return;
    const { stateStore, key } = place;
    const call = callOptions(entries[index]!.place, invocation);
    await client.deleteState({ ...call, stateStore, key, etag }).catch((error: unknown) => {
      throw isNotKnown(error);
    });
    if (lost !== undefined) throw isNotKnown(lost);
    throw new EntryConflict(new Error(`the key "${key}" was removed after it had been read`));
  }

  /** Deletes what stands for a removed key of Redis some time, unless it has been written since. */
  function forgetLater({ place, index, stored }: Change, invocation: Invocation): void {
    const { stateStore, key, id } = place;
    const { call } = entries[index]!.place;
    const metadata = entries[index]!.metadataOf(invocation);
    const etag = String(Number(stored.etag) + 1);
    removed.add(async () => {
      // Nobody of this process is to have read the key and not have written it yet.
      const release = await queue.enter(
        [id],
        () => undefined,
        () => new Error("too many wait"),
      );
      await client.deleteState({ ...call, stateStore, key, etag, metadata }).finally(release);
    });
  }

  /** What the store is, of which the sidecar has been read from; at once where that is known. */
  const factsOf = ({ stateStore }: EntryPlace, index: number, { signal }: Invocation): MaybePromise<StoreFacts> =>
    stores.ofPresent(stateStore, entries[index]!.place.binding.daprAddress, signal);

  /** Refuses a store on which an update could be lost. */
  function refuseUnfit(stateStore: string, { type, hasEtags }: StoreFacts, index: number): void {
    const { where } = entries[index]!.place;
    // In a transaction of which one etag is stale Redis writes the others: half of a transfer would be left.
    if (entries.length > 1 && type === redis) throw badItem(where, "stateStore", severalInRedis(stateStore));
    const flaw = unfitForEntries(type, hasEtags);
    if (flaw !== undefined) throw badItem(where, "stateStore", unfit(stateStore, type, flaw));
  }

  /** Refuses a transaction in which an update could be lost. */
  function refuseLooseRemoval(changes: readonly Change[], { type }: StoreFacts): void {
    const flaw = changes.length > 1 ? looseRemovals(type) : undefined;
    const removal = changes.find(({ change }) => change.operation === "remove");
    if (flaw === undefined || removal === undefined) return;
    const { place, index } = removal;
    const text = `"${place.stateStore}" is ${type}, which ${flaw}; set the key instead, or use another store`;
    throw badItem(entries[index]!.place.where, undefined, text);
  }

  const readNow = (changes: readonly Change[], invocation: Invocation): Promise<readonly StateResult[]> =>
    Promise.all(changes.map(({ index, place }) => entries[index]!.read(place, invocation)));

  /** As {@link readNow}, again and again while there is no sidecar to ask. */
  async function readBack(changes: readonly Change[], invocation: Invocation): Promise<readonly StateResult[]> {
    const end = performance.now() + patience;
    for (let wait = 20; ; wait = Math.min(wait * 2, 500)) {
      try {
        return await readNow(changes, invocation);
      } catch (error) {
        if (invocation.signal?.aborted === true || performance.now() + wait >= end) throw error;
      }
      await pause(wait, invocation.signal);
    }
  }

  return {
    queue,
    locate(invocation) {
      const located = entries.map((entry) => entry.locate(invocation));
      located.forEach(({ id, key }, index) => {
        const other = located.findIndex((place) => place.id === id);
        if (other === index) return;
        const names = [other, index].map((i) => `"${entries[i]!.place.binding.name}"`).join(" and ");
        const message = `${placeOf(invocation.definition)}: the entries ${names} are both the key "${key}"; they must differ`;
        throw new PayloadError("ERR_BINDING_DATA", message);
      });
      return located;
    },
    async read(index, place, invocation) {
      const asked = stores.of(place.stateStore, entries[index]!.place.binding.daprAddress, invocation.signal);
      const { value: found, etag } = await entries[index]!.read(place, invocation);
      const facts = (isPromise(asked) ? await asked : asked) ?? (await factsOf(place, index, invocation));
      refuseUnfit(place.stateStore, facts, index);
      // Its etag is kept: what is written now must still find it so.
      const value = found === null && facts.type === redis ? undefined : found;
      const { binding, call, where } = entries[index]!.place;
      if (value === undefined && binding.required === true) throw missingKey(call, place.stateStore, place.key);
      if (value !== undefined && (etag === undefined || etag === "")) {
        throw badItem(where, "stateStore", unfit(place.stateStore, facts.type, unfitForEntries(facts.type, false)!));
      }
      return { value, etag };
    },
    toChange(index, value, overrides) {
      const { where } = entries[index]!.place;
      const text = jsonValue(value, where, "value");
      refuseTooLarge(where, "value", limit, 3 * text.text.length, (json) => Buffer.byteLength(json) + 1024, text.text);
      return { operation: "set", value: text, metadata: overridingMetadata(overrides, where) };
    },
    async write(all, invocation) {
      // A key that does not exist is not there to be removed, and no etag could guard its removal.
      const changes = all.filter(({ stored, change }) => change.operation === "set" || stored.value !== undefined);
      if (changes.length === 0) return;
      const [first] = changes as [Change];
      const asked = factsOf(first.place, first.index, invocation);
      const facts = isPromise(asked) ? await asked : asked;
      refuseLooseRemoval(changes, facts);
      const isRedis = facts.type === redis;
      let lost: Error | undefined;
      const began = performance.now();
      try {
        await send(changes, isRedis, invocation);
      } catch (thrown) {
        const error = asError(thrown);
        if (!isOfSidecar(error)) throw error;
        const outcome = outcomeOf(error, isRedis, performance.now() - began);
        if (outcome === "conflict") throw new EntryConflict(error);
        if (outcome === "failed") throw await asConflict(changes, error, invocation);
        await sendAgain(changes, error, facts, invocation);
        lost = error;
      }
      if (!isRedis) return;
      await refuseRevived(first, lost, invocation);
      if (first.change.operation === "remove") forgetLater(first, invocation);
    },
  };

  /** Not every store says 409: what is there now tells that another has written. */
  async function asConflict(changes: readonly Change[], error: Error, invocation: Invocation): Promise<Error> {
    if (invocation.signal?.aborted === true) return error;
    const now = await readNow(changes, invocation).catch(() => undefined);
    const isChanged = now !== undefined && changes.some(({ stored }, i) => stored.etag !== now[i]!.etag);
    return isChanged ? new EntryConflict(error) : error;
  }

  /** What can be done with one entry, as far as the start can prepare it. */
  function compileEntry(place: BindingPlace<DaprStateEntryBinding>) {
    const { binding } = place;
    const storeOf = compileInputOption(place, "stateStore", binding.stateStore, storeRule.missing);
    const keyOf = compileKey(place, binding.key);
    const metadataOf = compileMetadata(place, binding.metadata);
    const sidecar = binding.daprAddress ?? "";
    const { consistency } = binding;
    return {
      place,
      // Some stores heed an etag only together with first-write, which Redis takes for something else.
      options: { concurrency: "first-write", consistency } as const,
      redisOptions: consistency === undefined ? undefined : { consistency },
      metadataOf,
      locate(invocation: Invocation): EntryPlace {
        const stateStore = storeOf(invocation);
        const key = keyOf(invocation);
        return { stateStore, key, id: `${sidecar}\0${stateStore}\0${key}` };
      },
      read({ stateStore, key }: EntryPlace, invocation: Invocation): Promise<StateResult> {
        const metadata = metadataOf(invocation);
        const { binding: name, daprAddress, signal, traceHeaders } = callOptions(place, invocation);
        const request = { stateStore, key, metadata, consistency, binding: name, daprAddress, signal, traceHeaders };
        return client.getState(request);
      },
    };
  }
}

type SidecarsError = Error & { readonly status: number; readonly code: string };

function isOfSidecar(error: Error): error is SidecarsError {
  return error.name === "SidecarError";
}

/** True for a request that may have been carried out all the same: the connection broke, or time was up. */
function isUnanswered(error: { readonly code: string }): boolean {
  return error.code === "ERR_DAPR_REQUEST_FAILED";
}

/**
 * What a write that failed has come to: it met another version, it failed for another reason, or nobody knows whether it
 * was carried out.
 *
 * @param duration milliseconds from its sending to its failure
 */
function outcomeOf(error: SidecarsError, isRedis: boolean, duration: number): "conflict" | "failed" | "unknown" {
  if (isUnanswered(error)) return "unknown";
  const isLate = duration >= redisReadTimeout;
  const isAboutEtag = error.status === 409 || error.message.includes("etag mismatch");
  if (!isAboutEtag) return error.status >= 500 && isLate ? "unknown" : "failed";
  if (!isRedis) return "conflict";
  // daprd takes whatever Redis fails with for another version, be it a connection that broke.
  return error.message.includes("failed to set key") && !isLate ? "conflict" : "unknown";
}

/** What a write leaves in Redis. */
function writtenValue({ change }: Change): unknown {
  return JSON.parse(change.operation === "remove" ? nothingThere.text : change.value.text);
}

/**
 * True where a change finds the state that it needs at most once, so that of two sendings one is carried out at most. Only a
 * version never comes back: a key that is not there can be made, removed and made again, and some stores call the removal
 * of a key a success that is not there.
 */
function happensOnce({ stored, change }: Change, { type }: StoreFacts): boolean {
  if (type === redis) return true;
  if (change.operation === "remove") return type !== undefined && exactRemovals.has(type);
  return stored.etag !== undefined;
}

/**
 * True where another has written to Redis and this change was not carried out: it would have made the next version, which
 * has another value.
 */
function isAnothers(change: Change, { value, etag }: StateResult): boolean {
  const next = String(Number(change.stored.etag ?? 0) + 1);
  return etag === next && !isKeptAs(value, writtenValue(change));
}

function unknownOutcome(changes: readonly Change[], error: Error, { definition }: Invocation): InvocationError {
  const keys = changes.map(({ place }) => `"${place.key}"`).join(", ");
  return new InvocationError(
    "ERR_DAPR_REQUEST_FAILED",
    `${placeOf(definition)}: whether ${keys} of the state store "${changes[0]!.place.stateStore}" was written is not known: ` +
      `${error.message}; look what is stored before you call again`,
    { cause: error },
  );
}

/**
 * An etag that no version has. Redis lets `first-write` overwrite what was not written so, and then refuses every write
 * that has no etag; an etag it compares wherever there is a key (daprd 1.18).
 */
const noVersion = "-1";

function severalInRedis(stateStore: string): string {
  return (
    `"${stateStore}" is state.redis, whose transactions write some keys though another has changed; ` +
    "keep the values under one key, or use another store"
  );
}

/** @param flaw what the store does that an entry cannot stand */
function unfit(stateStore: string, type: string | undefined, flaw: string): string {
  const what = type === undefined ? "" : `, ${type},`;
  return `"${stateStore}"${what} ${flaw}; use another store`;
}

/** The etag of a key of Redis that was not there before. */
const firstVersion = "1";

const redis = "state.redis";

/**
 * Milliseconds, a little less than those after which daprd's client of Redis sends a command again by itself, and then
 * takes what the first has done for another's doing. A database that is so late may have carried out what it refuses.
 */
const redisReadTimeout = 2500;

/**
 * What stands in Redis for an entry that was removed, so that its versions go on: whoever read the key before, or reads
 * it now, must meet another version. Other readers take it for no value.
 */
const nothingThere = new JsonText("null");

/** Stores that refuse the removal of a key under an etag when it is not there. */
const exactRemovals: ReadonlySet<string> = new Set([
  "state.in-memory",
  "state.sqlite",
  "state.postgresql",
  "state.mysql",
  "state.mongodb",
]);
