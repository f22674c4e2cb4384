import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprStateOutput,
  serve,
  type Collector,
  type StateCollector,
} from "dapr-functions";
import type { Contestant } from "./contestant.js";
import { largeItem, type Large } from "./large.js";
import { silent } from "./ours.js";

/** Outputs beyond what one request may hold. */
class Batches {
  @DaprServiceInvocationTrigger({ methodName: "save" })
  @DaprStateOutput({ name: "items", stateStore: "statestore" })
  save({ items: count, bytes }: Large, { items }: { items: StateCollector<object> }): void {
    for (let index = 0; index < count; index++) items.add(largeItem(index, bytes), { key: `item-${index}` });
  }

  @DaprServiceInvocationTrigger({ methodName: "publish" })
  @DaprPublish({ name: "items", pubSubName: "bus", topic: "items", bulk: true })
  publish({ items: count, bytes }: Large, { items }: { items: Collector<object> }): void {
    for (let index = 0; index < count; index++) items.add(largeItem(index, bytes));
  }
}

export const contestant: Contestant = {
  start: (sidecarPort, port) => serve([Batches], { port, daprUrl: `http://127.0.0.1:${sidecarPort}`, log: silent }),
};
