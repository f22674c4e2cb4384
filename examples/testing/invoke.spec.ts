// `invoke` adds what the runtime adds: payloads are checked, expressions and items resolved, a failure sends nothing.
import assert from "node:assert/strict";
import type { DaprFunctionsError, PayloadError } from "dapr-functions";
import { cloudEvent, httpRequest, invoke } from "dapr-functions/testing";
import { OrderFunctions, ServiceFunctions, TopicFunctions } from "../orders/functions.js";
import type { Order } from "../orders/order.js";
import { QuoteFunctions } from "./quotes.js";
import { describe, it } from "./runner.js";

const settings = { StateStoreName: "statestore", PubSubName: "messagebus", SecretStoreName: "localsecretstore" };

describe("invoke", () => {
  it("saves a new order under its id", async () => {
    const { reply, outputs } = await invoke(
      new OrderFunctions(),
      "createNewOrder",
      { id: "41", total: 3 },
      { settings },
    );
    assert.equal(reply.id, "41");
    assert.deepEqual(outputs.order.values, [{ id: "41", total: 3 }]);
    assert.deepEqual(outputs.order.targets, [{ stateStore: "statestore", key: "41" }]);
  });

  it("refuses an order that its class does not allow", async () => {
    const order = { id: 41, total: -1 } as unknown as Order;
    await assert.rejects(invoke(new OrderFunctions(), "createNewOrder", order), ({ code, issues }: PayloadError) => {
      assert.equal(code, "ERR_PAYLOAD_INVALID");
      assert.deepEqual(
        issues.map(({ path }) => path),
        ["id", "total"],
      );
      return true;
    });
  });

  it("copies events of topic A to topic B", async () => {
    const event = cloudEvent({ note: "hello" }, { id: "e-1", topic: "A" });
    const { outputs } = await invoke(new TopicFunctions(), "transfer", event, { settings });
    assert.deepEqual(outputs.copies.values, [{ note: "hello" }]);
    assert.equal(outputs.copies.targets[0]?.topic, "B");
  });

  it("invokes the method that the route names", async () => {
    const request = httpRequest({ params: { appId: "crm", methodName: "sync" }, body: { since: "2031-05" } });
    const { reply, outputs } = await invoke(new ServiceFunctions(), "invokeOther", request);
    assert.equal(reply.status, 202);
    assert.deepEqual(outputs.call.targets, [{ appId: "crm", methodName: "sync", httpVerb: "post" }]);
  });

  it("names the entries of a secret, never their values", async () => {
    const inputs = { secret: { "api-key": "s3cr3t" } };
    const { reply } = await invoke(new ServiceFunctions(), "retrieveSecret", undefined, { inputs, settings });
    assert.deepEqual(reply, ["api-key"]);
  });

  it("sends nothing when a price is missing", async () => {
    const functions = new QuoteFunctions({ priceOf: (sku) => Promise.reject(new Error(`no price of ${sku}`)) });
    const request = { customer: "ada", lines: [{ sku: "tea", quantity: 2 }] };
    await assert.rejects(invoke(functions, "quote", request, { inputs: { discount: 0.1 } }), /no price of tea/);
  });

  it("needs every setting, once some are given", async () => {
    const order = { id: "41", total: 3 };
    await assert.rejects(
      invoke(new OrderFunctions(), "createNewOrder", order, { settings: {} }),
      ({ code }: DaprFunctionsError) => code === "setting-missing",
    );
  });
});
