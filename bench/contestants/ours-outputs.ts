import {
  DaprBindingOutput,
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprStateOutput,
  Flush,
  serve,
  type Collector,
} from "dapr-functions";
import type { Contestant, Order } from "./contestant.js";
import { silent } from "./ours.js";

type Outputs = Readonly<Record<"order" | "copies" | "ledger", Collector<Order>>>;

/** One output, and three of one request each: one after the other, and side by side. */
class Orders {
  @DaprServiceInvocationTrigger({ methodName: "one" })
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  one(payload: Order, { order }: Pick<Outputs, "order">): void {
    order.add(payload);
  }

  @DaprServiceInvocationTrigger({ methodName: "three-ordered" })
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  @DaprPublish({ name: "copies", pubSubName: "bus", topic: "copies" })
  @DaprBindingOutput({ name: "ledger", bindingName: "ledger", operation: "create" })
  threeOrdered(payload: Order, outputs: Outputs): void {
    addToAll(payload, outputs);
  }

  @DaprServiceInvocationTrigger({ methodName: "three-parallel" })
  @Flush("parallel")
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  @DaprPublish({ name: "copies", pubSubName: "bus", topic: "copies" })
  @DaprBindingOutput({ name: "ledger", bindingName: "ledger", operation: "create" })
  threeParallel(payload: Order, outputs: Outputs): void {
    addToAll(payload, outputs);
  }
}

function addToAll(payload: Order, { order, copies, ledger }: Outputs): void {
  order.add(payload);
  copies.add(payload);
  ledger.add(payload);
}

export const contestant: Contestant = {
  start: (sidecarPort, port) => serve([Orders], { port, daprUrl: `http://127.0.0.1:${sidecarPort}`, log: silent }),
};
