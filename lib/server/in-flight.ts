/** Which requests are under way, so that an end can wait for them. */
export class InFlight {
  #earlier = 0;
  #later = 0;
  #isClosing = false;
  readonly #waiting: { readonly isOver: () => boolean; readonly resolve: () => void }[] = [];

  get count(): number {
    return this.#earlier + this.#later;
  }

  /** True for a request that began after the app was told to stop; to be given back to {@link end}. */
  begin(): boolean {
    if (this.#isClosing) this.#later++;
    else this.#earlier++;
    return this.#isClosing;
  }

  end(isLater: boolean): void {
    if (isLater) this.#later--;
    else this.#earlier--;
    if (this.#waiting.length === 0) return;
    for (const waiter of this.#waiting.splice(0)) {
      if (waiter.isOver()) waiter.resolve();
      else this.#waiting.push(waiter);
    }
  }

  /** Tells requests that begin from now on from those that began before. */
  close(): void {
    this.#isClosing = true;
  }

  /** Resolves when the requests that began before {@link close} are answered, or given up by their callers. */
  earlierEnded(): Promise<void> {
    return this.#until(() => this.#earlier === 0);
  }

  allEnded(): Promise<void> {
    return this.#until(() => this.count === 0);
  }

  #until(isOver: () => boolean): Promise<void> {
    if (isOver()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ isOver, resolve }));
  }
}
