/**
 * Something that comes once, for many to wait for. Unlike with an `AbortSignal` that outlives them, whoever stops waiting
 * leaves nothing behind.
 */
export class Moment {
  #reason: Error | undefined;
  readonly #listeners = new Set<(reason: Error) => void>();

  /** Undefined until it has come. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  come(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    for (const listener of this.#listeners) listener(reason);
    this.#listeners.clear();
  }

  /**
   * Calls back when it comes, at once where it has.
   *
   * @returns ends the waiting
   */
  when(listener: (reason: Error) => void): () => void {
    if (this.#reason !== undefined) {
      listener(this.#reason);
      return () => {};
    }
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** A signal that is made when it is asked for, and follows what may abort it until it is let go. */
export class FollowedSignal {
  #controller: AbortController | undefined;
  #stop: (() => void) | undefined;
  #isOver = false;

  /** @param follow gives the reason when there is one; returns what ends that */
  constructor(private readonly follow: (abort: (reason: Error) => void) => () => void) {}

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = (this.#controller = new AbortController());
      if (!this.#isOver) this.#stop = this.follow((reason) => controller.abort(reason));
    }
    return this.#controller.signal;
  }

  /** What was handed out is never aborted from now on, and nothing refers to it. */
  letGo(): void {
    this.#isOver = true;
    this.#stop?.();
    this.#stop = undefined;
  }
}
