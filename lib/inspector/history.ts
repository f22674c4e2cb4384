import { notRunnable, type Recording } from "../record/recording.js";
import { toTestSource } from "../record/test-source.js";
import type { Change, DescribedFunction, InvocationRecord, MadeTest, PublishedEvent } from "./page/wire.js";
import { notRecorded } from "./recordings.js";
import { sizeOf } from "./records.js";

const maxRecords = 1_000;
const maxEvents = 200;
/** Characters of all records together. */
const maxSize = 16 * 1024 * 1024;

interface Kept {
  record: InvocationRecord | undefined;
  /** As JSON, which takes less room. */
  recording?: string | undefined;
  size: number;
}

/** The latest invocations and events, bounded in number and in size, and those who watch them. */
export class History {
  /** A ring: the record number n is at n modulo its length, from the oldest to the one before the next. */
  readonly #ring: Kept[] = [];
  #oldest = 0;
  #next = 0;
  /** Numbers of records. Not the records: a map drops its tables as entries come and go, and the collector keeps what is in them. */
  readonly #numbers = new Map<string, number>();
  readonly #events: PublishedEvent[] = [];
  readonly #functions = new Map<string, readonly DescribedFunction[]>();
  readonly #watchers = new Set<(change: Change) => void>();
  #size = 0;
  /** Of each app that has one. */
  readonly #notices = new Map<string, string>();

  /** Oldest first. */
  get records(): readonly InvocationRecord[] {
    const numbers = Array.from({ length: this.#next - this.#oldest }, (_, index) => this.#oldest + index);
    return numbers.map((number) => this.#ring[number % maxRecords]!.record!);
  }

  get events(): readonly PublishedEvent[] {
    return this.#events;
  }

  get functions(): readonly DescribedFunction[] {
    return [...this.#functions.values()].flat();
  }

  /** All that is wrong with the code of the apps; the empty text when nothing is. */
  get notice(): Change {
    return { type: "notice", text: [...this.#notices].map(([appId, text]) => `${appId}: ${text}`).join("\n") };
  }

  /** An invocation that begins, or the same one when it has ended. */
  add(record: InvocationRecord): void {
    const known = this.#numbers.get(record.id);
    const { recording } = known === undefined ? { recording: undefined } : this.#ring[known % maxRecords]!;
    const size = sizeOf(record) + (recording?.length ?? 0);
    this.#size += size;
    if (known === undefined) {
      if (this.#next - this.#oldest === maxRecords) this.#forget();
      this.#numbers.set(record.id, this.#next);
      this.#ring[this.#next++ % maxRecords] = { record, size };
    } else {
      const kept = this.#ring[known % maxRecords]!;
      this.#size -= kept.size;
      kept.record = record;
      kept.size = size;
    }
    this.#bound();
    this.#tell({ type: "invocation", record });
  }

  /** What a test of an invocation is made of. */
  addRecording(id: string, recording: Recording): void {
    const known = this.#numbers.get(id);
    if (known === undefined) return;
    const kept = this.#ring[known % maxRecords]!;
    kept.recording = JSON.stringify(recording);
    kept.size += kept.recording.length;
    this.#size += kept.recording.length;
    this.#bound();
  }

  /** The test of an invocation, or why there is none. */
  testOf(id: string): MadeTest {
    const known = this.#numbers.get(id);
    const { record, recording: text } = known === undefined ? {} : this.#ring[known % maxRecords]!;
    if (record === undefined) return { obstacle: "it is not kept any more" };
    if (text === undefined) return { obstacle: record.ms === undefined ? "it has not ended" : notRecorded };
    const recording = JSON.parse(text) as Recording;
    const obstacle = notRunnable(recording);
    if (obstacle !== undefined) return { obstacle };
    const described = this.#functions.get(record.appId)?.find(({ name }) => name === record.functionName);
    return { test: toTestSource(recording, described?.module?.replace(/^\.\//, "") ?? "functions.js") };
  }

  #bound(): void {
    while (this.#size > maxSize && this.#next - this.#oldest > 1) this.#forget();
  }

  #forget(): void {
    const kept = this.#ring[this.#oldest++ % maxRecords]!;
    this.#numbers.delete(kept.record!.id);
    this.#size -= kept.size;
    kept.record = undefined;
    kept.recording = undefined;
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

  /** What `run --watch` says of the code of one app; the empty text takes it back. */
  setNotice(appId: string, text: string): void {
    if (text === "") this.#notices.delete(appId);
    else this.#notices.set(appId, text);
    this.#tell(this.notice);
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
