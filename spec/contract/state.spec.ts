import { call, component, contract } from "./harness.js";
import { stateCases } from "./state-cases.js";

contract("state", (start) => {
  stateCases(start, { type: "state.in-memory" });

  describe("without any store", () => {
    it.each([
      ["GET", "/v1.0/state/cart/k"],
      ["POST", "/v1.0/state/cart"],
    ])("%s %s says that none is configured", async (method, path) => {
      const sidecar = await start({ components: { bus: component("bus", "pubsub.in-memory") } });
      const reply = await call(sidecar.url, method, path, { body: "[]" });
      await sidecar.close();
      expect(reply).toMatchObject({
        status: 500,
        type: "application/json",
        json: { errorCode: "ERR_STATE_STORE_NOT_CONFIGURED" },
      });
    });
  });
});
