import { DaprServiceInvocationTrigger, DaprStateOutput, serve, type Collector } from "dapr-functions";
import { declareOthers, Order } from "./checked-order.js";
import type { Contestant } from "./contestant.js";
import { silent } from "./ours.js";

/** What `ours` does with an order, with a payload class: it is validated and becomes an instance. */
export class CheckedOrders {
  @DaprServiceInvocationTrigger({ methodName: "save-order" })
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  saveOrder(payload: Order, { order }: { order: Collector<Order> }): void {
    order.add(payload);
  }

  @DaprServiceInvocationTrigger()
  echo(payload: Order): Order {
    return payload;
  }
}

/** The argument says how many other classes with rules there are. */
export const contestant: Contestant = {
  start(sidecarPort, port, argument) {
    declareOthers(Number(argument));
    return serve([CheckedOrders], { port, daprUrl: `http://127.0.0.1:${sidecarPort}`, log: silent });
  },
};
