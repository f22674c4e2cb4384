import { startApp, type RecordingApp } from "./app.js";
import { call, component, contract, type CallOptions, type Contender, type Reply } from "./harness.js";
import { freePort } from "../support/daprd.js";

const bus = component("bus", "pubsub.in-memory");
const store = component("store", "state.in-memory");

contract("health", (start) => {
  it("is ready only after the app has been asked, its API before", async () => {
    const port = await freePort();
    const sidecar = await start({ components: { bus, store }, app: { port }, awaitApp: false });
    const health = (path: string): Promise<Reply> => call(sidecar.url, "GET", path);
    expect(await health("/v1.0/healthz")).toMatchObject({
      status: 500,
      type: "application/json",
      json: { errorCode: "ERR_HEALTH_NOT_READY" },
    });
    // daprd says so a moment after its API answers.
    while ((await health("/v1.0/healthz/outbound")).status !== 204) continue;
    expect(await health("/v1.0/healthz/outbound")).toMatchObject({ status: 204, text: "" });
    const save = { body: [{ key: "early", value: 1 }] };
    expect(await call(sidecar.url, "POST", "/v1.0/state/store", save)).toMatchObject({ status: 204 });
    expect(await call(sidecar.url, "POST", "/v1.0/publish/bus/early", { body: 1 })).toMatchObject({ status: 204 });
    expect(await health("/v1.0/metadata")).toMatchObject({ status: 200 });

    const app = await startApp({ port });
    await app.received(({ path }) => path === "/dapr/subscribe");
    while ((await health("/v1.0/healthz")).status !== 204) continue;
    expect(await health("/v1.0/healthz")).toMatchObject({ status: 204, type: undefined, text: "" });
    await sidecar.close();
    await app.close();
  });

  it("is ready at once without an app", async () => {
    const sidecar = await start({ components: { store } });
    while ((await call(sidecar.url, "GET", "/v1.0/healthz")).status !== 204) continue;
    const reply = await call(sidecar.url, "GET", "/v1.0/metadata");
    await sidecar.close();
    expect(reply.json).toHaveProperty("appConnectionProperties");
    expect(reply.json).not.toHaveProperty("appConnectionProperties.port");
  });

  it("ends when it is told to shut down", async () => {
    const sidecar = await start({ components: { store } });
    expect(await call(sidecar.url, "POST", "/v1.0/shutdown")).toMatchObject({ status: 204 });
    while (await call(sidecar.url, "GET", "/v1.0/healthz").catch(() => undefined)) continue;
    await expect(call(sidecar.url, "GET", "/v1.0/healthz")).rejects.toThrow("ECONNREFUSED");
    await sidecar.close();
  });
});

contract("what it says and asks", (start) => {
  let app: RecordingApp;
  let sidecar: Contender;
  const get = (path: string, options?: CallOptions): Promise<Reply> => call(sidecar.url, "GET", path, options);

  beforeAll(async () => {
    app = await startApp({
      subscriptions: [
        { pubsubname: "bus", topic: "plain", route: "/plain", deadLetterTopic: "dead" },
        {
          pubsubname: "bus",
          topic: "ruled",
          routes: { rules: [{ match: "event.type == 'v2'", path: "/v2" }], default: "/v1" },
        },
      ],
    });
    const components = {
      bus,
      store,
      secrets: component("secrets", "secretstores.local.env"),
      tick: component("tick", "bindings.cron", { schedule: "@every 1h" }),
      hidden: component("hidden", "state.in-memory", {}, { scopes: ["another-app"] }),
    };
    sidecar = await start({ components, app });
  });
  afterAll(async () => {
    await sidecar.close();
    await app.close();
  });

  it("asks the app for its configuration, then for its subscriptions", async () => {
    const asked = await app.received(({ path }) => path.startsWith("/dapr/"), 2);
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual(["GET /dapr/config", "GET /dapr/subscribe"]);
    for (const { headers } of asked) {
      expect(headers).toMatchObject({ "content-type": "application/json", "dapr-app-id": sidecar.appId });
    }
  });

  it("asks the app whether it takes a binding", async () => {
    const [probe] = await app.received(({ method }) => method === "OPTIONS");
    expect(probe).toMatchObject({ path: "/tick", headers: { "content-type": "application/json" } });
  });

  it("says what it is and has", async () => {
    const reply = await get("/v1.0/metadata");
    expect(reply).toMatchObject({ status: 200, type: "application/json" });
    expect(reply.json).toMatchObject({
      id: sidecar.appId,
      runtimeVersion: expect.any(String),
      extended: expect.any(Object),
      appConnectionProperties: { port: app.port, protocol: "http", channelAddress: "127.0.0.1" },
    });
    const { components, subscriptions } = reply.json as Record<"components" | "subscriptions", { name: string }[]>;
    expect(Object.fromEntries(components.map((entry) => [entry.name, entry]))).toMatchObject({
      bus: { type: "pubsub.in-memory", version: "v1" },
      store: {
        type: "state.in-memory",
        version: "v1",
        capabilities: expect.arrayContaining(["ETAG", "TRANSACTIONAL", "TTL"]),
      },
      secrets: { type: "secretstores.local.env", version: "v1" },
      tick: { type: "bindings.cron", version: "v1" },
    });
    expect(components.map(({ name }) => name)).not.toContain("hidden");
    expect(subscriptions).toHaveLength(2);
    expect(subscriptions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          pubsubname: "bus",
          topic: "plain",
          rules: [expect.objectContaining({ path: "/plain" })],
          deadLetterTopic: "dead",
          type: "PROGRAMMATIC",
        }),
        expect.objectContaining({
          pubsubname: "bus",
          topic: "ruled",
          rules: [{ match: "event.type == 'v2'", path: "/v2" }, expect.objectContaining({ path: "/v1" })],
        }),
      ]),
    );
  });

  it("keeps what it is told of itself", async () => {
    const headers = { "content-type": "text/plain" };
    const put = await call(sidecar.url, "PUT", "/v1.0/metadata/my%20key", { headers, body: "my value" });
    expect(put).toMatchObject({ status: 204, text: "" });
    expect((await get("/v1.0/metadata")).json).toMatchObject({ extended: { "my key": "my value" } });
  });

  it("hides a component from apps out of its scopes", async () => {
    expect(await get("/v1.0/state/hidden/k")).toMatchObject({
      status: 400,
      json: { errorCode: "ERR_STATE_STORE_NOT_FOUND" },
    });
  });

  it("takes a doubled slash at the start of a path", async () => {
    expect(await get("//v1.0/healthz/outbound")).toMatchObject({ status: 204 });
  });
});

contract("tokens", (start) => {
  let app: RecordingApp;
  let sidecar: Contender;
  beforeAll(async () => {
    app = await startApp({
      subscriptions: [{ pubsubname: "bus", topic: "events", route: "/events" }],
      answer: ({ method }) => (method === "OPTIONS" ? {} : undefined),
    });
    const tick = component("tick", "bindings.cron", { schedule: "@every 1s" });
    sidecar = await start({ components: { bus, store, tick }, app, apiToken: "t0k", appToken: "app-t0k" });
  });
  afterAll(async () => {
    await sidecar.close();
    await app.close();
  });

  const own = { "dapr-api-token": "t0k" };

  it.each([
    ["none", {}],
    ["another", { "dapr-api-token": "t0k2" }],
    ["the app's", { "dapr-api-token": "app-t0k" }],
    ["a bearer's", { authorization: "Bearer t0k" }],
  ])("refuse a call with %s", async (_, headers) => {
    for (const [method, path] of [
      ["GET", "/v1.0/metadata"],
      ["GET", "/v1.0/state/store/k"],
      ["POST", "/v1.0/publish/bus/events"],
      ["GET", "/nowhere"],
    ] as const) {
      const reply = await call(sidecar.url, method, path, { headers });
      expect(reply.status).toBe(401);
      expect(reply.type).toMatch(/^text\/plain/);
      expect(reply.text.trim()).toBe("invalid api token");
    }
  });

  it.each(["/v1.0/healthz", "/v1.0/healthz/outbound"])("are not needed for %s", async (path) => {
    expect(await call(sidecar.url, "GET", path)).toMatchObject({ status: 204 });
  });

  it("let a call with the right one through", async () => {
    expect(await call(sidecar.url, "GET", "/v1.0/metadata", { headers: own })).toMatchObject({ status: 200 });
  });

  it("go to the app with everything that it is sent", async () => {
    await call(sidecar.url, "POST", "/v1.0/publish/bus/events", { headers: own, body: "1" });
    const path = `/v1.0/invoke/${sidecar.appId}/method/invoked`;
    await call(sidecar.url, "POST", path, { headers: own });
    const requests = await Promise.all(
      ["/dapr/config", "/dapr/subscribe", "/events", "/invoked"].map(
        async (wanted) => (await app.received((request) => request.path === wanted))[0]!,
      ),
    );
    const probeAndTick = await app.received((request) => request.path === "/tick", 2);
    for (const { headers } of [...requests, ...probeAndTick]) expect(headers["dapr-api-token"]).toBe("app-t0k");
  });
});

contract("traceparent", (start) => {
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  let app: RecordingApp;
  let sidecar: Contender;
  beforeAll(async () => {
    const topics = ["traced", "untraced", "bulk"];
    app = await startApp({
      subscriptions: topics.map((topic) => ({ pubsubname: "bus", topic, route: `/${topic}` })),
    });
    sidecar = await start({ components: { bus }, app });
  });
  afterAll(async () => {
    await sidecar.close();
    await app.close();
  });

  it("of a publish becomes the event's and the delivery's", async () => {
    const headers = { traceparent, tracestate: "a=1" };
    await call(sidecar.url, "POST", "/v1.0/publish/bus/traced", { headers, body: "1" });
    const [request] = await app.received(({ path }) => path === "/traced");
    const trace = traceparent.slice(3, 35);
    expect(request!.json).toHaveProperty("traceparent", expect.stringContaining(trace));
    expect(request!.headers.traceparent).toContain(trace);
  });

  it("of an invocation goes to the app", async () => {
    const path = `/v1.0/invoke/${sidecar.appId}/method/invoked`;
    await call(sidecar.url, "POST", path, { headers: { traceparent } });
    expect(app.requests.at(-1)!.headers.traceparent).toContain(traceparent.slice(3, 35));
  });
});
