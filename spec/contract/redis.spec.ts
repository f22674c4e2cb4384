import { canRun } from "../support/not-run.js";
import { startRedis, type Redis } from "../support/redis.js";
import { call, component, startOnDaprd, type Contender, type Reply } from "./harness.js";
import { publishCases } from "./publish-cases.js";
import { stateCases } from "./state-cases.js";

if (canRun("the contract suite with Redis", "daprd", "redis-server")) {
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.close());

  describe("state [redis]", () => {
    stateCases(startOnDaprd, { type: "state.redis", metadata: () => ({ redisHost: redis.host }) });
  });

  describe("what the Redis store does otherwise [redis]", () => {
    let sidecar: Contender;
    beforeAll(async () => {
      const cart = component("cart", "state.redis", { redisHost: redis.host });
      sidecar = await startOnDaprd({ components: { cart } });
    });
    afterAll(() => sidecar.close());

    const save = (entry: object): Promise<Reply> => call(sidecar.url, "POST", "/v1.0/state/cart", { body: [entry] });
    const get = (key: string): Promise<Reply> => call(sidecar.url, "GET", `/v1.0/state/cart/${key}`);

    it("takes an etag for a key that is missing", async () => {
      expect(await save({ key: "absent", value: 1, etag: "1" })).toMatchObject({ status: 204 });
      expect(await get("absent")).toMatchObject({ status: 200, json: 1 });
    });

    it("answers first-write on an existing key with 500, and keeps the first", async () => {
      const entry = { key: "taken", value: 1, options: { concurrency: "first-write" } };
      expect(await save(entry)).toMatchObject({ status: 204 });
      expect(await save({ ...entry, value: 2 })).toMatchObject({ status: 500, json: { errorCode: "ERR_STATE_SAVE" } });
      expect(await get("taken")).toMatchObject({ json: 1 });
    });

    it("applies the rest of a transaction in which an etag is wrong", async () => {
      await save({ key: "guarded", value: 1 });
      const operations = [
        { operation: "upsert", request: { key: "beside", value: 1 } },
        { operation: "upsert", request: { key: "guarded", value: 2, etag: "7" } },
      ];
      const reply = await call(sidecar.url, "POST", "/v1.0/state/cart/transaction", { body: { operations } });
      expect(reply).toMatchObject({ status: 500, json: { errorCode: "ERR_STATE_TRANSACTION" } });
      expect(await get("guarded")).toMatchObject({ json: 1 });
      expect(await get("beside")).toMatchObject({ status: 200, json: 1 });
    });
  });

  describe("publish [redis]", () => {
    const metadata = (): Record<string, string> => ({ redisHost: redis.host, poolSize: "400" });
    publishCases(startOnDaprd, { type: "pubsub.redis", metadata });
  });
}
