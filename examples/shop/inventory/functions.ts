import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  Reply,
  type CloudEvent,
  type PublishCollector,
  type StateCollector,
  type StateRecord,
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
   * Takes goods for an order once, however often it is asked: the orders that were served are kept in the item whose
   * etag guards the quantity.
   */
  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "stock", stateStore: "inventory-state", key: "stock-{sku}", record: true })
  @DaprStateOutput({ name: "stocks", stateStore: "inventory-state", key: "stock-{sku}" })
  reserve(
    { id, sku, quantity }: Order,
    { stock, stocks }: { stock: StateRecord<Stock>; stocks: StateCollector<Stock> },
  ): Reply | undefined {
    const { available, reserved } = stock.value ?? { available: 0, reserved: {} };
    if (id in reserved) return undefined;
    if (available < quantity || stock.etag === undefined) {
      return new Reply({ status: 409, body: { errorCode: "SOLD_OUT", message: `${available} of ${sku} are left` } });
    }
    const left = { available: available - quantity, reserved: { ...reserved, [id]: quantity } };
    stocks.add(left, { etag: stock.etag });
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
