import { BufferedCollector } from "../collectors/buffered-collector.js";
import { InvocationError } from "../model/errors.js";
import { andThen, isPromise, type MaybePromise } from "../model/maybe-promise.js";
import { placeOf } from "../model/function-definition.js";
import { unwantedSignal } from "./unwanted.js";
import { callAround } from "./around.js";
import { EntryConflict, type Invocation, type OpenClient } from "./binding-host.js";
import type { CompiledFunction } from "./compile-function.js";
import { OpenEntries, conflictError, payloadCopy, queueFullError, waitAfter, type CompiledEntries } from "./entries.js";
import { flushInOrder, flushSideBySide, hasItems, type Collectors } from "./flush.js";
import type { Moment } from "./moment.js";
import { giveUp, streamIn, type TopicOutcome, type WireReply } from "./reply.js";

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
