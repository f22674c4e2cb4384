import { setTimeout as delay } from "node:timers/promises";
import type { Account, Order, Stock } from "../../examples/shop/messages.js";

/** The shop as its callers see it, whatever its applications run beside. Calls go through the sidecar of `orders`. */
export interface Shop {
  readonly place: (order: Order) => Promise<Order>;
  /** The same through the sidecar of `inventory`. */
  readonly placeAt: (order: Order) => Promise<Order>;
  readonly stockUp: (sku: string, quantity: number) => Promise<unknown>;
  readonly stock: (sku: string) => Promise<Stock>;
  readonly orderOf: (id: string) => Promise<Order | null>;
  readonly account: (customer: string) => Promise<Account>;
  /** The account once it has counted as much. */
  readonly accountWith: (customer: string, bought: number) => Promise<Account>;
  /** Publishes the order as an event with an id. */
  readonly tell: (order: Order, id: string) => Promise<void>;
}

export function accountReader(account: Shop["account"]): Shop["accountWith"] {
  return async (customer, bought) => {
    for (const until = Date.now() + 40_000; ; await delay(50)) {
      const found = await account(customer);
      if (found.bought >= bought || Date.now() > until) return found;
    }
  };
}

/** What the shop promises, with daprd and without. */
export function itServesOrders(shop: () => Shop): void {
  it("reserves, keeps, ships and counts an order", async () => {
    const { stockUp, place, stock, orderOf, accountWith } = shop();
    await stockUp("tea", 5);
    const order = { id: "1", customer: "ada", sku: "tea", quantity: 2 };
    expect(await place(order)).toEqual(order);
    expect(await stock("tea")).toEqual({ available: 3, reserved: { 1: 2 } });
    expect(await orderOf("1")).toEqual(order);
    expect(await accountWith("ada", 2)).toMatchObject({ bought: 2 });
  });

  it("calls from either side", async () => {
    const { stockUp, placeAt, stock } = shop();
    await stockUp("coffee", 5);
    const order = { id: "2", customer: "bob", sku: "coffee", quantity: 1 };
    expect(await placeAt(order)).toEqual(order);
    expect(await stock("coffee")).toMatchObject({ available: 4 });
  });

  it("neither keeps nor tells an order that inventory refuses", async () => {
    const { stockUp, place, stock, orderOf } = shop();
    await stockUp("milk", 1);
    await expect(place({ id: "3", customer: "eve", sku: "milk", quantity: 2 })).rejects.toThrow("SOLD_OUT");
    expect(await stock("milk")).toEqual({ available: 1, reserved: {} });
    expect(await orderOf("3")).toBeNull();
  });

  it.each(["toString", "constructor", "__proto__"])("reserves for an order called %s", async (id) => {
    const { stockUp, place, stock } = shop();
    await stockUp(`for ${id}`, 1);
    await place({ id, customer: "odd", sku: `for ${id}`, quantity: 1 });
    const { available, reserved } = await stock(`for ${id}`);
    expect([available, Object.entries(reserved)]).toEqual([0, [[id, 1]]]);
  });

  it("never sells more than there is, however many ask at once", async () => {
    const { stockUp, place, placeAt, stock } = shop();
    await stockUp("rare", 5);
    const orders = Array.from({ length: 16 }, (_, n) => ({
      id: `rare-${n}`,
      customer: "many",
      sku: "rare",
      quantity: 1,
    }));
    const placing = orders.map((order, n) => (n % 2 === 0 ? place(order) : placeAt(order)));
    const results = await Promise.allSettled(placing);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
    const { available, reserved } = await stock("rare");
    expect([available, Object.keys(reserved).length]).toEqual([0, 5]);
  });

  it("refuses an order that breaks its rules", async () => {
    await expect(shop().place({ id: "4", customer: "eve", sku: "milk", quantity: -2 })).rejects.toThrow(
      "ERR_PAYLOAD_INVALID",
    );
  });

  it("serves an order once that is placed again, and counts an event once that is delivered again", async () => {
    const { stockUp, place, stock, tell, accountWith, account } = shop();
    await stockUp("salt", 5);
    const order = { id: "5", customer: "zoe", sku: "salt", quantity: 2 };
    await place(order);
    await place(order);
    expect(await stock("salt")).toEqual({ available: 3, reserved: { 5: 2 } });
    for (const _ of [1, 2, 3]) await tell(order, "told-5");
    // Two placements and one event of ours, told three times: three shipments that differ.
    const { counted } = await accountWith("zoe", 6);
    expect(counted).toHaveLength(3);
    await stockUp("pepper", 1);
    await place({ id: "6", customer: "last", sku: "pepper", quantity: 1 });
    await accountWith("last", 1);
    expect(await account("zoe")).toMatchObject({ bought: 6 });
  });
}
