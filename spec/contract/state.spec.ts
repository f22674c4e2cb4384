import { call, component, contract, type Contender, type Reply } from "./harness.js";
import { stateCases } from "./state-cases.js";

contract("state", (start) => {
  stateCases(start, { type: "state.in-memory" });

  describe("the in-memory store", () => {
    let sidecar: Contender;
    beforeAll(async () => {
      sidecar = await start({ components: { cart: component("cart", "state.in-memory") } });
    });
    afterAll(() => sidecar.close());

    const save = (...entries: readonly object[]): Promise<Reply> =>
      call(sidecar.url, "POST", "/v1.0/state/cart", { body: entries });
    const get = (key: string): Promise<Reply> => call(sidecar.url, "GET", `/v1.0/state/cart/${key}`);
    const empty = { status: 204, type: undefined, text: "" };
    const conflict = { status: 409, type: "application/json", json: { errorCode: "ERR_STATE_SAVE" } };

    it("refuses an etag for a key that is missing", async () => {
      expect(await save({ key: "never", value: 1, etag: "1" })).toMatchObject(conflict);
      expect(await get("never")).toMatchObject(empty);
    });

    it("lets first-write through for a new key only", async () => {
      const entry = { key: "first", value: 1, options: { concurrency: "first-write" } };
      expect(await save(entry)).toMatchObject(empty);
      expect(await save({ ...entry, value: 2 })).toMatchObject(conflict);
      expect((await get("first")).json).toBe(1);
    });

    it("applies nothing of a transaction with a wrong etag", async () => {
      await save({ key: "held", value: 1 });
      const { etag } = await get("held");
      await save({ key: "held", value: 2 });
      const operations = [
        { operation: "upsert", request: { key: "beside", value: 1 } },
        { operation: "upsert", request: { key: "held", value: 3, etag } },
      ];
      const reply = await call(sidecar.url, "POST", "/v1.0/state/cart/transaction", { body: { operations } });
      expect(reply).toMatchObject({ status: 500, json: { errorCode: "ERR_STATE_TRANSACTION" } });
      expect((await get("held")).json).toBe(2);
      expect(await get("beside")).toMatchObject(empty);
    });

    it("tells when a key expires", async () => {
      expect(await save({ key: "brief", value: 1, metadata: { ttlInSeconds: "30" } })).toMatchObject(empty);
      const reply = await get("brief");
      expect(reply).toMatchObject({ status: 200, metadata: { ttlexpiretime: expect.any(String) } });
      expect(Date.parse(reply.metadata.ttlexpiretime!)).toBeGreaterThan(Date.now());
    });
  });

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
