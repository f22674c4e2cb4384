import { randomUUID, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Server as NetServer, type AddressInfo } from "node:net";
import type { Log } from "../model/invocation.js";
import type { Endpoint } from "./endpoint.js";
import { failureBody, failureOf } from "./failures.js";
import { readBody } from "./read-body.js";
import type { RouteTable } from "./route-table.js";
import { emptyReplyOf, jsonReply, writeReply, type WireReply } from "./write-reply.js";

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

const notFound = emptyReplyOf(404);

/** The app port: requests to endpoints and back, and an end that loses none of them. */
export class AppServer {
  readonly #server: Server;
  readonly #tokens: readonly Buffer[];
  /** Two for each request: its invocation, which a caller that goes away does not end, and its response. */
  #pending = 0;
  #whenIdle: (() => void) | undefined;
  #isClosing = false;

  constructor(private readonly options: AppServerOptions) {
    this.#tokens = options.appTokens.map((token) => Buffer.from(token));
    this.#server = createServer({ keepAliveTimeout }, (request, response) => void this.#answer(request, response));
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
    NetServer.prototype.close.call(this.#server);
    if (this.#pending > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          giveUp();
          resolve();
        }, patience);
        this.#whenIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#pending += 2;
    response.on("close", this.#settle);
    try {
      const reply = await this.#replyTo(request);
      if (this.#isClosing) response.shouldKeepAlive = false;
      if (reply !== undefined) writeReply(response, reply);
    } catch (error) {
      // Nothing above throws; should it, the request fails and not the process.
      this.options.log.error(`a request failed: ${failureOf(error).message}`);
      response.destroy();
    } finally {
      this.#settle();
    }
  }

  readonly #settle = (): void => {
    if (--this.#pending === 0) this.#whenIdle?.();
  };

  /** `undefined` when the caller went away before its request was complete. */
  async #replyTo(request: IncomingMessage): Promise<WireReply | undefined> {
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    const match = this.options.routes.find(request.method ?? "", mark === -1 ? url : url.slice(0, mark));
    if (this.#tokens.length > 0 && !this.#isAdmitted(request, match?.value, url)) {
      return refusal(401, "ERR_UNAUTHORIZED", "the dapr-api-token header is missing or wrong", match?.value);
    }
    if (match === undefined) return notFound;
    const { maxBodySize } = this.options;
    const body = await readBody(request, maxBodySize);
    if (body === "aborted") return undefined;
    if (body === "too-large") {
      return refusal(413, "ERR_PAYLOAD_TOO_LARGE", `the body exceeds ${maxBodySize} bytes`, match.value);
    }
    return await match.value.handle({ request, body, params: match.params });
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
