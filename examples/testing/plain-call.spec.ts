// A function is a method, so the plain test is a plain call: nothing runs but your own code.
import assert from "node:assert/strict";
import { cloudEvent, fakeCollector, httpRequest } from "dapr-functions/testing";
import { OrderFunctions, StateFunctions, TopicFunctions } from "../orders/functions.js";
import type { Order } from "../orders/order.js";
import { QuoteFunctions, type Quote } from "./quotes.js";
import { describe, it } from "./runner.js";

describe("a plain call", () => {
  it("saves a new order", () => {
    const order = fakeCollector<Order>();
    new OrderFunctions().createNewOrder({ id: "41", total: 3 }, { order });
    assert.deepEqual(order.values, [{ id: "41", total: 3 }]);
  });

  it("answers with the order that an input holds", () => {
    const order = { id: "41", total: 3 };
    assert.equal(new OrderFunctions().retrieveOrder({ id: "41" }, { order }), order);
  });

  it("copies an event", () => {
    const copies = fakeCollector();
    new TopicFunctions().transfer(cloudEvent({ note: "hello" }), { copies });
    assert.deepEqual(copies.values, [{ note: "hello" }]);
  });

  it("saves the body of a request", async () => {
    const state = fakeCollector();
    const response = await new StateFunctions().saveState(httpRequest({ body: { hello: "world" } }), { state });
    assert.equal(response.status, 201);
    assert.deepEqual(state.items, [{ value: { hello: "world" }, overrides: {} }]);
  });

  it("asks a price list of the test's own", async () => {
    const quotes = fakeCollector<Quote>();
    const functions = new QuoteFunctions({ priceOf: async (sku) => (sku === "tea" ? 4 : 1) });
    const request = { customer: "ada", lines: [{ sku: "tea", quantity: 2 }] };
    const quote = await functions.quote(request, { discount: 0.5, quotes });
    assert.deepEqual(quote, { customer: "ada", total: 4 });
    assert.deepEqual(quotes.values, [quote]);
  });
});
