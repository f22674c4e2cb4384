/** What waits for each signal; one listener serves them all, since those of an app are waited for by many. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back once when a signal is aborted.
 *
 * @returns what ends the wait
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => undefined;
  const callbacks = waitingFor(signal);
  callbacks.add(callback);
  return () => callbacks.delete(callback);
}

/** A function of its own: the listener, which stays with its signal, would else hold the callback that came first. */
function waitingFor(signal: AbortSignal): Set<() => void> {
  const known = waiting.get(signal);
  if (known !== undefined) return known;
  const callbacks = new Set<() => void>();
  waiting.set(signal, callbacks);
  signal.addEventListener("abort", () => [...callbacks].forEach((each) => each()), { once: true });
  return callbacks;
}

/**
 * Waits some milliseconds.
 *
 * @throws the signal's reason when it is aborted before
 */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason as Error);
    const timer = setTimeout(() => {
      forget();
      resolve();
    }, milliseconds);
    const forget = onAbort(signal, () => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    });
    return undefined;
  });
}
