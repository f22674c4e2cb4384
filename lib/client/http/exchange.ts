import type { Dispatcher } from "undici";
import type { UnderWay } from "./under-way.js";

/** What came back: status, headers in lower case and, where it was asked for or the status is not a success, the body. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** What a header says, for one who asks for no other. @param name in lower case */
  header(name: string): string | undefined;
}

/** Who waits for an answer: told of it, or why there is none, once. */
interface Asker {
  answered(answer: Answer): void;
  failed(error: Error, exchange: Exchange): void;
}

const empty = Buffer.alloc(0);

/** Bytes kept of the body of an answer that is not a success: enough for any error. */
const longestError = 1 << 20;

/** The headers of an answer are read when they are asked for: what saved or published something never asks. */
class RawAnswer implements Answer {
  #headers: Answer["headers"] | undefined;

  constructor(
    readonly status: number,
    private readonly rawHeaders: Buffer[],
    readonly body: Buffer,
  ) {}

  get headers(): Answer["headers"] {
    // A part of undici that its pool has loaded; for the path see `transport.ts`.
    undiciUtil ??= require("undici/lib/core/util.js") as typeof import("undici").util;
    return (this.#headers ??= undiciUtil.parseHeaders(this.rawHeaders));
  }

  header(name: string): string | undefined {
    const { rawHeaders } = this;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const given = rawHeaders[index]!;
      if (given.length === name.length && given.toString("latin1").toLowerCase() === name) {
        return rawHeaders[index + 1]!.toString("latin1");
      }
    }
    return undefined;
  }
}

let undiciUtil: typeof import("undici").util | undefined;

/**
 * One request and its answer, as undici tells of them. Lighter than undici's own `request`: no stream is made for a
 * body that is read to its end and ignored.
 *
 * The methods have the names that undici's connections call, up to version 7. A handler with the newer ones
 * (`onRequestStart` …) is wrapped, and all headers are made an object at once: 3 % of an invocation with a request.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly ends: number;
  position = -1;
  received = 0;
  #abort: ((error: Error) => void) | undefined;
  #stopped: Error | undefined;
  #status = 0;
  #rawHeaders: Buffer[] = [];
  #chunks: Buffer[] | undefined;
  #room: number;

  /**
   * @param keepBody false where the body of a success is only read to its end
   * @param timeout milliseconds until the whole answer must be there
   */
  constructor(
    readonly underWay: UnderWay,
    private readonly asker: Asker,
    keepBody: boolean,
    readonly timeout: number,
    readonly signal: AbortSignal | undefined,
  ) {
    this.ends = performance.now() + timeout;
    this.#room = keepBody ? Infinity : 0;
    underWay.add(this);
  }

  /** Ends the exchange with an error, wherever it is: waiting for a connection, for the answer, or in its midst. */
  stop(error: Error): void {
    this.#stopped = error;
    const isWaiting = this.underWay.delete(this);
    this.#abort?.(error);
    if (isWaiting) this.asker.failed(error, this);
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#abort = abort;
    if (this.#stopped !== undefined) abort(this.#stopped);
  }

  onHeaders(status: number, rawHeaders: Buffer[]): boolean {
    this.received++;
    this.#status = status;
    this.#rawHeaders = rawHeaders;
    if (status > 299) this.#room = longestError;
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.received++;
    if (this.#room > 0) {
      (this.#chunks ??= []).push(chunk.length > this.#room ? chunk.subarray(0, this.#room) : chunk);
      this.#room -= chunk.length;
    }
    return true;
  }

  onComplete(): void {
    if (!this.underWay.delete(this)) return;
    const chunks = this.#chunks;
    const body = chunks === undefined ? empty : chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    this.asker.answered(new RawAnswer(this.#status, this.#rawHeaders, body));
  }

  onError(error: Error): void {
    if (this.underWay.delete(this)) this.asker.failed(error, this);
  }
}
