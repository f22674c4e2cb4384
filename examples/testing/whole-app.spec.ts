// The whole app on a free port beside the embedded sidecar: routes, settings, components and what goes over the wire.
import assert from "node:assert/strict";
import { serve } from "dapr-functions";
import { startSidecar } from "dapr-functions/sidecar";
import { OrderFunctions } from "../orders/functions.js";
import { QuoteFunctions } from "./quotes.js";
import { describe, it } from "./runner.js";

const quiet = { log() {}, info() {}, warn() {}, error() {}, debug() {} };

async function startApp() {
  const sidecar = await startSidecar({
    appId: "orders",
    components: [
      { name: "statestore", type: "state.in-memory" },
      { name: "messagebus", type: "pubsub.in-memory" },
    ],
    log: quiet,
  });
  const app = await serve([OrderFunctions, new QuoteFunctions({ priceOf: async () => 4 })], {
    port: 0,
    daprUrl: sidecar.url,
    settings: { StateStoreName: "statestore", PubSubName: "messagebus" },
    log: quiet,
  });
  await sidecar.connect(app);
  return {
    sidecar,
    async post(method: string, body: unknown) {
      const url = `${sidecar.url}/v1.0/invoke/orders/method/${method}`;
      const headers = { "content-type": "application/json" };
      const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
      return { status: response.status, body: JSON.parse(await response.text()) as unknown };
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      await sidecar.close();
    },
  };
}

describe("the whole app", () => {
  it("stores an order and finds it again", async () => {
    await using app = await startApp();
    const order = { id: "41", total: 3 };
    assert.equal((await app.post("CreateNewOrder", order)).status, 200);
    assert.deepEqual((await app.post("RetrieveOrder", { id: "41" })).body, order);
    const saved = app.sidecar.requests.find(({ path }) => path === "/v1.0/state/statestore");
    assert.deepEqual(JSON.parse(saved?.body ?? ""), [{ key: "41", value: order }]);
  });

  it("tells a caller what is wrong with a payload, and sends nothing", async () => {
    await using app = await startApp();
    const response = await app.post("quote", { customer: "ada", lines: [{ sku: "tea", quantity: 0 }] });
    assert.equal(response.status, 400);
    const { errorCode, issues } = response.body as { errorCode: string; issues: unknown };
    assert.equal(errorCode, "ERR_PAYLOAD_INVALID");
    assert.deepEqual(issues, [
      { path: "lines[0].quantity", message: "quantity must be a positive number", rule: "isPositive" },
    ]);
    assert.equal(
      app.sidecar.requests.some(({ path }) => path.startsWith("/v1.0/publish")),
      false,
    );
  });
});
