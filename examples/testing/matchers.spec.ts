// Under jest: matchers in the words of the field, whose messages show what was collected.
import "dapr-functions/testing/jest";
import { cloudEvent, fakeCollector, invoke } from "dapr-functions/testing";
import { OrderFunctions, TopicFunctions } from "../orders/functions.js";
import type { Order } from "../orders/order.js";

it("saves a new order under its id", async () => {
  const { outputs } = await invoke(new OrderFunctions(), "createNewOrder", { id: "41", total: 3 });
  expect(outputs.order).toHaveSaved("41", { id: "41", total: 3 });
  expect(outputs.order).not.toHaveRemoved();
});

it("copies events of topic A to topic B", async () => {
  const { outputs } = await invoke(new TopicFunctions(), "transfer", cloudEvent({ note: "hello" }));
  expect(outputs.copies).toHavePublished("B", { note: expect.any(String) });
});

it("works on fakes that a plain call was given", () => {
  const order = fakeCollector<Order>();
  new OrderFunctions().createNewOrder({ id: "41", total: 3 }, { order });
  expect(order).toHaveAdded({ id: "41", total: 3 });
});
