import { InvocationError } from "../model/errors.js";
import { placeOf } from "../model/function-definition.js";
import type { InvocationContext } from "../model/invocation.js";
import type { MaybePromise } from "../model/maybe-promise.js";
import type { ObservedInvocation } from "./observer.js";

/** The call of a function that a hook surrounds. */
export interface AroundInvocation {
  /** Name of the function. */
  readonly functionName: string;
  /** What the method gets: checked, an instance where its type is a class. */
  readonly payload: unknown;
  /** What the method gets as its third parameter. */
  readonly context: InvocationContext;
}

/**
 * A hook around each call of a function: it runs after the payload was checked and before anything is sent.
 *
 * What it returns is the reply, so that it may answer instead of the method; when it throws, the invocation fails and
 * what the method added is discarded. When it answers before next() is done, what the method does from then on is
 * refused, and the method is not called where its inputs are still being read.
 *
 * @param next reads the inputs, calls the method and resolves with what that returned; may be called once
 * @example
 * const timed: Around = async ({ functionName, context }, next) => {
 *   const begin = performance.now();
 *   const reply = await next();
 *   context.info(`${functionName} took ${performance.now() - begin} ms`);
 *   return reply;
 * };
 */
export type Around = (invocation: AroundInvocation, next: () => Promise<unknown>) => Promise<unknown>;

export function callAround(
  around: Around,
  payload: unknown,
  { definition, context }: ObservedInvocation,
  call: () => MaybePromise<unknown>,
): MaybePromise<unknown> {
  let isCalled = false;
  return around({ functionName: definition.name, payload, context }, async () => {
    if (isCalled) {
      const message = `${placeOf(definition)}: the hook around it called next() twice; a method runs once`;
      throw new InvocationError("ERR_FUNCTION_FAILED", message);
    }
    isCalled = true;
    return await call();
  });
}
