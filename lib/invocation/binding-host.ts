import type { BindingData } from "../expressions/template.js";
import type { ClientBinding, InputBinding, OutputBinding } from "../model/bindings.js";
import type { OutputItem } from "../model/collector.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { KeyQueue } from "./key-queue.js";
import type { Moment } from "./moment.js";
import type { InvocationWatch, ObservedInvocation } from "./observer.js";

/** One call of a function, as its bindings see it. */
export interface Invocation extends ObservedInvocation {
  /** What `{name}` expressions find; made at the first use, from what was there before the method ran. */
  readonly bindingData: BindingData;
  /** Cancels the requests of this invocation: its time is up, or the app's. */
  readonly signal: AbortSignal | undefined;
  /** Comes when the invocation was answered for want of time; undefined where nothing limits that. */
  expiry?: Moment | undefined;
  /** What its method has made is being written and sent. */
  isSending?: boolean | undefined;
  /**
   * Calls back when nobody waits for the answer any more: the caller has gone, its time is up, or the app's.
   *
   * @returns ends that
   */
  whenUnwanted?(listener: (reason: Error) => void): () => void;
  /** The invocation has been answered: what it handed out lives on by itself. */
  ended?(): void;
  /** What watches this invocation, from its start on. */
  watch?: InvocationWatch | undefined;
  /** Which call of the method this is, from 1: it is called again when its state entries have changed meanwhile. */
  attempt: number;
}

/** An input binding, ready to be read: all that can be known at start is. */
export interface InputReader {
  read(invocation: Invocation): Promise<unknown>;
}

/** An output binding, ready to be written. `Message` is an item as this host sends it. */
export interface OutputWriter<Message = unknown> {
  /** True where a list is one value, also in `addRequestBody`: the output takes no second one. */
  readonly takesOne?: boolean;
  /**
   * Called inside `add`: resolves, checks and serialises.
   *
   * @param index position of the item among those of this output in this invocation, from 0
   * @throws InvocationError `ERR_DAPR_BAD_REQUEST`, `ERR_OVERRIDE_UNSUPPORTED`; PayloadError `ERR_BINDING_DATA`
   */
  toMessage(item: OutputItem, invocation: Invocation, index: number): Message;
  /**
   * Sends messages in the order given; called once, and only with at least one.
   *
   * @throws WriteError
   */
  write(messages: readonly Message[], invocation: Invocation): Promise<void>;
}

/** A client binding, ready to be given to methods. */
export interface ClientOpener {
  /**
   * Makes what the method of one invocation calls.
   *
   * @throws PayloadError `ERR_BINDING_DATA`, InvocationError `ERR_DAPR_BAD_REQUEST` when an option cannot be filled
   */
  open(invocation: Invocation): OpenClient;
}

export interface OpenClient {
  readonly client: unknown;
  /** Ends it: what comes later is refused. */
  close(): void;
}

/** Where one invocation's inputs come from and its outputs go: all in which the hosts differ. Called at start. */
export interface BindingHost {
  reader(input: InputBinding, definition: FunctionDefinition): InputReader;
  writer(output: OutputBinding, definition: FunctionDefinition): OutputWriter;
  client(binding: ClientBinding, definition: FunctionDefinition): ClientOpener;
  /** Called for a function that has state entries. */
  entries(definition: FunctionDefinition): EntryStore;
}

/** Where an entry is in one invocation. */
export interface EntryPlace {
  readonly stateStore: string;
  readonly key: string;
  /** Tells it from every other key of the process. */
  readonly id: string;
}

/** A key as it was read; both undefined where it does not exist. */
export interface StoredEntry {
  readonly value: unknown;
  readonly etag: string | undefined;
}

/** What becomes of a key. `Value` is a value as this host stores it. */
export type EntryChange<Value = unknown> =
  | {
      readonly operation: "set";
      readonly value: Value;
      readonly metadata: Readonly<Record<string, string>> | undefined;
    }
  | { readonly operation: "remove" };

/** An entry whose key is to be changed, and what it was read as. */
export interface ChangedEntry<Value = unknown> {
  /** Position among the function's entries. */
  readonly index: number;
  readonly place: EntryPlace;
  readonly stored: StoredEntry;
  readonly change: EntryChange<Value>;
}

/** The state entries of a function, ready to be read and written. */
export interface EntryStore<Value = unknown> {
  /** Who has which key, among the invocations of this process. */
  readonly queue: KeyQueue;
  /**
   * Where the entries of an invocation are, in the order declared.
   *
   * @throws PayloadError `ERR_BINDING_DATA`; InvocationError `ERR_DAPR_BAD_REQUEST`
   */
  locate(invocation: Invocation): readonly EntryPlace[];
  /** @throws or rejects with SidecarError */
  read(index: number, place: EntryPlace, invocation: Invocation): Promise<StoredEntry>;
  /**
   * Called inside `set`: checks and serialises.
   *
   * @throws InvocationError `ERR_DAPR_BAD_REQUEST`
   */
  toChange(index: number, value: unknown, overrides: unknown, invocation: Invocation): EntryChange<Value>;
  /**
   * Writes the changes as one unit; called with at least one.
   *
   * @throws EntryConflict when a key has changed since it was read, and nothing was written
   */
  write(changes: readonly ChangedEntry<Value>[], invocation: Invocation): Promise<void>;
}

/** A key that changed between read and write. Never leaves the runtime. */
export class EntryConflict extends Error {
  /** @param cause what the write failed with */
  constructor(override readonly cause: Error) {
    super(cause.message);
  }
}

/** A `write` that stopped: how many messages were sent before, and which one failed. Never leaves the runtime. */
export class WriteError extends Error {
  /**
   * @param sent how many messages of this output had been sent
   * @param failed position of the message that failed, from 0
   */
  constructor(
    readonly sent: number,
    readonly failed: number,
    override readonly cause: Error,
    readonly hint?: string,
  ) {
    super(cause.message);
  }
}
