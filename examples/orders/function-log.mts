import type { Log } from "dapr-functions";

/** What functions and the runtime log, kept so that the example can wait for a line; warnings and errors are shown. */
export class FunctionLog implements Log {
  readonly #lines: string[] = [];
  readonly #waiting = new Set<() => void>();

  /** Where `context.log` goes, too. The last argument says whose line it is. */
  info = (...args: unknown[]): void => {
    this.#lines.push(args.slice(0, -1).map(String).join(" "));
    for (const look of this.#waiting) look();
  };
  log = this.info;
  debug = (): void => {};
  warn = (...args: unknown[]): void => console.warn(...args);
  error = (...args: unknown[]): void => console.error(...args);

  /** The first line that starts so; waits for it up to 10 s. */
  first(start: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no function logged "${start}…" within 10 s`)), 10_000);
      const look = (): void => {
        const line = this.#lines.find((each) => each.startsWith(start));
        if (line === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(line);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
