import { fastify } from "fastify";
import { Pool } from "undici";
import { seen, type Contestant, type Order, type OrderEvent } from "./contestant.js";

/** What one would write with a well-known framework in front and undici behind. */
export const contestant: Contestant = {
  async start(sidecarPort, port) {
    const pool = new Pool(`http://127.0.0.1:${sidecarPort}`, { connections: 256 });
    const app = fastify({ keepAliveTimeout: 120_000, bodyLimit: 30_000_000 });

    async function post(path: string, body: unknown): Promise<void> {
      const answer = await pool.request({
        method: "POST",
        path,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      await answer.body.dump();
      if (answer.statusCode >= 300) throw new Error(`${path} answered ${answer.statusCode}`);
    }

    app.get("/dapr/subscribe", async () => [{ pubsubname: "bus", topic: "relay", route: "/relay" }]);
    app.post<{ Body: Order }>("/echo", async (request) => request.body);
    app.post<{ Body: Order }>("/save-order", async (request, reply) => {
      await post("/v1.0/state/statestore", [{ key: request.body.id, value: request.body }]);
      return reply.send();
    });
    app.post<{ Body: Order }>("/invoke-other", async (request, reply) => {
      await post("/v1.0/invoke/other/method/accept", request.body);
      return reply.send();
    });
    app.post<{ Body: Order }>("/call-binding", async (request, reply) => {
      await post("/v1.0/bindings/ledger", { data: request.body, operation: "create" });
      return reply.send();
    });
    app.addContentTypeParser(
      "application/cloudevents+json",
      { parseAs: "string" },
      app.getDefaultJsonParser("error", "error"),
    );
    app.post<{ Body: OrderEvent }>("/relay", async (request, reply) => {
      const { data } = request.body;
      await post(`/v1.0/publish/bus/copies?metadata.cloudevent.id=${encodeURIComponent(data.id)}`, data);
      seen.events++;
      return reply.send();
    });
    app.post<{ Body: Order[] }>("/save-items", async (request, reply) => {
      const entries = request.body.map((item) => ({ key: item.id, value: item }));
      await post("/v1.0/state/statestore", entries);
      return reply.send();
    });
    app.post<{ Body: Order[] }>("/publish-items", async (request, reply) => {
      for (const item of request.body) await post("/v1.0/publish/bus/items", item);
      return reply.send();
    });
    app.post<{ Body: Order[] }>("/publish-items-bulk", async (request, reply) => {
      const entries = request.body.map((event, index) => ({
        entryId: String(index),
        event,
        contentType: "application/json",
      }));
      await post("/v1.0/publish/bulk/bus/items", entries);
      return reply.send();
    });
    app.post<{ Body: Order[] }>("/call-binding-items", async (request, reply) => {
      for (const item of request.body) await post("/v1.0/bindings/ledger", { data: item, operation: "create" });
      return reply.send();
    });

    app.post<{ Body: Order; Params: { id: string } }>("/api/orders/:id", async (request, reply) => {
      await post("/v1.0/state/statestore", [{ key: request.params.id, value: request.body }]);
      return reply.send();
    });
    app.post<{ Params: { id: string; line: string } }>("/api/orders/:id/lines/:line", async ({ params }) => params);

    await app.listen({ port, host: "127.0.0.1" });
  },
};
