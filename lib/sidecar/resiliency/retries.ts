import { setTimeout as delay } from "node:timers/promises";
import { BreakerOpenError } from "./circuit-breaker.js";

/** Of a Resiliency file. Times in milliseconds. */
export interface RetryPolicy {
  readonly policy: "constant" | "exponential";
  /** Between two attempts of a constant policy. */
  readonly duration: number;
  /** The longest time between two attempts of an exponential one. */
  readonly maxInterval: number;
  /** Attempts after the first; -1 for no end. */
  readonly maxRetries: number;
  /** The statuses that are worth another attempt; all unless given. */
  readonly statuses: readonly (readonly [first: number, last: number])[] | undefined;
}

/** The callee answered, and said no. */
export class StatusError<R> extends Error {
  constructor(
    readonly status: number,
    readonly reply: R,
    message: string,
  ) {
    super(message);
  }
}

/** Another attempt would have come, and was not waited for. */
export class CutShort extends Error {
  /** @param last what the last attempt failed with */
  constructor(readonly last: unknown) {
    super("the next attempt was not waited for");
  }
}

/** Milliseconds after the first attempt at which an exponential policy gives up, as daprd's default has it. */
const maxElapsed = 15 * 60_000;

/**
 * Repeats what fails. Rejects with the last failure; also, without another attempt, once `closing` is aborted, and with
 * {@link CutShort} once `ending` is.
 */
export async function withRetries<T>(
  policy: RetryPolicy,
  attempt: () => Promise<T>,
  closing: AbortSignal,
  ending?: AbortSignal,
): Promise<T> {
  const waits = waitsOf(policy);
  // What is closing aborts `ending` with it.
  const signal = ending ?? closing;
  for (let retries = 0; ; retries++) {
    try {
      return await attempt();
    } catch (error) {
      if (retries === policy.maxRetries || !isWorthwhile(error, policy)) throw error;
      const wait = waits();
      if (wait === undefined || closing.aborted) throw error;
      if (!signal.aborted) await delay(wait, undefined, { signal }).catch(() => undefined);
      if (closing.aborted) throw error;
      if (signal.aborted) throw new CutShort(error);
    }
  }
}

function isWorthwhile(error: unknown, { statuses }: RetryPolicy): boolean {
  if (error instanceof BreakerOpenError) return false;
  if (!(error instanceof StatusError) || statuses === undefined) return true;
  return statuses.some(([first, last]) => first <= error.status && error.status <= last);
}

/** The time before each next attempt; undefined when there is to be none. */
function waitsOf({ policy, duration, maxInterval }: RetryPolicy): () => number | undefined {
  if (policy === "constant") return () => duration;
  const begun = performance.now();
  let interval = 500;
  return () => {
    const wait = interval * (0.5 + Math.random());
    interval = Math.min(interval * 1.5, maxInterval);
    return performance.now() - begun + wait > maxElapsed ? undefined : wait;
  };
}
