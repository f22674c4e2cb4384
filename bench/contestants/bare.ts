import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Pool } from "undici";
import { seen, type Contestant, type Order, type OrderEvent } from "./contestant.js";

/** The bare limit: node:http and an undici Pool, written by hand for these paths and nothing else. */
export const contestant: Contestant = {
  start(sidecarPort, port) {
    const pool = new Pool(`http://127.0.0.1:${sidecarPort}`, { connections: 256 });
    const headers = { "content-type": "application/json" };

    async function post(path: string, body: string): Promise<void> {
      const answer = await pool.request({ method: "POST", path, headers, body });
      await answer.body.dump();
      if (answer.statusCode >= 300) throw new Error(`${path} answered ${answer.statusCode}`);
    }

    async function read(key: string): Promise<unknown> {
      const path = `/v1.0/state/statestore/${encodeURIComponent(key)}`;
      const answer = await pool.request({ method: "GET", path });
      if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}`);
      return await answer.body.json();
    }

    async function handle(url: string, text: string, response: ServerResponse): Promise<void> {
      let payload: unknown;
      try {
        payload = JSON.parse(text);
      } catch {
        return end(response, 400, '{"message":"malformed"}');
      }
      switch (url) {
        case "/echo":
          return end(response, 200, JSON.stringify(payload));
        case "/save-order":
          await post("/v1.0/state/statestore", `[${entryOf(payload as Order)}]`);
          return end(response, 200, "");
        case "/read-order":
          return end(response, 200, JSON.stringify(await read((payload as Order).id)));
        case "/invoke-other":
          await post("/v1.0/invoke/other/method/accept", JSON.stringify(payload));
          return end(response, 200, "");
        case "/call-binding":
          await post("/v1.0/bindings/ledger", `{"data":${JSON.stringify(payload)},"operation":"create"}`);
          return end(response, 200, "");
        case "/relay": {
          const { data } = payload as OrderEvent;
          const id = encodeURIComponent(data.id);
          await post(`/v1.0/publish/bus/copies?metadata.cloudevent.id=${id}`, JSON.stringify(data));
          seen.events++;
          return end(response, 200, "");
        }
        case "/save-items":
          await post("/v1.0/state/statestore", `[${(payload as Order[]).map(entryOf).join(",")}]`);
          return end(response, 200, "");
        case "/save-items-singly":
          for (const item of payload as Order[]) await post("/v1.0/state/statestore", `[${entryOf(item)}]`);
          return end(response, 200, "");
        case "/publish-items":
          for (const item of payload as Order[]) await post("/v1.0/publish/bus/items", JSON.stringify(item));
          return end(response, 200, "");
        case "/publish-items-bulk": {
          const entries = (payload as Order[]).map(
            (item, index) => `{"entryId":"${index}","event":${JSON.stringify(item)},"contentType":"application/json"}`,
          );
          await post("/v1.0/publish/bulk/bus/items", `[${entries.join(",")}]`);
          return end(response, 200, "");
        }
        case "/call-binding-items":
          for (const item of payload as Order[]) {
            await post("/v1.0/bindings/ledger", `{"data":${JSON.stringify(item)},"operation":"create"}`);
          }
          return end(response, 200, "");
        default: {
          const [, id, line] = /^\/api\/orders\/([^/?]+)(?:\/lines\/([^/?]+))?$/.exec(url) ?? [];
          if (id === undefined) return end(response, 404, "");
          if (line !== undefined)
            return end(response, 200, JSON.stringify({ id: decodeURIComponent(id), line: decodeURIComponent(line) }));
          await post(
            "/v1.0/state/statestore",
            `[{"key":${JSON.stringify(decodeURIComponent(id))},"value":${JSON.stringify(payload)}}]`,
          );
          return end(response, 200, "");
        }
      }
    }

    function listener(request: IncomingMessage, response: ServerResponse): void {
      if (request.url === "/dapr/subscribe") {
        return end(response, 200, '[{"pubsubname":"bus","topic":"relay","route":"/relay"}]');
      }
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const text = chunks.length === 1 ? chunks[0]!.toString() : Buffer.concat(chunks).toString();
        handle(request.url!, text, response).catch((error: Error) =>
          end(response, 500, JSON.stringify({ message: error.message })),
        );
      });
    }

    return new Promise<void>((resolve) => {
      createServer({ keepAliveTimeout: 120_000 }, listener).listen(port, "127.0.0.1", resolve);
    });
  },
};

function entryOf(order: Order): string {
  return `{"key":${JSON.stringify(order.id)},"value":${JSON.stringify(order)}}`;
}

function end(response: ServerResponse, status: number, body: string): void {
  if (body === "") response.writeHead(status, { "content-length": 0 }).end();
  else
    response
      .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) })
      .end(body);
}
