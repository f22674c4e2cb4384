import { fastify } from "fastify";
import { byUndici } from "./by-undici.js";
import { seen, type Contestant, type Order, type OrderEvent } from "./contestant.js";

/** What one would write with a well-known framework in front and undici behind. */
export const contestant: Contestant = {
  async start(sidecarPort, port) {
    const sidecar = byUndici(sidecarPort);
    const app = fastify({ keepAliveTimeout: 120_000, bodyLimit: 30_000_000 });

    /** Empty answers to requests that do one thing; what it throws becomes 500. */
    function post<Payload>(path: string, work: (payload: Payload) => Promise<void>): void {
      app.post(path, async (request, reply) => {
        await work(request.body as Payload);
        return reply.send();
      });
    }

    app.get("/dapr/subscribe", async () => [{ pubsubname: "bus", topic: "relay", route: "/relay" }]);
    app.post<{ Body: Order }>("/echo", async (request) => request.body);
    app.post<{ Body: Order }>("/read-order", (request) => sidecar.read(request.body));
    post<Order>("/save-order", (order) => sidecar.save([order]));
    post<Order>("/invoke-other", (order) => sidecar.invoke(order));
    post<Order>("/call-binding", (order) => sidecar.call(order));
    app.addContentTypeParser(
      "application/cloudevents+json",
      { parseAs: "string" },
      app.getDefaultJsonParser("error", "error"),
    );
    post<OrderEvent>("/relay", async ({ data }) => {
      await sidecar.publishCopy(data);
      seen.events++;
    });
    post<Order[]>("/save-items", (orders) => sidecar.save(orders));
    post<Order[]>("/publish-items", async (orders) => {
      for (const item of orders) await sidecar.publish(item);
    });
    post<Order[]>("/publish-items-bulk", (orders) => sidecar.publishInBulk(orders));
    post<Order[]>("/call-binding-items", async (orders) => {
      for (const item of orders) await sidecar.call(item);
    });
    app.post<{ Body: Order; Params: { id: string } }>("/api/orders/:id", async (request, reply) => {
      await sidecar.saveAs(request.params.id, request.body);
      return reply.send();
    });
    app.post<{ Params: { id: string; line: string } }>("/api/orders/:id/lines/:line", async ({ params }) => params);

    await app.listen({ port, host: "127.0.0.1" });
  },
};
