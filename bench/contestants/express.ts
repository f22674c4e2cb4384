import { DaprClient } from "@dapr/dapr";
import express, { type NextFunction, type Request, type Response } from "express";
import { bySdk } from "./by-sdk.js";
import { seen, type Contestant, type Order, type OrderEvent } from "./contestant.js";

/** Express 5 in front and a DaprClient behind. */
export const contestant: Contestant = {
  async start(sidecarPort, port) {
    const sidecar = bySdk(new DaprClient({ daprHost: "127.0.0.1", daprPort: String(sidecarPort), maxBodySizeMb: 30 }));
    const app = express();
    app.use(express.json({ limit: "30mb", type: ["application/json", "application/cloudevents+json"] }));

    /** Empty answers to requests that do one thing; what it throws becomes 500. */
    function post<Payload>(path: string, work: (payload: Payload) => Promise<void>): void {
      app.post(path, async (request: Request, response: Response) => {
        await work(request.body as Payload);
        response.end();
      });
    }

    app.get("/dapr/subscribe", (_, response) => {
      response.json([{ pubsubname: "bus", topic: "relay", route: "/relay" }]);
    });
    app.post("/echo", (request, response) => {
      response.json(request.body);
    });
    app.post("/read-order", async (request, response) => {
      response.json(await sidecar.read(request.body as Order));
    });
    post<Order>("/save-order", (order) => sidecar.save([order]));
    post<Order>("/invoke-other", (order) => sidecar.invoke(order));
    post<Order>("/call-binding", (order) => sidecar.call(order));
    post<OrderEvent>("/relay", async ({ data }) => {
      await sidecar.publishCopy(data);
      seen.events++;
    });
    post<Order[]>("/save-items", (orders) => sidecar.save(orders));
    post<Order[]>("/publish-items", async (orders) => {
      for (const item of orders) await sidecar.publish(item);
    });
    post<Order[]>("/call-binding-items", async (orders) => {
      for (const item of orders) await sidecar.call(item);
    });
    app.post("/api/orders/:id", async (request, response) => {
      await sidecar.saveAs(request.params.id, request.body);
      response.end();
    });
    app.post("/api/orders/:id/lines/:line", (request, response) => {
      response.json(request.params);
    });
    app.use((error: Error & { status?: number }, _: Request, response: Response, _next: NextFunction) => {
      response.status(error.status ?? 500).json({ message: error.message });
    });

    const server = app.listen(port, "127.0.0.1");
    server.keepAliveTimeout = 120_000;
    await new Promise((resolve) => server.once("listening", resolve));
  },
};
