import { Pool } from "undici";
import type { Order } from "./contestant.js";

/** The requests to the sidecar of contestants with a framework in front: undici, as one would write it. */
export function byUndici(sidecarPort: number) {
  const pool = new Pool(`http://127.0.0.1:${sidecarPort}`, { connections: 256 });

  async function post(path: string, body: unknown): Promise<void> {
    const answer = await pool.request({
      method: "POST",
      path,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    await answer.body.dump();
    if (answer.statusCode >= 300) throw new Error(`${path} answered ${answer.statusCode}`);
  }

  return {
    post,
    async read({ id }: Order): Promise<unknown> {
      const path = `/v1.0/state/statestore/${encodeURIComponent(id)}`;
      const answer = await pool.request({ method: "GET", path });
      if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}`);
      return await answer.body.json();
    },
    save: (orders: readonly Order[]) =>
      post(
        "/v1.0/state/statestore",
        orders.map((order) => ({ key: order.id, value: order })),
      ),
    saveAs: (key: string, value: unknown) => post("/v1.0/state/statestore", [{ key, value }]),
    invoke: (data: Order) => post("/v1.0/invoke/other/method/accept", data),
    call: (data: Order) => post("/v1.0/bindings/ledger", { data, operation: "create" }),
    publishCopy: (data: Order) =>
      post(`/v1.0/publish/bus/copies?metadata.cloudevent.id=${encodeURIComponent(data.id)}`, data),
    publish: (data: Order) => post("/v1.0/publish/bus/items", data),
    publishInBulk: (events: readonly Order[]) =>
      post(
        "/v1.0/publish/bulk/bus/items",
        events.map((event, index) => ({ entryId: String(index), event, contentType: "application/json" })),
      ),
  };
}
