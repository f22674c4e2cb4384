import { createClient } from "redis";
import { HttpDaprClient } from "../../lib/client/http/http-dapr-client.js";
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

  describe("a bulk publish that fails in part [redis]", () => {
    let sidecar: Contender;
    let client: HttpDaprClient;
    beforeAll(async () => {
      // A command with an argument beyond this is refused, so that a large event fails where small ones do not.
      const admin = await createClient({ url: `redis://${redis.host}` }).connect();
      await admin.configSet("proto-max-bulk-len", "1048576");
      await admin.close();
      sidecar = await startOnDaprd({
        components: { bus: component("bus", "pubsub.redis", { redisHost: redis.host }) },
      });
      client = new HttpDaprClient({ url: sidecar.url });
    });
    afterAll(async () => {
      await client.close();
      await sidecar.close();
    });

    const large = "x".repeat(1_200_000);
    const entriesOf = async (topic: string): Promise<number> => {
      const admin = await createClient({ url: `redis://${redis.host}` }).connect();
      const length = await admin.xLen(topic);
      await admin.close();
      return length;
    };

    it("names the entries that failed, and has published the others", async () => {
      const body = ["small", large, "small too"].map((event, index) => ({
        entryId: String(index),
        event,
        contentType: "application/json",
      }));
      const reply = await call(sidecar.url, "POST", "/v1.0/publish/bulk/bus/partial", { body });
      expect(reply).toMatchObject({
        status: 500,
        json: {
          failedEntries: [{ entryId: "1", error: expect.any(String) }],
          errorCode: "ERR_PUBSUB_PUBLISH_MESSAGE",
        },
      });
      expect(await entriesOf("partial")).toBe(2);
    });

    it("is an error of the client that counts the entries published", async () => {
      const entries = ["small", large, "small too"].map((content) => ({
        payload: { contentType: "application/json", content },
      }));
      await expect(client.publishBulk({ pubSubName: "bus", topic: "counted", entries })).rejects.toMatchObject({
        name: "SidecarError",
        status: 500,
        errorCode: "ERR_PUBSUB_PUBLISH_MESSAGE",
        accepted: 2,
      });
      expect(await entriesOf("counted")).toBe(2);
    });
  });

  describe("publish [redis]", () => {
    const metadata = (): Record<string, string> => ({ redisHost: redis.host, poolSize: "400" });
    publishCases(startOnDaprd, { type: "pubsub.redis", metadata });
  });
}
