import { invoke } from "dapr-functions/testing";
import { OrderFunctions } from "../../examples/shop/orders/functions.js";

describe("orders of the shop", () => {
  it.each([
    [2, false],
    [3, true],
  ])("can be served or not, as inventory answers: %i left", async (available, canServe) => {
    const inputs = { inventory: { stock: () => ({ available, reserved: {} }) } };
    const { reply } = await invoke(new OrderFunctions(), "canServe", { sku: "tea", quantity: 3 }, { inputs });
    expect(reply).toBe(canServe);
  });
});
