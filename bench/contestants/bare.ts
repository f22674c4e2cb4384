import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool } from "undici";
import type { Contestant, Order, OrderEvent } from "./contestant.js";

/** The bare limit: node:http and an undici Pool, written by hand for these five paths and nothing else. */
export const contestant: Contestant = {
  start(sidecarPort) {
    const pool = new Pool(`http://127.0.0.1:${sidecarPort}`, { connections: 128 });
    const headers = { "content-type": "application/json" };

    async function post(path: string, body: string): Promise<void> {
      const answer = await pool.request({ method: "POST", path, headers, body });
      await answer.body.dump();
      if (answer.statusCode >= 300) throw new Error(`${path} answered ${answer.statusCode}`);
    }

    async function handle(url: string, text: string, response: ServerResponse): Promise<void> {
      let payload: Order;
      try {
        payload = JSON.parse(text) as Order;
      } catch {
        return end(response, 400, '{"message":"malformed"}');
      }
      switch (url) {
        case "/echo":
          return end(response, 200, JSON.stringify(payload));
        case "/save-order":
          await post(
            "/v1.0/state/statestore",
            `[{"key":${JSON.stringify(payload.id)},"value":${JSON.stringify(payload)}}]`,
          );
          return end(response, 200, "");
        case "/invoke-other":
          await post("/v1.0/invoke/other/method/accept", JSON.stringify(payload));
          return end(response, 200, "");
        case "/call-binding":
          await post("/v1.0/bindings/ledger", `{"data":${JSON.stringify(payload)},"operation":"create"}`);
          return end(response, 200, "");
        case "/relay": {
          const { data } = payload as unknown as OrderEvent;
          await post(
            `/v1.0/publish/bus/copies?metadata.cloudevent.id=${encodeURIComponent(data.id)}`,
            JSON.stringify(data),
          );
          return end(response, 200, "");
        }
        default:
          return end(response, 404, "");
      }
    }

    function listener(request: IncomingMessage, response: ServerResponse): void {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const text = chunks.length === 1 ? chunks[0]!.toString() : Buffer.concat(chunks).toString();
        handle(request.url!, text, response).catch((error: Error) =>
          end(response, 500, JSON.stringify({ message: error.message })),
        );
      });
    }

    return new Promise((resolve) => {
      const server = createServer({ keepAliveTimeout: 120_000 }, listener);
      server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
    });
  },
};

function end(response: ServerResponse, status: number, body: string): void {
  if (body === "") response.writeHead(status, { "content-length": 0 }).end();
  else
    response
      .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) })
      .end(body);
}
