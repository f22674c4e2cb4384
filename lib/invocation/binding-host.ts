import type { BindingData } from "../expressions/template.js";
import type { ClientBinding, InputBinding, OutputBinding } from "../model/bindings.js";
import type { OutputItem } from "../model/collector.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { InvocationWatch, ObservedInvocation } from "./observer.js";

/** One call of a function, as its bindings see it. */
export interface Invocation extends ObservedInvocation {
  /** What `{name}` expressions find; made at the first use, from what was there before the method ran. */
  readonly bindingData: BindingData;
  /** Cancels the requests of this invocation. */
  readonly signal: AbortSignal | undefined;
  /** What watches this invocation, from its start on. */
  watch?: InvocationWatch | undefined;
}

/** An input binding, ready to be read: all that can be known at start is. */
export interface InputReader {
  read(invocation: Invocation): Promise<unknown>;
}

/** An output binding, ready to be written. `Message` is an item as this host sends it. */
export interface OutputWriter<Message = unknown> {
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
