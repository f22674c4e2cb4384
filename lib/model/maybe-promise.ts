/**
 * A value, or a promise of one. What needs no waiting gives the value itself: each promise on the way of a small
 * invocation costs about 2 % of its throughput (measured).
 */
export type MaybePromise<T> = T | Promise<T>;

/** True for a promise of any realm: under a test runner those of Node itself are of another one. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/**
 * Goes on with a value, at once where it is there and else when it is: what both ways share is written once.
 *
 * @param onError gets what a promise rejected with; what `onValue` throws goes to the caller
 */
export function andThen<T, R>(
  value: MaybePromise<T>,
  onValue: (value: T) => MaybePromise<R>,
  onError?: (thrown: unknown) => MaybePromise<R>,
): MaybePromise<R> {
  // Resolved anew, since a method may return a thenable whose `then` is not that of a promise.
  return isPromise(value) ? Promise.resolve(value).then(onValue, onError) : onValue(value);
}

/** {@link andThen} of a step that may throw as well as reject: `onError` gets either. */
export function attempt<T, R>(
  step: () => MaybePromise<T>,
  onValue: (value: T) => MaybePromise<R>,
  onError: (thrown: unknown) => MaybePromise<R>,
): MaybePromise<R> {
  let value: MaybePromise<T>;
  try {
    value = step();
  } catch (thrown) {
    return onError(thrown);
  }
  return andThen(value, onValue, onError);
}
