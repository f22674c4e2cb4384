import { appWith, call, closeAll, Lines, sidecarWith, type AppAnswer, type AppCall } from "../support.js";

const bus = { name: "bus", type: "pubsub.in-memory" };
const json = { "content-type": "application/json" };

describe("deliveries", () => {
  afterEach(closeAll);

  /** A sidecar whose app has one subscription to `orders`, and one to `dead` for what went wrong. */
  async function start(
    subscription: object,
    answers: Readonly<Record<string, AppAnswer | ((call: AppCall) => AppAnswer | Promise<AppAnswer>)>> = {},
    log = new Lines(),
  ) {
    const app = await appWith({
      "GET /dapr/subscribe": {
        body: [
          { pubsubname: "bus", topic: "orders", ...subscription },
          { pubsubname: "bus", topic: "dead", route: "/dead" },
        ],
      },
      "POST /dead": {},
      ...answers,
    });
    const sidecar = await sidecarWith([bus], { log });
    await sidecar.connect(app);
    const publish = (data: unknown, query = "") =>
      call(sidecar, `POST /v1.0/publish/bus/orders${query}`, { headers: json, body: JSON.stringify(data) });
    return { app, sidecar, publish, log };
  }
  const dataOf = (calls: readonly AppCall[]) => calls.map(({ body }) => (JSON.parse(body) as { data: unknown }).data);

  it("arrive in the order of publication, each after the one before was answered", async () => {
    let busy = 0;
    const { app, publish } = await start(
      { route: "/orders" },
      {
        "POST /orders": async () => {
          expect(++busy).toBe(1);
          await new Promise((resolve) => setImmediate(resolve));
          busy--;
          return {};
        },
      },
    );
    for (let n = 0; n < 20; n++) await publish(n);
    expect(dataOf(await app.received("POST /orders", 20))).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it("do not keep the publisher waiting", async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const { app, publish } = await start({ route: "/orders" }, { "POST /orders": () => answered.then(() => ({})) });
    expect(await publish(1)).toMatchObject({ status: 204 });
    expect(await publish(2)).toMatchObject({ status: 204 });
    answer();
    await app.received("POST /orders", 2);
  });

  it("reach the route as it is listed, escapes and query included", async () => {
    const { app, publish } = await start({ route: "/a%2Fb/c?d=1" }, { "POST /a%2Fb/c?d=1": {} });
    await publish(1);
    expect(await app.received("POST /a%2Fb/c?d=1")).toHaveLength(1);
  });

  it.each([
    ["an empty answer", {}],
    ["text", { body: "fine" }],
    ["JSON without status", { body: { ok: true } }],
    ["a list", { body: [] }],
    ["SUCCESS", { body: { status: "SUCCESS" } }],
    ["a status that is not text", { body: { status: 7 } }],
    ["202", { status: 202 }],
  ])("are done with %s", async (_, answer: AppAnswer) => {
    const { app, publish } = await start({ route: "/orders", deadLetterTopic: "dead" }, { "POST /orders": answer });
    await publish(1);
    await publish(2);
    await app.received("POST /orders", 2);
    expect(app.calls.filter(({ path }) => path === "/dead")).toEqual([]);
  });

  const failures: [string, AppAnswer][] = [
    ["DROP", { body: { status: "DROP" } }],
    ["404", { status: 404 }],
    ["RETRY", { body: { status: "RETRY" } }],
    ["a word in lower case", { body: { status: "drop" } }],
    ["500", { status: 500 }],
    ["409 with a DROP in its body", { status: 409, body: { status: "DROP" } }],
    ["302", { status: 302, headers: { location: "/dead" } }],
  ];

  it.each(failures)("answered %s go to the dead letter topic at once, unchanged", async (_, answer) => {
    const { app, publish } = await start({ route: "/orders", deadLetterTopic: "dead" }, { "POST /orders": answer });
    await publish(1);
    const [dead] = await app.received("POST /dead");
    const [first] = await app.received("POST /orders");
    expect(dead!.body).toBe(first!.body);
    expect(JSON.parse(dead!.body)).toMatchObject({ topic: "orders", data: 1 });
  });

  it.each(failures)("answered %s are delivered once where there is no dead letter topic", async (_, answer) => {
    const { app, publish } = await start({ route: "/orders" }, { "POST /orders": answer });
    await publish(1);
    await publish(2);
    expect(dataOf(await app.received("POST /orders", 2))).toEqual([1, 2]);
  });

  it("that are lost are told, those that the app dropped are not", async () => {
    const answers = [{ body: { status: "DROP" } }, { status: 500 }];
    const { publish, log } = await start({ route: "/orders" }, { "POST /orders": () => answers.shift()! });
    await publish(1);
    await publish(2);
    expect(await log.next(/lost/)).toBe("an event of topic orders of bus is lost: the app answered 500");
    expect(log.all.filter((line) => line.includes("lost"))).toHaveLength(1);
  });

  it("whose answer cannot be read go to the dead letter topic", async () => {
    const { app, publish } = await start(
      { route: "/orders", deadLetterTopic: "dead" },
      { "POST /orders": { headers: { "x-long": "x".repeat(5000) } } },
    );
    await publish(1);
    expect(await app.received("POST /dead")).toHaveLength(1);
  });

  it("leave out what has expired", async () => {
    const { app, publish } = await start({ route: "/orders" }, { "POST /orders": {} });
    await publish(1, "?metadata.ttlInSeconds=0");
    await publish(2);
    expect(dataOf(await app.received("POST /orders"))).toEqual([2]);
  });

  describe("by rules", () => {
    const routes = {
      rules: [
        { match: "event.type == 'v2'", path: "/v2" },
        { match: "has(event.data.total) && event.data.total > 10", path: "/large" },
      ],
      default: "/rest",
    };
    const answers = { "POST /v2": {}, "POST /large": {}, "POST /rest": {} };

    it("go to the first rule that matches, then to the default", async () => {
      const { app, publish } = await start({ routes }, answers);
      await publish({ total: 11 });
      await publish({ total: 11, n: 2 }, "?metadata.cloudevent.type=v2");
      await publish({ name: "x" });
      expect(dataOf(await app.received("POST /large"))).toEqual([{ total: 11 }]);
      expect(dataOf(await app.received("POST /v2"))).toEqual([{ total: 11, n: 2 }]);
      expect(dataOf(await app.received("POST /rest"))).toEqual([{ name: "x" }]);
    });

    it("go to the dead letter topic when none matches", async () => {
      const { app, publish } = await start({ routes: { rules: routes.rules }, deadLetterTopic: "dead" }, answers);
      await publish({ name: "x" });
      expect(dataOf(await app.received("POST /dead"))).toEqual([{ name: "x" }]);
    });

    it("count a field that is not there as a failure, even with a default", async () => {
      const rules = [{ match: "event.data.total > 10", path: "/large" }];
      const { publish, log } = await start({ routes: { rules, default: "/rest" } }, answers);
      await publish({ name: "x" });
      expect(await log.next(/lost/)).toMatch(/No such key: total/);
    });

    it("count a rule that is not a condition as a failure", async () => {
      const { publish, log } = await start({ routes: { rules: [{ match: "event.type", path: "/v2" }] } });
      await publish(1);
      expect(await log.next(/lost/)).toMatch(/was not a boolean/);
    });

    it("cannot be connected with an expression that cannot be read", async () => {
      const rules = [{ match: "event.type ==", path: "/v2" }];
      await expect(start({ routes: { rules } })).rejects.toThrow(/match expression "event.type ==" cannot be read/);
    });
  });

  describe("in bulk", () => {
    interface Bulk {
      readonly entries: readonly { readonly entryId: string; readonly event: { readonly data: unknown } }[];
    }
    const bulkOf = ({ body }: AppCall) => JSON.parse(body) as Bulk;
    const subscription = {
      route: "/orders",
      deadLetterTopic: "dead",
      bulkSubscribe: { enabled: true, maxMessagesCount: 3, maxAwaitDurationMs: 60_000 },
    };

    it("arrive together as soon as there are as many as may be", async () => {
      const { app, publish } = await start(subscription, { "POST /orders": {} });
      for (const n of [1, 2, 3]) await publish(n);
      const [bulk] = await app.received("POST /orders");
      expect(bulk!.headers).toMatchObject({ "content-type": "application/json", pubsubname: "bus" });
      expect(bulkOf(bulk!)).toEqual({
        id: expect.any(String),
        type: "com.dapr.event.sent.bulk",
        topic: "orders",
        pubsubname: "bus",
        metadata: { pubsubName: "bus" },
        entries: [1, 2, 3].map((n) => ({
          entryId: expect.any(String),
          event: expect.objectContaining({ data: n, specversion: "1.0" }),
          metadata: {},
          contentType: "application/cloudevents+json",
        })),
      });
    });

    it("arrive when the first has waited long enough", async () => {
      const bulkSubscribe = { enabled: true, maxAwaitDurationMs: 10 };
      const { app, publish } = await start({ route: "/orders", bulkSubscribe }, { "POST /orders": {} });
      await publish(1);
      expect(bulkOf((await app.received("POST /orders"))[0]!).entries).toHaveLength(1);
    });

    it("dead-letter the entries that were not done, one by one", async () => {
      const { app, publish } = await start(subscription, {
        "POST /orders": (call) => {
          const [first, second] = bulkOf(call).entries;
          const statuses = [
            { entryId: first!.entryId, status: "SUCCESS" },
            { entryId: second!.entryId, status: "DROP" },
            { entryId: "unknown", status: "SUCCESS" },
          ];
          return { body: { statuses } };
        },
      });
      for (const n of [1, 2, 3]) await publish(n);
      expect(dataOf(await app.received("POST /dead", 2))).toEqual([2, 3]);
    });

    it.each([
      ["nothing", {}],
      ["text", { body: "ok" }],
      ["a list", { body: [] }],
      ["500", { status: 500 }],
    ])("dead-letter all entries when the answer is %s", async (_, answer: AppAnswer) => {
      const { app, publish } = await start(subscription, { "POST /orders": answer });
      for (const n of [1, 2, 3]) await publish(n);
      expect(dataOf(await app.received("POST /dead", 3))).toEqual([1, 2, 3]);
    });

    it("are gone when the answer is 404, dead letter topic or not", async () => {
      const { app, publish } = await start({ ...subscription, bulkSubscribe: { enabled: true, maxMessagesCount: 1 } });
      await publish(1);
      await publish(2);
      await app.received("POST /orders", 2);
      expect(app.calls.filter(({ path }) => path === "/dead")).toEqual([]);
    });

    it("carry raw messages in base64", async () => {
      const bulkSubscribe = { enabled: true, maxMessagesCount: 1 };
      const { app, sidecar } = await start({ route: "/orders", metadata: { rawPayload: "true" }, bulkSubscribe });
      await call(sidecar, "POST /v1.0/publish/bus/orders?metadata.rawPayload=true", { body: "ab" });
      expect(bulkOf((await app.received("POST /orders"))[0]!).entries).toMatchObject([
        { event: "YWI=", contentType: "application/octet-stream" },
      ]);
    });

    it("are grouped by route", async () => {
      const routes = { rules: [{ match: "event.data > 1.0", path: "/big" }], default: "/small" };
      const { app, publish } = await start({ ...subscription, route: undefined, routes }, { "POST /big": {} });
      for (const n of [1, 2, 3]) await publish(n);
      expect(bulkOf((await app.received("POST /big"))[0]!).entries).toHaveLength(2);
      expect(bulkOf((await app.received("POST /small"))[0]!).entries).toHaveLength(1);
    });
  });

  it("under way end before the sidecar has closed", async () => {
    let ended = false;
    const { app, sidecar, publish } = await start(
      { route: "/orders" },
      {
        "POST /orders": async () => {
          await new Promise((resolve) => setTimeout(resolve, 50));
          ended = true;
          return {};
        },
      },
    );
    await publish(1);
    await app.received("POST /orders");
    await sidecar.close();
    expect(ended).toBe(true);
  });
});
