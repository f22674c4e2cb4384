import { isPromise, type MaybePromise } from "../model/maybe-promise.js";
import type { Invocation } from "./binding-host.js";
import { failureOf, type Failure } from "./failures.js";
import { Gate } from "./gate.js";
import { runWithin, type Limits } from "./limits.js";
import type { CompiledFunction } from "./compile-function.js";
import { invoke } from "./invoke.js";
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
export interface HostSteps<R, I extends Invocation = Invocation> {
  /** Gives the payload, and the invocation what its expressions find. */
  readPayload(invocation: I): unknown;
  /** Makes what the host sends. Runs before anything of the invocation is sent; when it throws or rejects, nothing is. */
  readonly write: (answer: WireReply | TopicOutcome) => MaybePromise<R>;
  /**
   * Where an answer goes on when it has been given, as a stream does: the same, which calls back when it has been sent. The
   * signals of the invocation hold until then. Undefined for any other answer.
   */
  goesOn?(answer: R, sent: () => void): R | undefined;
  /** Answers for an invocation that failed, or throws what was thrown where the host answers for itself. */
  fail(failure: Failure, invocation: I, thrown: unknown): R;
}

/** Runs one invocation from its payload to its answer, the same way for every host. */
export function runFunction<R, I extends Invocation>(
  fn: CompiledFunction,
  invocation: I,
  steps: HostSteps<R, I>,
  limits?: Limits,
): MaybePromise<R> {
  const { observer } = fn;
  let payload: unknown;
  try {
    payload = steps.readPayload(invocation);
  } catch (thrown) {
    invocation.watch = observer?.start(invocation);
    return failed(fn, invocation, steps, thrown);
  }
  if (observer === undefined) return run(fn, payload, invocation, steps, limits);
  const watch = (invocation.watch = observer.start(invocation));
  watch?.received?.(payload);
  return watch?.run === undefined
    ? run(fn, payload, invocation, steps, limits)
    : watch.run(() => run(fn, payload, invocation, steps, limits));
}

/** From the payload on. Closures are made only for what has to wait. */
function run<R, I extends Invocation>(
  fn: CompiledFunction,
  payload: unknown,
  invocation: I,
  steps: HostSteps<R, I>,
  limits: Limits | undefined,
): MaybePromise<R> {
  let reply: MaybePromise<R>;
  try {
    reply =
      limits === undefined
        ? invoke(fn, payload, invocation, steps.write)
        : runWithin(limits, invocation, () => invoke(fn, payload, invocation, steps.write));
  } catch (thrown) {
    return failed(fn, invocation, steps, thrown);
  }
  if (!isPromise(reply)) return succeeded(invocation, reply, steps);
  return reply.then(
    (value) => succeeded(invocation, value, steps),
    (thrown: unknown) => failed(fn, invocation, steps, thrown),
  );
}

function succeeded<R, I extends Invocation>(invocation: I, reply: R, steps: HostSteps<R, I>): R {
  invocation.watch?.ended?.({});
  const going = steps.goesOn?.(reply, () => invocation.ended?.());
  if (going === undefined) invocation.ended?.();
  return going ?? reply;
}

function failed<R, I extends Invocation>(
  fn: CompiledFunction,
  invocation: I,
  steps: HostSteps<R, I>,
  thrown: unknown,
): R {
  const failure = failureOf(thrown, fn.definition);
  invocation.watch?.ended?.({ failure });
  invocation.ended?.();
  return steps.fail(failure, invocation, thrown);
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
