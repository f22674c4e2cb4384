import { onAbort } from "../../model/abort.js";
import { longestWait } from "../../model/duration.js";

/** A request that waits for its answer. */
interface Pending {
  /** Milliseconds that it may take. */
  readonly timeout: number;
  /** When its time is up, in milliseconds, on the clock of `performance`. */
  readonly ends: number;
  readonly signal: AbortSignal | undefined;
  /** Grows with whatever arrives of the answer. */
  readonly received: number;
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

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  add(request: Pending): void {
    request.position = this.#pending.push(request) - 1;
    if (request.ends < this.#next) this.#wakeAt(request.ends);
    const { signal } = request;
    if (signal === undefined || this.#signals.has(signal)) return;
    this.#signals.add(signal);
    signal.addEventListener("abort", () => this.#cancel(signal), { once: true });
  }

  /** Takes a request out; false once it is out. */
  delete(request: Pending): boolean {
    if (request.position === -1) return false;
    const last = this.#pending.pop()!;
    if (last !== request) {
      this.#pending[request.position] = last;
      last.position = request.position;
    }
    request.position = -1;
    return true;
  }

  #wakeAt(time: number): void {
    clearTimeout(this.#timer);
    this.#next = time;
    // The timer may outlive the requests; it must not keep the process alive, as their connections do.
    const wait = Math.min(Math.ceil(time - performance.now()), longestWait);
    this.#timer = setTimeout(() => this.#expire(), wait).unref();
  }

  #expire(): void {
    const now = performance.now();
    let next = Infinity;
    const due: Pending[] = [];
    for (const request of this.#pending) {
      // Timers count whole milliseconds.
      if (request.ends - now > 1) next = Math.min(next, request.ends);
      else due.push(request);
    }
    this.#next = Infinity;
    if (next !== Infinity) this.#wakeAt(next);
    if (due.length > 0) afterArrivals(due, (request) => request.stop(timeOut(request.timeout)));
  }

  #cancel(signal: AbortSignal): void {
    for (const request of this.#pending.slice()) if (request.signal === signal) request.stop(abortError(signal));
  }
}

/** Turns of the event loop in which what has arrived is read; a turn takes up to 2 MiB of a connection. */
const mostTurns = 100;

/**
 * Calls `stop` for the requests whose answer is not there. An event loop that was blocked runs its timers before it
 * reads what came in the meantime, so a request's time may look to be up though its answer waits to be read.
 */
function afterArrivals(due: readonly Pending[], stop: (request: Pending) => void, turn = 0): void {
  const received = due.map((request) => request.received);
  setImmediate(() => {
    const waiting: Pending[] = [];
    due.forEach((request, index) => {
      if (request.position === -1) return;
      // The second turn is for what the first one has decrypted or handed on.
      if (turn > 0 && (request.received === received[index] || turn >= mostTurns)) stop(request);
      else waiting.push(request);
    });
    if (waiting.length > 0) afterArrivals(waiting, stop, turn + 1);
  });
}

function timeOut(timeout: number): Error {
  return new Error(`no answer within ${timeout} ms`);
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
  let stop: (() => void) | undefined;
  const over = new Promise<never>((_, reject) => {
    // As for the requests above, what has arrived is read first.
    timer = setTimeout(() => setImmediate(() => setImmediate(() => reject(timeOut(timeout)))), timeout);
    stop = onAbort(signal, () => reject(abortError(signal!)));
  });
  try {
    return await Promise.race([run(), over]);
  } finally {
    clearTimeout(timer);
    stop?.();
  }
}
