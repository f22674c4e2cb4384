import { DaprServer, HttpMethod } from "@dapr/dapr";
import { seen, type Contestant, type Order } from "./contestant.js";

/** What one writes today: DaprServer in front, DaprClient behind, its errors checked where it returns them. */
export const contestant: Contestant = {
  async start(sidecarPort, port) {
    const server = new DaprServer({
      serverHost: "127.0.0.1",
      serverPort: String(port),
      clientOptions: { daprHost: "127.0.0.1", daprPort: String(sidecarPort), maxBodySizeMb: 30 },
    });
    const { client } = server;

    async function listen(path: string, work: (payload: unknown) => Promise<unknown>): Promise<void> {
      await server.invoker.listen(path, async ({ body }) => work(JSON.parse(body!)), { method: HttpMethod.POST });
    }

    await listen("echo", async (payload) => payload);
    await listen("save-order", async (payload) => save([payload as Order]));
    await listen("invoke-other", async (payload) => {
      await client.invoker.invoke("other", "accept", HttpMethod.POST, payload as object);
    });
    await listen("call-binding", async (payload) => void (await client.binding.send("ledger", "create", payload)));
    await server.pubsub.subscribeWithOptions("bus", "relay", {
      route: "/relay",
      callback: async (data: Order) => {
        await publish("copies", data, { "cloudevent.id": data.id });
        seen.events++;
      },
    });
    await listen("save-items", async (payload) => save(payload as Order[]));
    await listen("publish-items", async (payload) => {
      for (const item of payload as Order[]) await publish("items", item);
    });
    await listen("call-binding-items", async (payload) => {
      for (const item of payload as Order[]) await client.binding.send("ledger", "create", item);
    });
    await server.start();

    async function save(orders: readonly Order[]): Promise<void> {
      const entries = orders.map((order) => ({ key: order.id, value: order }));
      const saved = await client.state.save("statestore", entries);
      if (saved?.error) throw saved.error;
    }

    async function publish(topic: string, data: Order, metadata?: Record<string, string>): Promise<void> {
      const published = await client.pubsub.publish("bus", topic, data, metadata === undefined ? {} : { metadata });
      if (published.error) throw published.error;
    }
  },
};
