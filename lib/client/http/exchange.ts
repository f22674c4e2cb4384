import type { Dispatcher } from "undici";
import type { UnderWay } from "./under-way.js";

/** What came back: status, headers in lower case and, where it was asked for or the status is not a success, the body. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Who waits for an answer: told of it, or why there is none, once. */
interface Asker {
  answered(answer: Answer): void;
  failed(error: Error, exchange: Exchange): void;
}

const empty = Buffer.alloc(0);

/** Bytes kept of the body of an answer that is not a success: enough for any error. */
const longestError = 1 << 20;

/**
 * One request and its answer, as undici tells of them. Lighter than undici's own `request`: no stream is made for a
 * body that is read to its end and ignored.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly ends: number;
  position = -1;
  received = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #stopped: Error | undefined;
  #status = 0;
  #headers: Answer["headers"] = {};
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
    if (this.underWay.delete(this)) this.asker.failed(error, this);
    this.#controller?.abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#stopped !== undefined) controller.abort(this.#stopped);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Answer["headers"]): void {
    this.received++;
    this.#status = status;
    this.#headers = headers;
    if (status > 299) this.#room = longestError;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.received++;
    if (this.#room <= 0) return;
    (this.#chunks ??= []).push(chunk.length > this.#room ? chunk.subarray(0, this.#room) : chunk);
    this.#room -= chunk.length;
  }

  onResponseEnd(): void {
    if (!this.underWay.delete(this)) return;
    const chunks = this.#chunks;
    const body = chunks === undefined ? empty : chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    this.asker.answered({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.underWay.delete(this)) this.asker.failed(error, this);
  }
}
