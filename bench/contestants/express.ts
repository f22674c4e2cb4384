import { DaprClient } from "@dapr/dapr";
import express, { type NextFunction, type Request, type Response } from "express";
import { bySdk } from "./by-sdk.js";
import type { Contestant, Order } from "./contestant.js";
import { jobsOf, type Job } from "./jobs.js";

/** Express 5 in front and a DaprClient behind. */
export const contestant: Contestant = {
  async start(sidecarPort, port) {
    const sidecar = bySdk(new DaprClient({ daprHost: "127.0.0.1", daprPort: String(sidecarPort), maxBodySizeMb: 30 }));
    const app = express();
    app.use(express.json({ limit: "30mb", type: ["application/json", "application/cloudevents+json"] }));

    /** Empty answers to requests that do one thing; what it throws becomes 500. */
    function post(path: string, job: Job): void {
      app.post(path, async (request: Request, response: Response) => {
        await job(request.body);
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
    for (const [path, job] of Object.entries(jobsOf(sidecar))) post(path, job);
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
