import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprState,
  DaprStateOutput,
  DaprTopicTrigger,
  type CloudEvent,
  type Collector,
  type StateEntry,
} from "dapr-functions";

export interface Order {
  readonly id: string;
}

/** Each worker has an instance of its own: what they share is in Dapr. */
export class Orders {
  /** Answers with the process that took it. */
  @DaprServiceInvocationTrigger()
  @DaprPublish({ name: "placed", pubSubName: "bus", topic: "orders" })
  placeOrder(order: Order, { placed }: { placed: Collector<Order> }): number {
    placed.add(order);
    return process.pid;
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
  @DaprStateOutput({ name: "kept", stateStore: "statestore", key: "{data.id}" })
  keepOrder({ data }: CloudEvent<Order>, { kept }: { kept: Collector<Order> }): void {
    kept.add(data);
  }

  /** Workers that read the same number find out when they write it, and begin again. */
  @DaprServiceInvocationTrigger()
  @DaprState({ name: "visits", stateStore: "statestore", key: "visits", attempts: 50 })
  countVisit(_: unknown, { visits }: { visits: StateEntry<number> }): void {
    visits.set((visits.value ?? 0) + 1);
  }
}
