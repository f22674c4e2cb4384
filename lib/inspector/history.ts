import type { Change, DescribedFunction, InvocationRecord, PublishedEvent } from "./page/wire.js";
import { sizeOf } from "./records.js";

const maxRecords = 1_000;
const maxEvents = 200;
/** Characters of all records together. */
const maxSize = 16 * 1024 * 1024;

/** The latest invocations and events, bounded in number and in size, and those who watch them. */
export class History {
  readonly #records = new Map<string, InvocationRecord>();
  readonly #events: PublishedEvent[] = [];
  readonly #functions = new Map<string, readonly DescribedFunction[]>();
  readonly #watchers = new Set<(change: Change) => void>();
  #size = 0;
  #notice: Change | undefined;

  /** Oldest first. */
  get records(): readonly InvocationRecord[] {
    return [...this.#records.values()];
  }

  get events(): readonly PublishedEvent[] {
    return this.#events;
  }

  get functions(): readonly DescribedFunction[] {
    return [...this.#functions.values()].flat();
  }

  get notice(): Change | undefined {
    return this.#notice;
  }

  /** An invocation that begins, or the same one when it has ended. */
  add(record: InvocationRecord): void {
    const previous = this.#records.get(record.id);
    this.#size += sizeOf(record) - (previous === undefined ? 0 : sizeOf(previous));
    this.#records.set(record.id, record);
    for (const [id, oldest] of this.#records) {
      if (this.#records.size <= maxRecords && (this.#size <= maxSize || this.#records.size === 1)) break;
      this.#records.delete(id);
      this.#size -= sizeOf(oldest);
    }
    this.#tell({ type: "invocation", record });
  }

  addEvent(event: PublishedEvent): void {
    this.#events.push(event);
    if (this.#events.length > maxEvents) this.#events.shift();
    this.#tell({ type: "event", event });
  }

  /** The functions of one app, in place of those that it had. */
  setFunctions(appId: string, functions: readonly DescribedFunction[]): void {
    this.#functions.set(appId, functions);
    this.#tell({ type: "functions", functions: this.functions });
  }

  /** What `run --watch` says of the code; the empty text takes it back. */
  setNotice(text: string, isError: boolean): void {
    this.#notice = { type: "notice", text, isError };
    this.#tell(this.#notice);
  }

  /** @returns ends the watching */
  watch(watcher: (change: Change) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #tell(change: Change): void {
    for (const watcher of this.#watchers) watcher(change);
  }
}
