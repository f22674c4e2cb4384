/** A request that waits for its answer. */
interface Pending {
  /** Milliseconds that it may take. */
  readonly timeout: number;
  /** When its time is up, in milliseconds, on the clock of `performance`. */
  readonly ends: number;
  readonly signal: AbortSignal | undefined;
  /** Where it stands among those under way; kept by {@link UnderWay}. */
  position: number;
  stop(error: Error): void;
}

/**
 * The requests under way, which end when their time is up or their signal is aborted.
 *
 * One timer serves all of them, and one listener all of a signal; and they are kept in a list in which each knows its
 * place. A timer, a listener or a Set entry each made a request cost up to a third more (measured).
 */
export class UnderWay {
  readonly #pending: Pending[] = [];
  readonly #signals = new WeakSet<AbortSignal>();
  #timer: NodeJS.Timeout | undefined;
  #next = Infinity;

  add(request: Pending): void {
    request.position = this.#pending.push(request) - 1;
    if (request.ends < this.#next) this.#wakeAt(request.ends);
    const { signal } = request;
    if (signal === undefined || this.#signals.has(signal)) return;
    this.#signals.add(signal);
    signal.addEventListener("abort", () => this.#cancel(signal), { once: true });
  }

  /** Takes a request out; once it is out, does nothing. */
  delete(request: Pending): void {
    if (request.position === -1) return;
    const last = this.#pending.pop()!;
    if (last !== request) {
      this.#pending[request.position] = last;
      last.position = request.position;
    }
    request.position = -1;
  }

  #wakeAt(time: number): void {
    clearTimeout(this.#timer);
    this.#next = time;
    // The timer may outlive the requests; it must not keep the process alive, as their connections do.
    this.#timer = setTimeout(() => this.#expire(), Math.ceil(time - performance.now())).unref();
  }

  #expire(): void {
    const now = performance.now();
    let next = Infinity;
    for (const request of this.#pending.slice()) {
      // Timers count whole milliseconds.
      if (request.ends - now > 1) next = Math.min(next, request.ends);
      else request.stop(new Error(`no answer within ${request.timeout} ms`));
    }
    this.#next = Infinity;
    if (next !== Infinity) this.#wakeAt(next);
  }

  #cancel(signal: AbortSignal): void {
    for (const request of this.#pending.slice()) if (request.signal === signal) request.stop(abortError(signal));
  }
}

/** What a cancelled request fails with. */
export function abortError({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error("the request was cancelled");
}

/**
 * Waits for a call that cannot be ended no longer than `timeout` milliseconds, nor beyond its signal.
 */
export async function withinTime<T>(
  run: () => Promise<T>,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal?.aborted === true) throw abortError(signal);
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeout} ms`)), timeout);
    onAbort = () => reject(abortError(signal!));
    signal?.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([run(), over]);
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
  }
}
