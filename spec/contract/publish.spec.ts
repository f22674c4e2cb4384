import { call, component, contract, type Contender, type Reply } from "./harness.js";
import { publishCases } from "./publish-cases.js";

contract("publish", (start) => {
  publishCases(start, { type: "pubsub.in-memory" });

  describe("to a pubsub that allows some topics only", () => {
    let sidecar: Contender;
    beforeAll(async () => {
      const components = {
        allowing: component("allowing", "pubsub.in-memory", { allowedTopics: "open,also-open" }),
        protecting: component("protecting", "pubsub.in-memory", { protectedTopics: "locked" }),
      };
      sidecar = await start({ components });
    });
    afterAll(() => sidecar.close());

    const publish = (path: string): Promise<Reply> => call(sidecar.url, "POST", `/v1.0/publish/${path}`, { body: {} });
    const publishBulk = (path: string): Promise<Reply> => {
      const body = [{ entryId: "0", event: 1, contentType: "application/json" }];
      return call(sidecar.url, "POST", `/v1.0/publish/bulk/${path}`, { body });
    };
    const forbidden = { status: 403, type: "application/json", json: { errorCode: "ERR_PUBSUB_FORBIDDEN" } };

    it.each(["allowing/open", "allowing/also-open", "protecting/unlocked"])("takes %s", async (path) => {
      expect(await publish(path)).toMatchObject({ status: 204 });
      expect(await publishBulk(path)).toMatchObject({ status: 204 });
    });

    it.each(["allowing/closed", "protecting/locked"])("refuses %s", async (path) => {
      expect(await publish(path)).toMatchObject(forbidden);
      expect(await publishBulk(path)).toMatchObject(forbidden);
    });
  });
});
