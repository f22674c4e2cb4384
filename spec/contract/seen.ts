import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { keepAliveTimeout } from "./app.js";

/** What the functions saw, and who waits for it: they report it to `url`. */
export class Seen {
  readonly #entries: { readonly name: string; readonly value: unknown }[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(
    readonly url: string,
    readonly close: () => Promise<void>,
  ) {}

  add(name: string, value: unknown): void {
    this.#entries.push({ name, value });
    for (const check of this.#waiting) check();
  }

  /** The first `count` values of one name that fit, once they are there. */
  of<T>(name: string, count = 1, fits: (value: T) => boolean = () => true): Promise<T[]> {
    return this.#matching(name, fits, count);
  }

  /** The first value of one name that fits, once it is there. */
  async find<T>(name: string, fits: (value: T) => boolean): Promise<T> {
    return (await this.#matching(name, fits, 1))[0]!;
  }

  #matching<T>(name: string, fits: (value: T) => boolean, count: number): Promise<T[]> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        const all = this.#entries.map((entry) => `${entry.name} ${JSON.stringify(entry.value)}`.slice(0, 200));
        reject(new Error(`${name} was seen fewer than ${count} times in 45 s; there were:\n${all.join("\n")}`));
      }, 45_000);
      const check = (): void => {
        const found = this.#entries.flatMap((entry) => (entry.name === name ? [entry.value as T] : [])).filter(fits);
        if (found.length < count) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(found.slice(0, count));
      };
      this.#waiting.add(check);
      check();
    });
  }
}

export async function startSeen(): Promise<Seen> {
  // A report on a connection that is being closed would fail the function that makes it, whose event is lost then.
  const server = createServer({ keepAliveTimeout }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { name, value } = JSON.parse(Buffer.concat(chunks).toString()) as { name: string; value: unknown };
      seen.add(name, value);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const seen = new Seen(`http://127.0.0.1:${port}`, async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return seen;
}
