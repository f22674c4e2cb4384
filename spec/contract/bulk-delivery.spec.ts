import { startApp, type Answer, type Received, type RecordingApp } from "./app.js";
import { call, component, contract, type Contender, type Reply } from "./harness.js";

interface BulkRequest {
  readonly entries: readonly { readonly entryId: string; readonly event: unknown; readonly contentType: string }[];
}

type Answering = (request: BulkRequest) => Answer;

const json = (body: unknown): Answer => ({
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const each =
  (status: unknown): Answering =>
  ({ entries }) =>
    json({ statuses: entries.map(({ entryId }) => ({ entryId, status })) });

/** What the app answers, and whether its one entry is dead-lettered then. */
const cases: readonly [title: string, answering: Answering, deadLettered: boolean][] = [
  ["SUCCESS", each("SUCCESS"), false],
  ["RETRY", each("RETRY"), true],
  ["DROP", each("DROP"), true],
  ["an empty status", each(""), true],
  ["a status that Dapr does not know", each("LATER"), true],
  ["no entry", () => json({ statuses: [] }), true],
  ["no statuses", () => json({}), true],
  ["an entry of another id", () => json({ statuses: [{ entryId: "other", status: "SUCCESS" }] }), true],
  ["an empty body", () => ({}), true],
  ["text", () => ({ body: "fine" }), true],
  ["an array", () => json([]), true],
  ["500", () => ({ status: 500 }), true],
  ["404, which loses it", () => ({ status: 404 }), false],
];
const topicOf = (index: number): string => `bulk-${index}`;

contract("bulk delivery", (start) => {
  let app: RecordingApp;
  let sidecar: Contender;
  const answers = new Map(cases.map(([, answering], index) => [`/${topicOf(index)}`, answering]));

  beforeAll(async () => {
    const one = { enabled: true, maxMessagesCount: 1, maxAwaitDurationMs: 20 };
    const three = { enabled: true, maxMessagesCount: 3, maxAwaitDurationMs: 20 };
    app = await startApp({
      subscriptions: [
        ...cases.flatMap((_, index) => [
          {
            pubsubname: "bus",
            topic: topicOf(index),
            route: `/${topicOf(index)}`,
            bulkSubscribe: one,
            deadLetterTopic: `dead-${topicOf(index)}`,
          },
          { pubsubname: "bus", topic: `dead-${topicOf(index)}`, route: `/dead-${topicOf(index)}` },
        ]),
        { pubsubname: "bus", topic: "three", route: "/three", bulkSubscribe: three },
        {
          pubsubname: "bus",
          topic: "mixed",
          route: "/mixed",
          bulkSubscribe: three,
          deadLetterTopic: "mixed-dead",
        },
        { pubsubname: "bus", topic: "mixed-dead", route: "/mixed-dead" },
        { pubsubname: "bus", topic: "waiting", route: "/waiting", bulkSubscribe: { ...one, maxMessagesCount: 100 } },
        { pubsubname: "bus", topic: "raw", route: "/raw", bulkSubscribe: one, metadata: { rawPayload: "true" } },
      ],
      answer: ({ path, json: body }) => {
        const request = body as BulkRequest | undefined;
        if (!request) return undefined;
        if (path === "/mixed") {
          return json({ statuses: request.entries.map(({ entryId, event }) => ({ entryId, status: dataOf(event) })) });
        }
        if (!path.startsWith("/dead") && dataOf(request.entries?.[0]?.event) === "end") return each("SUCCESS")(request);
        return answers.get(path)?.(request);
      },
    });
    sidecar = await start({ components: { bus: component("bus", "pubsub.in-memory") }, app });
  });
  afterAll(async () => {
    await sidecar.close();
    await app.close();
  });

  const dataOf = (event: unknown): unknown => (event as { data?: unknown } | undefined)?.data;
  const publish = (topic: string, body: unknown, query = ""): Promise<Reply> =>
    call(sidecar.url, "POST", `/v1.0/publish/bus/${topic}${query}`, {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
  const firstOn = async (path: string): Promise<Received & { json: BulkRequest }> =>
    (await app.received((request) => request.path === path))[0] as Received & { json: BulkRequest };

  // Daprd's in-memory broker waits for each event, so that there is never more than one to hand over.
  it("hands over no more events than were asked for, in order", async () => {
    for (const data of ["a", "b", "c", "d"]) await publish("three", data, `?metadata.cloudevent.id=${data}`);
    await app.received(({ path, body }) => path === "/three" && body.includes('"data":"d"'));
    const requests = app.requests.filter(({ path }) => path === "/three");
    expect(requests[0]).toMatchObject({
      method: "POST",
      headers: { "content-type": "application/json", pubsubname: "bus" },
    });
    for (const request of requests) {
      expect(request.json).toEqual({
        id: expect.any(String),
        entries: expect.any(Array),
        metadata: { pubsubName: "bus" },
        pubsubname: "bus",
        topic: "three",
        type: "com.dapr.event.sent.bulk",
      });
      expect((request.json as BulkRequest).entries.length).toBeLessThanOrEqual(3);
    }
    const entries = requests.flatMap((request) => (request.json as BulkRequest).entries);
    expect(entries).toEqual(
      ["a", "b", "c", "d"].map((data) => ({
        entryId: expect.any(String),
        event: expect.objectContaining({ id: data, data, topic: "three", pubsubname: "bus", specversion: "1.0" }),
        contentType: "application/cloudevents+json",
        metadata: expect.any(Object),
      })),
    );
    expect(new Set(entries.map(({ entryId }) => entryId)).size).toBe(4);
  });

  it("hands over fewer when the time is up", async () => {
    await publish("waiting", 1);
    expect((await firstOn("/waiting")).json.entries).toHaveLength(1);
  });

  it("hands over raw messages as base64", async () => {
    await publish("raw", { a: 1 }, "?metadata.rawPayload=true");
    const [entry] = (await firstOn("/raw")).json.entries;
    expect(entry).toMatchObject({
      event: Buffer.from('{"a":1}').toString("base64"),
      contentType: "application/octet-stream",
    });
  });

  it("settles each entry by its own status", async () => {
    for (const data of ["SUCCESS", "RETRY", "DROP"]) await publish("mixed", data);
    const dead = await app.received(({ path }) => path === "/mixed-dead", 2);
    expect(new Set(dead.map((request) => dataOf(request.json)))).toEqual(new Set(["DROP", "RETRY"]));
    await publish("mixed-dead", "end");
    await app.received((request) => dataOf(request.json) === "end" && request.path === "/mixed-dead");
    expect(app.requests.filter(({ path }) => path === "/mixed-dead")).toHaveLength(3);
  });

  describe("an entry answered with", () => {
    it.each(cases.map(([title, , deadLettered], index) => [title, topicOf(index), deadLettered] as const))(
      "%s",
      async (_, topic, deadLettered) => {
        await publish(topic, "event");
        await firstOn(`/${topic}`);
        await publish(topic, "end");
        await app.received(
          (request) =>
            request.path === `/${topic}` && dataOf((request.json as BulkRequest).entries[0]?.event) === "end",
        );
        await publish(`dead-${topic}`, "end");
        await app.received((request) => request.path === `/dead-${topic}` && dataOf(request.json) === "end");
        const dead = app.requests
          .filter(({ path }) => path === `/dead-${topic}`)
          .map((request) => dataOf(request.json));
        expect(dead).toEqual(deadLettered ? ["event", "end"] : ["end"]);
      },
    );
  });
});
