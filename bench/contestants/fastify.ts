import { fastify } from "fastify";
import { byUndici } from "./by-undici.js";
import type { Contestant, Order } from "./contestant.js";
import { jobsOf, type Job } from "./jobs.js";

/** What one would write with a well-known framework in front and undici behind. */
export const contestant: Contestant = {
  async start(sidecarPort, port) {
    const sidecar = byUndici(sidecarPort);
    const app = fastify({ keepAliveTimeout: 120_000, bodyLimit: 30_000_000 });

    /** Empty answers to requests that do one thing; what it throws becomes 500. */
    function post(path: string, job: Job): void {
      app.post(path, async (request, reply) => {
        await job(request.body);
        return reply.send();
      });
    }

    app.get("/dapr/subscribe", async () => [{ pubsubname: "bus", topic: "relay", route: "/relay" }]);
    app.post<{ Body: Order }>("/echo", async (request) => request.body);
    app.post<{ Body: Order }>("/read-order", (request) => sidecar.read(request.body));
    app.addContentTypeParser(
      "application/cloudevents+json",
      { parseAs: "string" },
      app.getDefaultJsonParser("error", "error"),
    );
    for (const [path, job] of Object.entries(jobsOf(sidecar))) post(path, job);
    app.post<{ Body: Order; Params: { id: string } }>("/api/orders/:id", async (request, reply) => {
      await sidecar.saveAs(request.params.id, request.body);
      return reply.send();
    });
    app.post<{ Params: { id: string; line: string } }>("/api/orders/:id/lines/:line", async ({ params }) => params);

    await app.listen({ port, host: "127.0.0.1" });
  },
};
