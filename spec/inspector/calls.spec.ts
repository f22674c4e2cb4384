import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { obstacle, requestOf, toCurl } from "../../lib/inspector/page/copies.js";
import { History } from "../../lib/inspector/history.js";
import { Inspector } from "../../lib/inspector/inspector.js";
import { appWith, call, closeAll, sidecarWith, type AppCall, type CallOptions } from "../sidecar/support.js";

describe("an inspector of apps that make no records of their own", () => {
  afterEach(closeAll);

  const components = [{ name: "bus", type: "pubsub.in-memory" }];
  const begin = async (recordsCalls: boolean) => {
    const history = new History();
    const app = await appWith({
      "GET /dapr/subscribe": { body: [{ pubsubname: "bus", topic: "t", route: "/events" }] },
      "POST /events": {},
      "POST /save?n=1": { body: { ok: true } },
      "POST /fails": { status: 500, body: { message: "no" } },
    });
    const sidecar = await sidecarWith(components, { inspector: new Inspector(history, recordsCalls) });
    await sidecar.connect(app);
    return { history, app, sidecar };
  };

  it("shows what the sidecar calls, and what the app answers", async () => {
    const { history, app, sidecar } = await begin(true);
    await call(sidecar, "POST /v1.0/invoke/orders/method/save?n=1", { body: { id: 1 } });
    await call(sidecar, "POST /v1.0/invoke/orders/method/fails", { body: {} });
    await call(sidecar, "POST /v1.0/publish/bus/t", { body: "x" });
    await app.received("POST /events");
    expect(history.records).toMatchObject([
      {
        appId: "orders",
        functionName: "save",
        trigger: { type: "invoke", where: "POST /save?n=1" },
        payload: { text: '{"id":1}' },
        reply: { text: '{"ok":true}' },
        ms: expect.any(Number) as number,
      },
      { functionName: "fails", failure: { errorCode: "HTTP 500", message: '{"message":"no"}' } },
      { functionName: "events", trigger: { type: "topic", where: "bus/t" } },
    ]);
    expect(history.events).toMatchObject([{ pubsub: "bus", topic: "t" }]);
  });

  it("counts the deliveries of an event by app and route", async () => {
    const history = new History();
    const inspector = new Inspector(history, true);
    const deliver = (appId: string, path: string, body: object) => {
      const delivery = { method: "POST", path, headers: { pubsubname: "bus" }, body: JSON.stringify(body) };
      return inspector.around(appId, delivery, () => Promise.resolve({ status: 500, body: Buffer.from("") }));
    };
    const event = { specversion: "1.0", id: "1", source: "shop", topic: "t", data: 1 };
    for (const [appId, path] of [
      ["a", "/x"],
      ["a", "/x"],
      ["a", "/y"],
      ["b", "/x"],
      ["a", "/x"],
    ] as const)
      await deliver(appId, path, event);
    await deliver("a", "/x", { ...event, id: "2" });
    // Of several in one request, and a raw message.
    for (const body of [{ id: "1", topic: "t", entries: [] }, { id: "1", topic: "t", entries: [] }, [1], [1]])
      await deliver("a", "/x", body);
    expect(history.records.map(({ attempt }) => attempt)).toEqual([1, 2, 1, 1, 3, 1, 1, 1, 1, 1]);
  });

  it("keeps no records where the apps make them", async () => {
    const { history, sidecar } = await begin(false);
    await call(sidecar, "POST /v1.0/invoke/orders/method/save?n=1", { body: {} });
    expect(history.records).toEqual([]);
  });

  it.each([
    ["POST /inspect/api/call", "{", 400],
    [
      "POST /inspect/api/call",
      JSON.stringify({ appId: "orders", method: "GET", path: "/v1.0/secrets/safe/bulk" }),
      400,
    ],
    ["POST /inspect/api/call", JSON.stringify({ appId: "nobody", method: "GET", path: "/v1.0/state/cart/k" }), 400],
    ["POST /inspect/api/call", "x".repeat(9 * 1024 * 1024), 400],
    ["POST /inspect/api/fire?app=orders&binding=none", undefined, 409],
    ["GET /inspect/api/state?app=none&store=none", undefined, 200],
    ["GET /inspect/api/none", undefined, 404],
    ["PUT /inspect/", undefined, 404],
  ])("answers %s %.40s with %s", async (line, body, status) => {
    const { sidecar } = await begin(false);
    expect(await call(sidecar, line, { body })).toMatchObject({ status });
  });

  it.each([
    "/v1.0/secrets/env/SPEC_SECRET",
    "/v1.0/state/../secrets/env/SPEC_SECRET",
    "/v1.0/state/%2e%2e/secrets/env/SPEC_SECRET",
    "/v1.0/state/.%2E/secrets/env/SPEC_SECRET",
    "/v1.0/state/x/../../secrets/env/SPEC_SECRET",
    "/v1.0/state/./../secrets/env/SPEC_SECRET",
    "/v1.0/state/..\\secrets/env/SPEC_SECRET",
    "/v1.0/state/..%2fsecrets/env/SPEC_SECRET",
    "/v1.0/state/%252e%252e/secrets/env/SPEC_SECRET",
    "//v1.0/state/../secrets/env/SPEC_SECRET",
    "http://127.0.0.1/v1.0/secrets/env/SPEC_SECRET",
    ["/v1.0/state/../secrets/env/SPEC_SECRET"],
  ])("gives the value of no secret, whatever path is called: %j", async (path) => {
    process.env["SPEC_SECRET"] = "never-shown";
    const stores = [...components, { name: "env", type: "secretstores.local.env" }];
    const sidecar = await sidecarWith(stores, { inspector: new Inspector(new History()) });
    const own = await call(sidecar, "GET /v1.0/secrets/env/SPEC_SECRET");
    const asked = await call(sidecar, "POST /inspect/api/call", {
      body: { appId: "orders", method: "GET", path },
    });
    delete process.env["SPEC_SECRET"];
    expect(own.text).toContain("never-shown");
    expect(asked.text).not.toContain("never-shown");
  });

  it("ends the stream of a page that comes back while its sidecar ends what is under way", async () => {
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const app = await appWith({
      "GET /dapr/subscribe": { body: [{ pubsubname: "bus", topic: "t", route: "/events" }] },
      "POST /events": () => answered.then(() => ({})),
    });
    const sidecar = await sidecarWith(components, { inspector: new Inspector(new History()) });
    await sidecar.connect(app);
    const stream = () => fetch(`${sidecar.url}/inspect/api/stream`);
    const first = await stream();
    await call(sidecar, "POST /v1.0/publish/bus/t", { body: "x" });
    await app.received("POST /events");
    const closed = sidecar.close();
    expect(await first.text()).toContain('"begin"');
    const second = await stream();
    answer();
    expect(await second.text()).toContain('"begin"');
    await closed;
  });

  it("asks for the token of the API, but for the page's own files", async () => {
    const inspector = new Inspector(new History());
    const sidecar = await sidecarWith(components, { inspector, apiToken: "t0k" });
    expect(await call(sidecar, "GET /inspect/api/overview")).toMatchObject({ status: 401 });
    const headers = { "dapr-api-token": "t0k" };
    expect(await call(sidecar, "GET /inspect/api/overview", { headers })).toMatchObject({ status: 200 });
    expect(await call(sidecar, "GET /inspect")).toMatchObject({ status: 307 });
    expect(JSON.stringify(sidecar.requests)).not.toContain("t0k");
  });
});

describe("what the page sends again to an app of a process of its own", () => {
  afterEach(closeAll);

  const subscriptions = [
    { pubsubname: "bus", topic: "single", route: "/single" },
    { pubsubname: "bus", topic: "raw", route: "/raw", metadata: { rawPayload: "true" } },
    { pubsubname: "bus", topic: "bulk", route: "/bulk", bulkSubscribe: { enabled: true, maxMessagesCount: 2 } },
    {
      pubsubname: "bus",
      topic: "raw-bulk",
      route: "/raw-bulk",
      metadata: { rawPayload: "true" },
      bulkSubscribe: { enabled: true, maxMessagesCount: 2 },
    },
  ];
  const text = { "content-type": "text/plain" };
  const octets = { "content-type": "application/octet-stream" };
  const bytes = Buffer.from([0, 1, 0xff]);
  const json = { "content-type": "application/json" };
  const two = (event: unknown, contentType: string) =>
    JSON.stringify(["1", "2"].map((entryId) => ({ entryId, event, contentType, metadata: { mymeta: entryId } })));
  const invoke = "/v1.0/invoke/orders/method";

  /** What came, but for what differs in each delivery. */
  const plain = ({ method, path, body, headers }: AppCall): object => {
    const kept = Object.fromEntries(["content-type", "x-tenant", "mymeta"].map((name) => [name, headers[name]]));
    return { method, path, headers: kept, body: plainBody(body) };
  };
  const plainBody = (body: string): unknown => {
    try {
      return JSON.parse(body, (name, value: unknown) =>
        ["id", "entryId", "traceid", "traceparent", "tracestate"].includes(name) ? undefined : value,
      ) as unknown;
    } catch {
      return body;
    }
  };

  it.each<readonly [string, string, string, CallOptions]>([
    [
      "text",
      `POST ${invoke}/any?q=a%20b&c=[1]`,
      "POST /any?q=a%20b&c=[1]",
      { headers: { ...text, "x-tenant": "acme" }, body: "@it's plain" },
    ],
    [
      "text to a path with escapes",
      `POST ${invoke}/a%20b%C3%BC'/%2525?q={z}`,
      "POST /a%20b%C3%BC'/%25?q=%7Bz%7D",
      { headers: text, body: "x" },
    ],
    [
      "a form",
      `PUT ${invoke}/any`,
      "PUT /any",
      { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "a=%20&b" },
    ],
    ["bytes", `POST ${invoke}/any`, "POST /any", { headers: octets, body: bytes }],
    ["a request without a body", `GET ${invoke}/any?q`, "GET /any?q", { headers: { "x-tenant": "" } }],
    ["what has no label", `POST ${invoke}/any`, "POST /any", { body: "plain" }],
    ["a HEAD", `HEAD ${invoke}/any`, "HEAD /any", {}],
    [
      "an event of text",
      "POST /v1.0/publish/bus/single?metadata.mymeta=m",
      "POST /single",
      { headers: text, body: "plain" },
    ],
    ["an event of bytes", "POST /v1.0/publish/bus/single", "POST /single", { headers: octets, body: bytes }],
    [
      "a raw event",
      "POST /v1.0/publish/bus/raw?metadata.rawPayload=true",
      "POST /raw",
      { headers: octets, body: bytes },
    ],
    [
      "a bulk of events",
      "POST /v1.0/publish/bulk/bus/bulk",
      "POST /bulk",
      { headers: json, body: two({ n: 1 }, "application/json") },
    ],
    [
      "a bulk of bytes",
      "POST /v1.0/publish/bulk/bus/bulk",
      "POST /bulk",
      { headers: json, body: two("AAH/", "application/octet-stream") },
    ],
    [
      "a raw bulk",
      "POST /v1.0/publish/bulk/bus/raw-bulk?metadata.rawPayload=true",
      "POST /raw-bulk",
      { headers: json, body: two("AAH/", "application/octet-stream") },
    ],
  ])("is %s as it came, and so is what curl sends", async (_, line, received, options) => {
    const history = new History();
    const app = await appWith({
      "GET /dapr/subscribe": { body: subscriptions },
      [received]: { body: received.includes("bulk") ? { statuses: [] } : {} },
    });
    const components = [{ name: "bus", type: "pubsub.in-memory" }];
    const sidecar = await sidecarWith(components, { inspector: new Inspector(history, true) });
    await sidecar.connect(app);
    await call(sidecar, line, options);
    const [first] = await app.received(received);
    const record = history.records[0]!;
    expect(obstacle(record)).toBeUndefined();

    const body = { appId: "orders", ...requestOf(record) };
    await call(sidecar, "POST /inspect/api/call", { body });
    const [, second] = await app.received(received, 2);
    expect(plain(second!)).toEqual(plain(first!));

    await promisify(execFile)("sh", ["-c", `${toCurl(record, sidecar.url, false)} --silent`]);
    const [, , third] = await app.received(received, 3);
    expect(plain(third!)).toEqual(plain(first!));
  });
});
