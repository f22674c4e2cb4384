import { onAbort } from "./abort.js";
import type { MaybePromise } from "../model/maybe-promise.js";

/** Lets an invocation's keys go; more than once does nothing. */
export type Release = () => void;

/**
 * Lets one invocation at a time have a key; the others wait, first come, first served. Invocations that would only find
 * at the end that they were late wait at the beginning instead.
 */
export class KeyQueue {
  /** Who waits for a key; a key that nobody has is not there. */
  readonly #held = new Map<string, Waiter[]>();

  /** @param most how many may wait for one key */
  constructor(private readonly most = 1000) {}

  /**
   * Resolves when all of the keys are the caller's.
   *
   * @param signalOf called where the caller has to wait: what ends that
   * @param refuse makes what is thrown when too many wait for a key already
   * @throws the signal's reason when it is aborted while the caller waits
   */
  enter(keys: readonly string[], signalOf: () => AbortSignal | undefined, refuse: () => Error): MaybePromise<Release> {
    // In one order, so that two invocations never wait for each other.
    const sorted = keys.length === 1 ? keys : [...new Set(keys)].sort();
    const free = sorted.every((key) => !this.#held.has(key));
    if (!free) return this.#enterLater(sorted, signalOf(), refuse);
    for (const key of sorted) this.#held.set(key, []);
    return this.#releaseOf(sorted);
  }

  async #enterLater(keys: readonly string[], signal: AbortSignal | undefined, refuse: () => Error): Promise<Release> {
    const mine: string[] = [];
    try {
      for (const key of keys) {
        const waiting = this.#held.get(key);
        if (waiting === undefined) this.#held.set(key, []);
        else if (waiting.length >= this.most) throw refuse();
        else await turn(waiting, signal);
        mine.push(key);
      }
      return this.#releaseOf(keys);
    } catch (error) {
      this.#release(mine);
      throw error;
    }
  }

  #releaseOf(keys: readonly string[]): Release {
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      this.#release(keys);
    };
  }

  #release(keys: readonly string[]): void {
    for (const key of keys) {
      const next = this.#held.get(key)?.shift();
      if (next === undefined) this.#held.delete(key);
      else next();
    }
  }
}

type Waiter = () => void;

function turn(waiting: Waiter[], signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason as Error);
    const waiter = (): void => {
      forget();
      resolve();
    };
    const forget = onAbort(signal, () => {
      forget();
      waiting.splice(waiting.indexOf(waiter), 1);
      reject(signal!.reason as Error);
    });
    waiting.push(waiter);
    return undefined;
  });
}
