import { randomUUID } from "node:crypto";
import { toRfc3339 } from "../values/go-values.js";

/** How a write is to be done. */
export interface WriteOptions {
  readonly etag?: string | undefined;
  readonly concurrency?: string | undefined;
  readonly consistency?: string | undefined;
}

export interface Upsert extends WriteOptions {
  readonly operation: "upsert";
  readonly key: string;
  /** JSON text. */
  readonly value: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Removal extends WriteOptions {
  readonly operation: "delete";
  readonly key: string;
}

export interface StoredValue {
  /** JSON text. */
  readonly value: string;
  readonly etag: string;
  /** Text for `metadata.ttlExpireTime`; absent without a TTL. */
  readonly expireTime?: string;
}

/** The etag given is not the stored one. */
export class EtagMismatch extends Error {
  constructor(message: string) {
    super(`possible etag mismatch. error from state store: ${message}`);
  }
}

export interface Item {
  /** JSON text. */
  readonly value: string;
  readonly etag: string;
  /** Milliseconds since 1970. */
  readonly expires?: number | undefined;
}

/** What a store holds, by the keys as the store has them: prefix included. */
export type Items = Map<string, Item>;

/**
 * What a store puts before the keys of an app, as daprd does: `keyPrefix` is `appid` unless said otherwise.
 *
 * @throws Error for a prefix that daprd refuses
 * @see https://docs.dapr.io/developing-applications/building-blocks/state-management/howto-share-state/
 */
export function keyPrefixOf(strategy: string | undefined, store: string, appId: string): string {
  const name = (strategy ?? "appid").toLowerCase();
  if (name.includes("||")) throw new Error(`input key/keyPrefix '${name}' can't contain '||'`);
  if (name === "none") return "";
  // Without a namespace in the environment it is the app id alone that daprd takes.
  const known: Readonly<Record<string, string>> = { name: store, appid: appId, namespace: appId };
  return `${known[name] ?? name}||`;
}

/** `state.in-memory`: a new etag per write, TTLs, transactions. */
export class InMemoryState {
  readonly #items: Items;
  readonly #onChange: () => void;

  /** @param prefix stands before each key in the store, and in error messages, as in daprd. */
  constructor(
    private readonly prefix: string,
    { items = new Map() as Items, onChange = () => undefined as void } = {},
  ) {
    this.#items = items;
    this.#onChange = onChange;
  }

  get(key: string): StoredValue | undefined {
    const item = this.#current(key);
    if (!item) return undefined;
    const { value, etag, expires } = item;
    return { value, etag, ...(expires !== undefined && { expireTime: toRfc3339(expires) }) };
  }

  /** @throws EtagMismatch, or Error for options and TTLs that are not known. */
  write(write: Upsert | Removal): void {
    this.#check(write);
    this.#checkEtag(write);
    this.#apply(write);
  }

  /** All or nothing, in order; etags are compared with what was stored before. @throws as {@link write}. */
  transact(writes: readonly (Upsert | Removal)[]): void {
    // daprd takes a removal's options as they are within a transaction.
    for (const write of writes) if (write.operation === "upsert") this.#check(write);
    for (const write of writes) this.#checkEtag(write);
    for (const write of writes) this.#apply(write);
  }

  /** What the app sees: keys without their prefix. */
  entries(): readonly (StoredValue & { readonly key: string })[] {
    return [...this.#items.keys()].flatMap((name) => {
      if (!name.startsWith(this.prefix)) return [];
      const key = name.slice(this.prefix.length);
      const stored = this.get(key);
      return stored === undefined ? [] : [{ key, ...stored }];
    });
  }

  #current(key: string): Item | undefined {
    const item = this.#items.get(this.prefix + key);
    if (item?.expires !== undefined && Date.now() > item.expires) {
      this.#items.delete(this.prefix + key);
      return undefined;
    }
    return item;
  }

  #check(write: Upsert | Removal): void {
    if (!["", "strong", "eventual"].includes(write.consistency ?? "")) {
      throw new Error(`unrecognized consistency model '${write.consistency}'`);
    }
    if (!["", "first-write", "last-write"].includes(write.concurrency ?? "")) {
      throw new Error(`unrecognized concurrency model '${write.concurrency}'`);
    }
    if (write.operation === "upsert") secondsToLive(write);
  }

  #checkEtag({ key, etag, concurrency }: Upsert | Removal): void {
    const item = this.#current(key);
    // An empty etag is not an etag.
    if (!etag) {
      if (concurrency === "first-write" && item) {
        throw new EtagMismatch("item already exists and no etag was passed");
      }
    } else if (!item) {
      throw new EtagMismatch(`state not exist or expired for key=${this.prefix}${key}`);
    } else if (item.etag !== etag) {
      throw new EtagMismatch(`state etag not match for key=${this.prefix}${key}: current=${item.etag}, expect=${etag}`);
    }
  }

  #apply(write: Upsert | Removal): void {
    const key = this.prefix + write.key;
    this.#onChange();
    if (write.operation === "delete") {
      this.#items.delete(key);
      return;
    }
    const seconds = secondsToLive(write);
    const expires = seconds > 0 ? Date.now() + seconds * 1000 : undefined;
    this.#items.set(key, { value: write.value, etag: randomUUID(), expires });
  }
}

function secondsToLive({ metadata }: Upsert): number {
  const text = metadata["ttlInSeconds"] ?? "";
  if (!/^[-+]?\d*$/.test(text)) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
