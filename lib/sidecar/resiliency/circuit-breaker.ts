/** Of a Resiliency file. Times in milliseconds. */
export interface CircuitBreakerPolicy {
  /** Calls let through while half open. */
  readonly maxRequests: number;
  /** After which the counts of a closed one begin anew; 0 for never. */
  readonly interval: number;
  /** How long it stays open. */
  readonly timeout: number;
  /** A CEL expression over the counts; `consecutiveFailures > 5` where there is none. */
  readonly trip: string | undefined;
}

/** What has been counted since the breaker last changed its state. */
export interface Counts {
  readonly requests: number;
  readonly totalSuccesses: number;
  readonly totalFailures: number;
  readonly consecutiveSuccesses: number;
  readonly consecutiveFailures: number;
}

/** The call was not made: the breaker is open. Never repeated. */
export class BreakerOpenError extends Error {}

const noCounts: Counts = {
  requests: 0,
  totalSuccesses: 0,
  totalFailures: 0,
  consecutiveSuccesses: 0,
  consecutiveFailures: 0,
};

/** Keeps calls away from what fails, as the breaker in daprd (gobreaker) does, state by state. */
export class CircuitBreaker {
  #state: "closed" | "half-open" | "open" = "closed";
  #counts = noCounts;
  #generation = 0;
  #expires: number | undefined;

  constructor(
    private readonly policy: CircuitBreakerPolicy,
    private readonly trips: (expression: string, counts: Counts) => Promise<boolean>,
    private readonly onChange: (state: "closed" | "half-open" | "open") => void,
  ) {
    this.#begin("closed");
  }

  /** Rejects as `call` does, or with BreakerOpenError when it is not made. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    const generation = this.#enter();
    try {
      const result = await call();
      await this.#leave(generation, true);
      return result;
    } catch (error) {
      await this.#leave(generation, false);
      throw error;
    }
  }

  #enter(): number {
    this.#expire();
    if (this.#state === "open") throw new BreakerOpenError("circuit breaker is open");
    if (this.#state === "half-open" && this.#counts.requests >= (this.policy.maxRequests || 1)) {
      throw new BreakerOpenError("too many requests");
    }
    this.#counts = { ...this.#counts, requests: this.#counts.requests + 1 };
    return this.#generation;
  }

  async #leave(generation: number, succeeded: boolean): Promise<void> {
    this.#expire();
    // The answer to a call of an earlier state says nothing about this one.
    if (generation !== this.#generation) return;
    const counts = this.#counts;
    if (succeeded) {
      const consecutiveSuccesses = counts.consecutiveSuccesses + 1;
      this.#counts = {
        ...counts,
        totalSuccesses: counts.totalSuccesses + 1,
        consecutiveSuccesses,
        consecutiveFailures: 0,
      };
      if (this.#state === "half-open" && consecutiveSuccesses >= (this.policy.maxRequests || 1)) this.#change("closed");
      return;
    }
    if (this.#state === "half-open") return this.#change("open");
    this.#counts = {
      ...counts,
      totalFailures: counts.totalFailures + 1,
      consecutiveFailures: counts.consecutiveFailures + 1,
      consecutiveSuccesses: 0,
    };
    const trips =
      this.policy.trip === undefined
        ? this.#counts.consecutiveFailures > 5
        : await this.trips(this.policy.trip, this.#counts);
    if (trips && generation === this.#generation) this.#change("open");
  }

  #expire(): void {
    if (this.#expires === undefined || performance.now() <= this.#expires) return;
    if (this.#state === "open") this.#change("half-open");
    else this.#begin(this.#state);
  }

  #change(state: "closed" | "half-open" | "open"): void {
    this.#begin(state);
    this.onChange(state);
  }

  #begin(state: "closed" | "half-open" | "open"): void {
    const { interval, timeout } = this.policy;
    this.#state = state;
    this.#generation++;
    this.#counts = noCounts;
    const lasting = { closed: interval, "half-open": 0, open: timeout || 60_000 }[state];
    this.#expires = lasting > 0 ? performance.now() + lasting : undefined;
  }
}
