import { HttpMethod, type DaprClient } from "@dapr/dapr";
import type { Order } from "./contestant.js";

/** The requests to the sidecar of contestants with a DaprClient, its errors looked at where it returns them. */
export function bySdk(client: DaprClient) {
  async function saveAs(entries: readonly { key: string; value: unknown }[]): Promise<void> {
    const saved = await client.state.save("statestore", [...entries]);
    if (saved?.error) throw saved.error;
  }

  async function publish(topic: string, data: Order, metadata?: Record<string, string>): Promise<void> {
    const published = await client.pubsub.publish("bus", topic, data, metadata === undefined ? {} : { metadata });
    if (published.error) throw published.error;
  }

  return {
    read: ({ id }: Order) => client.state.get("statestore", id),
    save: (orders: readonly Order[]) => saveAs(orders.map((order) => ({ key: order.id, value: order }))),
    saveAs: (key: string, value: unknown) => saveAs([{ key, value }]),
    async invoke(data: Order): Promise<void> {
      await client.invoker.invoke("other", "accept", HttpMethod.POST, data);
    },
    async call(data: Order): Promise<void> {
      await client.binding.send("ledger", "create", data);
    },
    publishCopy: (data: Order) => publish("copies", data, { "cloudevent.id": data.id }),
    publish: (data: Order) => publish("items", data),
  };
}
