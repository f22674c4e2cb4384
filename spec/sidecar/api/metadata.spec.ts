import { appWith, call, closeAll, sidecarWith } from "../support.js";

describe("the metadata API", () => {
  afterEach(closeAll);

  it("describes a sidecar without an app: no port, and no key for an empty list", async () => {
    const sidecar = await sidecarWith([]);
    const reply = await call(sidecar, "GET /v1.0/metadata");
    expect(reply).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
    expect(reply.json).toEqual({
      id: "orders",
      runtimeVersion: expect.stringMatching(/^1\.18/),
      extended: { daprRuntimeVersion: expect.any(String) },
      appConnectionProperties: { protocol: "http", channelAddress: "127.0.0.1" },
    });
  });

  it("lists components with their capabilities, and what the app listens to", async () => {
    const app = await appWith({
      "GET /dapr/subscribe": {
        body: [
          { pubsubname: "bus", topic: "a", route: "/a" },
          {
            pubsubname: "bus",
            topic: "b",
            routes: { rules: [{ match: "event.type == 'x'", path: "/x" }], default: "/b" },
            deadLetterTopic: "dead",
          },
          { pubsubname: "nobus", topic: "c", route: "/c" },
          { pubsubname: "bus", topic: "no-route" },
        ],
      },
    });
    const sidecar = await sidecarWith(
      [
        { name: "cart", type: "state.in-memory", version: "v1" },
        { name: "bus", type: "pubsub.in-memory" },
        { name: "tick", type: "bindings.cron", version: "v1", metadata: { schedule: "@hourly" } },
        { name: "env", type: "secretstores.local.env", version: "v1" },
      ],
      { appPort: app.port },
    );
    await sidecar.ready;
    expect((await call(sidecar, "GET /v1.0/metadata")).json).toMatchObject({
      components: expect.arrayContaining([
        { name: "cart", type: "state.in-memory", version: "v1", capabilities: ["ETAG", "TRANSACTIONAL", "TTL"] },
        { name: "bus", type: "pubsub.in-memory", capabilities: ["SUBSCRIBE_WILDCARDS"] },
        { name: "tick", type: "bindings.cron", version: "v1", capabilities: ["INPUT_BINDING"] },
        { name: "env", type: "secretstores.local.env", version: "v1" },
      ]),
      subscriptions: [
        { pubsubname: "bus", topic: "a", rules: [{ path: "/a" }], deadLetterTopic: "", type: "PROGRAMMATIC" },
        {
          pubsubname: "bus",
          topic: "b",
          rules: [{ match: "event.type == 'x'", path: "/x" }, { path: "/b" }],
          deadLetterTopic: "dead",
          type: "PROGRAMMATIC",
        },
      ],
      appConnectionProperties: { port: app.port, protocol: "http", channelAddress: "127.0.0.1" },
    });
  });

  it("shows what was put", async () => {
    const sidecar = await sidecarWith([]);
    expect(await call(sidecar, "PUT /v1.0/metadata/a%2Fb", { body: "some text" })).toMatchObject({ status: 204 });
    expect((await call(sidecar, "GET /v1.0/metadata")).json).toMatchObject({ extended: { "a/b": "some text" } });
  });
});

describe("the health API", () => {
  afterEach(closeAll);

  it("is not ready before the app was asked, while the rest of the API is", async () => {
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    const app = await appWith({ "GET /dapr/subscribe": () => asked.then(() => ({ body: [] })) });
    const sidecar = await sidecarWith([], { appPort: app.port });
    await app.received("GET /dapr/subscribe");
    expect(await call(sidecar, "GET /v1.0/healthz")).toMatchObject({
      status: 500,
      json: { errorCode: "ERR_HEALTH_NOT_READY" },
    });
    expect(await call(sidecar, "GET /v1.0/healthz/outbound")).toMatchObject({ status: 204, text: "" });
    answer();
    await sidecar.ready;
    expect(await call(sidecar, "GET /v1.0/healthz")).toMatchObject({ status: 204, text: "" });
  });

  it("is ready without an app", async () => {
    expect(await call(await sidecarWith([]), "GET /v1.0/healthz")).toMatchObject({ status: 204 });
  });
});
