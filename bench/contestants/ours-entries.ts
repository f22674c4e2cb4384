import {
  DaprServiceInvocationTrigger,
  DaprState,
  DaprStateInput,
  DaprStateOutput,
  serve,
  type Collector,
  type StateEntry,
} from "dapr-functions";
import type { Contestant, Order } from "./contestant.js";
import { silent } from "./ours.js";

/** A key that is read and written, each call another: as a state entry, and as an input and an output. */
export class EntryOrders {
  @DaprServiceInvocationTrigger({ methodName: "entry" })
  @DaprState({ name: "order", stateStore: "statestore", key: "{sys.randguid}" })
  entry(payload: Order, { order }: { order: StateEntry<Order> }): void {
    order.set({ ...order.value, ...payload });
  }

  @DaprServiceInvocationTrigger({ methodName: "pair" })
  @DaprStateInput({ name: "before", stateStore: "statestore", key: "{sys.randguid}" })
  @DaprStateOutput({ name: "after", stateStore: "statestore", key: "{sys.randguid}" })
  pair(payload: Order, { before, after }: { before: Order | undefined; after: Collector<Order> }): void {
    after.add({ ...before, ...payload });
  }
}

export const contestant: Contestant = {
  start: (sidecarPort, port) => serve([EntryOrders], { port, daprUrl: `http://127.0.0.1:${sidecarPort}`, log: silent }),
};
