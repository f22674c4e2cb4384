import { badItem } from "../collectors/message.js";
import { kindOf, setOwn } from "../model/values.js";
import type { DaprStateEntryBinding } from "../model/bindings.js";
import { InvocationError } from "../model/errors.js";
import { placeOf, type FunctionDefinition } from "../model/function-definition.js";
import { summaryOf } from "../model/payload-issues.js";
import type { StateEntry } from "../model/state-entry.js";
import { compileCheck, type Check, type Checked, type CheckOptions } from "../payload/payload-type.js";
import type {
  BindingHost,
  ChangedEntry,
  EntryChange,
  EntryPlace,
  EntryStore,
  Invocation,
  StoredEntry,
} from "./binding-host.js";
import { pause } from "../model/abort.js";
import { decisiveError } from "./failures.js";
import type { Release } from "./key-queue.js";
import { TriggerRequest } from "./requests.js";
import { isSameJson, writtenJson } from "./written-json.js";

/** The state entries of a function, made ready at start. */
export interface CompiledEntries {
  readonly bindings: readonly DaprStateEntryBinding[];
  readonly checks: readonly (Check | undefined)[];
  readonly store: EntryStore;
  /** How often the method may run for one invocation. */
  readonly attempts: number;
}

/** Undefined for a function without entries. */
export function compileEntries(
  definition: FunctionDefinition,
  host: BindingHost,
  validation: CheckOptions | undefined,
): CompiledEntries | undefined {
  const { entries: bindings } = definition;
  if (bindings.length === 0) return undefined;
  return {
    bindings,
    checks: bindings.map(({ valueType }) =>
      valueType === undefined ? undefined : compileCheck(valueType, validation),
    ),
    store: host.entries(definition),
    // Of several entries the most careful decides: the method runs again for all of them, or for none.
    attempts: Math.min(...bindings.map(({ onConflict, attempts = 5 }) => (onConflict === "fail" ? 1 : attempts))),
  };
}

/** The entries of one attempt, from their reading to their writing. */
export class OpenEntries {
  readonly #open: OpenEntry[] = [];
  readonly #stored: StoredEntry[] = [];

  constructor(
    private readonly entries: CompiledEntries,
    private readonly places: readonly EntryPlace[],
    private readonly invocation: Invocation,
    private readonly release: Release,
  ) {}

  /** Reads all of them, side by side, and gives them by name. */
  async read(bindings: Record<string, unknown>): Promise<void> {
    const { entries, places, invocation } = this;
    const { bindings: declared, store } = entries;
    const reads = declared.map((binding, index) => {
      const read = (): Promise<StoredEntry> => store.read(index, places[index]!, invocation);
      return (invocation.watch?.read?.(binding, read) as Promise<StoredEntry> | undefined) ?? read();
    });
    // Most functions have one; the others are all awaited before one of them fails the invocation.
    if (reads.length > 1) await Promise.allSettled(reads);
    for (let index = 0; index < reads.length; index++) {
      this.#stored.push(await reads[index]!);
      const entry = new OpenEntry(entries, index, places[index]!.key, this.#stored[index]!, invocation);
      this.#open.push(entry);
      bindings[declared[index]!.name] = entry;
    }
  }

  /** Ends them: what comes later is refused. */
  close(): void {
    for (const entry of this.#open) entry.close();
  }

  /** Names of those that were written. */
  get written(): readonly string[] {
    return this.#open.flatMap((entry, index) =>
      OpenEntry.changeOf(entry) === undefined ? [] : [this.entries.bindings[index]!.name],
    );
  }

  /**
   * Writes what was set and removed, and lets the keys go.
   *
   * @throws EntryConflict
   */
  async write(): Promise<void> {
    const { entries, invocation } = this;
    const changes: ChangedEntry[] = [];
    this.#open.forEach((entry, index) => {
      const change = OpenEntry.changeOf(entry);
      if (change === undefined) return;
      changes.push({ index, place: this.places[index]!, stored: this.#stored[index]!, change });
    });
    if (changes.length > 0) {
      const write = (): Promise<void> => entries.store.write(changes, invocation);
      const binding = entries.bindings[changes[0]!.index]!;
      await (invocation.watch?.flush?.(binding, changes, write) ?? write());
    }
    this.release();
  }
}

/** One entry as a method gets it. */
class OpenEntry implements StateEntry<unknown> {
  readonly key: string;
  readonly value: unknown;
  readonly etag: string | undefined;
  readonly exists: boolean;
  #change: EntryChange | undefined;
  #isClosed = false;
  readonly #entries: CompiledEntries;
  readonly #index: number;
  readonly #invocation: Invocation;

  constructor(entries: CompiledEntries, index: number, key: string, stored: StoredEntry, invocation: Invocation) {
    this.#entries = entries;
    this.#index = index;
    this.#invocation = invocation;
    this.key = key;
    this.exists = stored.value !== undefined;
    this.etag = this.exists ? stored.etag : undefined;
    this.value = this.exists ? this.#read(stored.value) : undefined;
  }

  /** What is to become of the key; undefined where nothing is. Not a member: it is none of the method's. */
  static changeOf(entry: OpenEntry): EntryChange | undefined {
    return entry.#change;
  }

  set(value: unknown, overrides?: unknown): void {
    this.#refuseIfClosed("set");
    if (value === undefined) {
      throw badItem(this.#where, "value", `${kindOf(value)} cannot be stored; remove() deletes the key`);
    }
    const written = this.#entries.checks[this.#index] === undefined ? value : this.#written(value);
    this.#change = this.#entries.store.toChange(this.#index, written, overrides, this.#invocation);
  }

  remove(): void {
    this.#refuseIfClosed("remove");
    this.#change = { operation: "remove" };
  }

  close(): void {
    this.#isClosed = true;
  }

  /** A stored value as the method gets it. */
  #read(value: unknown): unknown {
    const refuse = (text: string): Error => new InvocationError("ERR_VALUE_INVALID", `${this.#where}: ${text}`);
    const result = this.#check(value, refuse);
    if (result.issues !== undefined) throw refuse(`the stored value is not valid: ${summaryOf(result)}`);
    return result.value;
  }

  /**
   * What is stored of a value: the value itself, or else what its valueType makes of it. Either has to be read as the same, or
   * it would change each time that it is set, or never be read again. So a date may be set of a schema that makes one of text.
   */
  #written(value: unknown): unknown {
    const refuse = (text: string): Error => badItem(this.#where, "value", text);
    const made = this.#check(value, refuse);
    const isValid = made.issues === undefined;
    let fault = isValid ? undefined : `the value is not valid: ${summaryOf(made)}`;
    for (const stored of isValid ? [value, made.value] : [value]) {
      const text = writtenJson(stored);
      if (text === undefined) continue;
      const read = this.#check(JSON.parse(text), refuse);
      if (read.issues === undefined && isSameJson(writtenJson(read.value), text)) return stored;
      if (!isValid) break;
      fault =
        read.issues === undefined
          ? "its valueType makes another value of what it has made, so that what is stored would be read as something else; " +
            "give one that leaves its own output as it is"
          : `its valueType refuses what would be stored: ${summaryOf(read)}; give one that takes what JSON makes of it`;
    }
    if (fault !== undefined) throw refuse(fault);
    // Bytes, and what has no JSON, which is said when it is written.
    return made.issues === undefined ? made.value : value;
  }

  #check(value: unknown, refuse: (text: string) => Error): Checked {
    const check = this.#entries.checks[this.#index];
    if (check === undefined) return { value };
    const result = check(value);
    if (!(result instanceof Promise)) return result;
    result.catch(() => undefined);
    throw refuse("its valueType answers with a promise; give one that checks synchronously");
  }

  #refuseIfClosed(verb: string): void {
    if (!this.#isClosed) return;
    const message = `${this.#where}: ${verb}() came after the invocation had ended; await what leads to it`;
    this.#invocation.context.error(message);
    throw new InvocationError("ERR_COLLECTOR_CLOSED", message);
  }

  get #where(): string {
    return `${placeOf(this.#invocation.definition)}, entry "${this.#entries.bindings[this.#index]!.name}"`;
  }
}

const shortestWait = 5;
const longestWait = 500;

/**
 * Waits before the next attempt: at random, so that those who met do not meet again, up to twice as long each time.
 *
 * @throws the signal's reason when it is aborted meanwhile
 */
export async function waitAfter(attempt: number, signal: AbortSignal | undefined): Promise<void> {
  const most = Math.min(longestWait, shortestWait * 2 ** (attempt - 1));
  await pause(Math.random() * most, signal);
}

/** What an invocation fails with whose entries were changed by others in each attempt. */
export function conflictError(
  { definition }: Invocation,
  places: readonly EntryPlace[],
  attempts: number,
  cause: Error,
): InvocationError {
  const keys = places.map(({ key }) => `"${key}"`).join(", ");
  const times = attempts === 1 ? "" : `, in each of ${attempts} attempts`;
  return decisiveError(
    "ERR_STATE_CONFLICT",
    `${placeOf(definition)}: ${keys} of the state store "${places[0]!.stateStore}" changed between read and write${times}; ` +
      (definition.clients.length === 0
        ? "nothing was sent, call again"
        : "nothing was sent through outputs; what the method calls must not change its own keys"),
    { cause },
  );
}

/** What an invocation fails with that finds too many waiting for its keys. */
export function queueFullError({ definition }: Invocation, places: readonly EntryPlace[]): InvocationError {
  const keys = places.map(({ key }) => `"${key}"`).join(", ");
  const message = `${placeOf(definition)}: too many invocations wait for ${keys}; nothing was sent, call again later`;
  return decisiveError("ERR_QUEUE_FULL", message);
}

/** A payload for another attempt: what a method did to the one before is not in it. */
export function payloadCopy(payload: unknown): unknown {
  if (typeof payload !== "object" || payload === null) return payload;
  if (Array.isArray(payload)) return payload.map(payloadCopy);
  if (payload instanceof Uint8Array) return Buffer.from(payload);
  if (payload instanceof TriggerRequest) return payload.copy();
  const prototype: unknown = Object.getPrototypeOf(payload);
  if (prototype !== Object.prototype && prototype !== null) return payload;
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(payload)) {
    setOwn(copy, name, payloadCopy((payload as Record<string, unknown>)[name]));
  }
  return copy;
}
