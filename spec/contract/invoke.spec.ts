import { startApp, type Answer, type Received, type RecordingApp } from "./app.js";
import { call, component, contract, type CallOptions, type Contender, type Reply } from "./harness.js";

contract("invoke", (start) => {
  let app: RecordingApp;
  let other: RecordingApp;
  let sidecar: Contender;

  beforeAll(async () => {
    app = await startApp({ answer: ({ path }) => answers.get(path.replace(/^\//, "")) ?? {} });
    other = await startApp({ answer: () => ({ body: "from elsewhere", headers: { "content-type": "text/plain" } }) });
    sidecar = await start({ components: { store: component("store", "state.in-memory") }, app });
  });
  afterAll(async () => {
    await sidecar.close();
    await app.close();
    await other.close();
  });

  const invoke = (method: string, path: string, options?: CallOptions): Promise<Reply> =>
    call(sidecar.url, method, `/v1.0/invoke/${sidecar.appId}/method/${path}`, options);
  const last = (): Received => app.requests.at(-1)!;
  const failure = { status: 500, type: "application/json", json: { errorCode: "ERR_DIRECT_INVOKE" } };

  describe("the request", () => {
    it.each(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])("%s arrives with its body", async (method) => {
      expect(await invoke(method, `verb-${method}`, { body: { n: 1 } })).toMatchObject({ status: 200 });
      expect(last()).toMatchObject({
        method,
        path: `/verb-${method}`,
        json: { n: 1 },
        headers: { "content-type": "application/json" },
      });
    });

    it("HEAD arrives, and its answer has no body", async () => {
      expect(await invoke("HEAD", "head")).toMatchObject({ status: 200, text: "" });
      expect(last()).toMatchObject({ method: "HEAD", path: "/head" });
    });

    it("arrives as POST with a verb that Dapr does not know", async () => {
      expect(await invoke("PROPFIND", "unknown-verb")).toMatchObject({ status: 200 });
      expect(last()).toMatchObject({ method: "POST", path: "/unknown-verb" });
    });

    it.each([
      ["deep/er/path", "/deep/er/path"],
      ["query?a=b%20c&d=e&a=f", "/query?a=b%20c&d=e&a=f"],
      ["%C3%BCber%20mich/na%C3%AFve", "/%C3%BCber%20mich/na%C3%AFve"],
      ["a+b", "/a+b"],
      ["a%2Bb", "/a+b"],
      ["a.b.c", "/a.b.c"],
      ["one%2Ftwo", "/one/two"],
      ["one//two", "/one/two"],
      ["one/./two/../three", "/one/three"],
      ["/leading", "/leading"],
      ["trailing/", "/trailing"],
      ["", "/"],
    ])("%j arrives on %s", async (method, path) => {
      expect(await invoke("POST", method)).toMatchObject({ status: 200 });
      expect(last().path).toBe(path);
    });

    it.each(["a%3Fb", "a%23b", "50%25", "a%00b"])("%s fails", async (method) => {
      expect(await invoke("POST", method)).toMatchObject(failure);
    });

    it("keeps the caller's headers", async () => {
      const headers = {
        "content-type": "text/csv",
        authorization: "Bearer x",
        "x-custom": "1",
        baggage: "u=1",
        tracestate: "a=1",
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      };
      await invoke("POST", "headers", { headers, body: "a,b" });
      const { traceparent, tracestate: _, ...kept } = headers;
      expect(last().headers).toMatchObject(kept);
      expect(last().headers.traceparent).toContain(traceparent.slice(3, 35));
      expect(last().body.toString()).toBe("a,b");
    });

    it("keeps a type that no JSON has, and bytes as they are", async () => {
      const headers = { "content-type": "application/octet-stream" };
      await invoke("POST", "bytes", { headers, body: Buffer.from([0, 255, 10]) });
      expect(last().headers).toMatchObject(headers);
      expect([...last().body]).toEqual([0, 255, 10]);
    });

    it("arrives empty when it is", async () => {
      await invoke("POST", "empty");
      expect(last().body).toHaveLength(0);
      expect(last().headers).not.toHaveProperty("content-type");
    });

    it("goes by the header that names the app, on any path", async () => {
      const headers = { "dapr-app-id": sidecar.appId };
      const reply = await call(sidecar.url, "PUT", "/any/path?q=1", { headers, body: { n: 2 } });
      expect(reply.status).toBe(200);
      expect(last()).toMatchObject({ method: "PUT", path: "/any/path?q=1", json: { n: 2 } });
    });

    const basic = (text: string): Record<string, string> => ({
      authorization: `Basic ${Buffer.from(text).toString("base64")}`,
    });

    it.each(["dapr-app-id", "DAPR-App-ID"])(
      "goes by a Basic authorization of the user %s, on any path",
      async (user) => {
        const headers = basic(`${user}:${sidecar.appId}`);
        const reply = await call(sidecar.url, "PUT", "/v1.0/invoke/other/method/m?q=1", { headers, body: { n: 3 } });
        expect(reply.status).toBe(200);
        expect(last()).toMatchObject({ method: "PUT", path: "/v1.0/invoke/other/method/m?q=1", json: { n: 3 } });
        expect(last()!.headers.authorization).toBe(headers["authorization"]);
      },
    );

    it("goes by the header before the authorization", async () => {
      const headers = { ...basic("dapr-app-id:nobody"), "dapr-app-id": sidecar.appId };
      expect((await call(sidecar.url, "POST", "/both", { headers })).status).toBe(200);
      expect(last()).toMatchObject({ path: "/both" });
    });

    it("goes by the authorization before the path", async () => {
      const headers = basic("dapr-app-id:nobody-there");
      const reply = await call(sidecar.url, "POST", `/v1.0/invoke/${sidecar.appId}/method/m`, { headers });
      expect(reply).toMatchObject({ status: 500, json: { errorCode: "ERR_DIRECT_INVOKE" } });
      expect((reply.json as { message: string }).message).toContain("nobody-there");
    });

    it.each([
      ["of another user", (appId: string) => basic(`user:${appId}`)],
      ["of two colons", (appId: string) => basic(`dapr-app-id:${appId}:x`)],
      [
        "in lower case",
        (appId: string) => ({ authorization: basic(`dapr-app-id:${appId}`).authorization!.replace("B", "b") }),
      ],
      ["that is not base64", () => ({ authorization: "Basic dapr-app-id" })],
    ])("does not go by an authorization %s", async (_, headersFor) => {
      const reply = await call(sidecar.url, "POST", "/any", { headers: headersFor(sidecar.appId) });
      expect(reply).toMatchObject({ status: 404, json: { errorCode: "ERR_DIRECT_INVOKE" } });
    });
  });

  describe("the answer", () => {
    it.each([200, 201, 202, 302, 400, 401, 404, 409, 418, 500, 503])("%s is passed on", async (status) => {
      const reply = await invoke("POST", `status-${status}`);
      expect(reply).toMatchObject({
        status,
        type: "application/json",
        headers: { "x-app": "yes" },
        json: { errorCode: "BUSY", message: "later" },
      });
    });

    it("204 is passed on", async () => {
      expect(await invoke("POST", "status-204")).toMatchObject({ status: 204, text: "" });
    });

    it.each([
      ["untyped text", "untyped", 200, "text/plain; charset=utf-8", "hello"],
      ["untyped error", "untyped-400", 400, "application/json", "oh no"],
      ["typed text", "typed", 200, "text/csv", "a,b"],
    ])("of %s has a type", async (_, path, status, type, text) => {
      expect(await invoke("POST", path)).toMatchObject({ status, type, text });
    });

    it("has the redirect of the app, which is not followed", async () => {
      const reply = await invoke("GET", "redirect");
      expect(reply).toMatchObject({ status: 307, headers: { location: "/elsewhere" } });
    });

    it("keeps bytes", async () => {
      const reply = await invoke("GET", "binary");
      expect(reply.type).toBe("application/octet-stream");
      expect(reply.headers["content-length"] ?? "3").toBe("3");
    });

    it("fails when its headers are too large", async () => {
      expect(await invoke("GET", "huge-headers")).toMatchObject(failure);
    });

    it("fails when the app cuts the connection", async () => {
      expect(await invoke("GET", "cut")).toMatchObject(failure);
    });
  });

  describe("the target", () => {
    it.each([
      ["nowhere", "nowhere"],
      ["a%20b", "a b"],
      ["a+b", "a b"],
      ["a%2Bb", "a b"],
      ["%C3%A9", "é"],
      ["a%23b", "a#b"],
      ["a%3Fb", "a?b"],
      ["50%25", "50%"],
      ["a%252Fb", "a/b"],
    ])("that is unknown fails: %s", async (appId, name) => {
      const reply = await call(sidecar.url, "POST", `/v1.0/invoke/${appId}/method/m`);
      expect(reply).toMatchObject(failure);
      expect(reply.json).toHaveProperty("message", expect.stringContaining(`failed to invoke, id: ${name}, err: `));
    });

    it("may name the namespace", async () => {
      const path = `/v1.0/invoke/${sidecar.appId}.default/method/in-namespace`;
      expect(await call(sidecar.url, "POST", path)).toMatchObject({ status: 200 });
      expect(last().path).toBe("/in-namespace");
    });

    it("may be a URL", async () => {
      const target = encodeURIComponent(`http://127.0.0.1:${other.port}`);
      const reply = await call(sidecar.url, "POST", `/v1.0/invoke/${target}/method/there?q=1`, { body: { n: 3 } });
      expect(reply).toMatchObject({ status: 200, type: "text/plain", text: "from elsewhere" });
      expect(other.requests.at(-1)).toMatchObject({ method: "POST", path: "/there?q=1", json: { n: 3 } });
    });

    it("fails when it is a URL where nobody listens", async () => {
      const target = encodeURIComponent("http://127.0.0.1:1");
      expect(await call(sidecar.url, "POST", `/v1.0/invoke/${target}/method/m`)).toMatchObject(failure);
    });

    it("fails where the sidecar has no app", async () => {
      const alone = await start({ components: { store: component("store", "state.in-memory") } });
      const reply = await call(alone.url, "POST", `/v1.0/invoke/${alone.appId}/method/m`);
      await alone.close();
      expect(reply).toMatchObject(failure);
    });

    it.each(["/", "/v1.0", "/v1.0/nothing", "/v1.0/invoke/app", "/v2.0/state/a/b", "/healthz"])(
      "is not found on path %s",
      async (path) => {
        expect(await call(sidecar.url, "GET", path)).toMatchObject({
          status: 404,
          type: "application/json",
          json: { errorCode: "ERR_DIRECT_INVOKE" },
        });
      },
    );
  });
});

const text = { "content-type": "text/plain" };
const answers = new Map<string, Answer>([
  ...[200, 201, 202, 302, 400, 401, 404, 409, 418, 500, 503].map((status): [string, Answer] => [
    `status-${status}`,
    {
      status,
      headers: { "content-type": "application/json", "x-app": "yes" },
      body: '{"errorCode":"BUSY","message":"later"}',
    },
  ]),
  ["status-204", { status: 204 }],
  ["untyped", { body: "hello" }],
  ["untyped-400", { status: 400, body: "oh no" }],
  ["typed", { headers: { "content-type": "text/csv" }, body: "a,b" }],
  ["redirect", { status: 307, headers: { location: "/elsewhere" } }],
  ["binary", { headers: { "content-type": "application/octet-stream" }, body: Buffer.from([0, 255, 1]) }],
  ["huge-headers", { headers: { ...text, "x-huge": "x".repeat(5000) }, body: "" }],
  ["cut", { cut: true }],
]);
