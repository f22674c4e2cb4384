import { attempt, type MaybePromise } from "../model/maybe-promise.js";
import type { Invocation } from "./binding-host.js";
import { failureOf, type Failure } from "./failures.js";
import type { Gate } from "./gate.js";
import { invoke, type CompiledFunction } from "./invoke.js";
import type { TopicOutcome, WireReply } from "./reply.js";
import type { AppScope } from "./trigger-invocation.js";

/** What the endpoints of one app share. */
export interface EndpointScope extends AppScope {
  /** Bounds how many invocations run at once. */
  readonly gate: Gate | undefined;
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
  gate?: Gate,
): MaybePromise<R> {
  const { observer } = fn;
  const run = (payload: unknown): MaybePromise<R> =>
    gate === undefined
      ? invoke(fn, payload, invocation, steps.write)
      : gate.run(async () => await invoke(fn, payload, invocation, steps.write));
  const fail = (thrown: unknown): R => {
    const failure = failureOf(thrown, fn.definition);
    invocation.watch?.ended?.({ failure });
    return steps.fail(failure, thrown);
  };
  let payload: unknown;
  try {
    payload = steps.readPayload();
  } catch (thrown) {
    invocation.watch = observer?.start(invocation);
    return fail(thrown);
  }
  if (observer === undefined) return attempt(() => run(payload), same, fail);
  const watch = (invocation.watch = observer.start(invocation));
  const watched = (): MaybePromise<R> =>
    attempt(
      () => run(payload),
      (reply) => {
        watch?.ended?.({});
        return reply;
      },
      fail,
    );
  return watch?.run === undefined ? watched() : watch.run(watched);
}

function same<T>(value: T): T {
  return value;
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
  if (isPayloads) context.warn(line);
  else context.error(line);
}
