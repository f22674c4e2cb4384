import { once } from "node:events";
import { Agent, request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { startMesh, startSidecar } from "../../lib/sidecar/index.js";
import { freePort } from "../support/daprd.js";
import { appWith, call, closeAll, Lines, sidecarWith } from "./support.js";

describe("startSidecar", () => {
  afterEach(closeAll);

  it("says first that it is for development and not Dapr", async () => {
    const log = new Lines();
    await sidecarWith([], { log });
    expect(log.all[0]).toMatch(/for development and tests on one machine.*not Dapr/);
  });

  it("records the requests that it receives, in order", async () => {
    const sidecar = await sidecarWith([]);
    await call(sidecar, "POST /v1.0/state/a%20b?metadata.x=1", { headers: { "X-Own": "y" }, body: [{ key: "k" }] });
    await call(sidecar, "GET /nowhere");
    expect(sidecar.requests).toMatchObject([
      { method: "POST", path: "/v1.0/state/a%20b?metadata.x=1", headers: { "x-own": "y" }, body: '[{"key":"k"}]' },
      { method: "GET", path: "/nowhere", body: "" },
    ]);
  });

  it("forgets the oldest requests beyond 64 MiB of bodies", async () => {
    const sidecar = await sidecarWith([]);
    const body = Buffer.alloc(4 * 1024 * 1024, "x");
    for (let n = 0; n < 17; n++) await call(sidecar, `POST /r${n}`, { body });
    expect(sidecar.requests).toHaveLength(16);
    expect(sidecar.requests[0]!.path).toBe("/r1");
  });

  it("listens on the loopback interface, on the port that it is given", async () => {
    const port = await freePort();
    const sidecar = await sidecarWith([], { port });
    expect(sidecar).toMatchObject({ port, url: `http://127.0.0.1:${port}` });
  });

  /* What JavaScript may give. */
  it.each<[string, unknown, string]>([
    ["nothing", undefined, "components is undefined; give a folder"],
    ["null", null, "components is null; give a folder"],
    ["a number", 5, "components is a number; give a folder"],
    ["one component", { name: "cart", type: "state.in-memory" }, "components is an object; give a folder"],
    ["a list of null", [null], "components has null; give a folder"],
    ["a component without a type", [{ name: "cart" }], "components has an object; give a folder"],
  ])("says what components are, to %s", async (_, components, message) => {
    const starting = sidecarWith(components as never);
    await expect(starting).rejects.toMatchObject({
      code: "component-invalid",
      message: expect.stringContaining(message),
    });
  });

  it.each([undefined, ""])("says that it has no appId, to %p", async (appId) => {
    await expect(sidecarWith([], { appId: appId as never })).rejects.toMatchObject({
      code: "option-missing",
      message: expect.stringContaining("the sidecar has no appId; give the app's id"),
    });
  });

  it("says that a mesh has no apps", async () => {
    await expect(startMesh({ components: [] } as never)).rejects.toMatchObject({
      code: "option-missing",
      message: expect.stringContaining("the mesh has no apps; give a list of them"),
    });
  });

  it("says so when its port is taken", async () => {
    const { port } = await appWith();
    await expect(sidecarWith([], { port })).rejects.toMatchObject({
      code: "address-in-use",
      message: expect.stringContaining(`port ${port} of the sidecar is in use`),
    });
  });

  it("takes a doubled slash at the start, and one at the end", async () => {
    const sidecar = await sidecarWith([{ name: "cart", type: "state.in-memory" }]);
    expect(await call(sidecar, "POST //v1.0/state/cart", { body: [] })).toMatchObject({ status: 204 });
    expect(await call(sidecar, "POST /v1.0/state/cart/", { body: [] })).toMatchObject({ status: 204 });
  });

  it("answers 400 to escapes that are none", async () => {
    const sidecar = await sidecarWith([{ name: "cart", type: "state.in-memory" }]);
    expect(await call(sidecar, "GET /v1.0/state/cart/50%")).toMatchObject({ status: 400 });
  });

  describe("with an API token", () => {
    it("answers 401 to callers without it, but not to health probes", async () => {
      const sidecar = await sidecarWith([], { apiToken: "t0k" });
      for (const headers of [{}, { "dapr-api-token": "other" }, { authorization: "Bearer t0k" }]) {
        const reply = await call(sidecar, "GET /v1.0/metadata", { headers });
        expect(reply).toMatchObject({ status: 401 });
        expect(reply.text.trim()).toBe("invalid api token");
        expect(reply.headers["content-type"]).toMatch(/^text\/plain/);
      }
      expect(await call(sidecar, "GET /v1.0/metadata", { headers: { "dapr-api-token": "t0k" } })).toMatchObject({
        status: 200,
      });
      expect(await call(sidecar, "GET /v1.0/healthz")).toMatchObject({ status: 204 });
      expect(await call(sidecar, "GET /v1.0/healthz/outbound")).toMatchObject({ status: 204 });
    });
  });

  describe("connecting the app", () => {
    const subscribe = {
      "GET /dapr/subscribe": { body: [{ pubsubname: "bus", topic: "t", route: "/t" }] },
      "POST /t": {},
    };
    const bus = { name: "bus", type: "pubsub.in-memory" };
    const tick = { name: "tick", type: "bindings.cron", metadata: { schedule: "@hourly" } };

    it("asks for its configuration, its subscriptions and its bindings, with the app's token", async () => {
      const app = await appWith(subscribe);
      const sidecar = await sidecarWith([bus, tick], { appToken: "app" });
      await sidecar.connect(app);
      await sidecar.ready;
      expect(app.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
        "GET /dapr/config",
        "GET /dapr/subscribe",
        "OPTIONS /tick",
      ]);
      for (const { headers } of app.calls) {
        expect(headers).toMatchObject({ "content-type": "application/json", "dapr-api-token": "app" });
      }
      expect(app.calls.slice(0, 2).map(({ headers }) => headers["dapr-app-id"])).toEqual(["orders", "orders"]);
    });

    it("waits until the app listens", async () => {
      const port = await freePort();
      const sidecar = await sidecarWith([bus], { appPort: port });
      const app = await appWith(subscribe, port);
      await sidecar.ready;
      expect(await app.received("GET /dapr/subscribe")).toHaveLength(1);
    });

    it("turns to another instance of the app", async () => {
      const [first, second] = [await appWith(subscribe), await appWith(subscribe)];
      const sidecar = await sidecarWith([bus]);
      await sidecar.connect(first);
      await sidecar.connect(second);
      await call(sidecar, "POST /v1.0/publish/bus/t", { body: "1" });
      await second.received("POST /t");
      expect(first.calls.filter(({ path }) => path === "/t")).toEqual([]);
    });

    it("turns to the app that was named last when the one before answers late, and delivers once", async () => {
      let answer = (): void => undefined;
      const late = new Promise<void>((resolve) => (answer = resolve));
      const first = await appWith({
        ...subscribe,
        "GET /dapr/subscribe": () => late.then(() => subscribe["GET /dapr/subscribe"]),
      });
      const second = await appWith(subscribe);
      const sidecar = await sidecarWith([bus, tick]);
      const earlier = sidecar.connect(first);
      await first.received("GET /dapr/subscribe");
      await sidecar.connect(second);
      await earlier;
      answer();
      for (const body of ["1", "2"]) await call(sidecar, "POST /v1.0/publish/bus/t", { body });
      await second.received("POST /t", 2);
      expect([first, second].map(({ calls }) => calls.filter(({ path }) => path === "/t").length)).toEqual([0, 2]);
      expect(await call(sidecar, "GET /v1.0/invoke/orders/method/none")).toMatchObject({ status: 404 });
      expect(second.calls.at(-1)).toMatchObject({ path: "/none" });
    });

    it("subscribes to nothing once disconnect is called", async () => {
      let answer = (): void => undefined;
      const late = new Promise<void>((resolve) => (answer = resolve));
      const app = await appWith({
        ...subscribe,
        "GET /dapr/subscribe": () => late.then(() => subscribe["GET /dapr/subscribe"]),
      });
      const sidecar = await sidecarWith([bus]);
      const connecting = sidecar.connect(app);
      await app.received("GET /dapr/subscribe");
      await sidecar.disconnect();
      answer();
      await connecting;
      expect((await call(sidecar, "GET /v1.0/metadata")).json).not.toHaveProperty("subscriptions");
    });

    it("turns to another app while the one before does not listen yet", async () => {
      const port = await freePort();
      const sidecar = await sidecarWith([bus]);
      const earlier = sidecar.connect({ port });
      const app = await appWith(subscribe);
      await sidecar.connect(app);
      await earlier;
      await call(sidecar, "POST /v1.0/publish/bus/t", { body: "1" });
      expect(await app.received("POST /t")).toHaveLength(1);
    });

    it.each([
      ["404", { status: 404 }],
      ["nothing", {}],
      ["500", { status: 500 }],
      ["null", { body: "null" }],
    ])("takes %s for no subscriptions", async (_, answer) => {
      const app = await appWith({ "GET /dapr/config": { status: 500, body: "{" }, "GET /dapr/subscribe": answer });
      const sidecar = await sidecarWith([bus]);
      await sidecar.connect(app);
      expect((await call(sidecar, "GET /v1.0/metadata")).json).not.toHaveProperty("subscriptions");
    });

    it("rejects when the list of subscriptions cannot be read, and says so where nobody waits", async () => {
      const app = await appWith({ "GET /dapr/subscribe": { body: "{" } });
      const log = new Lines();
      const sidecar = await sidecarWith([bus], { appPort: app.port, log });
      await expect(sidecar.ready).rejects.toThrow(/cannot be connected/);
      expect(await log.next(/cannot be connected/)).toContain(`the app on port ${app.port}`);
    });

    it("keeps the last of two subscriptions to one topic, and leaves out one without a route", async () => {
      const app = await appWith({
        "GET /dapr/subscribe": {
          body: [
            { pubsubname: "bus", topic: "t", route: "/old" },
            { pubsubname: "bus", topic: "t", route: "/t" },
            { pubsubname: "bus", topic: "none" },
          ],
        },
        "POST /t": {},
      });
      const log = new Lines();
      const sidecar = await sidecarWith([bus], { log });
      await sidecar.connect(app);
      await call(sidecar, "POST /v1.0/publish/bus/t", { body: "1" });
      await app.received("POST /t");
      expect(app.calls.filter(({ path }) => path === "/old")).toEqual([]);
      expect(log.all).toContain("topic none of bus has no route, so it is left out");
    });
  });

  describe("closing", () => {
    it("waits for the events of input bindings that are under way", async () => {
      const log = new Lines();
      let answer!: () => void;
      const answered = new Promise<void>((resolve) => (answer = resolve));
      const app = await appWith({
        "OPTIONS /tick": {},
        "POST /tick": () => answered.then(() => ({})),
      });
      const tick = { name: "tick", type: "bindings.cron", metadata: { schedule: "@every 1s" } };
      const sidecar = await sidecarWith([tick], { appPort: app.port, log });
      await app.received("POST /tick");
      const closed = sidecar.close();
      answer();
      await closed;
      expect(log.all.filter((line) => line.includes("tick"))).toEqual([]);
    });

    const refuses = (port: number) =>
      new Promise<boolean>((resolve) => {
        const socket = connect(port, "127.0.0.1");
        socket.once("connect", () => resolve(!socket.destroy())).once("error", () => resolve(true));
      });

    it("stops the API, also when it is asked for through the API", async () => {
      const sidecar = await startSidecar({ appId: "orders", components: [], log: new Lines() });
      expect(await call(sidecar, "POST /v1.0/shutdown")).toMatchObject({ status: 204, text: "" });
      await sidecar.close();
      expect(await refuses(sidecar.port)).toBe(true);
    });

    it("sends all of an answer that is being read slowly", async () => {
      const body = "x".repeat(20_000_000);
      const app = await appWith({ "GET /big": { body } });
      const sidecar = await sidecarWith([], { appPort: app.port });
      await sidecar.ready;
      const path = "/v1.0/invoke/orders/method/big";
      const outgoing = request({ host: "127.0.0.1", port: sidecar.port, path, agent: false }).end();
      const [response] = (await once(outgoing, "response")) as [IncomingMessage];
      const closed = sidecar.close();
      while (!(await refuses(sidecar.port)));
      let length = 0;
      for await (const chunk of response as AsyncIterable<Buffer>) length += chunk.length;
      expect(length).toBe(body.length);
      await closed;
    });

    it("answers a request whose body was still to come, and ends its connection, which a client would keep", async () => {
      const sidecar = await sidecarWith([{ name: "statestore", type: "state.in-memory" }]);
      const agent = new Agent({ keepAlive: true });
      const path = "/v1.0/state/statestore";
      const headers = { expect: "100-continue" };
      const outgoing = request({ host: "127.0.0.1", port: sidecar.port, path, method: "POST", agent, headers });
      outgoing.write("[");
      await once(outgoing, "continue");
      const closed = sidecar.close();
      while (!(await refuses(sidecar.port)));
      outgoing.end("]");
      const [response] = (await once(outgoing, "response")) as [IncomingMessage];
      expect(response).toMatchObject({ statusCode: 204, headers: { connection: "close" } });
      await closed;
      agent.destroy();
    });

    it("resolves `connect` that has not ended", async () => {
      const app = await appWith({ "GET /dapr/config": () => new Promise(() => undefined) });
      const sidecar = await sidecarWith([]);
      const connecting = sidecar.connect(app);
      await app.received("GET /dapr/config");
      await sidecar.close();
      await expect(connecting).resolves.toBeUndefined();
    });

    it("resolves `ready` when no app ever came", async () => {
      const port = await freePort();
      const sidecar = await startSidecar({ appId: "orders", components: [], appPort: port, log: new Lines() });
      await sidecar.close();
      await expect(sidecar.ready).resolves.toBeUndefined();
    });
  });
});
