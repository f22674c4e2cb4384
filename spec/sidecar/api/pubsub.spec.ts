import type { Sidecar } from "../../../lib/sidecar/index.js";
import { appWith, call, closeAll, sidecarWith, type CallOptions, type FakeApp } from "../support.js";

const bus = { name: "bus", type: "pubsub.in-memory" };
const json = { "content-type": "application/json" };

describe("publishing", () => {
  let app: FakeApp;
  let sidecar: Sidecar;
  beforeEach(async () => {
    app = await appWith({
      "GET /dapr/subscribe": {
        body: [
          { pubsubname: "bus", topic: "orders", route: "/orders" },
          { pubsubname: "bus", topic: "eu/fr#1 ?", route: "/odd" },
          { pubsubname: "bus", topic: "raw", route: "/raw", metadata: { rawPayload: "true" } },
        ],
      },
      "POST /orders": {},
      "POST /odd": {},
      "POST /raw": {},
    });
    sidecar = await sidecarWith([bus], { appPort: app.port });
    await sidecar.ready;
  });
  afterEach(closeAll);

  const publish = (options: CallOptions, query = "") => call(sidecar, `POST /v1.0/publish/bus/orders${query}`, options);
  const event = async (count = 1) =>
    JSON.parse((await app.received("POST /orders", count)).at(-1)!.body) as Record<string, unknown>;

  it("wraps JSON in a CloudEvent, numbers as they are spelt", async () => {
    expect(await publish({ headers: json, body: '{"id": 9,"sum":2.50}' })).toMatchObject({ status: 204, text: "" });
    const [delivery] = await app.received("POST /orders");
    expect(delivery!.body).toContain('"data":{"id": 9,"sum":2.50}');
    expect(await event()).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      source: "orders",
      type: "com.dapr.event.sent",
      specversion: "1.0",
      datacontenttype: "application/json",
      topic: "orders",
      pubsubname: "bus",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      traceid: expect.any(String),
      traceparent: expect.any(String),
      tracestate: "",
      data: { id: 9, sum: 2.5 },
    });
  });

  it("delivers with the headers of daprd", async () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    await publish({ headers: { ...json, traceparent, tracestate: "a=1" }, body: 1 });
    expect((await app.received("POST /orders"))[0]!.headers).toMatchObject({
      "content-type": "application/cloudevents+json",
      pubsubname: "bus",
      traceparent,
    });
    expect(await event()).toMatchObject({ traceparent, traceid: traceparent, tracestate: "a=1" });
  });

  it.each([
    ["application/json; charset=utf-8", "[1]", { data: [1] }],
    ["application/json", "{oops", { data: "{oops" }],
    ["application/vnd.x+json", "1", { data: "1" }],
    ["text/csv", "a,b", { data: "a,b" }],
    ["application/xml", "<o/>", { data: "<o/>" }],
    ["application/octet-stream", Buffer.from([0, 255]), { data_base64: "AP8=" }],
  ])("keeps %s verbatim as the content type of its data", async (type, body, members) => {
    await publish({ headers: { "content-type": type }, body });
    expect(await event()).toMatchObject({ datacontenttype: type, ...members });
  });

  it("takes a body without a type for text", async () => {
    await publish({ body: "hey" });
    expect(await event()).toMatchObject({ datacontenttype: "text/plain", data: "hey" });
  });

  it("completes an own CloudEvent, and leaves a missing id missing", async () => {
    const own = { headers: { "content-type": "application/cloudevents+json" } };
    await publish({ ...own, body: '{"id":"x1","source":"s","topic":"mine","big":90071992547409931234,"data":4}' });
    expect((await app.received("POST /orders"))[0]!.body).toContain('"big":90071992547409931234');
    expect(await event()).toMatchObject({
      id: "x1",
      source: "s",
      type: "com.dapr.event.sent",
      specversion: "1.0",
      topic: "orders",
      pubsubname: "bus",
      time: expect.any(String),
      data: 4,
    });
    await publish({ ...own, body: { data: 5 } }, "?metadata.cloudevent.id=ignored");
    expect(await event(2)).not.toHaveProperty("id");
  });

  it("answers 500 to an own CloudEvent that is not a JSON object", async () => {
    for (const body of ["[1]", "no json", ""]) {
      const reply = await publish({ headers: { "content-type": "application/cloudevents+json" }, body });
      expect(reply).toMatchObject({ status: 500, json: { errorCode: "ERR_PUBSUB_CLOUD_EVENTS_SER" } });
    }
  });

  it("lets metadata override the envelope, in any case, but not its time or its content type", async () => {
    const names = "CloudEvent.Id=mine&metadata.cloudevent.type=o%20v2&metadata.cloudevent.source=s";
    const others = "cloudevent.subject=sub&metadata.cloudevent.time=never&metadata.cloudevent.datacontenttype=x";
    await publish({ headers: json, body: 1 }, `?metadata.${names}&metadata.${others}`);
    const { time, ...rest } = await event();
    expect(rest).toMatchObject({
      id: "mine",
      type: "o v2",
      source: "s",
      subject: "sub",
      datacontenttype: json["content-type"],
    });
    expect(time).not.toBe("never");
  });

  it("adds an expiration for a TTL, ignores one that it cannot read, and drops an event whose TTL is 0", async () => {
    await publish({ headers: json, body: 1 }, "?metadata.ttlInSeconds=0");
    await publish({ headers: json, body: 2 }, "?metadata.ttlInSeconds=soon");
    expect(await event()).toMatchObject({ data: 2 });
    expect(await event()).not.toHaveProperty("expiration");
    await publish({ headers: json, body: 3 }, "?metadata.ttlInSeconds=60");
    expect(await event(2)).toMatchObject({ data: 3, expiration: expect.stringMatching(/Z$/) });
  });

  it("gives a raw message to a raw subscription in base64, with an id of each delivery's own", async () => {
    const reply = await call(sidecar, "POST /v1.0/publish/bus/raw?metadata.rawPayload=true", { body: '{"n":1}' });
    expect(reply).toMatchObject({ status: 204 });
    const [delivery] = await app.received("POST /raw");
    expect(JSON.parse(delivery!.body)).toMatchObject({
      id: expect.any(String),
      datacontenttype: "application/octet-stream",
      data_base64: Buffer.from('{"n":1}').toString("base64"),
    });
    expect(delivery!.headers).toMatchObject({ rawpayload: "true", pubsubname: "bus" });
  });

  it("gives a raw message to an ordinary subscription as it is when it is an object, else not at all", async () => {
    await publish({ body: "[1]" }, "?metadata.rawPayload=true");
    await publish({ body: '{"n": 1}' }, "?metadata.rawPayload=true");
    const [delivery] = await app.received("POST /orders");
    expect(delivery!.body).toBe('{"n": 1}');
  });

  it("refuses a rawPayload that is not a boolean", async () => {
    expect(await publish({ body: "1" }, "?metadata.rawPayload=maybe")).toMatchObject({
      status: 400,
      json: { errorCode: "ERR_PUBSUB_REQUEST_METADATA" },
    });
  });

  it("decodes names in the path once", async () => {
    await call(sidecar, "PUT /v1.0/publish/bus/eu%2Ffr%231%20%3F", { headers: json, body: 1 });
    expect(JSON.parse((await app.received("POST /odd"))[0]!.body)).toMatchObject({ topic: "eu/fr#1 ?" });
  });

  it("answers 404 for an unknown pubsub, and for no topic", async () => {
    expect(await call(sidecar, "POST /v1.0/publish/nobus/orders", { body: 1 })).toMatchObject({
      status: 404,
      json: { errorCode: "ERR_PUBSUB_NOT_FOUND", message: "pubsub nobus is not found" },
    });
    expect(await call(sidecar, "POST /v1.0/publish/bus/", { body: 1 })).toMatchObject({
      status: 404,
      json: { errorCode: "ERR_DIRECT_INVOKE" },
    });
  });

  it("answers 403 for a topic that the component's scopes forbid", async () => {
    const metadata = { publishingScopes: "orders=a,b; other=c", protectedTopics: "secret" };
    const scoped = await sidecarWith([{ ...bus, metadata }]);
    const publishTo = (topic: string) => call(scoped, `POST /v1.0/publish/bus/${topic}`, { body: 1 });
    expect(await publishTo("a")).toMatchObject({ status: 204 });
    expect(await publishTo("c")).toMatchObject({
      status: 403,
      json: { errorCode: "ERR_PUBSUB_FORBIDDEN", message: "topic c is not allowed for app id orders" },
    });
    expect(await publishTo("secret")).toMatchObject({ status: 403 });
  });

  it("answers 500 to a body above 4 MiB", async () => {
    const reply = await publish({ body: Buffer.alloc((4 << 20) + 1, "x") });
    expect(reply).toMatchObject({ status: 500, json: { errorCode: "ERR_PUBSUB_PUBLISH_MESSAGE" } });
    expect((reply.json as { message: string }).message).toContain("stream too large");
  });

  describe("in bulk", () => {
    const bulk = (entries: unknown, query = "", path = "/v1.0/publish/bulk/bus/orders") =>
      call(sidecar, `POST ${path}${query}`, { headers: json, body: entries });
    const entry = (entryId: string, event: unknown, contentType = "application/json") => ({
      entryId,
      event,
      contentType,
    });

    it("publishes each entry under its content type", async () => {
      const reply = await bulk([
        entry("0", { n: 1 }),
        entry("1", "t", "text/plain"),
        entry("2", "AQL/", "application/octet-stream"),
      ]);
      expect(reply).toMatchObject({ status: 204, text: "" });
      const events = (await app.received("POST /orders", 3)).map(({ body }) => JSON.parse(body) as object);
      expect(events).toMatchObject([{ data: { n: 1 } }, { data: "t" }, { data_base64: "AQL/" }]);
    });

    it("is there under its old path, too", async () => {
      expect(await bulk([entry("a", 1)], "", "/v1.0-alpha1/publish/bulk/bus/orders")).toMatchObject({ status: 204 });
      expect(await event()).toMatchObject({ data: 1 });
    });

    it("gives the query's metadata to entries that have metadata", async () => {
      await bulk(
        [{ ...entry("a", 1), metadata: { "cloudevent.type": "own" } }, entry("b", 2)],
        "?metadata.cloudevent.source=s",
      );
      const events = (await app.received("POST /orders", 2)).map(({ body }) => JSON.parse(body) as object);
      expect(events).toMatchObject([
        { type: "own", source: "s" },
        { type: "com.dapr.event.sent", source: "orders" },
      ]);
    });

    it.each([
      ["a missing content type", [{ entryId: "a", event: 1 }]],
      ["an event that does not fit its content type", [entry("a", 1, "text/plain")]],
      ["bytes that are not base64", [entry("a", "%", "application/octet-stream")]],
      ["an id used twice", [entry("a", 1), entry("a", 2)]],
      ["an empty id", [entry("", 1)]],
      ["metadata that is a number", [{ ...entry("a", 1), metadata: { n: 1 } }]],
      ["no list", {}],
    ])("publishes nothing when there is %s", async (_, body) => {
      expect(await bulk(body)).toMatchObject({ status: 400, json: { errorCode: "ERR_PUBSUB_EVENTS_SER" } });
      await publish({ headers: json, body: "last" });
      expect(await app.received("POST /orders")).toHaveLength(1);
    });

    it("answers 500 to an own CloudEvent that is none, 404 and 403 as for single events", async () => {
      expect(await bulk([entry("a", 1), entry("b", 2, "application/cloudevents+json")])).toMatchObject({
        status: 500,
        json: { errorCode: "ERR_PUBSUB_CLOUD_EVENTS_SER" },
      });
      expect(await bulk([], "", "/v1.0/publish/bulk/nobus/orders")).toMatchObject({ status: 404 });
      const scoped = await sidecarWith([{ ...bus, metadata: { allowedTopics: "a" } }]);
      const path = "POST /v1.0/publish/bulk/bus/b";
      expect(await call(scoped, path, { body: [entry("a", 1)] })).toMatchObject({ status: 403 });
    });
  });

  it("loses what is published while no app listens", async () => {
    const alone = await sidecarWith([bus]);
    expect(await call(alone, "POST /v1.0/publish/bus/orders", { headers: json, body: 1 })).toMatchObject({
      status: 204,
    });
    await alone.connect(app);
    await call(alone, "POST /v1.0/publish/bus/orders", { headers: json, body: 2 });
    expect(await event()).toMatchObject({ data: 2 });
  });
});
