import { randomUUID, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after } from "../model/duration.js";
import { isPromise } from "../model/maybe-promise.js";
import type { Log } from "../model/invocation.js";
import type { Endpoint } from "./endpoint.js";
import { failureBody, messageOf } from "../invocation/failures.js";
import { FetchCall, readFetchBody, toResponse } from "./fetch-call.js";
import { InFlight } from "./in-flight.js";
import { readBody, type Unread } from "./node-body.js";
import { headerOf, NodeCall, pathOf } from "./node-call.js";
import type { Match, RouteTable } from "./route-table.js";
import { emptyReply, jsonReply, type WireReply } from "../invocation/reply.js";
import { writeReply } from "./write-reply.js";

export interface AppHandlerOptions {
  readonly routes: RouteTable<Endpoint>;
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
  /** Called when the requests are answered that were in flight when the app was told to stop. */
  readonly onEarlierEnded?: () => void;
}

/** Milliseconds for the answers of invocations that were given up, before their connections are cut. */
export const lastWords = 250;

const notFound = emptyReply(404);

/** Requests to endpoints and back, whatever server receives them, and what an end has to wait for. */
export class AppHandler {
  /** Requests that have not been answered, also those whose caller has gone away while the function runs on. */
  readonly inFlight = new InFlight();
  readonly #tokens: readonly Buffer[];
  #isClosing = false;
  #isHealthy = true;
  #hasClosed = false;

  constructor(private readonly options: AppHandlerOptions) {
    this.#tokens = options.appTokens.map((token) => Buffer.from(token));
  }

  /** False once the app was told to stop and has done what was in flight then: a sidecar ends with an unhealthy app. */
  get isHealthy(): boolean {
    return this.#isHealthy;
  }

  /** Waits for the requests in flight; from then on every request is answered 503. */
  async close({ patience, giveUp, onEarlierEnded }: Closing): Promise<void> {
    const { inFlight } = this;
    this.#isClosing = true;
    inFlight.close();
    const patienceEnds = waiting(patience);
    await Promise.race([inFlight.earlierEnded(), patienceEnds.over]);
    this.#isHealthy = false;
    onEarlierEnded?.();
    await Promise.race([inFlight.allEnded(), patienceEnds.over]);
    patienceEnds.cancel();
    if (inFlight.count > 0) {
      giveUp();
      const answersEnd = waiting(lastWords);
      await Promise.race([inFlight.allEnded(), answersEnd.over]);
      answersEnd.cancel();
    }
    this.#hasClosed = true;
  }

  /** @param next takes the requests whose path is none of the app's; without it they are answered 404 */
  accept(request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void {
    const { method = "", url = "/" } = request;
    const path = pathOf(url);
    const match = this.options.routes.find(method, path);
    if (match === undefined && next !== undefined) return next();
    const isLater = this.inFlight.begin();
    const refused = this.#refusalOf(match, path, (name) => headerOf(request, name));
    if (refused !== undefined) return this.#end(response, refused, isLater);
    readBody(request, this.options.maxBodySize, (body) => this.#answer(request, response, match!, body, isLater));
  }

  /** The same for hosts that speak the web's own `Request` and `Response`. Never rejects. */
  async fetch(request: Request): Promise<Response> {
    const isLater = this.inFlight.begin();
    try {
      return toResponse(await this.#replyTo(request));
    } catch (error) {
      this.#report(error);
      return new Response(null, { status: 500 });
    } finally {
      this.inFlight.end(isLater);
    }
  }

  async #replyTo(request: Request): Promise<WireReply> {
    const url = new URL(request.url);
    const match = this.options.routes.find(request.method, url.pathname);
    const refused = this.#refusalOf(match, url.pathname, (name) => request.headers.get(name) ?? undefined);
    if (refused !== undefined) return refused;
    const { value: endpoint, params } = match!;
    const body = await readFetchBody(request, this.options.maxBodySize);
    if (typeof body === "string") return this.#unread(body, endpoint);
    return await endpoint.handle(new FetchCall(request, url, body, { ...params }));
  }

  /** What ends a request before its body is read; undefined for one that is to be handled. */
  #refusalOf(
    match: Match<Endpoint> | undefined,
    path: string,
    header: (name: string) => string | undefined,
  ): WireReply | undefined {
    if (this.#hasClosed) return refusal(503, "ERR_APP_STOPPED", "the app has stopped", match?.value);
    if (this.#tokens.length > 0 && !this.#isAdmitted(header, match?.value, path)) {
      return refusal(401, "ERR_UNAUTHORIZED", "the dapr-api-token header is missing or wrong", match?.value);
    }
    return match === undefined ? notFound : undefined;
  }

  #unread(body: Unread, endpoint: Endpoint): WireReply {
    if (body === "too-large") {
      const message = `the body exceeds ${this.options.maxBodySize} bytes`;
      return refusal(413, "ERR_PAYLOAD_TOO_LARGE", message, endpoint);
    }
    if (body === "aborted") return refusal(400, "ERR_MALFORMED_REQUEST", "the body did not arrive", endpoint);
    const message = "the body was read before, and request.body does not hold it; mount before the body parser";
    this.options.log.error(`${endpoint.definition?.name ?? "a request"} failed: ERR_BODY_CONSUMED: ${message}`);
    return refusal(500, "ERR_BODY_CONSUMED", message, endpoint);
  }

  #answer(
    request: IncomingMessage,
    response: ServerResponse,
    { value: endpoint, params }: Match<Endpoint>,
    body: Buffer | Unread,
    isLater: boolean,
  ): void {
    try {
      if (body === "aborted") return this.inFlight.end(isLater);
      if (typeof body === "string") return this.#end(response, this.#unread(body, endpoint), isLater);
      const reply = endpoint.handle(new NodeCall(request, body, params));
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
    const writing = writeReply(response, reply);
    if (writing === undefined) this.inFlight.end(isLater);
    else void this.#endWritten(writing, isLater);
  }

  /** A stream is in flight until it has been sent. That its caller leaves before is nobody's failure. */
  async #endWritten(writing: Promise<void>, isLater: boolean): Promise<void> {
    try {
      await writing;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") this.#report(error);
    }
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
  #isAdmitted(header: (name: string) => string | undefined, endpoint: Endpoint | undefined, path: string): boolean {
    if (endpoint === undefined ? this.options.isPublic(path) : endpoint.isPublic) return true;
    const given = Buffer.from(header("dapr-api-token") ?? "");
    // All are compared, each in a time that depends on nothing but its own length.
    return this.#tokens.map((token) => isEqual(token, given)).some(Boolean);
  }
}

function isEqual(token: Buffer, given: Buffer): boolean {
  const sameLength = given.length === token.length;
  return timingSafeEqual(token, sameLength ? given : token) && sameLength;
}

function refusal(status: number, errorCode: string, message: string, endpoint: Endpoint | undefined): WireReply {
  const definition = endpoint?.definition;
  if (definition === undefined) return jsonReply(status, { errorCode, message });
  return jsonReply(status, failureBody({ errorCode, message }, definition, randomUUID()));
}

function waiting(milliseconds: number): { readonly over: Promise<void>; readonly cancel: () => void } {
  let cancel = (): void => {};
  const over = new Promise<void>((resolve) => (cancel = after(milliseconds, resolve)));
  return { over, cancel };
}
