import {
  DaprBindingOutput,
  DaprInvoke,
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprStateOutput,
  DaprTopicTrigger,
  serve,
  type CloudEvent,
  type Collector,
  type PublishCollector,
} from "dapr-functions";
import type { Contestant, Order } from "./contestant.js";

export class Orders {
  @DaprServiceInvocationTrigger({ methodName: "echo" })
  echo(payload: Order): Order {
    return payload;
  }

  @DaprServiceInvocationTrigger({ methodName: "save-order" })
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  saveOrder(payload: Order, { order }: { order: Collector<Order> }): void {
    order.add(payload);
  }

  @DaprServiceInvocationTrigger({ methodName: "invoke-other" })
  @DaprInvoke({ name: "call", appId: "other", methodName: "accept" })
  invokeOther(payload: Order, { call }: { call: Collector<Order> }): void {
    call.add(payload);
  }

  @DaprServiceInvocationTrigger({ methodName: "call-binding" })
  @DaprBindingOutput({ name: "ledger", bindingName: "ledger", operation: "create" })
  callBinding(payload: Order, { ledger }: { ledger: Collector<Order> }): void {
    ledger.add(payload);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "relay" })
  @DaprPublish({ name: "copies", pubSubName: "bus", topic: "copies" })
  relay(event: CloudEvent<Order>, { copies }: { copies: PublishCollector<Order> }): void {
    copies.add(event.data, { metadata: { "cloudevent.id": event.data.id } });
  }
}

const silent = { log() {}, info() {}, warn() {}, error() {}, debug() {} };

export const contestant: Contestant = {
  async start(sidecarPort) {
    const app = await serve([Orders], { port: 0, daprUrl: `http://127.0.0.1:${sidecarPort}`, log: silent });
    return app.port;
  },
};
