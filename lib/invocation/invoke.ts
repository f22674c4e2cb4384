import { BufferedCollector } from "../collectors/buffered-collector.js";
import { InvocationError, isDaprFunctionsError, type SentItems } from "../model/errors.js";
import { andThen, isPromise, type MaybePromise } from "../model/maybe-promise.js";
import type { InputBinding, OutputBinding } from "../model/bindings.js";
import {
  placeOf,
  type BoundFunction,
  type FlushMode,
  type FunctionDefinition,
  type FunctionMethod,
} from "../model/function-definition.js";
import { recordingOf } from "../payload/recording.js";
import type { Check, CheckOptions } from "../payload/payload-type.js";
import { unwantedSignal } from "./unwanted.js";
import { callAround, type Around } from "./around.js";
import {
  EntryConflict,
  WriteError,
  type BindingHost,
  type ClientOpener,
  type InputReader,
  type Invocation,
  type OpenClient,
  type OutputWriter,
} from "./binding-host.js";
import { messageOf } from "../model/thrown.js";
import { decisiveError, isDecisive } from "./failures.js";
import {
  OpenEntries,
  compileEntries,
  conflictError,
  payloadCopy,
  queueFullError,
  waitAfter,
  type CompiledEntries,
} from "./entries.js";
import type { Moment } from "./moment.js";
import type { InvocationObserver } from "./observer.js";
import { payloadCheckOf, revived, valueCheckOf } from "./payload-checks.js";
import { giveUp, replyReader, streamIn, type ReplyReader, type TopicOutcome, type WireReply } from "./reply.js";

/** A function made ready at start: an invocation does only what its own bindings need. */
export interface CompiledFunction {
  readonly definition: FunctionDefinition;
  readonly instance: Readonly<Record<string, FunctionMethod>>;
  readonly checkPayload: ((payload: unknown) => MaybePromise<unknown>) | undefined;
  readonly inputs: readonly (InputReader & { readonly binding: InputBinding })[];
  readonly entries: CompiledEntries | undefined;
  readonly clients: readonly (ClientOpener & { readonly name: string })[];
  readonly outputs: readonly CompiledOutput[];
  readonly readReply: ReplyReader;
  /** True where outputs are sent side by side. */
  readonly isParallel: boolean;
  readonly around: Around | undefined;
  readonly observer: InvocationObserver | undefined;
}

interface CompiledOutput {
  readonly binding: OutputBinding;
  readonly writer: OutputWriter;
  readonly check: Check | undefined;
}

export interface CompileOptions {
  /** How payload classes are validated. */
  readonly validation?: CheckOptions | undefined;
  /** Surrounds each call of the method. */
  readonly around?: Around | undefined;
  readonly observer?: InvocationObserver | undefined;
  /** How outputs are sent by functions that do not say so themselves; in order unless given. */
  readonly flush?: FlushMode | undefined;
}

/** Prepares a function for a host. Loads the validators that its payload and values need. */
export function compileFunction(
  bound: BoundFunction,
  host: BindingHost,
  options: CompileOptions = {},
): CompiledFunction {
  const { definition } = bound;
  const validation = { ...options.validation, packages: recordingOf(definition.target)?.packages };
  return {
    definition,
    instance: bound.instance as Record<string, FunctionMethod>,
    checkPayload: payloadCheckOf(definition, validation),
    inputs: definition.inputs.map((input) => ({
      binding: input,
      ...revived(input, host.reader(input, definition), definition, validation),
    })),
    entries: compileEntries(definition, host, validation),
    clients: definition.clients.map((binding) => {
      const opener = host.client(binding, definition);
      return { name: binding.name, open: (invocation) => opener.open(invocation) };
    }),
    outputs: definition.outputs.map((output) => ({
      binding: output,
      writer: host.writer(output, definition),
      check: valueCheckOf(output, validation),
    })),
    readReply: replyReader(definition),
    isParallel: (definition.flush ?? options.flush) === "parallel",
    around: options.around,
    observer: options.observer,
  };
}

/**
 * One invocation, the same in every host: payload checked, inputs read side by side, method called, reply made,
 * collectors flushed output by output in the order declared.
 *
 * A method that throws flushes nothing, and so does a reply that cannot be made: `write` runs before the flush. An event
 * that is to be delivered again sends nothing either. State entries are written before anything is sent; where another
 * has changed one, all of this begins again with the payload as it came.
 * What has no need to wait does not: a function without inputs, whose method returns no promise and adds no item, is
 * answered at once.
 *
 * @throws or rejects with PayloadError when the payload does not validate or lacks what an expression needs; SidecarError
 *   when an input cannot be read; InvocationError when an output cannot be sent; else whatever the method threw
 */
export function invoke<R>(
  fn: CompiledFunction,
  payload: unknown,
  invocation: Invocation,
  write: (answer: WireReply | TopicOutcome) => MaybePromise<R>,
): MaybePromise<R> {
  const { entries } = fn;
  if (entries !== undefined) return invokeWithEntries(fn, entries, payload, invocation, write);
  return andThen(checked(fn, payload), (payload) => callAndFlush(fn, payload, invocation, write, undefined));
}

function checked({ checkPayload }: CompiledFunction, payload: unknown): MaybePromise<unknown> {
  return checkPayload === undefined ? payload : checkPayload(payload);
}

/** Runs the method until what it makes of its entries can be written, or it has run too often. */
async function invokeWithEntries<R>(
  fn: CompiledFunction,
  entries: CompiledEntries,
  payload: unknown,
  invocation: Invocation,
  write: (answer: WireReply | TopicOutcome) => MaybePromise<R>,
): Promise<R> {
  const { store, attempts } = entries;
  let next = await checked(fn, payloadCopy(payload));
  const places = store.locate(invocation);
  const ids = places.map(({ id }) => id);
  const entering = store.queue.enter(
    ids,
    () => unwantedSignal(invocation),
    () => queueFullError(invocation, places),
  );
  if (isPromise(entering)) invocation.watch?.queued?.(entering);
  const release = await entering;
  // Others are not to wait for a method that never ends, and whose caller was answered.
  invocation.expiry?.when(release);
  try {
    for (let attempt = 1; ; attempt++) {
      invocation.attempt = attempt;
      const open = new OpenEntries(entries, places, invocation, release);
      try {
        return await callAndFlush(fn, next, invocation, write, open);
      } catch (thrown) {
        if (!(thrown instanceof EntryConflict)) throw thrown;
        const isOver = attempt >= attempts;
        invocation.watch?.conflicted?.(attempt, isOver);
        if (isOver) throw conflictError(invocation, places, attempt, thrown.cause);
      }
      await waitAfter(attempt, invocation.signal);
      next = await checked(fn, payloadCopy(payload));
    }
  } finally {
    release();
  }
}

type Collectors = readonly BufferedCollector<unknown>[];

const none: readonly never[] = [];

/** What is open while a method runs, and refuses what comes later. */
class OpenParts {
  collectors: Collectors = none;
  clients: readonly OpenClient[] = none;
  #isClosed = false;

  constructor(readonly entries: OpenEntries | undefined) {}

  /** The invocation has ended: nothing may be opened any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
    for (const collector of this.collectors) collector.close();
    for (const client of this.clients) client.close();
    this.entries?.close();
  }
}

function callAndFlush<R>(
  fn: CompiledFunction,
  payload: unknown,
  invocation: Invocation,
  write: (answer: WireReply | TopicOutcome) => MaybePromise<R>,
  entries: OpenEntries | undefined,
): MaybePromise<R> {
  const parts = new OpenParts(entries);
  const { around } = fn;
  let returned: MaybePromise<unknown>;
  try {
    returned =
      around === undefined
        ? readAndCall(fn, payload, invocation, parts)
        : callAround(around, payload, invocation, () => readAndCall(fn, payload, invocation, parts));
  } catch (thrown) {
    parts.close();
    throw thrown;
  }
  if (!isPromise(returned)) return answerAndFlush(fn, returned, invocation, write, parts);
  // Resolved anew as in `andThen`.
  return Promise.resolve(returned).then(
    (value) => answerAndFlush(fn, value, invocation, write, parts),
    (thrown: unknown) => {
      parts.close();
      throw thrown;
    },
  );
}

function readAndCall(
  fn: CompiledFunction,
  payload: unknown,
  invocation: Invocation,
  parts: OpenParts,
): MaybePromise<unknown> {
  refuseAfterEnd(fn, invocation, parts);
  const bindings = readInputs(fn, invocation, parts.entries);
  return isPromise(bindings)
    ? bindings.then((read) => callMethod(fn, payload, read, invocation, parts))
    : callMethod(fn, payload, bindings, invocation, parts);
}

function callMethod(
  fn: CompiledFunction,
  payload: unknown,
  bindings: Record<string, unknown>,
  invocation: Invocation,
  parts: OpenParts,
): MaybePromise<unknown> {
  const { expiry } = invocation;
  if (expiry !== undefined) {
    expiry.when(() => parts.close());
    refuseLate(expiry);
  }
  refuseAfterEnd(fn, invocation, parts);
  if (fn.clients.length > 0) parts.clients = clientsOf(fn, invocation, bindings);
  if (fn.outputs.length > 0) parts.collectors = collectorsOf(fn, invocation, bindings);
  invocation.watch?.calling?.(payload);
  // Looked up by name at each call, so that a spy put on the instance is what runs.
  return fn.instance[fn.definition.methodName]!(payload, bindings, invocation.context);
}

/** As {@link replyAndFlush}; a stream that was to be the reply is given up where another is, or none. */
function answerAndFlush<R>(
  fn: CompiledFunction,
  returned: unknown,
  invocation: Invocation,
  write: (answer: WireReply | TopicOutcome) => MaybePromise<R>,
  parts: OpenParts,
): MaybePromise<R> {
  let reply: MaybePromise<R>;
  try {
    reply = replyAndFlush(fn, returned, invocation, write, parts);
  } catch (thrown) {
    giveUp(streamIn(returned), thrown);
    throw thrown;
  }
  const stream = isPromise(reply) ? streamIn(returned) : undefined;
  if (stream === undefined) return reply;
  return (reply as Promise<R>).then(
    (written) => {
      // The caller was answered in the meantime.
      if (invocation.expiry?.reason !== undefined) giveUp(stream, invocation.expiry.reason);
      return written;
    },
    (thrown: unknown) => {
      giveUp(stream, thrown instanceof EntryConflict ? thrown.cause : thrown);
      throw thrown;
    },
  );
}

function replyAndFlush<R>(
  fn: CompiledFunction,
  returned: unknown,
  invocation: Invocation,
  write: (answer: WireReply | TopicOutcome) => MaybePromise<R>,
  parts: OpenParts,
): MaybePromise<R> {
  parts.close();
  refuseLate(invocation.expiry);
  invocation.watch?.called?.(returned);
  const answer = fn.readReply(returned, invocation.context);
  const reply = write(answer);
  // The event comes again, and with it what was added.
  if (answer === "RETRY") return reply;
  const { collectors, entries } = parts;
  if (entries === undefined && !collectors.some(hasItems)) return reply;
  invocation.isSending = true;
  const flush = fn.isParallel ? flushSideBySide : flushInOrder;
  return isPromise(reply)
    ? reply.then((written) => flush(fn, collectors, invocation, entries, written))
    : flush(fn, collectors, invocation, entries, reply);
}

/** The caller was answered in the meantime: the method is not called any more, and nothing is sent. */
function refuseLate(expiry: Moment | undefined): void {
  if (expiry?.reason !== undefined) throw expiry.reason;
}

/** The hook around the method answered before the method was called: what that would add has nowhere to go. */
function refuseAfterEnd({ definition }: CompiledFunction, { context }: Invocation, { isClosed }: OpenParts): void {
  if (!isClosed) return;
  const message =
    `${placeOf(definition)}: the hook around it had answered before the method was called, which was then left out; ` +
    "await what next() gives";
  context.error(message);
  throw new InvocationError("ERR_COLLECTOR_CLOSED", message);
}

/**
 * Writes the state entries, then sends what was collected, output by output in the order declared.
 *
 * @returns resolves with the reply
 * @throws EntryConflict before anything was sent
 */
async function flushInOrder<R>(
  fn: CompiledFunction,
  collectors: Collectors,
  invocation: Invocation,
  entries: OpenEntries | undefined,
  reply: R,
): Promise<R> {
  if (entries !== undefined) await entries.write();
  for (let index = 0; index < collectors.length; index++) {
    try {
      await send(fn.outputs[index]!, collectors[index]!, invocation);
    } catch (error) {
      const before = collectors.slice(0, index).map(({ messages }) => messages.length);
      throw flushError(fn, collectors, index, error, [...before, sentBefore(error)], entries);
    }
  }
  return reply;
}

/** As {@link flushInOrder}, but sends all outputs at once, and fails with the first that failed when all are done. */
async function flushSideBySide<R>(
  fn: CompiledFunction,
  collectors: Collectors,
  invocation: Invocation,
  entries: OpenEntries | undefined,
  reply: R,
): Promise<R> {
  if (entries !== undefined) await entries.write();
  const sending = collectors.map(async (collector, index) => await send(fn.outputs[index]!, collector, invocation));
  const results = await Promise.allSettled(sending);
  const failed = results.flatMap((result, index) =>
    result.status === "rejected" ? [{ index, error: result.reason as unknown }] : [],
  );
  const [first, ...others] = failed;
  if (first === undefined) return reply;
  const sent = results.map((result, index) =>
    result.status === "fulfilled" ? collectors[index]!.messages.length : sentBefore(result.reason),
  );
  throw flushError(fn, collectors, first.index, first.error, sent, entries, others);
}

function send(
  { binding, writer }: CompiledOutput,
  { messages }: BufferedCollector<unknown>,
  invocation: Invocation,
): MaybePromise<void> {
  if (messages.length === 0) return;
  const write = (): Promise<void> => writer.write(messages, invocation);
  return invocation.watch?.flush?.(binding, messages, write) ?? write();
}

/** How many items of an output had been sent when it failed. */
function sentBefore(error: unknown): number {
  return error instanceof WriteError ? error.sent : 0;
}

function readInputs(
  fn: CompiledFunction,
  invocation: Invocation,
  entries: OpenEntries | undefined,
): MaybePromise<Record<string, unknown>> {
  return fn.inputs.length === 0 && entries === undefined ? {} : readSideBySide(fn, invocation, entries);
}

async function readSideBySide(
  fn: CompiledFunction,
  invocation: Invocation,
  entries: OpenEntries | undefined,
): Promise<Record<string, unknown>> {
  const bindings: Record<string, unknown> = {};
  if (fn.inputs.length === 0) {
    await entries?.read(bindings);
    return bindings;
  }
  const { watch } = invocation;
  const reads = fn.inputs.map((input) => {
    const read = (): Promise<unknown> => input.read(invocation);
    return watch?.read?.(input.binding, read) ?? read();
  });
  if (entries !== undefined) reads.push(entries.read(bindings));
  const results = await Promise.allSettled(reads);
  results.forEach((result, index) => {
    if (result.status === "rejected") throw result.reason as Error;
    const input = fn.inputs[index];
    if (input !== undefined) bindings[input.binding.name] = result.value;
  });
  return bindings;
}

function clientsOf(
  { clients }: CompiledFunction,
  invocation: Invocation,
  bindings: Record<string, unknown>,
): readonly OpenClient[] {
  return clients.map((opener) => {
    const opened = opener.open(invocation);
    bindings[opener.name] = opened.client;
    return opened;
  });
}

function collectorsOf(fn: CompiledFunction, invocation: Invocation, bindings: Record<string, unknown>): Collectors {
  return fn.outputs.map(
    ({ binding, writer, check }) =>
      (bindings[binding.name] = new BufferedCollector(binding, writer, invocation, check)),
  );
}

function hasItems({ messages }: BufferedCollector<unknown>): boolean {
  return messages.length > 0;
}

/**
 * @param counts how many items of each output were sent
 * @param others outputs that failed as well, where they were sent side by side
 */
function flushError(
  fn: CompiledFunction,
  collectors: Collectors,
  index: number,
  error: unknown,
  counts: readonly number[],
  entries: OpenEntries | undefined,
  others: readonly { readonly index: number; readonly error: unknown }[] = [],
): InvocationError {
  if (!(error instanceof WriteError)) throw error;
  const written = (entries?.written ?? []).map((output) => ({ output, items: 1 }));
  const sent: SentItems[] = [
    ...written,
    ...counts.map((items, i) => ({ output: fn.outputs[i]!.binding.name, items })).filter(({ items }) => items > 0),
  ];
  const list = sent.map(({ output, items }) => `${items} of "${output}"`).join(", ");
  const when = fn.isParallel ? "" : " before";
  const failures = [{ index, error }, ...others].map((failure) => describeFailure(fn, collectors, failure)).join("; ");
  const message =
    `${placeOf(fn.definition)}, ${failures}; ` + (list === "" ? `nothing was sent${when}` : `sent${when}: ${list}`);
  const { cause } = error;
  if (isDecisive(cause)) return decisiveError(cause.code, message, { sent, cause });
  return new InvocationError(isDaprFunctionsError(cause) ? cause.code : "ERR_FUNCTION_FAILED", message, {
    sent,
    cause,
  });
}

function describeFailure(
  fn: CompiledFunction,
  collectors: Collectors,
  { index, error }: { readonly index: number; readonly error: unknown },
): string {
  const place = `output "${fn.outputs[index]!.binding.name}"`;
  if (!(error instanceof WriteError)) return `${place}: ${messageOf(error)}`;
  const hint = error.hint === undefined ? "" : ` (${error.hint})`;
  return `${place}: item ${error.failed + 1} of ${collectors[index]!.messages.length} failed: ${error.cause.message}${hint}`;
}
