import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it arrived, path and body to the byte. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly bytes: Buffer;
}

export interface StubAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array | undefined;
}

/** What stands in for a sidecar: it notes what it is asked and answers as it is told, else 204. */
export interface RecordingSidecar {
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
  /** Says `POST /v1.0/state/cart [{"key":"u1","value":1}]`, a line for each request. */
  readonly lines: readonly string[];
  answer: (request: RecordedRequest) => StubAnswer | Promise<StubAnswer> | undefined;
  close(): Promise<void>;
}

export async function recordingSidecar(port = 0): Promise<RecordingSidecar> {
  const requests: RecordedRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const bytes = Buffer.concat(chunks);
      const recorded = { method, path: url, headers, body: bytes.toString(), bytes };
      requests.push(recorded);
      void Promise.resolve(sidecar.answer(recorded)).then((given) => {
        const { status, headers: own, body } = given ?? {};
        response.writeHead(status ?? (body === undefined ? 204 : 200), own).end(body);
      });
    });
  });
  const sidecar: RecordingSidecar = {
    url: "",
    requests,
    get lines() {
      return requests.map(({ method, path, body }) => `${method} ${path}${body === "" ? "" : ` ${body}`}`);
    },
    answer: () => undefined,
    async close() {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(sidecar, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}
