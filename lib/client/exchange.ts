import type { Dispatcher } from "undici";

/** What came back: status, headers in lower case and, where it was asked for or the status is no success, the body. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

const empty = Buffer.alloc(0);

/** Bytes of an answer that is no success which are kept for its error. */
const longestError = 1 << 20;

/**
 * One request and its answer, as undici tells of them. Lighter than undici's own `request`: no stream is made for a
 * body that is read to its end and ignored.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Answer>;
  #resolve!: (answer: Answer) => void;
  #reject!: (error: Error) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #stopped: Error | undefined;
  #status = 0;
  #headers: Answer["headers"] = {};
  #kept = 0;
  #room: number;
  #chunks: Buffer[] | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort: (() => void) | undefined;

  /**
   * @param keepBody false where the body of a success is only read to its end
   * @param timeout milliseconds until the whole answer must be there
   */
  constructor(
    private readonly keepBody: boolean,
    timeout: number,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.#room = keepBody ? Infinity : 0;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#timer = setTimeout(expire, timeout, this, timeout);
    if (signal !== undefined) {
      this.#onAbort = () => this.stop(abortError(signal));
      signal.addEventListener("abort", this.#onAbort, { once: true });
    }
  }

  /** Ends the exchange with an error, wherever it is: waiting for a connection, for the answer, or in its midst. */
  stop(error: Error): void {
    this.#stopped = error;
    this.#settle();
    this.#reject(error);
    this.#controller?.abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#stopped !== undefined) controller.abort(this.#stopped);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Answer["headers"]): void {
    this.#status = status;
    this.#headers = headers;
    if (status < 200 || status > 299) this.#room = longestError;
    else if (this.keepBody) this.#room = Infinity;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#kept >= this.#room) return;
    this.#kept += chunk.length;
    (this.#chunks ??= []).push(chunk);
  }

  onResponseEnd(): void {
    this.#settle();
    const chunks = this.#chunks;
    const body = chunks === undefined ? empty : chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    clearTimeout(this.#timer);
    if (this.#onAbort !== undefined) this.signal?.removeEventListener("abort", this.#onAbort);
  }
}

function expire(exchange: Exchange, timeout: number): void {
  exchange.stop(new Error(`no answer within ${timeout} ms`));
}

/** What a cancelled request fails with. */
export function abortError(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error("the request was cancelled");
}
