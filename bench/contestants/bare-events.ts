import { createServer } from "node:http";
import { bulkSubscribe, seen, type Contestant, type OrderEvent } from "./contestant.js";

interface Delivery extends OrderEvent {
  readonly entries?: readonly { readonly entryId: string; readonly event: OrderEvent }[];
}

/** The bare limit of events that need nothing done: they are read, counted and accepted. */
export const contestant: Contestant = {
  start(_sidecarPort, port) {
    const subscriptions = JSON.stringify([
      { pubsubname: "broker", topic: "bare-single", route: "/events" },
      { pubsubname: "broker", topic: "bare-bulk", route: "/events", bulkSubscribe },
    ]);
    const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const answer = request.url === "/dapr/subscribe" ? subscriptions : accept(Buffer.concat(chunks).toString());
        const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(answer) };
        response.writeHead(200, headers).end(answer);
      });
    });
    return new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  },
};

function accept(body: string): string {
  // Dapr asks the app for its configuration without a body.
  const { entries } = (body === "" ? {} : JSON.parse(body)) as Partial<Delivery>;
  seen.events += entries?.length ?? 1;
  if (entries === undefined) return "";
  return JSON.stringify({ statuses: entries.map(({ entryId }) => ({ entryId, status: "SUCCESS" })) });
}
