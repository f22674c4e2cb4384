import { createServer, type AddressInfo } from "node:net";
import { DaprServer, HttpMethod } from "@dapr/dapr";
import type { Contestant, Order } from "./contestant.js";

/** What one writes today: DaprServer in front, DaprClient behind, its errors checked where it returns them. */
export const contestant: Contestant = {
  async start(sidecarPort) {
    const serverPort = await freePort();
    const server = new DaprServer({
      serverHost: "127.0.0.1",
      serverPort: String(serverPort),
      clientOptions: { daprHost: "127.0.0.1", daprPort: String(sidecarPort), maxBodySizeMb: 30 },
    });
    const { client } = server;
    const post = { method: HttpMethod.POST };

    await server.invoker.listen("echo", async ({ body }) => JSON.parse(body!) as object, post);
    await server.invoker.listen(
      "save-order",
      async ({ body }) => {
        const order = JSON.parse(body!) as Order;
        const saved = await client.state.save("statestore", [{ key: order.id, value: order }]);
        if (saved?.error) throw saved.error;
      },
      post,
    );
    await server.invoker.listen(
      "invoke-other",
      async ({ body }) =>
        void (await client.invoker.invoke("other", "accept", HttpMethod.POST, JSON.parse(body!) as object)),
      post,
    );
    await server.invoker.listen(
      "call-binding",
      async ({ body }) => void (await client.binding.send("ledger", "create", JSON.parse(body!))),
      post,
    );
    await server.pubsub.subscribeWithOptions("bus", "relay", {
      route: "/relay",
      callback: async (data: Order) => {
        const metadata = { "cloudevent.id": data.id };
        const published = await client.pubsub.publish("bus", "copies", data, { metadata });
        if (published.error) throw published.error;
      },
    });
    await server.start();
    return serverPort;
  },
};

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
