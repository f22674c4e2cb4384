import { canRun } from "../support/not-run.js";
import { startRedis, type Redis } from "../support/redis.js";
import { startOnDaprd } from "./harness.js";
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

  describe("publish [redis]", () => {
    const metadata = (): Record<string, string> => ({ redisHost: redis.host, poolSize: "400" });
    publishCases(startOnDaprd, { type: "pubsub.redis", metadata });
  });
}
