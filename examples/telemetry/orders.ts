import {
  DaprApp,
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprStateOutput,
  FunctionName,
  type AppClient,
  type PublishCollector,
  type StateCollector,
} from "dapr-functions";
import type { BillingFunctions } from "./billing.js";
import type { Order } from "./order.js";

/** Nothing in here knows of OpenTelemetry. */
export class OrderFunctions {
  @FunctionName("CreateNewOrder")
  @DaprServiceInvocationTrigger()
  @DaprApp({ name: "billing", appId: "billing" })
  @DaprStateOutput({ name: "kept", stateStore: "statestore", key: "{id}" })
  @DaprPublish({ name: "created", pubSubName: "messagebus", topic: "orders" })
  async create(
    order: Order,
    {
      billing,
      kept,
      created,
    }: { billing: AppClient<BillingFunctions>; kept: StateCollector<Order>; created: PublishCollector<Order> },
  ): Promise<string> {
    const receipt = await billing.charge(order);
    kept.add(order);
    created.add(order);
    return receipt;
  }
}
