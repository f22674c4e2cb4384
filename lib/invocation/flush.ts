import type { BufferedCollector } from "../collectors/buffered-collector.js";
import { InvocationError, isDaprFunctionsError, type SentItems } from "../model/errors.js";
import { placeOf } from "../model/function-definition.js";
import type { MaybePromise } from "../model/maybe-promise.js";
import { messageOf } from "../model/thrown.js";
import { WriteError, type Invocation } from "./binding-host.js";
import type { CompiledFunction, CompiledOutput } from "./compile-function.js";
import type { OpenEntries } from "./entries.js";
import { decisiveError, isDecisive } from "./failures.js";

/** What holds the items of each output, in the order declared. */
export type Collectors = readonly BufferedCollector<unknown>[];

export function hasItems({ messages }: BufferedCollector<unknown>): boolean {
  return messages.length > 0;
}

/**
 * Writes the state entries, then sends what was collected, output by output in the order declared.
 *
 * @returns resolves with the reply
 * @throws EntryConflict before anything was sent
 */
export async function flushInOrder<R>(
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
export async function flushSideBySide<R>(
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
