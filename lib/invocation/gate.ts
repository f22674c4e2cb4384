import type { Invocation } from "./binding-host.js";
import { decisiveError } from "./failures.js";

/** Lets a bounded number of invocations run at once; a bounded number of others wait their turn, first come, first served. */
export class Gate {
  #free: number;
  readonly #waiting = new Set<() => void>();

  /**
   * @param what who is bounded, for messages: `the app`
   * @param maxQueue how many may wait; ten times the limit unless given
   */
  constructor(
    private readonly what: string,
    private readonly limit: number,
    private readonly maxQueue = 10 * limit,
  ) {
    this.#free = limit;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * @returns undefined when it may run at once; else resolves when it is its turn, and rejects when nobody waits for its
   *   answer any more
   * @throws InvocationError `ERR_QUEUE_FULL`
   */
  enter(invocation: Invocation): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    if (this.#waiting.size >= this.maxQueue) {
      const message = `${this.what} runs ${this.limit} invocations, and ${this.#waiting.size} wait; try again later`;
      throw decisiveError("ERR_QUEUE_FULL", message);
    }
    return new Promise((resolve, reject) => {
      let stop: (() => void) | undefined;
      const turn = (): void => {
        stop?.();
        resolve();
      };
      this.#waiting.add(turn);
      stop = invocation.whenUnwanted?.((reason) => {
        if (!this.#waiting.delete(turn)) return;
        // What outlives the invocation would hold it, and its body, for as long as the app runs.
        stop?.();
        reject(reason);
      });
      // It was unwanted already, before there was anything to stop.
      if (!this.#waiting.has(turn)) stop?.();
    });
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
