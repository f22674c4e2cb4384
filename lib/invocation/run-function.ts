import type { MaybePromise } from "../model/maybe-promise.js";
import { failureOf, type Failure } from "./failures.js";
import type { Gate } from "./gate.js";
import { invoke, type CompiledFunction } from "./invoke.js";
import type { AppScope, TriggerInvocation } from "./trigger-invocation.js";

/** What the endpoints of one app share. */
export interface EndpointScope extends AppScope {
  /** Bounds how many invocations run at once. */
  readonly gate: Gate | undefined;
}

/** Invokes a function when it is its turn. */
export function run<R>(
  fn: CompiledFunction,
  payload: unknown,
  invocation: TriggerInvocation,
  scope: EndpointScope,
  toReply: (returned: unknown) => R,
): MaybePromise<R> {
  invocation.watch = fn.observer?.start(invocation);
  if (scope.gate === undefined) return invoke(fn, payload, invocation, toReply);
  return scope.gate.run(async () => await invoke(fn, payload, invocation, toReply));
}

/**
 * Reads what an invocation threw and logs it once, with all that helps to find the call again.
 *
 * @param subject what the invocation was about: `event "e-77"`
 */
export function reportFailure(thrown: unknown, invocation: TriggerInvocation, subject?: string): Failure {
  const failure = failureOf(thrown);
  const { errorCode, message, stack, isPayloads } = failure;
  const on = subject === undefined ? "" : ` on ${subject}`;
  const line = `${invocation.definition.name} failed${on}: ${errorCode}: ${stack ?? message}`;
  if (isPayloads) invocation.log.warn(line);
  else invocation.log.error(line);
  return failure;
}
