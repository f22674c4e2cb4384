import type { ItemMetadata } from "./collector.js";

/** What `set` of a {@link StateEntry} takes beside the value. */
export interface StateEntryOverrides {
  /** Metadata of the write, as the store takes it. */
  readonly metadata?: ItemMetadata | undefined;
  /** Seconds after which the store forgets the value. */
  readonly ttlInSeconds?: number | undefined;
}

/**
 * One key of a state store, as it was when the method began: `set` and `remove` say what it is to be when the method
 * has returned, the last of them counts, and where neither was called nothing is written. When another writer changed
 * the key in the meantime the method runs again with what is there now.
 */
export interface StateEntry<T> {
  /** The key, its expressions filled in. */
  readonly key: string;
  /** What is stored; `undefined` where the key does not exist. */
  readonly value: T | undefined;
  /** Which version of the key was read; `undefined` where it does not exist. */
  readonly etag: string | undefined;
  /** True where the key was there when it was read. */
  readonly exists: boolean;
  /**
   * Stores a value when the method has returned.
   *
   * @throws InvocationError `ERR_DAPR_BAD_REQUEST` when the value cannot be stored or does not fit the entry's
   *   `valueType`, `ERR_COLLECTOR_CLOSED` when the invocation has ended (a missing `await`)
   */
  set(value: T, overrides?: StateEntryOverrides): void;
  /**
   * Deletes the key when the method has returned.
   *
   * @throws InvocationError `ERR_COLLECTOR_CLOSED` when the invocation has ended
   */
  remove(): void;
}
