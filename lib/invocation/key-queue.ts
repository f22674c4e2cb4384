import { onAbort } from "../model/abort.js";
import type { MaybePromise } from "../model/maybe-promise.js";

/** Lets an invocation's keys go; more than once does nothing. */
export type Release = () => void;

/** What has a key: one invocation, while the others wait. */
interface Holding {
  readonly waiting: Waiter[];
  timer: NodeJS.Timeout | undefined;
}

/**
 * Lets one invocation at a time have a key; the others wait, first come, first served. Invocations that would only find
 * at the end that they were late wait at the beginning instead. Who has a key for too long shares it with the next: then
 * the etags decide, as they do between processes.
 */
export class KeyQueue {
  /** Who has which key; one that nobody has is not there. */
  readonly #held = new Map<string, Holding>();

  /**
   * @param most how many may wait for one key
   * @param longest milliseconds for which one may have a key that another waits for
   */
  constructor(
    private readonly most = 1000,
    private readonly longest = 5000,
  ) {}

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
    return this.#releaseOf(
      sorted,
      sorted.map((key) => this.#hold(key, [])),
    );
  }

  async #enterLater(keys: readonly string[], signal: AbortSignal | undefined, refuse: () => Error): Promise<Release> {
    const mine: Holding[] = [];
    try {
      for (const key of keys) {
        const held = this.#held.get(key);
        if (held === undefined) {
          mine.push(this.#hold(key, []));
          continue;
        }
        if (held.waiting.length >= this.most) throw refuse();
        const turn = turnIn(held.waiting, signal);
        this.#limit(key, held);
        mine.push(await turn);
      }
      return this.#releaseOf(keys, mine);
    } catch (error) {
      this.#releaseOf(keys, mine)();
      throw error;
    }
  }

  #hold(key: string, waiting: Waiter[]): Holding {
    const holding: Holding = { waiting, timer: undefined };
    this.#held.set(key, holding);
    if (waiting.length > 0) this.#limit(key, holding);
    return holding;
  }

  /** Lets the next have the key in time, though its holder goes on. */
  #limit(key: string, holding: Holding): void {
    holding.timer ??= setTimeout(() => {
      holding.timer = undefined;
      if (holding.waiting.length > 0) this.#passOn(key, holding);
    }, this.longest).unref();
  }

  #releaseOf(keys: readonly string[], holdings: readonly Holding[]): Release {
    return () => holdings.forEach((holding, index) => this.#passOn(keys[index]!, holding));
  }

  /** Does nothing where another has the key by now. */
  #passOn(key: string, holding: Holding): void {
    if (this.#held.get(key) !== holding) return;
    clearTimeout(holding.timer);
    const next = holding.waiting.shift();
    if (next === undefined) this.#held.delete(key);
    else next(this.#hold(key, holding.waiting));
  }
}

type Waiter = (holding: Holding) => void;

function turnIn(waiting: Waiter[], signal: AbortSignal | undefined): Promise<Holding> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason as Error);
    const waiter = (holding: Holding): void => {
      forget();
      resolve(holding);
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
