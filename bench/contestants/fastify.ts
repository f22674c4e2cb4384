import type { AddressInfo } from "node:net";
import { fastify } from "fastify";
import { Pool } from "undici";
import type { Contestant, Order, OrderEvent } from "./contestant.js";

/** What one would write with a well-known framework in front and undici behind. */
export const contestant: Contestant = {
  async start(sidecarPort) {
    const pool = new Pool(`http://127.0.0.1:${sidecarPort}`, { connections: 128 });
    const app = fastify({ keepAliveTimeout: 120_000, bodyLimit: 30_000_000 });

    async function post(path: string, body: string): Promise<void> {
      const answer = await pool.request({
        method: "POST",
        path,
        headers: { "content-type": "application/json" },
        body,
      });
      await answer.body.dump();
      if (answer.statusCode >= 300) throw new Error(`${path} answered ${answer.statusCode}`);
    }

    app.post<{ Body: Order }>("/echo", async (request) => request.body);
    app.post<{ Body: Order }>("/save-order", async (request, reply) => {
      await post("/v1.0/state/statestore", JSON.stringify([{ key: request.body.id, value: request.body }]));
      return reply.send();
    });
    app.post<{ Body: Order }>("/invoke-other", async (request, reply) => {
      await post("/v1.0/invoke/other/method/accept", JSON.stringify(request.body));
      return reply.send();
    });
    app.post<{ Body: Order }>("/call-binding", async (request, reply) => {
      await post("/v1.0/bindings/ledger", JSON.stringify({ data: request.body, operation: "create" }));
      return reply.send();
    });
    app.addContentTypeParser(
      "application/cloudevents+json",
      { parseAs: "string" },
      app.getDefaultJsonParser("error", "error"),
    );
    app.post<{ Body: OrderEvent }>("/relay", async (request, reply) => {
      const { data } = request.body;
      await post(
        `/v1.0/publish/bus/copies?metadata.cloudevent.id=${encodeURIComponent(data.id)}`,
        JSON.stringify(data),
      );
      return reply.send();
    });

    await app.listen({ port: 0, host: "127.0.0.1" });
    return (app.server.address() as AddressInfo).port;
  },
};
