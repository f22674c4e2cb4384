import {
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  type CloudEvent,
  type StateCollector,
} from "dapr-functions";
import type { Order } from "./order.js";

export class BillingFunctions {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "receipt", stateStore: "statestore", key: "receipt-{id}" })
  charge({ id, total }: Order, { receipt }: { receipt: StateCollector<string> }): string {
    const text = `${total} for order ${id}`;
    receipt.add(text);
    return text;
  }

  @DaprTopicTrigger({ pubSubName: "messagebus", topic: "orders" })
  @DaprStateInput({ name: "receipt", stateStore: "statestore", key: "receipt-{data.id}" })
  sendInvoice({ data: { id } }: CloudEvent<Order>, { receipt }: { receipt: string | undefined }): void {
    console.log(`invoice of order ${id}: ${receipt}`);
  }
}
