/** The longest that Node's timers can wait; beyond it they fire at once. */
export const longestWait = 2 ** 31 - 1;

/**
 * Calls back after any number of milliseconds; `Infinity` is never.
 *
 * @param options whether the waiting keeps the process alive, as it does unless told otherwise
 * @returns ends the waiting
 */
export function after(milliseconds: number, callback: () => void, { keepsAlive = true } = {}): () => void {
  if (milliseconds === Infinity) return () => {};
  let timer: NodeJS.Timeout;
  const wait = (left: number): void => {
    timer = left > longestWait ? setTimeout(() => wait(left - longestWait), longestWait) : setTimeout(callback, left);
    if (!keepsAlive) timer.unref();
  };
  wait(milliseconds);
  return () => clearTimeout(timer);
}

/** Waits for work, but no longer than a number of milliseconds. Rejects as the work does. */
export async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let end = (): void => undefined;
  const over = new Promise<void>((resolve) => (end = after(milliseconds, resolve)));
  await Promise.race([work, over]).finally(end);
}
