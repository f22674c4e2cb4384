import { findDaprd } from "../support/daprd.js";
import { notRun } from "../support/not-run.js";
import { findRedis, startRedis, type Redis } from "../support/redis.js";
import { startOnDaprd } from "./harness.js";
import { publishCases } from "./publish-cases.js";
import { stateCases } from "./state-cases.js";

if (!findRedis()) notRun("the contract suite with Redis", "redis-server", "apt-get install redis-server");
if (findRedis() && findDaprd()) {
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
