import {
  DaprApp,
  DaprInvoke,
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprState,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  type AppClient,
  type CloudEvent,
  type InvokeCollector,
  type PublishCollector,
  type StateCollector,
  type StateEntry,
} from "dapr-functions";
import type { InventoryFunctions } from "../inventory/functions.js";
import { Order, type Account, type Shipment } from "../messages.js";

/** Orders: taken by service invocation, reserved at inventory, and told to everybody who listens. */
export class OrderFunctions {
  /**
   * The outputs are sent in this order, and the first failure stops: an order that inventory refuses is neither kept nor
   * told. A caller that gets an error calls again, so each of the three may happen twice; none does harm the second time.
   */
  @DaprServiceInvocationTrigger()
  @DaprInvoke({ name: "reserve", appId: "inventory", methodName: "reserve" })
  @DaprStateOutput({ name: "kept", stateStore: "orders-state", key: "order-{id}" })
  @DaprPublish({ name: "placed", pubSubName: "shop-bus", topic: "orders" })
  placeOrder(
    order: Order,
    {
      reserve,
      kept,
      placed,
    }: { reserve: InvokeCollector<Order>; kept: StateCollector<Order>; placed: PublishCollector<Order> },
  ): Order {
    reserve.add(order);
    kept.add(order);
    placed.add(order);
    return order;
  }

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "order", stateStore: "orders-state", key: "order-{id}" })
  order(_: { id: string }, { order }: { order: Order | undefined }): Order | null {
    return order ?? null;
  }

  /** Asks inventory while it runs, typed by inventory's own class, of which nothing is loaded. */
  @DaprServiceInvocationTrigger()
  @DaprApp({ name: "inventory", appId: "inventory" })
  async canServe(
    { sku, quantity }: { sku: string; quantity: number },
    { inventory }: { inventory: AppClient<InventoryFunctions> },
  ): Promise<boolean> {
    const { available } = await inventory.stock({ sku });
    return available >= quantity;
  }

  /**
   * Counts what a customer has bought. Counting twice would be wrong, and Dapr delivers at least once, so the events that
   * are counted are kept beside the count, in one entry. Two shipments at the same time are counted one after the other.
   */
  @DaprTopicTrigger({ pubSubName: "shop-bus", topic: "shipments", deadLetterTopic: "undeliverable" })
  @DaprState({ name: "account", stateStore: "orders-state", key: "account-{data.customer}", attempts: 20 })
  count({ source, id, data }: CloudEvent<Shipment>, { account }: { account: StateEntry<Account> }): void {
    const { bought, counted } = account.value ?? { bought: 0, counted: [] };
    // An id is unique among those of its source only.
    const event = `${source} ${id}`;
    if (counted.includes(event)) return;
    account.set({ bought: bought + data.quantity, counted: [...counted, event] });
  }

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "account", stateStore: "orders-state", key: "account-{customer}" })
  account(_: { customer: string }, { account }: { account: Account | undefined }): Account {
    return account ?? { bought: 0, counted: [] };
  }
}
