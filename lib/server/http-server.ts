import { createServer, type Server } from "node:http";
import { Server as NetServer, type AddressInfo, type Socket } from "node:net";
import { after } from "../model/duration.js";
import { lastWords, type AppHandler, type Closing } from "./app-handler.js";

/**
 * Idle connections are kept longer than daprd's 90 s: it does not repeat a POST that meets a closing connection, which
 * Node's 5 s turn into sporadic failures.
 */
const keepAliveTimeout = 120_000;

/** The app port, and an end that loses no request. */
export class AppServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(private readonly handler: AppHandler) {
    this.#server = createServer({ keepAliveTimeout }, (request, response) => handler.accept(request, response));
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
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

  /** Ends as {@link AppHandler.close} does, and closes the port and its connections. */
  async close(closing: Closing): Promise<void> {
    const end = performance.now() + closing.patience;
    await this.handler.close(closing);
    // Not the HTTP server's own `close`, which cuts connections that have a reply left to write.
    const ended = new Promise<void>((resolve) => NetServer.prototype.close.call(this.#server, () => resolve()));
    // Each when what is still to be written has been, which a caller that does not read would put off for ever.
    for (const socket of this.#sockets) socket.destroySoon();
    let cancel: (() => void) | undefined;
    const patienceEnds = new Promise<void>((resolve) => {
      cancel = after(Math.max(end - performance.now(), lastWords), resolve);
    });
    await Promise.race([ended, patienceEnds]);
    cancel?.();
    this.#server.closeAllConnections();
  }
}
