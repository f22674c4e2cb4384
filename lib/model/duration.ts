/** The longest that Node's timers can wait; beyond it they fire at once. */
const longest = 2 ** 31 - 1;

/**
 * Calls back after any number of milliseconds; `Infinity` is never.
 *
 * @returns ends the waiting
 */
export function after(milliseconds: number, callback: () => void): () => void {
  if (milliseconds === Infinity) return () => {};
  let timer: NodeJS.Timeout;
  const wait = (left: number): void => {
    timer = left > longest ? setTimeout(() => wait(left - longest), longest) : setTimeout(callback, left);
  };
  wait(milliseconds);
  return () => clearTimeout(timer);
}
