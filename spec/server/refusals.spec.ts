import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import {
  createHandler,
  DaprBindingTrigger,
  DaprServiceInvocationTrigger,
  DaprTopicTrigger,
  HttpTrigger,
  type CloudEvent,
  type HttpRequest,
} from "../../lib/index.js";
import { deliver, json, keptLog, post, send, serving, withVariable } from "../serve/support.js";

class Orders {
  readonly got: unknown[] = [];

  @DaprServiceInvocationTrigger({ methods: ["POST", "PUT"] })
  createNewOrder(payload: unknown): unknown {
    return payload;
  }
  @DaprServiceInvocationTrigger({ methodName: "orders/{id}/lines" })
  lines(_payload: unknown): void {}
  @HttpTrigger({ route: "echo", methods: ["PUT"] })
  async echo(request: HttpRequest): Promise<string> {
    return await request.text();
  }
  @HttpTrigger({ route: "files/{*rest}", methods: ["PUT"] })
  files(_request: HttpRequest): void {}
  @HttpTrigger({ route: "pages/{page?}", methods: ["PUT"] })
  pages(_request: HttpRequest): void {}
  @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
  onOrder(event: CloudEvent): void {
    this.got.push(event.data);
  }
  @DaprBindingTrigger({ bindingName: "mail" })
  onMail(_payload: unknown): void {}
}

describe("a request that no function answers", () => {
  it.each([
    ["POST", "/createNewOder", "no function at POST /createNewOder; did you mean createNewOrder, at /createNewOrder"],
    ["POST", "/createOrder", "no function at POST /createOrder; did you mean createNewOrder, at /createNewOrder"],
    ["POST", "/api/createNewOrder", "; did you mean createNewOrder, at /createNewOrder"],
    ["POST", "/orders/41/line", "no function at POST /orders/41/line; did you mean lines, at POST /orders/{id}/lines"],
    ["GET", "/ordrs/1/lines", "; did you mean lines, at POST /orders/{id}/lines"],
    ["GET", `/ordrs/${"x".repeat(90)}/lines`, "; did you mean lines, at POST /orders/{id}/lines"],
    ["PUT", "/api/file/a/b/c", "; did you mean files, at PUT /api/files/{*rest}"],
    ["PUT", "/api/pags", "; did you mean pages, at PUT /api/pages/{page?}"],
    ["PUT", "/api/pags/7", "; did you mean pages, at PUT /api/pages/{page?}"],
    ["PUT", "/api/ecko", "; did you mean echo, at PUT /api/echo"],
    ["GET", "/something/else", "no function at GET /something/else"],
    ["GET", `/${"x".repeat(5000)}`, "no function at GET /xxx"],
  ])("is answered 404 with the nearest one: %s %s", async (method, path, message) => {
    const { app, log } = await serving([Orders]);
    const answer = await send(app, method, path);
    expect(answer.status).toBe(404);
    const body = answer.json as { errorCode: string; message: string };
    expect(body.errorCode).toBe("ERR_FUNCTION_NOT_FOUND");
    expect(body.message).toContain(message);
    expect(log.lines).toContain(`debug ${body.message}`);
  });

  it("names none whose own text differs much, however much of it is a parameter", async () => {
    const { app } = await serving([Orders]);
    const path = `/nothing/${"x".repeat(90)}/unlike`;
    expect((await send(app, "GET", path)).json).toMatchObject({ message: `no function at GET ${path}` });
  });

  it("is answered 405 with the verbs that the path takes", async () => {
    const { app } = await serving([Orders]);
    const answer = await send(app, "GET", "/createNewOrder");
    expect([answer.status, answer.headers["allow"], answer.json]).toEqual([
      405,
      "POST, PUT",
      { errorCode: "ERR_METHOD_NOT_ALLOWED", message: "GET /createNewOrder is not answered, POST, PUT is; send that" },
    ]);
    expect((await send(app, "GET", "/orders/41/lines")).headers["allow"]).toBe("POST");
    expect((await send(app, "POST", "/healthz")).headers["allow"]).toBe("GET");
  });

  it("is never 405 for OPTIONS, which daprd takes for yes", async () => {
    const { app, log } = await serving([Orders]);
    expect((await send(app, "OPTIONS", "/mail")).status).toBe(200);
    expect((await send(app, "OPTIONS", "/createNewOrder")).status).toBe(404);
    expect((await send(app, "OPTIONS", "/queue")).status).toBe(404);
    expect((await send(app, "OPTIONS", "/queue")).status).toBe(404);
    const said = log.lines.filter((line) => line.startsWith("info no function at OPTIONS /queue"));
    expect(said).toEqual(["info no function at OPTIONS /queue; Dapr asks for a binding there"]);
  });

  it("is answered 503 when it is an event, which Dapr then keeps, and is said once", async () => {
    const { app, log } = await serving([Orders]);
    for (let time = 0; time < 2; time++) {
      expect(await deliver(app, "/renamed", { data: 1 })).toMatchObject({ status: 503 });
    }
    const raw = { "content-type": "application/octet-stream", pubsubname: "bus" };
    expect((await send(app, "POST", "/raw", { headers: raw, body: "x" })).status).toBe(503);
    expect(log.lines.filter((line) => line.startsWith("warn"))).toEqual([
      "warn no function at POST /renamed; the event is answered 503, so that Dapr keeps it",
      "warn no function at POST /raw; the event is answered 503, so that Dapr keeps it",
    ]);
  });

  it("learns of HTTP functions only where it has not the app's token", async () => {
    withVariable("APP_API_TOKEN", "secret");
    const { app } = await serving([Orders]);
    expect((await send(app, "POST", "/createNewOder")).status).toBe(401);
    const message = async (path: string, headers = {}) =>
      ((await send(app, "PUT", path, { headers })).json as { message: string }).message;
    expect(await message("/api/createNewOrder")).toBe("no function at PUT /api/createNewOrder");
    expect(await message("/api/ecko")).toContain("did you mean echo");
    expect(await message("/api/createNewOrder", { "dapr-api-token": "secret" })).toContain(
      "did you mean createNewOrder",
    );
  });
});

describe("an encoded body", () => {
  const whole = JSON.stringify({ text: "é".repeat(1000) });

  it.each([
    ["gzip", gzipSync(whole)],
    ["GZIP", gzipSync(whole)],
    ["x-gzip", gzipSync(whole)],
    ["deflate", deflateSync(whole)],
    ["deflate", deflateRawSync(whole)],
    ["br", brotliCompressSync(whole)],
    ["gzip, br", brotliCompressSync(gzipSync(whole))],
    ["identity", Buffer.from(whole)],
  ])("is inflated: %s", async (encoding, body) => {
    const { app } = await serving([Orders]);
    const headers = { ...json, "content-encoding": encoding };
    expect((await send(app, "POST", "/createNewOrder", { headers, body })).body).toBe(whole);
    expect((await send(app, "PUT", "/api/echo", { headers, body })).body).toBe(whole);
    const handler = await createHandler([Orders], { log: keptLog() });
    const request = new Request("http://localhost/createNewOrder", {
      method: "POST",
      headers,
      body: new Uint8Array(body),
    });
    expect(await (await handler.fetch(request)).text()).toBe(whole);
    await handler.close();
  });

  it.each([
    ["what nobody knows", "zstd", Buffer.from("x"), 415, "ERR_CONTENT_ENCODING"],
    ["what is inherited", "constructor", Buffer.from("x"), 415, "ERR_CONTENT_ENCODING"],
    ["a chain", "gzip, gzip, gzip", Buffer.from("x"), 415, "ERR_CONTENT_ENCODING"],
    ["what it is not labelled as", "gzip", Buffer.from("{}"), 400, "ERR_MALFORMED_REQUEST"],
    ["half of it", "br", brotliCompressSync(whole).subarray(0, 20), 400, "ERR_MALFORMED_REQUEST"],
    ["what grows beyond the limit", "gzip", gzipSync(Buffer.alloc(5_000_000)), 413, "ERR_PAYLOAD_TOO_LARGE"],
  ])("is refused when it is %s", async (_what, encoding, body, status, errorCode) => {
    const { app } = await serving([Orders], { maxBodySize: 100_000 });
    const headers = { ...json, "content-encoding": encoding };
    const answer = await send(app, "POST", "/createNewOrder", { headers, body });
    expect([answer.status, answer.json]).toEqual([status, expect.objectContaining({ errorCode })]);
    expect((await post(app, "/createNewOrder", 1)).body).toBe("1");
  });
});

describe("a body beyond the limit", () => {
  it("is said, since an event of that size would come again for ever without a word", async () => {
    const { app, log } = await serving([Orders], { maxBodySize: 50 });
    expect((await deliver(app, "/orders", { data: "x".repeat(100) })).status).toBe(413);
    expect(log.lines).toContain(
      "warn onOrder failed: ERR_PAYLOAD_TOO_LARGE: the body exceeds 50 bytes; raise maxBodySize, or send less",
    );
  });
});
