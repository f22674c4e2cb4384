import { isDeepStrictEqual } from "node:util";
import type { DaprClient, MetadataMap, StateOperation, StateRemoval, StateResult } from "../client/dapr-client.js";
import { badItem, checkOverride } from "../collectors/message.js";
import { asError, kindOf } from "../model/values.js";
import type { DaprStateEntryBinding } from "../model/bindings.js";
import { InvocationError, PayloadError } from "../model/errors.js";
import { placeOf } from "../model/function-definition.js";
import { JsonText } from "../model/json.js";
import { isPromise, type MaybePromise } from "../model/maybe-promise.js";
import type { StateEntryOverrides } from "../model/state-entry.js";
import {
  EntryConflict,
  type ChangedEntry,
  type EntryPlace,
  type EntryStore,
  type Invocation,
} from "../invocation/binding-host.js";
import { pause } from "../invocation/abort.js";
import type { KeyQueue } from "../invocation/key-queue.js";
import { compileMetadata, mergedMetadata } from "./metadata.js";
import { callOptions, compileInputOption, type BindingPlace } from "./options.js";
import { refuseTooLarge } from "./request-size.js";
import { compileKey, missingKey, storeRule } from "./state-keys.js";
import { jsonValue } from "./values.js";

type Change = ChangedEntry<JsonText>;

/** How long a write that got no answer is read back, in milliseconds: a sidecar may have to start again. */
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
): EntryStore<JsonText> {
  const entries = places.map((place) => compileEntry(place));
  const types = new StoreTypes(client);

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
    if (change.operation === "remove") return { operation: "delete", request: { key, etag, metadata, options } };
    const merged = mergedMetadata(metadata, change.metadata);
    return { operation: "upsert", request: { key, value: change.value, etag, metadata: merged, options } };
  };

  async function send(changes: readonly Change[], invocation: Invocation): Promise<void> {
    const [{ index, place }] = changes as [Change];
    const { stateStore } = place;
    const call = callOptions(entries[index]!.place, invocation);
    const found = types.of(stateStore, call.daprAddress);
    const isRedis = (isPromise(found) ? await found : found) === "state.redis";
    if (changes.length > 1) {
      const operations = changes.map((change) => operationOf(change, isRedis, invocation));
      const metadata = changes
        .map((change) => entries[change.index]!.metadataOf(invocation))
        .reduce<MetadataMap | undefined>((all, own) => mergedMetadata(all, own), undefined);
      return await client.transactState({ ...call, stateStore, operations, metadata });
    }
    const [change] = changes as [Change];
    const { operation, request } = operationOf(change, isRedis, invocation);
    if (operation === "delete") {
      if (isRedis) return await emptyInRedis(change, request, invocation);
      return await client.deleteState({ ...call, stateStore, ...request });
    }
    const { binding, daprAddress, signal, traceHeaders } = call;
    await client.saveState({ stateStore, entries: [request], binding, daprAddress, signal, traceHeaders });
    if (isRedis) await refuseRevived(change, invocation);
    return undefined;
  }

  /**
   * Redis takes any etag for a key that is not there (daprd 1.18), so a write may have revived what another has removed
   * since it was read. Its versions count up, so the one that the write has made tells; such a write is taken back.
   *
   * @throws EntryConflict
   */
  async function refuseRevived(change: Change, invocation: Invocation): Promise<void> {
    const { place, stored, index } = change;
    if (stored.etag === undefined) return;
    const [now] = await readBack([change], invocation);
    const { value, etag } = now!;
    // Another value under the first version was put there afterwards: what was written here had been seen.
    if (etag !== firstVersion || !isDeepStrictEqual(value, writtenValue(change))) return;
    const { stateStore, key } = place;
    const call = callOptions(entries[index]!.place, invocation);
    await client.deleteState({ ...call, stateStore, key, etag }).catch(() => undefined);
    throw new EntryConflict(new Error(`the key "${key}" was removed after it had been read`));
  }

  /** Redis takes any etag for the removal of a key that is not there, too, so the key is emptied before it is removed. */
  async function emptyInRedis(change: Change, request: StateRemoval, invocation: Invocation): Promise<void> {
    const { stateStore } = change.place;
    const call = callOptions(entries[change.index]!.place, invocation);
    const { key, etag, metadata, options } = request;
    const forgotten = mergedMetadata(metadata, { ttlInSeconds: emptySeconds });
    const item = { key, value: emptied, etag, metadata: forgotten, options };
    await client.saveState({ ...call, stateStore, entries: [item] });
    await refuseRevived(change, invocation);
    await removeEmptied(change, invocation);
  }

  /** Whoever has written since then wins; and when this fails the key is forgotten by itself. */
  async function removeEmptied({ index, place, stored }: Change, invocation: Invocation): Promise<void> {
    const call = callOptions(entries[index]!.place, invocation);
    const metadata = entries[index]!.metadataOf(invocation);
    const etag = String(Number(stored.etag) + 1);
    const { stateStore, key } = place;
    await client.deleteState({ ...call, stateStore, key, etag, metadata }).catch(() => undefined);
  }

  /** In a transaction of which one etag is stale Redis writes the others: half of a transfer would be left. */
  async function refuseUnsafe(
    stateStore: string,
    { binding: { daprAddress }, where }: BindingPlace<DaprStateEntryBinding>,
  ): Promise<void> {
    if ((await types.of(stateStore, daprAddress)) !== "state.redis") return;
    throw badItem(
      where,
      "stateStore",
      `"${stateStore}" is state.redis, whose transactions write some keys though another has changed; ` +
        "keep the values under one key, or use another store",
    );
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
      if (entries.length > 1) await refuseUnsafe(place.stateStore, entries[0]!.place);
      const { value: found, etag } = await entries[index]!.read(place, invocation);
      // Its etag is kept: what is written now must still find it so.
      const value = isEmptied(found) ? undefined : found;
      const { binding } = entries[index]!.place;
      if (value === undefined && binding.required === true) {
        throw missingKey(entries[index]!.place.call, place.stateStore, place.key);
      }
      return { value, etag };
    },
    toChange(index, value, overrides) {
      const { where } = entries[index]!.place;
      const text = jsonValue(value, where, "value");
      refuseTooLarge(where, "value", limit, 3 * text.text.length, (json) => Buffer.byteLength(json) + 1024, text.text);
      return { operation: "set", value: text, metadata: metadataOf(overrides, where) };
    },
    async write(all, invocation) {
      // A key that does not exist is not there to be removed, and no etag could guard its removal.
      const changes = all.filter(({ stored, change }) => change.operation === "set" || stored.value !== undefined);
      if (changes.length === 0) return;
      try {
        await send(changes, invocation);
      } catch (thrown) {
        if (thrown instanceof EntryConflict) throw thrown;
        const error = asError(thrown);
        if (isConflict(error)) throw new EntryConflict(error);
        if (!isOfSidecar(error) || invocation.signal?.aborted === true) throw error;
        if (isUnanswered(error)) {
          const now = await readBack(changes, invocation).catch((cause: unknown) => {
            throw unknownOutcome(changes, error, cause, invocation);
          });
          if (!changes.every((change, i) => isWritten(change, now[i]!))) throw new EntryConflict(error);
          const found = types.of(changes[0]!.place.stateStore, entries[changes[0]!.index]!.place.binding.daprAddress);
          if ((await found) !== "state.redis") return;
          await refuseRevived(changes[0]!, invocation);
          if (changes[0]!.change.operation === "remove") await removeEmptied(changes[0]!, invocation);
          return;
        }
        // Not every store says 409: Redis says 500. What is there now tells.
        const now = await readNow(changes, invocation).catch(() => undefined);
        if (now !== undefined && changes.some(({ stored }, i) => stored.etag !== now[i]!.etag)) {
          throw new EntryConflict(error);
        }
        throw error;
      }
    },
  };

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

function isOfSidecar(error: Error): error is Error & { readonly status: number; readonly code: string } {
  return error.name === "SidecarError";
}

function isConflict(error: Error): boolean {
  return isOfSidecar(error) && error.status === 409;
}

/** True for a request that may have been carried out all the same: the connection broke, or time was up. */
function isUnanswered(error: Error & { readonly code: string }): boolean {
  return error.code === "ERR_DAPR_REQUEST_FAILED";
}

/** What a write leaves in the store; of a removal, before the key is gone. */
function writtenValue({ change }: Change): unknown {
  return JSON.parse(change.operation === "remove" ? emptied.text : change.value.text);
}

/** True where a key holds what was to be written, under another etag than the one that it was read with. */
function isWritten({ stored, change }: Change, now: StateResult): boolean {
  // A key of Redis is emptied before it is removed.
  if (change.operation === "remove") return now.value === undefined || isEmptied(now.value);
  return now.etag !== stored.etag && isDeepStrictEqual(now.value, JSON.parse(change.value.text));
}

function unknownOutcome(
  changes: readonly Change[],
  error: Error,
  readError: unknown,
  { definition }: Invocation,
): InvocationError {
  const keys = changes.map(({ place }) => `"${place.key}"`).join(", ");
  return new InvocationError(
    "ERR_DAPR_REQUEST_FAILED",
    `${placeOf(definition)}: whether ${keys} of the state store "${changes[0]!.place.stateStore}" was written is not known: ` +
      `${error.message}; it could not be read back: ${asError(readError).message}`,
    { cause: error },
  );
}

function metadataOf(overrides: unknown, where: string): MetadataMap | undefined {
  if (overrides === undefined || overrides === null) return undefined;
  if (typeof overrides !== "object") throw badItem(where, undefined, "set() takes { metadata, ttlInSeconds } second");
  const { metadata, ttlInSeconds, ...others } = overrides as StateEntryOverrides & Record<string, unknown>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw badItem(where, unknown, "set() does not know it; it takes metadata and ttlInSeconds");
  const given = checkOverride("daprState", "metadata", metadata, () => where) as MetadataMap | undefined;
  if (ttlInSeconds === undefined) return given;
  if (!Number.isInteger(ttlInSeconds) || (ttlInSeconds < 1 && ttlInSeconds !== -1)) {
    const what = typeof ttlInSeconds === "number" ? String(ttlInSeconds) : kindOf(ttlInSeconds);
    throw badItem(where, "ttlInSeconds", `must be a whole number of seconds from 1, or -1 for ever, not ${what}`);
  }
  return mergedMetadata(given, { ttlInSeconds: String(ttlInSeconds) });
}

/**
 * An etag that no version has. Redis lets `first-write` overwrite what was not written so, and then refuses every write
 * that has no etag; an etag it compares wherever there is a key (daprd 1.18).
 */
const noVersion = "-1";

/** The etag of a key of Redis that was not there before. */
const firstVersion = "1";

/** Milliseconds after which a sidecar that did not say what a store is may be asked again. */
const askAgain = 30_000;

/** What a key of Redis holds between being emptied and being removed. */
const emptied = new JsonText('{"dapr-functions":"removed"}');

function isEmptied(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && (value as Record<string, unknown>)["dapr-functions"] === "removed"
  );
}

/** Seconds after which Redis forgets a key that was emptied to be removed. */
const emptySeconds = "60";

/** The types of the stores, as far as their sidecars say. */
class StoreTypes {
  readonly #types = new Map<string, { readonly type: MaybePromise<string | undefined>; readonly until: number }>();

  constructor(private readonly client: DaprClient) {}

  /** Undefined where the sidecar does not say; at once where it was asked before. */
  of(stateStore: string, daprAddress: string | undefined): MaybePromise<string | undefined> {
    const id = `${daprAddress ?? ""}\0${stateStore}`;
    const known = this.#types.get(id);
    if (known !== undefined && (known.until === Infinity || performance.now() < known.until)) return known.type;
    const asked = this.#ask(stateStore, daprAddress).then((type) => {
      this.#types.set(id, { type, until: type === undefined ? performance.now() + askAgain : Infinity });
      return type;
    });
    this.#types.set(id, { type: asked, until: Infinity });
    return asked;
  }

  async #ask(stateStore: string, daprAddress: string | undefined): Promise<string | undefined> {
    try {
      const { components } = await this.client.metadata({ daprAddress });
      return components?.find(({ name }) => name === stateStore)?.type;
    } catch {
      return undefined;
    }
  }
}
