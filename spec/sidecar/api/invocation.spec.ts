import { appWith, call, closeAll, sidecarWith, type AppAnswer, type AppCall } from "../support.js";

describe("service invocation", () => {
  afterEach(closeAll);

  async function start(answers: Readonly<Record<string, AppAnswer | ((call: AppCall) => AppAnswer)>>, options = {}) {
    const app = await appWith(answers);
    const sidecar = await sidecarWith([], { appPort: app.port, ...options });
    await sidecar.ready;
    return { app, sidecar };
  }
  const sent = (calls: readonly AppCall[]) => calls.filter(({ path }) => !path.startsWith("/dapr/")).at(-1)!;

  it("passes verb, path, query, headers and body on, and the answer back", async () => {
    const answer = { status: 201, headers: { "x-a": "1", "content-type": "text/csv" }, body: "a,b" };
    const { app, sidecar } = await start({ "PUT /charge/eu?y=2031&q=a%20b": answer });
    const reply = await call(sidecar, "PUT /v1.0/invoke/orders/method/charge/eu?y=2031&q=a%20b", {
      headers: { "content-type": "text/plain", authorization: "Bearer x", baggage: "u=1", "x-own": "y" },
      body: "hey",
    });
    expect(reply).toMatchObject({ status: 201, text: "a,b", headers: { "x-a": "1", "content-type": "text/csv" } });
    expect(sent(app.calls)).toMatchObject({
      method: "PUT",
      body: "hey",
      headers: { "content-type": "text/plain", authorization: "Bearer x", baggage: "u=1", "x-own": "y" },
    });
  });

  it.each(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])("passes %s on", async (verb) => {
    const { app, sidecar } = await start({ [`${verb} /m`]: {} });
    expect(await call(sidecar, `${verb} /v1.0/invoke/orders/method/m`)).toMatchObject({ status: 200 });
    expect(sent(app.calls).method).toBe(verb);
  });

  it("delivers a verb that Dapr does not know as POST", async () => {
    const { sidecar } = await start({ "POST /m": { body: "posted" } });
    expect(await call(sidecar, "PURGE /v1.0/invoke/orders/method/m")).toMatchObject({ text: "posted" });
  });

  it("passes a body on with any verb", async () => {
    const { app, sidecar } = await start({ "GET /m": {}, "POST /m": {} });
    await call(sidecar, "GET /v1.0/invoke/orders/method/m", { body: { since: 1 } });
    expect(sent(app.calls)).toMatchObject({ method: "GET", body: '{"since":1}' });
    await call(sidecar, "POST /v1.0/invoke/orders/method/m");
    expect(sent(app.calls)).toMatchObject({ method: "POST", body: "" });
    expect(sent(app.calls).headers).not.toHaveProperty("content-type");
  });

  it.each([200, 302, 400, 404, 409, 503])("relays %d unchanged", async (status) => {
    const body = { errorCode: "BUSY" };
    const headers = { "content-type": "application/problem+json", location: "/x" };
    const { sidecar } = await start({ "POST /m": { status, headers, body } });
    const reply = await call(sidecar, "POST /v1.0/invoke/orders/method/m");
    expect(reply).toMatchObject({ status, json: body, headers });
  });

  it("invents a content type where the app gives none", async () => {
    const { sidecar } = await start({
      "POST /ok": { body: "hey" },
      "POST /bad": { status: 400, body: "hey" },
      "POST /empty": {},
    });
    const typeOf = async (method: string) =>
      (await call(sidecar, `POST /v1.0/invoke/orders/method/${method}`)).headers["content-type"];
    expect(await typeOf("ok")).toBe("text/plain; charset=utf-8");
    expect(await typeOf("bad")).toBe("application/json");
    expect(await typeOf("empty")).toBeUndefined();
  });

  it("decodes the method once and folds what is not a plain path", async () => {
    const { app, sidecar } = await start({});
    const pathFor = async (method: string) => {
      await call(sidecar, `POST /v1.0/invoke/orders/method/${method}`);
      return sent(app.calls).path;
    };
    expect(await pathFor("%C3%BCber%20mich/na%C3%AFve")).toBe("/%C3%BCber%20mich/na%C3%AFve");
    expect(await pathFor("a%2Fb")).toBe("/a/b");
    expect(await pathFor("a//b/../c")).toBe("/a/c");
    expect(await pathFor("")).toBe("/");
  });

  it.each(["a%3Fb", "a%23b", "50%25", "a%0Ab"])("answers 500 to the method %s", async (method) => {
    const { app, sidecar } = await start({});
    expect(await call(sidecar, `POST /v1.0/invoke/orders/method/${method}`)).toMatchObject({
      status: 500,
      json: { errorCode: "ERR_DIRECT_INVOKE" },
    });
    expect(app.calls.filter(({ path }) => !path.startsWith("/dapr/"))).toEqual([]);
  });

  it("takes the app id from a header on any path", async () => {
    const { app, sidecar } = await start({ "POST /a/m?x=1": { body: "called" } });
    const headers = { "dapr-app-id": "orders" };
    expect(await call(sidecar, "POST /a/m?x=1", { headers })).toMatchObject({ status: 200, text: "called" });
    expect(sent(app.calls).headers).not.toHaveProperty("dapr-app-id");
  });

  it("reaches its own app with its namespace, and another base URL as app id", async () => {
    const { sidecar } = await start({ "POST /m": { body: "own" } });
    expect(await call(sidecar, "POST /v1.0/invoke/orders.default/method/m")).toMatchObject({ text: "own" });
    const other = await appWith({ "POST /base/x?q=1": { status: 202, body: "other" } });
    const id = encodeURIComponent(`http://127.0.0.1:${other.port}/base`);
    expect(await call(sidecar, `POST /v1.0/invoke/${id}/method/x?q=1`, { body: 1 })).toMatchObject({
      status: 202,
      text: "other",
    });
  });

  it("answers 500 to an unknown app, without an app, and when the app does not answer", async () => {
    const { app, sidecar } = await start({});
    expect((await call(sidecar, "POST /v1.0/invoke/tax/method/m")).json).toEqual({
      errorCode: "ERR_DIRECT_INVOKE",
      message: "failed to invoke, id: tax, err: couldn't find service: tax",
    });
    await app.close();
    const failure = { status: 500, json: { errorCode: "ERR_DIRECT_INVOKE" } };
    expect(await call(sidecar, "POST /v1.0/invoke/orders/method/m")).toMatchObject(failure);
    expect(await call(await sidecarWith([]), "POST /v1.0/invoke/orders/method/m")).toMatchObject(failure);
  });

  it.each([
    "GET /",
    "POST /v1.0/nothing",
    "DELETE /v1.0/publish/bus/t",
    "POST /v1.0/invoke/orders",
    "PATCH /v1.0/metadata",
  ])("answers 404 to %s", async (line) => {
    const { sidecar } = await start({});
    expect(await call(sidecar, line)).toMatchObject({
      status: 404,
      json: {
        errorCode: "ERR_DIRECT_INVOKE",
        message: "failed getting app id either from the URL path or the header dapr-app-id",
      },
    });
  });

  it("carries the app's token, not the caller's", async () => {
    const { app, sidecar } = await start({ "POST /m": {} }, { apiToken: "api", appToken: "app" });
    await call(sidecar, "POST /v1.0/invoke/orders/method/m", { headers: { "dapr-api-token": "api" } });
    expect(sent(app.calls).headers["dapr-api-token"]).toBe("app");
  });
});
