import type { Dispatcher, Pool } from "undici";
import { pause } from "../../model/abort.js";
import { InvocationError } from "../../model/errors.js";
import { isHeader, isToken } from "../../model/headers.js";
import { parseAddress } from "../../model/sidecar-address.js";
import type { CallOptions } from "../dapr-client.js";
import { Exchange, type Answer } from "./exchange.js";
import { badAnswer, isRefused, noAnswer, refuseTimeout, type RequestPlace } from "./sidecar-failure.js";
import { abortError, UnderWay } from "./under-way.js";

/** One request, path and all as it is sent. */
export interface SidecarRequest {
  readonly method: string;
  /** Below the sidecar's address, without query. */
  readonly path: string;
  readonly query?: string | undefined;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body?: string | Uint8Array | undefined;
  /** False where the body of a success is only read to its end. */
  readonly keepBody: boolean;
  /** True where another application answers, with whatever it likes. */
  readonly isCallees?: boolean;
}

interface Target {
  /** `http://127.0.0.1:3500`, a path prefix included. */
  readonly url: string;
  readonly prefix: string;
  readonly pool: Pool;
}

/** Connections to one sidecar: bounded, yet more than one process is likely to keep busy at once. */
const connections = 1024;

/** Waits before a refused connection is tried again, in milliseconds. */
const refusedRetries = [50, 200];

/** Sends requests over connections that are kept open: one pool per origin, made at its first request. */
export class Transport {
  readonly #pools = new Map<string, Pool>();
  readonly #targets = new Map<string, Target>();
  readonly #underWay = new UnderWay();

  /**
   * @param url the sidecar for calls without a `daprAddress`
   * @param timeout milliseconds for one request
   */
  constructor(
    private readonly url: string,
    private readonly timeout: number,
  ) {}

  /**
   * Sends a request and resolves with what is read of its answer. A refused connection, of which no byte was sent, is
   * tried again twice.
   *
   * On the way of a success no promise is made but the one returned: each further one, and each `async` function, costs a small invocation half
   * a kilobyte.
   *
   * @param requestOf makes the request; with what it throws the promise is rejected
   * @param read gets an answer that is a success, and where it came from
   * @param failure makes the error of any other
   * @throws (rejects) SidecarError, and what `requestOf` and `read` throw
   */
  ask<T>(
    call: CallOptions,
    requestOf: () => SidecarRequest,
    read: (answer: Answer, place: RequestPlace) => T,
    failure: (place: RequestPlace, answer: Answer) => Error = badAnswer,
  ): Promise<T> {
    return new Promise((resolve) => {
      const request = requestOf();
      const inquiry = new Inquiry(this.#targetOf(call), call, request, resolve, read, failure);
      inquiry.send(this.#underWay, call.timeout ?? this.timeout);
    });
  }

  /** Closes the connections once the requests under way are answered. */
  async close(): Promise<void> {
    const open = [...this.#pools.values()].filter((pool) => !pool.closed);
    // An address that takes no connection is not waited for on behalf of nobody.
    const isIdle = this.#underWay.isEmpty;
    await Promise.all(open.map((pool) => (isIdle ? pool.destroy() : pool.close())));
  }

  #targetOf({ daprAddress = this.url }: CallOptions): Target {
    let target = this.#targets.get(daprAddress);
    if (target === undefined) this.#targets.set(daprAddress, (target = this.#connect(daprAddress)));
    return target;
  }

  #connect(url: string): Target {
    const address = parseAddress(url);
    if (typeof address === "string") throw new InvocationError("ERR_DAPR_BAD_REQUEST", `daprAddress: it ${address}`);
    const { origin, prefix } = address;
    let pool = this.#pools.get(origin);
    if (pool === undefined) {
      // Not undici's index, which brings fetch, WebSocket and caches too: three times the time, 8 MB more. Hence the
      // range of package.json, within which no file is moved.
      const Pool = require("undici/lib/dispatcher/pool.js") as typeof import("undici").Pool;
      // The deadline of a request is its Exchange's, over all of it.
      pool = new Pool(origin, { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
      this.#pools.set(origin, pool);
    }
    return { url: origin + prefix, prefix, pool };
  }
}

/** A request until it is answered, sent again where the connection was refused; and where it went, for messages. */
class Inquiry<T> implements RequestPlace {
  readonly #options: Dispatcher.DispatchOptions;
  #refusals = 0;

  constructor(
    private readonly to: Target,
    private readonly call: CallOptions,
    private readonly request: SidecarRequest,
    private readonly resolve: (value: T | Promise<T>) => void,
    private readonly read: (answer: Answer, place: RequestPlace) => T,
    private readonly failure: (place: RequestPlace, answer: Answer) => Error,
  ) {
    const { path, query } = request;
    const headers = headersOf(request.headers, call.traceHeaders);
    const problem = unsendable(request.method, headers);
    if (problem !== undefined) throw noAnswer(this, new Error(problem));
    if (call.timeout !== undefined) refuseTimeout(call.timeout, this);
    this.#options = {
      path: query === undefined || query === "" ? to.prefix + path : `${to.prefix}${path}?${query}`,
      method: request.method as "POST",
      headers,
      body: request.body ?? null,
    };
  }

  get binding(): string | undefined {
    return this.call.binding;
  }

  get operation(): string {
    return `${this.request.method} ${this.request.path}`;
  }

  get target(): string {
    return this.to.url;
  }

  /** @param timeout milliseconds until the answer must be there */
  send(underWay: UnderWay, timeout: number): void {
    const { signal } = this.call;
    if (signal?.aborted === true) return this.#fail(() => noAnswer(this, abortError(signal)));
    const exchange = new Exchange(underWay, this, this.request.keepBody, timeout, signal);
    try {
      this.to.pool.dispatch(this.#options, exchange);
    } catch (error) {
      exchange.stop(error as Error);
    }
  }

  answered(answer: Answer): void {
    if (!isSuccess(answer)) return this.#fail(() => this.failure(this, answer));
    // What a sidecar says to a write: there is nothing in it to be doubted, and nothing is looked at.
    if (answer.status !== 204) {
      const doubt = doubtOf(answer, this.request);
      if (doubt !== undefined)
        return this.#fail(() => noAnswer(this, new Error(`${doubt}; does ${this.target} lead to a sidecar?`)));
    }
    try {
      this.resolve(this.read(answer, this));
    } catch {
      // Read again, which has no effects, so that its error has the caller's stack.
      this.#settle(() => this.read(answer, this));
    }
  }

  failed(error: Error, { underWay, timeout }: Exchange): void {
    const wait = refusedRetries[this.#refusals++] ?? Infinity;
    if (wait >= timeout || !mayBeRepeated(error)) return this.#fail(() => noAnswer(this, error));
    const again = (): void => this.send(underWay, timeout - wait);
    // Cut short by the signal, whose reason the next attempt fails with.
    void pause(wait, this.call.signal).then(again, again);
  }

  #fail(errorOf: () => Error): void {
    this.#settle(() => {
      throw errorOf();
    });
  }

  /**
   * Makes the outcome two turns later, when V8 knows who awaits it: an error's stack then names the caller, whose line is
   * what one looks for. Whatever is thrown while it is made rejects as well, and never reaches undici's own code.
   */
  #settle(outcomeOf: () => T): void {
    this.resolve(
      Promise.resolve()
        .then(() => undefined)
        .then(outcomeOf),
    );
  }
}

/** False for a reason to abort that cannot be read. */
function mayBeRepeated(error: unknown): boolean {
  try {
    return isRefused(error);
  } catch {
    return false;
  }
}

/** True for any 2xx. */
function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

/**
 * Why a success is not a sidecar's; undefined where it may be. What has the address instead, a development server, a
 * proxy or a portal, says 200 to everything and keeps nothing.
 *
 * daprd answers 204, or JSON whatever is stored (1.18, and back to 1.0), and says how long each body is. One that ends
 * with its connection may be half of what was sent.
 *
 * @see https://github.com/dapr/dapr/blob/v1.18.1/pkg/api/http/responses.go
 */
function doubtOf(answer: Answer, { method, isCallees }: SidecarRequest): string | undefined {
  const { status } = answer;
  if (isCallees !== true && isHtml(answer.header("content-type"))) return `answered ${status} with a page of HTML`;
  const isFramed = (answer.header("content-length") ?? answer.header("transfer-encoding")) !== undefined;
  // An answer to HEAD has no body, whatever its headers say of one.
  return isFramed || method === "HEAD"
    ? undefined
    : `answered ${status} without a length, so that half of it may be missing`;
}

function isHtml(contentType: string | undefined): boolean {
  return contentType !== undefined && /^(?:text\/html|application\/xhtml\+xml)\b/i.test(contentType);
}

/** Headers that only the connection can decide. */
const framing = /^(?:connection|content-length|expect|host|keep-alive|transfer-encoding|upgrade)$/i;

/**
 * What undici would refuse of a request. Its pool takes a connection whose request it refused for busy ever after: once
 * that was so of each, every request waited until its time was up.
 */
function unsendable(method: string, headers: readonly string[]): string | undefined {
  if (typeof method !== "string" || !isToken(method) || method === "CONNECT") {
    return `invalid method ${JSON.stringify(method)}`;
  }
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]!;
    if (framing.test(name) || !isHeader(name, headers[index + 1]!)) return `invalid header ${JSON.stringify(name)}`;
  }
  return undefined;
}

/** Adds trace headers, unless the request has a header of that name already. */
function headersOf(headers: readonly string[], trace: CallOptions["traceHeaders"]): string[] {
  if (trace === undefined) return headers as string[];
  const all = [...headers];
  for (const name of Object.keys(trace)) {
    if (!headers.some((header, index) => index % 2 === 0 && header.toLowerCase() === name)) {
      all.push(name, trace[name]!);
    }
  }
  return all;
}
