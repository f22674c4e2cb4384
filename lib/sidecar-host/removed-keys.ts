interface Removed {
  /** On the monotonic clock, in milliseconds. */
  readonly due: number;
  readonly forget: () => Promise<void>;
}

/**
 * Keys that were removed and still stand in their store, so that who had read them before meets another version. They are
 * deleted once no invocation can be left that did; of a process that ends before they stay.
 */
export class RemovedKeys {
  readonly #removed: Removed[] = [];
  #isWaiting = false;

  /**
   * @param after milliseconds until a key is deleted
   * @param most how many are kept in mind; of more the oldest stay in their store
   */
  constructor(
    private readonly after = 600_000,
    private readonly most = 10_000,
  ) {}

  /** @param forget deletes the key if nobody has written it since; what it fails with is nobody's concern */
  add(forget: () => Promise<void>): void {
    if (this.#removed.length >= this.most) this.#removed.shift();
    this.#removed.push({ due: performance.now() + this.after, forget });
    if (!this.#isWaiting) this.#wait(this.after);
  }

  /** Keeps no process alive. */
  #wait(milliseconds: number): void {
    this.#isWaiting = true;
    setTimeout(() => void this.#deleteDue(), milliseconds).unref();
  }

  async #deleteDue(): Promise<void> {
    for (let [first] = this.#removed; first !== undefined; [first] = this.#removed) {
      const left = first.due - performance.now();
      if (left > 0) return this.#wait(Math.ceil(left));
      this.#removed.shift();
      await first.forget().catch(() => undefined);
    }
    this.#isWaiting = false;
  }
}
