import { startApp, type Received, type RecordingApp } from "./app.js";
import {
  awkward,
  awkwardName,
  call,
  component,
  enc,
  type CallOptions,
  type Contender,
  type Reply,
  type Start,
} from "./harness.js";

/** Type and metadata of the broker that the cases run on. */
export interface Broker {
  readonly type: string;
  /** Asked when the cases begin, since a server may have to be started first. */
  readonly metadata?: () => Readonly<Record<string, string>>;
}

const anyText: string = expect.any(String);

/** What Dapr makes of a publish, with any broker. */
export function publishCases(start: Start, { type, metadata = () => ({}) }: Broker): void {
  let app: RecordingApp;
  let sidecar: Contender;
  /** Topics are named after the cases, so that none sees another's events. */
  const topics: string[] = [];
  const raw: string[] = [];
  const topic = (name: string): string => (topics.push(name), name);
  const on = (name: string, title: string, test: () => Promise<void>): void => {
    topic(name);
    it(title, test);
  };
  const onRaw = (name: string, title: string, test: () => Promise<void>): void => {
    raw.push(name);
    it(title, test);
  };

  beforeAll(async () => {
    app = await startApp({
      subscriptions: [
        ...topics.map((name) => ({ pubsubname: "bus", topic: name, route: routeOf(name) })),
        ...raw.map((name) => ({
          pubsubname: "bus",
          topic: name,
          route: routeOf(name),
          metadata: { rawPayload: "true" },
        })),
        { pubsubname: awkwardName, topic: "on-awkward", route: "/on-awkward" },
      ],
    });
    const components = { bus: component("bus", type, metadata()), awkward: component(awkwardName, type, metadata()) };
    sidecar = await start({ components, app });
  });
  afterAll(async () => {
    await sidecar.close();
    await app.close();
  });

  const routeOf = (name: string): string => `/events/${Buffer.from(name).toString("hex")}`;
  const to = (method: string, path: string, options?: CallOptions): Promise<Reply> =>
    call(sidecar.url, method, path, options);
  const publish = (name: string, body: unknown, contentType?: string, query = ""): Promise<Reply> =>
    to("POST", `/v1.0/publish/bus/${enc(name)}${query}`, {
      body: body instanceof Uint8Array || contentType ? body : Buffer.from(JSON.stringify(body)),
      headers: contentType === undefined ? {} : { "content-type": contentType },
    });
  const delivered = async (name: string, count = 1): Promise<Received[]> =>
    app.received((request) => request.path === routeOf(name), count);
  const event = async (name: string): Promise<Record<string, unknown>> =>
    (await delivered(name))[0]!.json as Record<string, unknown>;

  const empty = { status: 204, type: undefined, text: "" };

  describe("the event that is delivered", () => {
    on("json", "is a CloudEvent with the JSON as its data", async () => {
      expect(await publish("json", '{"id":9,"list":[1,null]}', "application/json")).toMatchObject(empty);
      const [request] = await delivered("json");
      expect(request).toMatchObject({ method: "POST", headers: { "content-type": "application/cloudevents+json" } });
      expect(request!.headers.pubsubname).toBe("bus");
      expect(request!.json).toEqual({
        id: anyText,
        specversion: "1.0",
        type: "com.dapr.event.sent",
        source: sidecar.appId,
        time: anyText,
        datacontenttype: "application/json",
        topic: "json",
        pubsubname: "bus",
        traceid: anyText,
        traceparent: anyText,
        tracestate: anyText,
        data: { id: 9, list: [1, null] },
      });
    });

    const cases: readonly [title: string, contentType: string, body: string, expected: object][] = [
      ["a JSON type with a charset", "application/json; charset=utf-8", '{"a":1}', { data: { a: 1 } }],
      ["JSON text", "application/json", '"two words"', { data: "two words" }],
      ["JSON null", "application/json", "null", { data: null }],
      ["a JSON number", "application/json", "5", { data: 5 }],
      ["a JSON array", "application/json", "[1,2]", { data: [1, 2] }],
      ["JSON that breaks off", "application/json", '{"a":', { data: '{"a":' }],
      ["JSON without a body", "application/json", "", { data: "" }],
      ["another JSON type", "application/vnd.x+json", '{"a":1}', { data: '{"a":1}' }],
      ["plain text", "text/plain", "later", { data: "later" }],
      ["text that looks like JSON", "text/plain", '{"a":1}', { data: '{"a":1}' }],
      ["a table", "text/csv", "a,b", { data: "a,b" }],
      ["markup", "application/xml", "<o>&é</o>", { data: "<o>&é</o>" }],
    ];
    it.each(cases.map(([title, ...rest], index) => [title, topic(`type-${index}`), ...rest] as const))(
      "of %s",
      async (_, name, contentType, body, expected) => {
        expect(await publish(name, body, contentType)).toMatchObject(empty);
        expect(await event(name)).toMatchObject({ ...expected, datacontenttype: contentType });
      },
    );

    on("numbers", "keeps the spelling of numbers", async () => {
      await publish("numbers", '{"n":2.50,"big":90071992547409931234}', "application/json");
      const [request] = await delivered("numbers");
      expect(request!.body.toString()).toContain('"big":90071992547409931234');
      expect(request!.body.toString()).toContain('"n":2.50');
    });

    on("untyped", "is text when no type is given", async () => {
      expect(await publish("untyped", Buffer.from('{"a":1}'))).toMatchObject(empty);
      expect(await event("untyped")).toMatchObject({ data: '{"a":1}', datacontenttype: "text/plain" });
    });

    on("bytes", "has bytes as base64", async () => {
      expect(await publish("bytes", Buffer.from([0, 255]), "application/octet-stream")).toMatchObject(empty);
      const received = await event("bytes");
      expect(received).toMatchObject({ data_base64: "AP8=", datacontenttype: "application/octet-stream" });
      expect(received).not.toHaveProperty("data");
    });

    on("put", "takes PUT like POST", async () => {
      const headers = { "content-type": "application/json" };
      const path = `/v1.0/publish/bus/${"put"}`;
      expect(await to("PUT", path, { body: "1", headers })).toMatchObject(empty);
      expect(await event("put")).toMatchObject({ data: 1 });
    });
  });

  describe("an own CloudEvent", () => {
    const own = "application/cloudevents+json";

    on("own", "keeps its id and extensions; topic and pubsubname are overwritten", async () => {
      const given = {
        specversion: "1.0",
        id: "x1",
        source: "s",
        type: "t",
        data: 4,
        datacontenttype: "application/json",
      };
      const extended = { ...given, colour: "red", subject: "sub", topic: "other", pubsubname: "other" };
      expect(await publish("own", JSON.stringify(extended), own)).toMatchObject(empty);
      expect(await event("own")).toMatchObject({
        ...given,
        colour: "red",
        subject: "sub",
        topic: "own",
        pubsubname: "bus",
      });
    });

    on("own-bare", "gets what it lacks, but for the id", async () => {
      expect(await publish("own-bare", '{"data":{"n":1}}', own)).toMatchObject(empty);
      const received = await event("own-bare");
      expect(received).toMatchObject({
        specversion: "1.0",
        type: "com.dapr.event.sent",
        source: anyText,
        time: anyText,
        data: { n: 1 },
      });
      expect(received.id ?? "").toBe("");
    });

    on("own-metadata", "is not changed by metadata", async () => {
      const given = { specversion: "1.0", id: "x2", source: "s", type: "t", data: 4 };
      const query = "?metadata.cloudevent.id=other&metadata.cloudevent.type=other";
      expect(await publish("own-metadata", JSON.stringify(given), own, query)).toMatchObject(empty);
      expect(await event("own-metadata")).toMatchObject(given);
    });

    it.each(["[1]", "5", '"text"', "{", ""])("is refused when it is %j", async (body) => {
      expect(await publish("own", body, own)).toMatchObject({
        status: 500,
        type: "application/json",
        json: { errorCode: "ERR_PUBSUB_CLOUD_EVENTS_SER" },
      });
    });
  });

  describe("metadata", () => {
    on("override", "overrides the envelope", async () => {
      const query = [
        "metadata.cloudevent.id=my%20id",
        "metadata.CloudEvent.Source=shop%2Feu",
        "metadata.cloudevent.TYPE=o%20v2",
        "metadata.cloudevent.subject=s",
        "metadata.cloudevent.traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "metadata.cloudevent.tracestate=a%3D1",
      ].join("&");
      expect(await publish("override", 1, "application/json", `?${query}`)).toMatchObject(empty);
      expect(await event("override")).toMatchObject({
        id: "my id",
        source: "shop/eu",
        type: "o v2",
        subject: "s",
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        tracestate: "a=1",
      });
    });

    on("no-override", "does not override other members", async () => {
      const query =
        "?metadata.cloudevent.time=never&metadata.cloudevent.datacontenttype=x&metadata.cloudevent.colour=red";
      expect(await publish("no-override", 1, "application/json", query)).toMatchObject(empty);
      const received = await event("no-override");
      expect(received).toMatchObject({ datacontenttype: "application/json", time: expect.not.stringMatching("never") });
      expect(received).not.toHaveProperty("colour");
    });

    on("ttl", "sets when the event expires", async () => {
      expect(await publish("ttl", 1, "application/json", "?metadata.ttlInSeconds=30")).toMatchObject(empty);
      expect(Date.parse(String((await event("ttl")).expiration))).toBeGreaterThan(Date.now());
    });

    on("ttl-bad", "ignores a time to live that is not a number", async () => {
      expect(await publish("ttl-bad", 1, "application/json", "?metadata.ttlInSeconds=soon")).toMatchObject(empty);
      expect(await event("ttl-bad")).not.toHaveProperty("expiration");
    });

    on("headers", "arrives as headers of the delivery", async () => {
      const query =
        "?metadata.a=c%26d&metadata.Fancy-Name=1&metadata.ttlInSeconds=30&metadata.word=%C3%A9%E6%97%A5&no=metadata";
      expect(await publish("headers", 1, "application/json", query)).toMatchObject(empty);
      const [request] = await delivered("headers");
      expect(request!.headers).toMatchObject({ a: "c&d", "fancy-name": "1", ttlinseconds: "30" });
      expect(Buffer.from(String(request!.headers.word), "latin1").toString()).toBe("é日");
      expect(request!.headers).not.toHaveProperty("no");
    });

    on("headerless", "loses the event when a name cannot be a header's", async () => {
      expect(await publish("headerless", 1, "application/json", "?metadata.a%20b=c")).toMatchObject(empty);
      expect(await publish("headerless", 2, "application/json")).toMatchObject(empty);
      expect(await event("headerless")).toMatchObject({ data: 2 });
    });

    it("refuses a rawPayload that is neither true nor false", async () => {
      expect(await publish("json", 1, "application/json", "?metadata.rawPayload=perhaps")).toMatchObject({
        status: 400,
        type: "application/json",
        json: { errorCode: "ERR_PUBSUB_REQUEST_METADATA" },
      });
    });
  });

  describe("a raw message", () => {
    const query = "?metadata.rawPayload=true";

    onRaw("raw", "reaches a raw subscription as base64, wrapped in an event of its own", async () => {
      expect(await publish("raw", '{"a":1}', "application/json", query)).toMatchObject(empty);
      const [request] = await delivered("raw");
      expect(request!.headers).toMatchObject({ "content-type": "application/cloudevents+json", rawpayload: "true" });
      expect(request!.json).toMatchObject({
        id: anyText,
        specversion: "1.0",
        type: "com.dapr.event.sent",
        source: "Dapr",
        topic: "raw",
        pubsubname: "bus",
        datacontenttype: "application/octet-stream",
        data_base64: Buffer.from('{"a":1}').toString("base64"),
      });
    });

    on("raw-bare", "reaches an ordinary subscription as it is when it is an object", async () => {
      expect(await publish("raw-bare", '{"a":1}', "application/json", query)).toMatchObject(empty);
      expect(await event("raw-bare")).toEqual({ a: 1 });
    });
  });

  describe("several in one request", () => {
    const bulk = (name: string, body: unknown, query = "", pubsub = "bus"): Promise<Reply> =>
      to("POST", `/v1.0/publish/bulk/${enc(pubsub)}/${enc(name)}${query}`, { body });
    const sorted = async (name: string, count: number): Promise<Record<string, unknown>[]> =>
      (await delivered(name, count))
        .map(({ json }) => json as Record<string, unknown>)
        .sort((a, b) => String(a.datacontenttype).localeCompare(String(b.datacontenttype)));

    on("bulk", "publishes JSON, bytes and text", async () => {
      const reply = await bulk("bulk", [
        { entryId: "0", event: { n: 1 }, contentType: "application/json" },
        { entryId: "1", event: "t", contentType: "text/plain" },
        { entryId: "2", event: "AQL/", contentType: "application/octet-stream" },
      ]);
      expect(reply).toMatchObject(empty);
      expect(await sorted("bulk", 3)).toMatchObject([
        { data: { n: 1 }, datacontenttype: "application/json", topic: "bulk", pubsubname: "bus", id: anyText },
        { data_base64: "AQL/", datacontenttype: "application/octet-stream" },
        { data: "t", datacontenttype: "text/plain" },
      ]);
    });

    on("bulk-alpha", "answers on the alpha path too", async () => {
      const body = [{ entryId: "0", event: 1, contentType: "application/json" }];
      const path = `/v1.0-alpha1/publish/bulk/bus/${"bulk-alpha"}`;
      expect(await to("POST", path, { body })).toMatchObject(empty);
      expect(await event("bulk-alpha")).toMatchObject({ data: 1 });
    });

    on("bulk-ids", "takes ids and other metadata for each", async () => {
      const entries = ["a", "b"].map((id, index) => ({
        entryId: String(index),
        event: id,
        contentType: "application/json",
        metadata: { "cloudevent.id": id, "CloudEvent.Type": `type-${id}`, ttlInSeconds: "30" },
      }));
      expect(await bulk("bulk-ids", entries)).toMatchObject(empty);
      const events = (await delivered("bulk-ids", 2)).map(({ json }) => json as Record<string, unknown>);
      const byId = Object.fromEntries(events.map((received) => [received.id, received]));
      expect(byId).toMatchObject({ a: { data: "a", type: "type-a" }, b: { data: "b", type: "type-b" } });
      expect(byId.a).toHaveProperty("expiration");
    });

    on("bulk-own", "takes an own CloudEvent", async () => {
      const given = { specversion: "1.0", id: "bulk-own", source: "s", type: "t", data: 4 };
      const entries = [{ entryId: "0", event: given, contentType: "application/cloudevents+json" }];
      expect(await bulk("bulk-own", entries)).toMatchObject(empty);
      expect(await event("bulk-own")).toMatchObject(given);
    });

    it("takes an empty list", async () => {
      expect(await bulk("bulk", [])).toMatchObject(empty);
    });

    const entry = { entryId: "0", event: 1, contentType: "application/json" };
    it.each<[title: string, entries: unknown]>([
      ["two entries with one id", [entry, entry]],
      ["an empty id", [{ ...entry, entryId: "" }]],
      ["no id", [{ event: 1, contentType: "application/json" }]],
      ["no content type", [{ entryId: "0", event: 1 }]],
      ["text that is none", [{ ...entry, contentType: "text/plain" }]],
      ["bytes that are none", [{ ...entry, contentType: "application/octet-stream" }]],
      ["bytes that are not base64", [{ ...entry, event: "*", contentType: "application/octet-stream" }]],
      ["one entry in order, one not", [entry, { ...entry, entryId: "1", contentType: "text/plain" }]],
      ["no list", {}],
      ["JSON that breaks off", "["],
    ])("refuses %s", async (_, entries) => {
      expect(await bulk("bulk", entries)).toMatchObject({
        status: 400,
        type: "application/json",
        json: { errorCode: "ERR_PUBSUB_EVENTS_SER" },
      });
    });

    it("refuses a pubsub that is not configured", async () => {
      expect(await bulk("bulk", [entry], "", "nowhere")).toMatchObject({
        status: 404,
        json: { errorCode: "ERR_PUBSUB_NOT_FOUND" },
      });
    });
  });

  describe("what is refused", () => {
    it("a pubsub that is not configured", async () => {
      expect(await to("POST", "/v1.0/publish/nowhere/orders", { body: {} })).toMatchObject({
        status: 404,
        type: "application/json",
        json: { errorCode: "ERR_PUBSUB_NOT_FOUND" },
      });
    });

    it.each(["/v1.0/publish/bus", "/v1.0/publish/bus/", "/v1.0/publish"])("a path without topic: %s", async (path) => {
      expect((await to("POST", path, { body: {} })).status).toBe(404);
    });
  });

  describe("names", () => {
    it.each(awkward.map((name) => topic(name)))("reaches topic %j", async (name) => {
      expect(await publish(name, { name }, "application/json")).toMatchObject(empty);
      const isIts = ({ path, json }: Received): boolean =>
        path === routeOf(name) && (json as { data: unknown }).data !== "several";
      const [request] = await app.received(isIts);
      expect(request!.json).toMatchObject({ topic: name, pubsubname: "bus", data: { name } });
    });

    it("reaches a pubsub with an awkward name", async () => {
      const path = `/v1.0/publish/${enc(awkwardName)}/on-awkward`;
      expect(await to("POST", path, { body: { n: 1 } })).toMatchObject(empty);
      const [request] = await app.received(({ path }) => path === "/on-awkward");
      expect(request!.json).toMatchObject({ pubsubname: awkwardName, topic: "on-awkward", data: { n: 1 } });
    });

    it.each(awkward)("publishes several to topic %j", async (name) => {
      const body = [{ entryId: "0", event: "several", contentType: "application/json" }];
      expect(await to("POST", `/v1.0/publish/bulk/bus/${enc(name)}`, { body })).toMatchObject(empty);
      const [request] = await app.received(
        ({ path, json }) => path === routeOf(name) && (json as { data: unknown }).data === "several",
      );
      expect(request!.json).toMatchObject({ topic: name });
    });
  });
}
