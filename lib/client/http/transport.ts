import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "undici";
import { InvocationError } from "../../model/errors.js";
import { isHeader } from "../../model/headers.js";
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
   * Sends a request and resolves with its answer, which is a success.
   *
   * @throws SidecarError
   */
  send(call: CallOptions, request: SidecarRequest): Promise<Answer> {
    return this.#ask(call, request, true);
  }

  /**
   * Sends a request and resolves with its answer, whatever its status. A refused connection, of which no byte was
   * sent, is tried again twice.
   *
   * @throws SidecarError when there is no answer
   */
  exchange(call: CallOptions, request: SidecarRequest): Promise<Answer> {
    return this.#ask(call, request, false);
  }

  async #ask(call: CallOptions, request: SidecarRequest, mustSucceed: boolean): Promise<Answer> {
    const { pool, prefix } = this.#targetOf(call);
    const { path, query } = request;
    const options = {
      path: query === undefined || query === "" ? prefix + path : `${prefix}${path}?${query}`,
      method: request.method as "POST",
      headers: headersOf(request.headers, call.traceHeaders),
      body: request.body ?? null,
    };
    const problem = unsendable(options.method, options.headers);
    if (problem !== undefined) throw noAnswer(this.placeOf(call, request), new Error(problem));
    if (call.timeout !== undefined) refuseTimeout(call.timeout, this.placeOf(call, request));
    let timeout = call.timeout ?? this.timeout;
    let answer: Answer;
    for (let attempt = 0; ; attempt++) {
      try {
        if (call.signal?.aborted === true) throw abortError(call.signal);
        const exchange = new Exchange(this.#underWay, request.keepBody, timeout, call.signal);
        pool.dispatch(options, exchange);
        answer = await exchange.answer;
        break;
      } catch (error) {
        const wait = refusedRetries[attempt] ?? Infinity;
        if (!isRefused(error) || wait >= timeout) throw noAnswer(this.placeOf(call, request), error);
        timeout -= wait;
        // Cut short by the signal, whose reason the next attempt fails with.
        await delay(wait, undefined, { signal: call.signal }).catch(() => undefined);
      }
    }
    if (mustSucceed && !isSuccess(answer)) throw badAnswer(this.placeOf(call, request), answer);
    return answer;
  }

  /** Where a request went, for messages. */
  placeOf(call: CallOptions, request: Pick<SidecarRequest, "method" | "path">): RequestPlace {
    return {
      binding: call.binding,
      operation: `${request.method} ${request.path}`,
      target: this.#targetOf(call).url,
    };
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

/** True for any 2xx. */
export function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

/** Headers that only the connection can decide. */
const framing = /^(?:connection|content-length|expect|host|keep-alive|transfer-encoding|upgrade)$/i;

/**
 * What undici would refuse of a request. Its pool takes a connection whose request it refused for busy ever after: once
 * that was so of each, every request waited until its time was up.
 */
function unsendable(method: string, headers: readonly string[]): string | undefined {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method)) return `invalid method ${JSON.stringify(method)}`;
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
