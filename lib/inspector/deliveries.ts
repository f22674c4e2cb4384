/** Events that are remembered. */
const maxEvents = 10_000;

/** What is the same in every delivery of an event. */
export interface EventId {
  readonly source: string;
  readonly id: string;
}

/** Counts the deliveries of one event to one function, so that the second is told from the first. */
export class Deliveries {
  readonly #counts = new Map<string, number>();

  /** @returns 1 for the first, 2 for the second */
  attemptOf(functionName: string, { source, id }: EventId): number {
    const key = JSON.stringify([functionName, source, id]);
    const attempt = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.delete(key);
    this.#counts.set(key, attempt);
    if (this.#counts.size > maxEvents) this.#counts.delete(this.#counts.keys().next().value!);
    return attempt;
  }
}
