import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after } from "../model/duration.js";
import { retryHeaders, retrySoon } from "../invocation/failures.js";
import { inflateBody, refusalOf, tooLarge } from "../invocation/inflate.js";
import { refusal } from "../invocation/refusal.js";
import { isPromise, type MaybePromise } from "../model/maybe-promise.js";
import type { Log } from "../model/invocation.js";
import type { Endpoint, EndpointCall } from "./endpoint.js";
import { messageOf } from "../model/thrown.js";
import { endingWith, FetchCall, readFetchBody, toHeadResponse, toResponse } from "./fetch-call.js";
import { InFlight } from "./in-flight.js";
import { readBody, type Unread } from "./node-body.js";
import { currentHeaders, headerOf, NodeCall, pathOf, targetOf, type HeaderList } from "./node-call.js";
import type { Match, RouteTable } from "./route-table.js";
import { isStream, type WireReply } from "../invocation/reply.js";
import { UnknownPaths, type UnknownRequest } from "./unknown-paths.js";
import type { Route } from "./routes.js";
import { writeReply } from "./write-reply.js";

export interface AppHandlerOptions {
  readonly table: RouteTable<Endpoint>;
  /** Of the functions, for the answers to requests that none of them answers. */
  readonly routes: readonly Route[];
  /** Bytes. */
  readonly maxBodySize: number;
  /** Whether unknown paths like this one are as public as known ones. */
  readonly isPublic: (path: string) => boolean;
  /** Any of these is accepted; none means that no token is asked for. */
  readonly appTokens: readonly string[];
  readonly log: Log;
}

/** How an app ends. */
export interface Closing {
  /** Milliseconds that requests in flight have. */
  readonly patience: number;
  /** Called when they have passed and some are still in flight. */
  readonly giveUp: () => void;
  /** Called when those that were given up have had time to send what they had to. */
  readonly cancelRequests: () => void;
}

/** Milliseconds that invocations which were given up have to send their outputs and answer. */
export const lastWords = 200;

/** Milliseconds for the answers of those whose requests to the sidecar were then cancelled. */
const lastAnswers = 50;

/** Requests to endpoints and back, whatever server receives them, and what an end has to wait for. */
export class AppHandler {
  /** Requests that have not been answered, also those whose caller has gone away while the function runs on. */
  readonly inFlight = new InFlight();
  readonly #tokens: readonly Buffer[];
  readonly #unknown: UnknownPaths;
  #isClosing = false;
  #takesNew = true;
  #hasClosed = false;

  constructor(private readonly options: AppHandlerOptions) {
    this.#tokens = options.appTokens.map((token) => Buffer.from(token));
    this.#unknown = new UnknownPaths(options.table, options.routes, options.log);
  }

  /** False once the app was told to stop and nothing is in flight: a sidecar ends with an unhealthy app. */
  get isHealthy(): boolean {
    return !this.#hasClosed;
  }

  /**
   * Waits for the requests in flight; from then on every request is answered 503. Invocations are, once those have been
   * answered that were in flight at first: an app that is called all the time would never end otherwise.
   */
  async close({ patience, giveUp, cancelRequests }: Closing): Promise<void> {
    const { inFlight } = this;
    this.#isClosing = true;
    inFlight.close();
    const patienceEnds = waiting(patience);
    await Promise.race([inFlight.earlierEnded(), patienceEnds.over]);
    this.#takesNew = false;
    await Promise.race([inFlight.allEnded(), patienceEnds.over]);
    patienceEnds.cancel();
    if (inFlight.count > 0) {
      giveUp();
      await this.#allEndedWithin(lastWords);
      cancelRequests();
      await this.#allEndedWithin(lastAnswers);
    }
    this.#hasClosed = true;
  }

  async #allEndedWithin(milliseconds: number): Promise<void> {
    const time = waiting(milliseconds);
    await Promise.race([this.inFlight.allEnded(), time.over]);
    time.cancel();
  }

  /**
   * @param next takes the requests that no function answers; without it those are answered here
   * @param isMounted true where others may have handled it before
   */
  accept(
    request: IncomingMessage,
    response: ServerResponse,
    next?: (error?: unknown) => void,
    isMounted = false,
  ): void {
    const { method = "" } = request;
    const path = pathOf(targetOf(request));
    const match = this.options.table.find(method, path);
    if (match === undefined && next !== undefined) return next();
    const headers = isMounted ? currentHeaders(request) : request.rawHeaders;
    const isLater = this.inFlight.begin();
    if (match === undefined || this.#tokens.length > 0 || !this.#takesNew) {
      try {
        const refused = this.#refusalOf(match, { method, path, header: (name) => headerOf(headers, name) });
        if (refused !== undefined) return this.#end(response, refused, isLater);
      } catch (error) {
        return this.#fail(response, error, isLater);
      }
    }
    readBody(request, headers, this.options.maxBodySize, (body, wasRead) => {
      if (body === "aborted") return this.inFlight.end(isLater);
      const encoding = wasRead === true ? undefined : headerOf(headers, "content-encoding");
      this.#handle(request, response, headers, match!, body, encoding, isLater);
    });
  }

  /** The same for hosts that speak the web's own `Request` and `Response`. Never rejects. */
  async fetch(request: Request): Promise<Response> {
    const isLater = this.inFlight.begin();
    let whenSent: WireReply["whenSent"];
    const end = (): void => {
      this.inFlight.end(isLater);
      whenSent?.();
    };
    try {
      const reply = await this.#fetched(request);
      ({ whenSent } = reply);
      // A stream is in flight until it has been read.
      if (isStream(reply.body) && request.method !== "HEAD")
        return toResponse({ ...reply, body: endingWith(reply.body, end) });
      end();
      return request.method === "HEAD" ? toHeadResponse(reply) : toResponse(reply);
    } catch (error) {
      end();
      this.#report(error);
      return new Response(null, { status: 500 });
    }
  }

  async #fetched(request: Request): Promise<WireReply> {
    const url = new URL(request.url);
    const { method } = request;
    const match = this.options.table.find(method, url.pathname);
    const header = (name: string): string | undefined => request.headers.get(name) ?? undefined;
    const refused = this.#refusalOf(match, { method, path: url.pathname, header });
    if (refused !== undefined) return refused;
    const body = await readFetchBody(request, this.options.maxBodySize);
    return await this.#replyTo(
      match!.value,
      body,
      header("content-encoding"),
      (whole) => new FetchCall(request, url, whole, { ...match!.params }),
    );
  }

  /** What ends a request before its body is read; undefined for one that is to be handled. */
  #refusalOf(match: Match<Endpoint> | undefined, request: UnknownRequest): WireReply | undefined {
    const endpoint = match?.value;
    if (this.#hasClosed || (!this.#takesNew && endpoint?.definition !== undefined)) {
      const message = this.#hasClosed ? "the app has stopped" : "the app is about to stop";
      return refusal(503, "ERR_APP_STOPPED", message, endpoint?.definition, retryHeaders(retrySoon));
    }
    const isPublic = endpoint === undefined ? this.options.isPublic(request.path) : endpoint.isPublic;
    const isAdmitted = this.#tokens.length === 0 || this.#hasToken(request);
    if (!isPublic && !isAdmitted) {
      const message = "the dapr-api-token header is missing or wrong";
      return refusal(401, "ERR_UNAUTHORIZED", message, endpoint?.definition);
    }
    return endpoint === undefined ? this.#unknown.replyTo(request, !isAdmitted) : undefined;
  }

  /** @param encoding what the body has to be inflated from, if anything */
  #replyTo(
    endpoint: Endpoint,
    body: Buffer | Unread,
    encoding: string | undefined,
    callWith: (body: Buffer) => EndpointCall,
  ): MaybePromise<WireReply> {
    if (typeof body === "string") return this.#unread(body, endpoint);
    if (encoding === undefined || body.length === 0) return endpoint.handle(callWith(body));
    return inflateBody(body, encoding, this.options.maxBodySize).then((inflated) => {
      if (Buffer.isBuffer(inflated)) return endpoint.handle(callWith(inflated));
      if (inflated === "too-large") return this.#unread(inflated, endpoint);
      const asked = { contentEncoding: encoding, limit: this.options.maxBodySize };
      return refusalOf(inflated, asked, endpoint.definition);
    });
  }

  #unread(body: Unread, { definition }: Endpoint): WireReply {
    const name = definition?.name ?? "a request";
    if (body === "too-large") {
      const message = tooLarge(this.options.maxBodySize);
      // Nobody else is told of an event that is too large, and it comes again for ever.
      this.options.log.warn(`${name} failed: ERR_PAYLOAD_TOO_LARGE: ${message}; raise maxBodySize, or send less`);
      return refusal(413, "ERR_PAYLOAD_TOO_LARGE", message, definition);
    }
    if (body === "aborted") return refusal(400, "ERR_MALFORMED_REQUEST", "the body did not arrive", definition);
    const message = "the body was read before, and request.body does not hold it; mount before the body parser";
    this.options.log.error(`${name} failed: ERR_BODY_CONSUMED: ${message}`);
    return refusal(500, "ERR_BODY_CONSUMED", message, definition);
  }

  #handle(
    request: IncomingMessage,
    response: ServerResponse,
    headers: HeaderList,
    { value: endpoint, params }: Match<Endpoint>,
    body: Buffer | Unread,
    encoding: string | undefined,
    isLater: boolean,
  ): void {
    try {
      const reply =
        typeof body === "string" || encoding !== undefined
          ? this.#replyTo(endpoint, body, encoding, callOf(request, response, headers, params))
          : endpoint.handle(new NodeCall(request, response, body, params, headers));
      if (isPromise(reply)) void this.#endLater(response, reply, isLater);
      else this.#end(response, reply, isLater);
    } catch (error) {
      this.#fail(response, error, isLater);
    }
  }

  async #endLater(response: ServerResponse, reply: Promise<WireReply>, isLater: boolean): Promise<void> {
    try {
      this.#end(response, await reply, isLater);
    } catch (error) {
      this.#fail(response, error, isLater);
    }
  }

  #end(response: ServerResponse, reply: WireReply, isLater: boolean): void {
    if (this.#isClosing) response.shouldKeepAlive = false;
    let writing: Promise<void> | undefined;
    try {
      writing = writeReply(response, reply);
    } catch (error) {
      reply.whenSent?.();
      throw error;
    }
    if (writing === undefined) this.inFlight.end(isLater);
    else void this.#endWritten(writing, reply, isLater);
  }

  /** A stream is in flight until it has been sent. That its caller leaves before is nobody's failure. */
  async #endWritten(writing: Promise<void>, { whenSent }: WireReply, isLater: boolean): Promise<void> {
    try {
      await writing;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") this.#report(error);
    }
    whenSent?.();
    this.inFlight.end(isLater);
  }

  /** No endpoint throws and any reply can be written; should that be wrong, the request fails and not the process. */
  #fail(response: ServerResponse, error: unknown, isLater: boolean): void {
    response.destroy();
    this.inFlight.end(isLater);
    this.#report(error);
  }

  #report(error: unknown): void {
    this.options.log.error(`a request failed: ${messageOf(error)}`);
  }

  /** Among what is not public, only those with the token learn what is there. */
  #hasToken({ header }: UnknownRequest): boolean {
    const given = Buffer.from(header("dapr-api-token") ?? "");
    // All are compared, each in a time that depends on nothing but its own length.
    return this.#tokens.map((token) => isEqual(token, given)).some(Boolean);
  }
}

/** A function of its own, so that the usual request allocates no context for a closure. */
function callOf(
  request: IncomingMessage,
  response: ServerResponse,
  headers: HeaderList,
  params: Match<Endpoint>["params"],
) {
  return (body: Buffer): EndpointCall => new NodeCall(request, response, body, params, headers);
}

function isEqual(token: Buffer, given: Buffer): boolean {
  const sameLength = given.length === token.length;
  return timingSafeEqual(token, sameLength ? given : token) && sameLength;
}

function waiting(milliseconds: number): { readonly over: Promise<void>; readonly cancel: () => void } {
  let cancel = (): void => {};
  const over = new Promise<void>((resolve) => (cancel = after(milliseconds, resolve)));
  return { over, cancel };
}
