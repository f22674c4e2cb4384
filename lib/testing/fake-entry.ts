import { badItem } from "../collectors/message.js";
import { throwErrors } from "../metadata/functions.js";
import { optionProblems, type OptionKind } from "../model/app-options.js";
import type { StateEntry, StateEntryOverrides } from "../model/state-entry.js";
import { overridingMetadata } from "../sidecar-host/entry-overrides.js";
import { jsonCopy } from "./json-copy.js";

/** What {@link stateEntry} makes an entry of. */
export interface StateEntryInit<T> {
  /** What is stored; left out, the key does not exist. */
  readonly value?: T | undefined;
  /** "1" unless given, where there is a value. */
  readonly etag?: string | undefined;
  /** The key; that of the decorator unless given. */
  readonly key?: string | undefined;
}

/** What became of a state entry. */
export interface EntryResult<T> {
  /** What is stored after the invocation; `undefined` where the key does not exist. */
  readonly value: T | undefined;
  /** True where `set` was called last. */
  readonly isSet: boolean;
  /** True where `remove` was called last. */
  readonly isRemoved: boolean;
  /** What `set` was given of metadata, `ttlInSeconds` among it. */
  readonly metadata: Readonly<Record<string, string>> | undefined;
}

/** A state entry for tests, which keeps what becomes of it in `result`. */
export interface FakeEntry<T> extends StateEntry<T> {
  /** What the entry is to be. */
  readonly result: EntryResult<T>;
}

const entryMembers: Readonly<Record<keyof StateEntryInit<unknown>, OptionKind>> = {
  value: "any",
  etag: "any",
  key: "any",
};

/**
 * A state entry as it was read, for `inputs` of `invoke`, or to call a method with.
 *
 * @throws DefinitionError `option-unknown` for a member that there is not, as where the value itself is given
 * @example
 * const cart = stateEntry<Cart>({ value: { lines: [] }, etag: "7" });
 * new Carts().addItem({ id: "41", sku: "tea" }, { cart });
 * expect(cart.result).toMatchObject({ isSet: true, value: { lines: ["tea"] } });
 */
export function stateEntry<T = never>(init: StateEntryInit<T> = {}): FakeEntry<T> {
  throwErrors(optionProblems(init, entryMembers, "error"));
  return new KeepingEntry<T>(init);
}

/** What a test gave for an entry: one of {@link stateEntry}, or the value alone. */
export function storedOf(given: unknown): { readonly value: unknown; readonly etag: string | undefined } {
  if (given instanceof KeepingEntry) return { value: jsonCopy(given.value), etag: given.etag as string | undefined };
  return { value: jsonCopy(given), etag: given === undefined ? undefined : "1" };
}

class KeepingEntry<T> implements FakeEntry<T> {
  readonly key: string;
  readonly value: T | undefined;
  readonly etag: string | undefined;
  #result: EntryResult<T>;

  constructor({ key = "key", value, etag }: StateEntryInit<T>) {
    this.key = key;
    this.value = value;
    this.etag = value === undefined ? undefined : (etag ?? "1");
    this.#result = { value, isSet: false, isRemoved: false, metadata: undefined };
  }

  get exists(): boolean {
    return this.value !== undefined;
  }

  get result(): EntryResult<T> {
    return this.#result;
  }

  set(value: T, overrides?: StateEntryOverrides): void {
    let copy: unknown;
    try {
      copy = jsonCopy(value);
    } catch (error) {
      throw badItem("stateEntry()", "value", `cannot be written as JSON: ${(error as Error).message}`);
    }
    if (copy === undefined) throw badItem("stateEntry()", "value", "cannot be stored; remove() deletes the key");
    const metadata = overridingMetadata(overrides, "stateEntry()");
    this.#result = { value: copy as T, isSet: true, isRemoved: false, metadata };
  }

  remove(): void {
    this.#result = { value: undefined, isSet: false, isRemoved: true, metadata: undefined };
  }
}
