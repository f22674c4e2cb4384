import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMesh, startSidecar, type Mesh, type MeshOptions } from "../../lib/sidecar/index.js";
import { appWith, call, closeAll, Lines, sidecarWith, type FakeApp } from "./support.js";

const bus = { name: "bus", type: "pubsub.in-memory" };
const cart = { name: "cart", type: "state.in-memory" };

describe("startMesh", () => {
  let mesh: Mesh;
  const log = new Lines();
  afterEach(async () => {
    await mesh.close();
    await closeAll();
  });

  const begin = async (options: Partial<MeshOptions> = {}): Promise<void> => {
    mesh = await startMesh({
      apps: [{ appId: "orders" }, { appId: "stock" }],
      components: [bus, cart],
      log,
      ...options,
    });
  };
  const at = (appId: string) => mesh.sidecars.get(appId)!;
  const listenTo = async (appId: string, topic: string): Promise<FakeApp> => {
    const body = [{ pubsubname: "bus", topic, route: "/events" }];
    const app = await appWith({ "GET /dapr/subscribe": { body }, "POST /events": {} });
    await at(appId).connect(app);
    return app;
  };

  it("delivers an event of one app to every app that listens, with what published it", async () => {
    await begin();
    const [orders, stock] = [await listenTo("orders", "t"), await listenTo("stock", "t")];
    await call(at("orders"), "POST /v1.0/publish/bus/t", { body: "x" });
    for (const app of [orders, stock]) {
      const [event] = await app.received("POST /events");
      expect(JSON.parse(event!.body)).toMatchObject({ source: "orders", data: "x", topic: "t" });
    }
  });

  it("leaves the other app's deliveries alone when one app is connected anew or disconnected", async () => {
    await begin();
    const stock = await listenTo("stock", "t");
    const orders = await listenTo("orders", "t");
    await listenTo("orders", "u");
    await at("orders").disconnect();
    await call(at("orders"), "POST /v1.0/publish/bus/t", { body: "x" });
    await stock.received("POST /events");
    expect(orders.calls.filter(({ path }) => path === "/events")).toEqual([]);
  });

  it("calls the other app by its id, and says who calls", async () => {
    await begin();
    await at("stock").connect(await appWith({ "POST /reserve?n=1": { status: 409, body: { left: 0 } } }));
    const reply = await call(at("orders"), "POST /v1.0/invoke/stock/method/reserve?n=1", {
      headers: { "dapr-caller-app-id": "somebody" },
      body: { sku: "tea" },
    });
    expect(reply).toMatchObject({ status: 409, json: { left: 0 } });
    expect(await call(at("orders"), "POST /v1.0/invoke/nobody/method/m")).toMatchObject({ status: 500 });
  });

  it.each([
    ["stock", { "dapr-caller-app-id": "orders", "dapr-callee-app-id": "stock", "dapr-caller-namespace": "default" }],
    ["stock.default", { "dapr-caller-app-id": "orders", "dapr-callee-app-id": "stock" }],
  ])("reaches it as %s", async (appId, headers) => {
    await begin();
    const stock = await appWith({ "POST /m": {} });
    await at("stock").connect(stock);
    expect(await call(at("orders"), `POST /v1.0/invoke/${appId}/method/m`)).toMatchObject({ status: 200 });
    expect((await stock.received("POST /m"))[0]!.headers).toMatchObject(headers);
  });

  it.each([
    [undefined, 204, { "cart/orders||k": 1 }],
    ["appid", 204, { "cart/orders||k": 1 }],
    ["namespace", 204, { "cart/orders||k": 1 }],
    ["name", 200, { "cart/cart||k": 1 }],
    ["none", 200, { "cart/k": 1 }],
    ["Shared", 200, { "cart/shared||k": 1 }],
  ])("keys state by keyPrefix %s", async (keyPrefix, status, stored) => {
    const folder = mkdtempSync(join(tmpdir(), "mesh-"));
    const stateFile = join(folder, "state.json");
    await begin({ components: [{ ...cart, metadata: keyPrefix === undefined ? {} : { keyPrefix } }], stateFile });
    await call(at("orders"), "POST /v1.0/state/cart", { body: [{ key: "k", value: 1 }] });
    expect(await call(at("orders"), "GET /v1.0/state/cart/k")).toMatchObject({ status: 200, json: 1 });
    expect(await call(at("stock"), "GET /v1.0/state/cart/k")).toMatchObject({ status });
    await mesh.close();
    const stores = JSON.parse(readFileSync(stateFile, "utf8")) as Record<string, Record<string, { value: string }>>;
    const flat = Object.entries(stores).flatMap(([store, items]) =>
      Object.entries(items).map(([key, { value }]) => [`${store}/${key}`, JSON.parse(value)]),
    );
    expect(Object.fromEntries(flat)).toEqual(stored);
    rmSync(folder, { recursive: true });
  });

  it("shows each app the components that their scopes give it, or those of its own", async () => {
    await begin({
      apps: [{ appId: "orders" }, { appId: "stock" }, { appId: "third", components: [cart] }],
      components: [{ ...cart, scopes: ["orders"] }],
    });
    expect(await call(at("orders"), "GET /v1.0/state/cart/k")).toMatchObject({ status: 204 });
    expect(await call(at("stock"), "GET /v1.0/state/cart/k")).toMatchObject({ status: 500 });
    expect(await call(at("third"), "GET /v1.0/state/cart/k")).toMatchObject({ status: 204 });
  });

  it("heeds who may publish and subscribe to what", async () => {
    const scopes = { publishingScopes: "orders=t", subscriptionScopes: "stock=t" };
    await begin({ components: [{ ...bus, metadata: scopes }] });
    const stock = await listenTo("stock", "t");
    expect(await call(at("stock"), "POST /v1.0/publish/bus/u", { body: "x" })).toMatchObject({ status: 204 });
    expect(await call(at("orders"), "POST /v1.0/publish/bus/u", { body: "x" })).toMatchObject({ status: 403 });
    await call(at("orders"), "POST /v1.0/publish/bus/t", { body: "x" });
    await stock.received("POST /events");
  });

  it("refuses two applications of one id, and leaves nothing open", async () => {
    const { port } = await appWith();
    await expect(begin({ apps: [{ appId: "orders" }, { appId: "orders" }] })).rejects.toThrow(/two applications/);
    await expect(begin({ apps: [{ appId: "orders" }, { appId: "b", port }] })).rejects.toMatchObject({
      code: "address-in-use",
    });
    await begin();
  });

  it("keeps brokers and stores of other types in memory when it is told to, and says so", async () => {
    const own = new Lines();
    const redisHost = { secretKeyRef: { name: "redis" } };
    await begin({
      components: [
        { name: "bus", type: "pubsub.redis", metadata: { redisHost, publishingScopes: "stock=t" } },
        { name: "cart", type: "state.redis", metadata: { redisHost, keyPrefix: "name" } },
        { name: "kafka", type: "bindings.kafka" },
      ],
      standIns: true,
      log: own,
    });
    expect(own.all.filter((line) => line.startsWith("orders: "))).toEqual([
      'orders: component "bus" of type pubsub.redis: one in memory stands in for it',
      'orders: component "cart" of type state.redis: one in memory stands in for it',
      'orders: component "kafka" of type bindings.kafka is left out: the embedded sidecar does not have that type; daprd has it',
    ]);
    await call(at("orders"), "POST /v1.0/state/cart", { body: [{ key: "k", value: 1 }] });
    expect((await call(at("stock"), "GET /v1.0/state/cart/k")).json).toBe(1);
    expect(await call(at("stock"), "POST /v1.0/publish/bus/u", { body: "x" })).toMatchObject({ status: 403 });
  });
});

describe("a state file", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "state-"));
    file = join(folder, "state.json");
  });
  afterEach(async () => {
    await closeAll();
    rmSync(folder, { recursive: true });
  });

  it("keeps values, etags and what is left of their time from one run to the next", async () => {
    const first = await startSidecar({ appId: "orders", components: [cart], stateFile: file, log: new Lines() });
    const body = [
      { key: "a", value: { n: 1 } },
      { key: "b", value: "long", metadata: { ttlInSeconds: "1000" } },
      { key: "__proto__", value: "odd" },
      { key: "gone", value: 1 },
    ];
    await call(first, "POST /v1.0/state/cart", { body });
    await call(first, "DELETE /v1.0/state/cart/gone");
    const { etag } = (await call(first, "GET /v1.0/state/cart/a")).headers;
    await first.close();
    const second = await sidecarWith([cart], { stateFile: file });
    expect(await call(second, "GET /v1.0/state/cart/a")).toMatchObject({ json: { n: 1 }, headers: { etag } });
    expect((await call(second, "GET /v1.0/state/cart/b")).headers["metadata.ttlexpiretime"]).toBeDefined();
    expect((await call(second, "GET /v1.0/state/cart/__proto__")).json).toBe("odd");
    expect(await call(second, "GET /v1.0/state/cart/gone")).toMatchObject({ status: 204 });
  });

  it.each([
    ["no JSON", "{", /state.json cannot be read: .*; correct it or remove it/],
    ["a list", "[]", /it holds no JSON object/],
    ["text for a store", '{"cart":"x"}', /"cart" is not an object of keys/],
    ["a bare value", '{"cart":{"k":1}}', /"k" of "cart" is not an item with value and etag/],
  ])("of %s stops the start", async (_, text, message) => {
    writeFileSync(file, text);
    await expect(sidecarWith([cart], { stateFile: file })).rejects.toMatchObject({
      code: "component-invalid",
      message: expect.stringMatching(message) as string,
    });
  });

  it("may be in a folder that is not there yet", async () => {
    const inside = join(folder, "not", "there", "state.json");
    const sidecar = await startSidecar({ appId: "orders", components: [cart], stateFile: inside, log: new Lines() });
    await call(sidecar, "POST /v1.0/state/cart", { body: [{ key: "a", value: 1 }] });
    await sidecar.close();
    expect(JSON.parse(readFileSync(inside, "utf8"))).toMatchObject({ cart: { "orders||a": { value: "1" } } });
  });

  it("is written when the sidecar is shut down through its API, which may end the process", async () => {
    // Changes that come within 200 ms are one write: here these never pass.
    jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask", "setImmediate", "performance", "Date"] });
    try {
      const sidecar = await sidecarWith([cart], { stateFile: file });
      await call(sidecar, "POST /v1.0/state/cart", { body: [{ key: "a", value: 1 }] });
      await call(sidecar, "POST /v1.0/shutdown");
      while (!existsSync(file)) await new Promise((resolve) => setImmediate(resolve));
      expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ cart: { "orders||a": { value: "1" } } });
    } finally {
      jest.useRealTimers();
    }
  });

  it("stops the start where it cannot be written", async () => {
    writeFileSync(join(folder, "file"), "");
    await expect(sidecarWith([cart], { stateFile: join(folder, "file", "s.json") })).rejects.toMatchObject({
      code: "component-invalid",
      message: expect.stringMatching(/the state file \S+ cannot be (read|written): ENOTDIR/) as string,
    });
  });

  it("that cannot be written later is said once, written when it can be, and said again when it is lost", async () => {
    const log = new Lines();
    const place = join(folder, "place");
    const stateFile = join(place, "state.json");
    const sidecar = await startSidecar({ appId: "orders", components: [cart], stateFile, log });
    const set = (key: string) => call(sidecar, "POST /v1.0/state/cart", { body: [{ key, value: 1 }] });
    rmSync(place, { recursive: true });
    expect((await set("a")).status).toBe(204);
    await log.next(/state\.json could not be written: ENOENT/);
    await set("b");
    mkdirSync(place);
    await log.next(/state\.json is written again/);
    const { cart: stored } = JSON.parse(readFileSync(stateFile, "utf8")) as { cart: object };
    expect(Object.keys(stored)).toEqual(["orders||a", "orders||b"]);
    expect(log.all.filter((line) => line.includes("could not be written"))).toHaveLength(1);
    rmSync(place, { recursive: true });
    await set("c");
    await sidecar.close();
    expect(log.all.at(-1)).toMatch(/what has changed since it was written last is lost$/);
  });
});

it("closing waits for an invocation whose function still calls the API", async () => {
  let release!: () => void;
  const held = new Promise<void>((resolve) => (release = resolve));
  const app = await appWith({
    "POST /slow": async () => {
      await held;
      const saved = await call(sidecar, "POST /v1.0/state/cart", { body: [{ key: "k", value: 1 }] });
      return { body: { saved: saved.status } };
    },
  });
  const sidecar = await sidecarWith([cart]);
  await sidecar.connect(app);
  const reply = call(sidecar, "POST /v1.0/invoke/orders/method/slow");
  await app.received("POST /slow");
  const closed = sidecar.close();
  release();
  expect(await reply).toMatchObject({ status: 200, json: { saved: 204 } });
  await closed;
  await closeAll();
});
