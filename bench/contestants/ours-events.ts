import { DaprPublish, DaprStateOutput, DaprTopicTrigger, serve, type CloudEvent, type Collector } from "dapr-functions";
import { bulkSubscribe, seen, type Contestant, type Order } from "./contestant.js";
import { silent } from "./ours.js";

interface Outputs {
  readonly copies: Collector<Order>;
  readonly order: Collector<Order>;
}

const { maxMessagesCount, maxAwaitDurationMs } = bulkSubscribe;
const bulk = { maxMessagesCount, maxAwaitDurationMs, concurrency: 32 };

/** The same events one by one and in bulk, to functions that do nothing and to ones that publish and save each. */
export class Events {
  @DaprTopicTrigger({ pubSubName: "broker", topic: "single" })
  single(): void {
    seen.events++;
  }

  @DaprTopicTrigger({ pubSubName: "broker", topic: "bulk", bulk })
  bulk(): void {
    seen.events++;
  }

  @DaprTopicTrigger({ pubSubName: "broker", topic: "single-outputs" })
  @DaprPublish({ name: "copies", pubSubName: "bus", topic: "copies" })
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{data.id}" })
  singleOutputs(event: CloudEvent<Order>, outputs: Outputs): void {
    this.passOn(event, outputs);
  }

  @DaprTopicTrigger({ pubSubName: "broker", topic: "bulk-outputs", bulk })
  @DaprPublish({ name: "copies", pubSubName: "bus", topic: "copies" })
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{data.id}" })
  bulkOutputs(event: CloudEvent<Order>, outputs: Outputs): void {
    this.passOn(event, outputs);
  }

  private passOn({ data }: CloudEvent<Order>, { copies, order }: Outputs): void {
    seen.events++;
    copies.add(data);
    order.add(data);
  }
}

export const contestant: Contestant = {
  start: (sidecarPort, port) => serve([Events], { port, daprUrl: `http://127.0.0.1:${sidecarPort}`, log: silent }),
};
