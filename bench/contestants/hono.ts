import { serve } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { byUndici } from "./by-undici.js";
import type { Contestant, Order } from "./contestant.js";
import { jobsOf, type Job } from "./jobs.js";

/** Hono on Node's server in front, undici behind. */
export const contestant: Contestant = {
  async start(sidecarPort, port) {
    const sidecar = byUndici(sidecarPort);
    const app = new Hono();

    async function payloadOf<Payload>(context: Context): Promise<Payload> {
      try {
        return await context.req.json<Payload>();
      } catch {
        throw new HTTPException(400, { message: "malformed" });
      }
    }

    /** Empty answers to requests that do one thing; what it throws becomes 500. */
    function post(path: string, job: Job): void {
      app.post(path, async (context) => {
        await job(await payloadOf(context));
        return context.body(null, 200);
      });
    }

    app.get("/dapr/subscribe", (context) => context.json([{ pubsubname: "bus", topic: "relay", route: "/relay" }]));
    app.post("/echo", async (context) => context.json(await payloadOf<Order>(context)));
    app.post("/read-order", async (context) =>
      context.json((await sidecar.read(await payloadOf<Order>(context))) as Order),
    );
    for (const [path, job] of Object.entries(jobsOf(sidecar))) post(path, job);
    app.post("/api/orders/:id", async (context) => {
      await sidecar.saveAs(context.req.param("id"), await payloadOf<Order>(context));
      return context.body(null, 200);
    });
    app.post("/api/orders/:id/lines/:line", (context) =>
      context.json({ id: context.req.param("id"), line: context.req.param("line") }),
    );
    app.onError((error, context) =>
      error instanceof HTTPException ? error.getResponse() : context.json({ message: error.message }, { status: 500 }),
    );

    const serverOptions = { keepAliveTimeout: 120_000 };
    await new Promise((resolve) => serve({ fetch: app.fetch, port, hostname: "127.0.0.1", serverOptions }, resolve));
  },
};
