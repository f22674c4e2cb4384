import { createServer, type IncomingHttpHeaders } from "node:http";

/** Longer than daprd keeps idle connections: it loses an event that it sends on one which is being closed. */
export const keepAliveTimeout = 120_000;

/** A request that the sidecar made to the app. */
export interface Received {
  readonly method: string;
  /** As it was on the wire, escapes and query included. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body parsed, undefined when it is not JSON. */
  readonly json: unknown;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Cut the connection instead of answering. */
  readonly cut?: boolean;
}

export interface AppOptions {
  /** The answer to `GET /dapr/subscribe`. */
  readonly subscriptions?: readonly object[];
  /** Answers everything else; undefined is 404 for OPTIONS and /dapr/…, else an empty 200. */
  readonly answer?: (request: Received) => Answer | undefined | Promise<Answer | undefined>;
  /** Listen there instead of on any free port. */
  readonly port?: number;
}

/** The app of the contract suite: keeps what the sidecar sends, and answers as the case says. */
export interface RecordingApp {
  readonly port: number;
  readonly requests: readonly Received[];
  /** The first `count` requests that `matches` accepts, once they have arrived. */
  received(matches: (request: Received) => boolean, count?: number): Promise<Received[]>;
  close(): Promise<void>;
}

export async function startApp(options: AppOptions = {}): Promise<RecordingApp> {
  const requests: Received[] = [];
  const waiting = new Set<() => void>();

  const server = createServer({ keepAliveTimeout }, (incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const { method = "", url: path = "", headers } = incoming;
      const body = Buffer.concat(chunks);
      const request: Received = { method, path, headers, body, json: parsed(body) };
      requests.push(request);
      for (const check of waiting) check();
      const answer = await answerTo(request, options).catch(
        (error) => ({ status: 500, body: String(error) }) as Answer,
      );
      if (answer.cut) return outgoing.destroy();
      outgoing.writeHead(answer.status ?? 200, answer.headers);
      outgoing.end(answer.body);
      return undefined;
      // Who gave the request up in its midst waits for nothing.
    })().catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));

  return {
    port: (server.address() as { port: number }).port,
    requests,
    received(matches, count = 1) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(check);
          const seen = requests.map(({ method, path, body }) => `${method} ${path} ${body.toString().slice(0, 200)}`);
          reject(new Error(`fewer than ${count} such requests arrived within 45 s; there were:\n${seen.join("\n")}`));
        }, 45_000);
        function check(): void {
          const found = requests.filter(matches);
          if (found.length < count) return;
          clearTimeout(timer);
          waiting.delete(check);
          resolve(found.slice(0, count));
        }
        waiting.add(check);
        check();
      });
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function answerTo(request: Received, { subscriptions = [], answer }: AppOptions): Promise<Answer> {
  if (request.path === "/dapr/subscribe") {
    return { headers: { "content-type": "application/json" }, body: JSON.stringify(subscriptions) };
  }
  const given = await answer?.(request);
  if (given) return given;
  return { status: request.method === "OPTIONS" || request.path.startsWith("/dapr/") ? 404 : 200 };
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
