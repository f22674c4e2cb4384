import { History } from "../../lib/inspector/history.js";
import { Inspector } from "../../lib/inspector/inspector.js";
import { appWith, call, closeAll, sidecarWith } from "../sidecar/support.js";

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
