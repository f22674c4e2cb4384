import cluster from "node:cluster";
import { pbkdf2Sync } from "node:crypto";
import { once } from "node:events";
import { DaprServiceInvocationTrigger, DaprStateOutput, serve, type Collector } from "dapr-functions";
import type { Contestant, Order } from "./contestant.js";
import { silent } from "./ours.js";

class Orders {
  @DaprServiceInvocationTrigger({ methodName: "save-order" })
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  saveOrder(payload: Order, { order }: { order: Collector<Order> }): void {
    order.add(payload);
  }

  /** Takes a fraction of a millisecond, beside which a request is nothing. */
  @DaprServiceInvocationTrigger({ methodName: "compute" })
  compute({ id }: Order): string {
    return pbkdf2Sync(id, "salt", 1000, 32, "sha256").toString("hex");
  }
}

/** As many workers behind one port as its argument says. */
export const contestant: Contestant = {
  async start(sidecarPort, port, workers) {
    if (cluster.isWorker) {
      await serve([Orders], { port, daprUrl: `http://127.0.0.1:${sidecarPort}`, log: silent });
      return;
    }
    for (let index = 0; index < Number(workers); index++) await once(cluster.fork(), "listening");
    // Workers go when the primary does, which the benchmark ends by force: their channel closes.
  },
};
