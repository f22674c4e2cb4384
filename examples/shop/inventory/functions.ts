import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprState,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  Reply,
  type CloudEvent,
  type PublishCollector,
  type StateCollector,
  type StateEntry,
} from "dapr-functions";
import { Order, type Shipment, type Stock } from "../messages.js";

/** Goods: reserved by service invocation, shipped when an order is told. */
export class InventoryFunctions {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "stock", stateStore: "inventory-state", key: "stock-{sku}" })
  stockUp({ quantity }: { sku: string; quantity: number }, { stock }: { stock: StateCollector<Stock> }): void {
    stock.add({ available: quantity, reserved: {} });
  }

  /**
   * Takes goods for an order once, however often it is asked, and never more than there are, however many ask at once: the
   * quantity and the orders that were served are one entry, which is written only if nobody changed it meanwhile.
   */
  @DaprServiceInvocationTrigger()
  @DaprState({ name: "stock", stateStore: "inventory-state", key: "stock-{sku}", attempts: 20 })
  reserve({ id, sku, quantity }: Order, { stock }: { stock: StateEntry<Stock> }): Reply | undefined {
    const { available, reserved } = stock.value ?? { available: 0, reserved: {} };
    // Not `id in reserved`: an order may be called toString.
    if (Object.hasOwn(reserved, id)) return undefined;
    if (available < quantity) {
      return new Reply({ status: 409, body: { errorCode: "SOLD_OUT", message: `${available} of ${sku} are left` } });
    }
    stock.set({
      available: available - quantity,
      reserved: Object.fromEntries([...Object.entries(reserved), [id, quantity]]),
    });
    return undefined;
  }

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "stock", stateStore: "inventory-state", key: "stock-{sku}" })
  stock(_: { sku: string }, { stock }: { stock: Stock | undefined }): Stock {
    return stock ?? { available: 0, reserved: {} };
  }

  /**
   * Says that an order is on its way. When the event comes again it is said again, under the same event id, since the
   * first time may have ended between the two outputs; who hears it drops what it has heard.
   */
  @DaprTopicTrigger({ pubSubName: "shop-bus", topic: "orders", deadLetterTopic: "undeliverable" })
  @DaprStateOutput({ name: "shipped", stateStore: "inventory-state", key: "shipment-{data.id}" })
  @DaprPublish({ name: "shipments", pubSubName: "shop-bus", topic: "shipments" })
  ship(
    { data: { id: orderId, customer, quantity } }: CloudEvent<Order>,
    { shipped, shipments }: { shipped: StateCollector<Shipment>; shipments: PublishCollector<Shipment> },
  ): void {
    const shipment = { orderId, customer, quantity };
    shipped.add(shipment);
    shipments.add(shipment);
  }
}
