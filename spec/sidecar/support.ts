import { createServer, request, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { startSidecar, type Sidecar, type SidecarOptions } from "../../lib/sidecar/index.js";

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON. */
  readonly json: unknown;
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Text and bytes as they are, anything else as JSON. */
  readonly body?: unknown;
}

/** One request whose path goes out as it is written. */
export function call(target: { readonly port: number }, line: string, options: CallOptions = {}): Promise<Reply> {
  const [method, path] = line.split(/ (.*)/s);
  const { body } = options;
  const bytes = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const { port } = target;
    const headers = { ...(bytes !== undefined && { "content-length": Buffer.byteLength(bytes) }), ...options.headers };
    const outgoing = request({ host: "127.0.0.1", port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          text,
          get json() {
            return JSON.parse(text) as unknown;
          },
        });
      });
    });
    outgoing.on("error", reject).end(bytes);
  });
}

/** Milliseconds for what is waited for to come. */
const patience = 20_000;

/** Resolves when those that wait are told of something; rejects when nothing comes, with what there was. */
function oneOf(waiting: (() => void)[], why: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${why()}\n(after ${patience / 1000} s)`)), patience);
    waiting.push(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

export interface AppCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface AppAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** An app that answers as told, and 404 otherwise. */
export class FakeApp {
  readonly calls: AppCall[] = [];
  #waiting: (() => void)[] = [];

  private constructor(private readonly server: Server) {}

  /** `answers` maps `POST /orders` to an answer, or to a function that gives one. */
  static async start(
    answers: Readonly<Record<string, AppAnswer | ((call: AppCall) => AppAnswer | Promise<AppAnswer>)>> = {},
    port = 0,
  ): Promise<FakeApp> {
    const server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => {
        const { method, url, headers, rawHeaders } = incoming;
        const body = Buffer.concat(chunks).toString("utf8");
        void app.#answer({ method: method!, path: url!, headers, rawHeaders, body }, answers).then((answer) => {
          response.writeHead(answer.status ?? 200, answer.headers);
          const { body: content } = answer;
          response.end(typeof content === "string" || content === undefined ? content : JSON.stringify(content));
        });
      });
    });
    const app = new FakeApp(server);
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return app;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The calls of one line (`POST /orders`), once there are as many. */
  async received(line: string, count = 1): Promise<readonly AppCall[]> {
    const lines = () => this.calls.map(({ method, path }) => `${method} ${path}`);
    for (;;) {
      const calls = this.calls.filter(({ method, path }) => `${method} ${path}` === line);
      if (calls.length >= count) return calls;
      await oneOf(this.#waiting, () => `${line} came fewer than ${count} times; there were:\n${lines().join("\n")}`);
    }
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #answer(
    call: AppCall,
    answers: Readonly<Record<string, AppAnswer | ((call: AppCall) => AppAnswer | Promise<AppAnswer>)>>,
  ): Promise<AppAnswer> {
    const answer = answers[`${call.method} ${call.path}`] ?? { status: 404 };
    this.calls.push(call);
    const waiting = this.#waiting;
    this.#waiting = [];
    waiting.forEach((resolve) => resolve());
    return typeof answer === "function" ? answer(call) : answer;
  }
}

/** Collects what the sidecar says instead of printing it. */
export class Lines {
  readonly all: string[] = [];
  #waiting: (() => void)[] = [];
  readonly info = (line: string) => this.#add(line);
  readonly warn = (line: string) => this.#add(line);

  async next(pattern: RegExp): Promise<string> {
    for (;;) {
      const line = this.all.find((text) => pattern.test(text));
      if (line !== undefined) return line;
      await oneOf(this.#waiting, () => `nothing matched ${String(pattern)}; there was:\n${this.all.join("\n")}`);
    }
  }

  #add(line: string): void {
    this.all.push(line);
    const waiting = this.#waiting;
    this.#waiting = [];
    waiting.forEach((resolve) => resolve());
  }
}

const open: { close(): Promise<void> }[] = [];

/** Ends with the spec file's `afterEach(closeAll)`. */
export async function sidecarWith(
  components: SidecarOptions["components"],
  options: Partial<SidecarOptions> = {},
): Promise<Sidecar> {
  const sidecar = await startSidecar({ appId: "orders", components, log: new Lines(), ...options });
  open.unshift(sidecar);
  return sidecar;
}

export async function appWith(...args: Parameters<typeof FakeApp.start>): Promise<FakeApp> {
  const app = await FakeApp.start(...args);
  open.push(app);
  return app;
}

export async function closeAll(): Promise<void> {
  for (const item of open.splice(0)) await item.close();
}
