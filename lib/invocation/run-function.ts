import type { MaybePromise } from "../model/maybe-promise.js";
import type { Log } from "../model/invocation.js";
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
  if (scope.gate === undefined) return invoke(fn, payload, invocation, toReply);
  return scope.gate.run(async () => await invoke(fn, payload, invocation, toReply));
}

/**
 * Reads what an invocation threw and logs it once, with all that helps to find the call again.
 *
 * @param subject what the invocation was about: `event "e-77"`
 */
export function reportFailure(thrown: unknown, invocation: TriggerInvocation, log: Log, subject?: string): Failure {
  const failure = failureOf(thrown);
  const { errorCode, message, stack, isPayloads } = failure;
  const on = subject === undefined ? "" : ` on ${subject}`;
  const line = `${invocation.definition.name} failed${on}: ${errorCode}: ${stack ?? message} (${identityOf(invocation)})`;
  if (isPayloads) log.warn(line);
  else log.error(line);
  return failure;
}

/** Says `invocation 5f6c…, trace 4bf9…`. */
function identityOf(invocation: TriggerInvocation): string {
  const trace = invocation.traceHeaders?.["traceparent"]?.split("-")[1];
  return `invocation ${invocation.id}${trace === undefined ? "" : `, trace ${trace}`}`;
}
