import { randomUUID, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Server as NetServer, type AddressInfo, type Socket } from "node:net";
import { isPromise } from "../model/maybe-promise.js";
import type { Log } from "../model/invocation.js";
import type { Endpoint } from "./endpoint.js";
import { failureBody, failureOf } from "../invocation/failures.js";
import { NodeCall, pathOf } from "./node-call.js";
import { readBody, type Unread } from "./read-body.js";
import type { Match, RouteTable } from "./route-table.js";
import { emptyReply, jsonReply, writeReply, type WireReply } from "./write-reply.js";

export interface AppServerOptions {
  readonly routes: RouteTable<Endpoint>;
  /** Bytes. */
  readonly maxBodySize: number;
  /** Any of these is accepted; none means that no token is asked for. */
  readonly appTokens: readonly string[];
  readonly log: Log;
}

/**
 * Idle connections are kept longer than daprd's 90 s: it does not repeat a POST that meets a closing connection, which
 * Node's 5 s turn into sporadic failures.
 */
const keepAliveTimeout = 120_000;

const notFound = emptyReply(404);

/** The app port: requests to endpoints and back, and an end that loses none of them. */
export class AppServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #tokens: readonly Buffer[];
  /** Requests that have not been answered, also those whose caller has gone away while the function runs on. */
  #pending = 0;
  #whenIdle: (() => void) | undefined;
  #isClosing = false;

  constructor(private readonly options: AppServerOptions) {
    this.#tokens = options.appTokens.map((token) => Buffer.from(token));
    this.#server = createServer({ keepAliveTimeout }, (request, response) => this.#accept(request, response));
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  /** True from the moment the app was told to stop. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Resolves with the port; rejects with Node's own error when it cannot be had. */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Stops listening and waits for the requests in flight; then closes the connections.
   *
   * @param patience milliseconds to wait
   * @param giveUp called when they have passed
   */
  async close(patience: number, giveUp: () => void): Promise<void> {
    this.#isClosing = true;
    // Not the HTTP server's own `close`, which ends idle connections at once: a sidecar may be about to use one.
    const ended = new Promise<void>((resolve) => NetServer.prototype.close.call(this.#server, () => resolve()));
    let timer: NodeJS.Timeout | undefined;
    const patienceEnds = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        if (this.#pending > 0) giveUp();
        resolve();
      }, patience);
    });
    const idle = new Promise<void>((resolve) => (this.#whenIdle = resolve));
    if (this.#pending > 0) await Promise.race([idle, patienceEnds]);
    // Each when what is still to be written has been.
    for (const socket of this.#sockets) socket.destroySoon();
    await Promise.race([ended, patienceEnds]);
    clearTimeout(timer);
    this.#server.closeAllConnections();
  }

  #accept(request: IncomingMessage, response: ServerResponse): void {
    this.#pending++;
    const url = request.url ?? "/";
    const match = this.options.routes.find(request.method ?? "", pathOf(url));
    if (this.#tokens.length > 0 && !this.#isAdmitted(request, match?.value, url)) {
      this.#end(
        response,
        refusal(401, "ERR_UNAUTHORIZED", "the dapr-api-token header is missing or wrong", match?.value),
      );
    } else if (match === undefined) {
      this.#end(response, notFound);
    } else {
      readBody(request, this.options.maxBodySize, (body) => this.#answer(request, response, match, body));
    }
  }

  #answer(
    request: IncomingMessage,
    response: ServerResponse,
    { value: endpoint, params }: Match<Endpoint>,
    body: Buffer | Unread,
  ): void {
    try {
      if (body === "aborted") return this.#settle();
      if (body === "too-large") {
        const message = `the body exceeds ${this.options.maxBodySize} bytes`;
        return this.#end(response, refusal(413, "ERR_PAYLOAD_TOO_LARGE", message, endpoint));
      }
      const reply = endpoint.handle(new NodeCall(request, body, params));
      if (isPromise(reply)) void this.#endLater(response, reply);
      else this.#end(response, reply);
    } catch (error) {
      this.#fail(response, error);
    }
  }

  async #endLater(response: ServerResponse, reply: Promise<WireReply>): Promise<void> {
    try {
      this.#end(response, await reply);
    } catch (error) {
      this.#fail(response, error);
    }
  }

  #end(response: ServerResponse, reply: WireReply): void {
    if (this.#isClosing) response.shouldKeepAlive = false;
    writeReply(response, reply);
    this.#settle();
  }

  /** No endpoint throws and any reply can be written; should that be wrong, the request fails and not the process. */
  #fail(response: ServerResponse, error: unknown): void {
    response.destroy();
    this.#settle();
    this.options.log.error(`a request failed: ${failureOf(error).message}`);
  }

  #settle(): void {
    if (--this.#pending === 0) this.#whenIdle?.();
  }

  /** Unknown paths below /api/ are as public as known ones; elsewhere only those with the token learn what is there. */
  #isAdmitted(request: IncomingMessage, endpoint: Endpoint | undefined, url: string): boolean {
    if (endpoint === undefined ? /^\/api\//i.test(url) : endpoint.isPublic) return true;
    const header = request.headers["dapr-api-token"];
    const given = Buffer.from(typeof header === "string" ? header : "");
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
  return jsonReply(status, failureBody({ isPayloads: false, errorCode, message }, definition, randomUUID()));
}
