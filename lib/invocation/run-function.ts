import { attempt, type MaybePromise } from "../model/maybe-promise.js";
import type { Invocation } from "./binding-host.js";
import { failureOf, type Failure } from "./failures.js";
import { Gate } from "./gate.js";
import { runWithin, type Limits } from "./limits.js";
import { invoke, type CompiledFunction } from "./invoke.js";
import type { TopicOutcome, WireReply } from "./reply.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { AppScope } from "./trigger-invocation.js";

/** What the endpoints of one app share. */
export interface EndpointScope extends AppScope {
  /** Bounds how many invocations run at once. */
  readonly gate: Gate | undefined;
  /** How many invocations may wait where a trigger bounds them; ten times its limit unless given. */
  readonly maxQueue: number | undefined;
  /** Milliseconds that an invocation may take, unless its trigger says otherwise. */
  readonly timeout: number | undefined;
}

/** What bounds the invocations of a function; undefined where nothing does. */
export function limitsOf({ trigger, name }: FunctionDefinition, scope: EndpointScope): Limits | undefined {
  const own: { readonly timeout?: number | undefined; readonly concurrency?: number | undefined } =
    trigger.generic === true ? {} : trigger;
  const timeout = own.timeout ?? scope.timeout;
  const ownGate = own.concurrency === undefined ? undefined : new Gate(name, own.concurrency, scope.maxQueue);
  const gates = [ownGate, scope.gate].filter((gate) => gate !== undefined);
  return gates.length === 0 && timeout === undefined ? undefined : { gates, timeout };
}

/** In what the hosts differ: how a payload comes, and how an answer goes. */
export interface HostSteps<R> {
  /** Gives the payload, and the invocation what its expressions find. */
  readonly readPayload: () => unknown;
  /** Makes what the host sends. Runs before anything of the invocation is sent; when it throws, nothing is. */
  readonly write: (answer: WireReply | TopicOutcome) => R;
  /** Answers for an invocation that failed, or throws what was thrown where the host answers for itself. */
  readonly fail: (failure: Failure, thrown: unknown) => R;
}

/** Runs one invocation from its payload to its answer, the same way for every host. */
export function runFunction<R>(
  fn: CompiledFunction,
  invocation: Invocation,
  steps: HostSteps<R>,
  limits?: Limits,
): MaybePromise<R> {
  const { observer } = fn;
  const run = (payload: unknown): MaybePromise<R> =>
    runWithin(limits, invocation, () => invoke(fn, payload, invocation, steps.write));
  const fail = (thrown: unknown): R => {
    const failure = failureOf(thrown, fn.definition);
    invocation.watch?.ended?.({ failure });
    invocation.ended?.();
    return steps.fail(failure, thrown);
  };
  const succeed = (reply: R): R => {
    invocation.watch?.ended?.({});
    invocation.ended?.();
    return reply;
  };
  let payload: unknown;
  try {
    payload = steps.readPayload();
  } catch (thrown) {
    invocation.watch = observer?.start(invocation);
    return fail(thrown);
  }
  if (observer === undefined) return attempt(() => run(payload), succeed, fail);
  const watch = (invocation.watch = observer.start(invocation));
  watch?.received?.(payload);
  const watched = (): MaybePromise<R> => attempt(() => run(payload), succeed, fail);
  return watch?.run === undefined ? watched() : watch.run(watched);
}

/**
 * Logs a failure once, with all that helps to find the call again.
 *
 * @param subject what the invocation was about: `event "e-77"`
 */
export function logFailure(
  { errorCode, detail, isPayloads }: Failure,
  { definition, context }: Invocation,
  subject?: string,
): void {
  const line = `${definition.name} failed${subject === undefined ? "" : ` on ${subject}`}: ${errorCode}: ${detail}`;
  // Nobody waits for that answer, and nothing has gone wrong here.
  if (errorCode === "ERR_CALLER_GONE") context.debug(line);
  else if (isPayloads || errorCode === "ERR_QUEUE_FULL") context.warn(line);
  else context.error(line);
}
