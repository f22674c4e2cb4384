import dns from "node:dns";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { inspect } from "node:util";
import { Worker } from "node:worker_threads";
import { HttpDaprClient } from "../../../lib/client/http/http-dapr-client.js";
import { SidecarError } from "../../../lib/model/errors.js";
import { JsonText } from "../../../lib/model/json.js";
import { freePort } from "../../support/daprd.js";
import { recordingSidecar, type RecordingSidecar, type StubAnswer } from "../../support/recording-sidecar.js";
import { line } from "../../support/wire.js";
import { eachClient } from "./each-client.js";

let sidecar: RecordingSidecar;
let client: HttpDaprClient;

eachClient((...given) => ([client, sidecar] = given));

const lines = (): string[] => sidecar.requests.map(line);
const json = (content: unknown) => ({
  contentType: "application/json",
  content: new JsonText(JSON.stringify(content)),
});

async function failureOf(call: Promise<unknown>): Promise<SidecarError> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SidecarError);
  return error as SidecarError;
}

const publishing = { pubSubName: "bus", topic: "orders", binding: 'daprPublish "copies"', payload: json(1) };
const place = 'daprPublish "copies", POST /v1.0/publish/bus/orders';
const prefix = `${place}: `;

describe("names and keys", () => {
  const hostile = [
    ..."/?#%+&=;:{}\"\\ é<>|^`~@!$',*()[]\u0000\n".split(""),
    ".",
    "..",
    "...",
    "x/../y",
    "%2F",
    "日本",
    "😀",
    "a b",
  ];

  it.each(hostile)("%j arrives as one segment and decodes to itself", async (name) => {
    await client.getState({ stateStore: name, key: name });
    await client.publish({ ...publishing, pubSubName: name, topic: name });
    await client.getSecret({ secretStoreName: name, key: name }).catch(() => undefined);
    await client.invokeBinding({ bindingName: name, operation: name });
    await client.invokeMethod({ appId: name, methodName: "m", httpVerb: "POST" });
    const paths = sidecar.requests.map(({ path }) => path.split("/"));
    expect(paths.map((parts) => parts.length)).toEqual([5, 5, 5, 4, 6]);
    const parts = paths.map((all) => (all[2] === "bindings" || all[2] === "invoke" ? all[3]! : all[4]!));
    for (const part of parts) {
      expect(decodeURIComponent(part)).toBe(name);
      expect(part).toMatch(/^(?!\.\.?$)[\x21-\x7e]+$/);
      expect(part).not.toMatch(/[?#]/);
    }
  });

  it("send a key of dots as escapes, which nothing folds", async () => {
    await client.deleteState({ stateStore: "cart", key: ".." });
    expect(lines()).toEqual(["DELETE /v1.0/state/cart/%2E%2E"]);
  });
});

describe("requests", () => {
  it("write state, values as they were serialised", async () => {
    const value = new JsonText('{"n": 2.50}');
    await client.saveState({
      stateStore: "cart",
      entries: [
        { key: "a", value },
        { key: "b\n", value: { n: 1 } },
      ],
    });
    expect(lines()).toEqual(['POST /v1.0/state/cart [{"key":"a","value":{"n": 2.50}},{"key":"b\\n","value":{"n":1}}]']);
  });

  it("write a transaction", async () => {
    await client.transactState({
      stateStore: "cart",
      operations: [
        { operation: "upsert", request: { key: "a", value: new JsonText("1"), etag: "7" } },
        { operation: "delete", request: { key: "b", etag: "8" } },
        { operation: "delete", request: { key: "c" } },
      ],
    });
    expect(lines()).toEqual([
      'POST /v1.0/state/cart/transaction {"operations":[{"operation":"upsert","request":{"key":"a","value":1,"etag":"7"}},' +
        '{"operation":"delete","request":{"key":"b","etag":"8"}},{"operation":"delete","request":{"key":"c"}}]}',
    ]);
  });

  it("write metadata and options of reads, removals and transactions", async () => {
    const metadata = { partitionKey: "a&b" };
    const options = { concurrency: "first-write", consistency: "strong" } as const;
    await client.getState({ stateStore: "cart", key: "a", metadata, consistency: "strong" });
    await client.getState({ stateStore: "cart", key: "a", metadata });
    await client.deleteState({ stateStore: "cart", key: "a", metadata, options });
    await client.transactState({
      stateStore: "cart",
      metadata,
      operations: [
        { operation: "upsert", request: { key: "a", value: 1, contentType: "application/json" } },
        { operation: "delete", request: { key: "b", metadata, options } },
      ],
    });
    const sent = '"metadata":{"partitionKey":"a&b"}';
    expect(lines()).toEqual([
      "GET /v1.0/state/cart/a?consistency=strong&metadata.partitionKey=a%26b",
      "GET /v1.0/state/cart/a?metadata.partitionKey=a%26b",
      "DELETE /v1.0/state/cart/a?concurrency=first-write&consistency=strong&metadata.partitionKey=a%26b",
      'POST /v1.0/state/cart/transaction {"operations":[{"operation":"upsert","request":{"key":"a","value":1,' +
        `"contentType":"application/json"}},{"operation":"delete","request":{"key":"b",${sent},` +
        `"options":{"concurrency":"first-write","consistency":"strong"}}}],${sent}}`,
    ]);
  });

  it("read several keys in one request", async () => {
    sidecar.answer = () => ({
      body: '[{"key":"b","data":null,"etag":"2","metadata":{"ttlExpireTime":"2030-01-01T00:00:00Z"}},{"key":"a"}]',
    });
    const results = await client.getBulkState({ stateStore: "s", keys: ["a", "b", "a"], metadata: { p: "1" } });
    expect(lines()).toEqual(['POST /v1.0/state/s/bulk?metadata.p=1 {"keys":["a","b"]}']);
    expect(results).toEqual([
      { key: "a" },
      { key: "b", value: null, etag: "2", ttlExpireTime: "2030-01-01T00:00:00Z" },
      { key: "a" },
    ]);
    expect(await client.getBulkState({ stateStore: "s", keys: [] })).toEqual([]);
    expect(sidecar.requests).toHaveLength(1);
  });

  it.each(['[{"key":"a","error":"no disk"}]', "{}", "oops"])("fail when a key cannot be read: %s", async (body) => {
    sidecar.answer = () => ({ body });
    const error = await failureOf(client.getBulkState({ stateStore: "s", keys: ["a"] }));
    expect(error).toMatchObject({ errorCode: "ERR_STATE_BULK_GET" });
  });

  it("send an etag as if-match", async () => {
    await client.deleteState({ stateStore: "cart", key: "a", etag: "7" });
    expect(sidecar.requests[0]!.headers["if-match"]).toBe("7");
  });

  it("carry the api token on every call, and no content type without a body", async () => {
    const withToken = new HttpDaprClient({ url: sidecar.url, apiToken: "t0k" });
    sidecar.answer = () => ({ body: "{}" });
    await withToken.getState({ stateStore: "s", key: "k" });
    await withToken.saveState({ stateStore: "s", entries: [{ key: "k", value: 1 }] });
    await withToken.deleteState({ stateStore: "s", key: "k" });
    await withToken.transactState({ stateStore: "s", operations: [] });
    await withToken.publish(publishing);
    await withToken.publishBulk({ ...publishing, entries: [{ payload: json(1) }, { payload: json(2) }] });
    await withToken.invokeMethod({ appId: "a", methodName: "m", httpVerb: "GET" });
    await withToken.invokeBinding({ bindingName: "b", operation: "o" });
    await withToken.getSecret({ secretStoreName: "s", key: "k" });
    await withToken.metadata();
    await withToken.close();
    expect(sidecar.requests.map(({ headers }) => headers["dapr-api-token"])).toEqual(Array(10).fill("t0k"));
    expect(lines()).toHaveLength(10);
  });

  it.each(["a\nb", "a\r", "tökn", "a\u0000"])("are refused a token that no header can carry: %j", (apiToken) => {
    expect(() => new HttpDaprClient({ url: sidecar.url, apiToken })).toThrow("apiToken: it holds");
  });

  it("send trace headers, but not over a header of the item's own", async () => {
    const traceHeaders = { traceparent: "00-1-1-01", baggage: "a=1" };
    const headers = { Traceparent: "mine", "x-a": "1" };
    await client.invokeMethod({ appId: "a", methodName: "m", httpVerb: "POST", headers, traceHeaders });
    expect(sidecar.requests[0]!.headers).toMatchObject({ traceparent: "mine", baggage: "a=1", "x-a": "1" });
  });

  it("keep what was written of a query and encode what a URL cannot hold", async () => {
    const methodName = "/a b/c?x=%20&y=[1]&z='\"<é>#f";
    await client.invokeMethod({ appId: "a", methodName, httpVerb: "GET" });
    expect(lines()).toEqual(["GET /v1.0/invoke/a/method/a%20b/c?x=%20&y=[1]&z=%27%22%3C%C3%A9%3E%23f"]);
  });

  it.each(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])(
    "send a body with %s",
    async (verb) => {
      await client.invokeMethod({ appId: "a", methodName: "m", httpVerb: verb, body: json({ a: 1 }) });
      expect(lines()).toEqual([`${verb} /v1.0/invoke/a/method/m {"a":1}`]);
    },
  );

  it("keep connections for calls that follow each other", async () => {
    let connections = 0;
    const server = createHttpServer((_, response) => response.writeHead(204).end());
    server.on("connection", () => connections++);
    const calling = new HttpDaprClient({ url: await listen(server) });
    for (let index = 0; index < 20; index++) await calling.publish(publishing);
    await calling.close();
    await closed(server);
    // A call that begins while undici still finishes the one before takes a second.
    expect(connections).toBeLessThanOrEqual(2);
  });

  it("never use the global fetch", async () => {
    const fetched = jest.spyOn(globalThis, "fetch");
    await client.publish(publishing);
    expect(fetched).not.toHaveBeenCalled();
    fetched.mockRestore();
  });
});

describe("a time", () => {
  it.each([0, -1, NaN, "5" as never])("is not %p milliseconds", async (timeout) => {
    expect(() => new HttpDaprClient({ url: sidecar.url, timeout })).toThrow("timeout: ");
    const call = client.getState({ stateStore: "s", key: "k", timeout });
    await expect(call).rejects.toMatchObject({
      code: "ERR_DAPR_BAD_REQUEST",
      message: expect.stringContaining("GET /v1.0/state/s/k, timeout: "),
    });
    expect(sidecar.requests).toEqual([]);
  });
});

describe("answers", () => {
  it("give a value parsed once, and text where it is not JSON", async () => {
    sidecar.answer = () => ({ headers: { etag: "1" }, body: '"{\\"a\\":1}"' });
    expect(await client.getState({ stateStore: "s", key: "k" })).toEqual({ value: '{"a":1}', etag: "1" });
    sidecar.answer = () => ({ headers: { etag: "1", "metadata.ttlExpireTime": "2030-01-01T00:00:00Z" }, body: "1" });
    const read = await client.getState({ stateStore: "s", key: "k" });
    expect(read).toEqual({ value: 1, etag: "1", ttlExpireTime: "2030-01-01T00:00:00Z" });
    sidecar.answer = () => ({ body: "plain é" });
    expect(await client.getState({ stateStore: "s", key: "k" })).toEqual({ value: "plain é", etag: undefined });
  });

  it.each([{ status: 204 }, { status: 200, body: "" }])("give undefined for a missing key (%j)", async (answer) => {
    sidecar.answer = () => ({ ...answer, headers: { etag: "x" } });
    expect(await client.getState({ stateStore: "s", key: "k" })).toEqual({ value: undefined, etag: undefined });
  });

  it("give bytes where another application stored what is not text", async () => {
    sidecar.answer = () => ({ body: Uint8Array.of(0x22, 0xff, 0x22) });
    const { value } = await client.getState({ stateStore: "s", key: "k" });
    expect(value).toEqual(Uint8Array.of(0x22, 0xff, 0x22));
  });

  it("give null for a stored null", async () => {
    sidecar.answer = () => ({ body: "null" });
    expect(await client.getState({ stateStore: "s", key: "k" })).toEqual({ value: null, etag: undefined });
  });

  it("give status, headers and body of an invocation, unless told to discard the answer", async () => {
    sidecar.answer = () => ({ status: 201, headers: { "x-a": "1" }, body: "hello" });
    const request = { appId: "a", methodName: "m", httpVerb: "POST" };
    const result = await client.invokeMethod(request);
    expect(result).toMatchObject({ status: 201, headers: { "x-a": "1" } });
    expect(Buffer.from(result.body).toString()).toBe("hello");
    const forgotten = { status: 201, headers: {}, body: Buffer.alloc(0) };
    expect(await client.invokeMethod({ ...request, discard: true })).toMatchObject(forgotten);
    const list = { bindingName: "b", operation: "list", discard: true };
    expect(await client.invokeBinding(list)).toEqual({ ...forgotten, metadata: {} });
  });

  it("give a binding's body and metadata", async () => {
    sidecar.answer = () => ({ headers: { "metadata.statuscode": "200", "x-other": "1" }, body: "[]" });
    const { body, metadata } = await client.invokeBinding({ bindingName: "b", operation: "list" });
    expect(Buffer.from(body).toString()).toBe("[]");
    expect(metadata).toEqual({ statuscode: "200" });
  });

  it("fail where a secret is not a JSON object", async () => {
    sidecar.answer = () => ({ body: "oops" });
    const error = await failureOf(client.getSecret({ secretStoreName: "s", key: "k" }));
    expect(error.message).toBe("GET /v1.0/secrets/s/k answered 200: not a valid JSON object");
  });
});

describe("failures", () => {
  const long = "x".repeat(5000);
  const cases: [
    string,
    { status: number; body?: string; headers?: Record<string, string> },
    string,
    string,
    boolean,
  ][] = [
    ["an error of Dapr", { status: 400, body: '{"errorCode":"ERR_A","message":"said"}' }, "ERR_A", "said", false],
    [
      "an empty 404",
      { status: 404 },
      "ERR_DAPR_RESOURCE_DOES_NOT_EXIST",
      "resource does not exist or is not configured",
      false,
    ],
    ["an empty 500", { status: 500 }, "ERR_UNKNOWN", "no message given", true],
    ["another object", { status: 503, body: '{"a":1}' }, "ERR_UNKNOWN", "no message given", true],
    [
      "another object with 404",
      { status: 404, body: "{}" },
      "ERR_DAPR_RESOURCE_DOES_NOT_EXIST",
      "resource does not exist or is not configured",
      false,
    ],
    ["JSON that is not an object", { status: 429, body: "[1]" }, "ERR_UNKNOWN", "[1]", true],
    ["long JSON text", { status: 500, body: JSON.stringify(long) }, "ERR_UNKNOWN", "x".repeat(1000), true],
    ["text", { status: 401, body: "invalid api token" }, "ERR_UNKNOWN", "invalid api token", false],
    ["long text", { status: 502, body: long }, "ERR_UNKNOWN", `${"x".repeat(1000)}`, true],
    [
      "a redirect",
      { status: 302, headers: { location: "/elsewhere" }, body: "moved" },
      "ERR_UNKNOWN",
      "redirect not followed",
      false,
    ],
    [
      "a store that is not configured",
      { status: 500, body: '{"errorCode":"ERR_STATE_STORE_NOT_CONFIGURED","message":"m"}' },
      "ERR_STATE_STORE_NOT_CONFIGURED",
      "m",
      false,
    ],
  ];

  it.each(cases)("say what %s says", async (_, answer, errorCode, message, retryable) => {
    sidecar.answer = () => answer;
    const error = await failureOf(client.publish(publishing));
    expect(error).toMatchObject({ status: answer.status, errorCode, code: errorCode, retryable });
    expect(error.message).toBe(`${place} answered ${answer.status}: ${message}`);
    expect(error).toMatchObject({ operation: "POST /v1.0/publish/bus/orders", target: sidecar.url });
    expect(sidecar.requests).toHaveLength(1);
  });

  it("keep the headers and the body of an answer, and do not print them", async () => {
    const body = '{"errorCode":"E","message":"m","stock":0}';
    sidecar.answer = () => ({ status: 422, headers: { "content-type": "application/problem+json" }, body });
    const error = await failureOf(client.publish(publishing));
    expect(error.headers).toMatchObject({ "content-type": "application/problem+json" });
    expect(Buffer.from(error.body).toString()).toBe(body);
    expect(error.value).toEqual({ errorCode: "E", message: "m", stock: 0 });
    expect(inspect(error)).not.toContain("stock");
  });

  it("keep no more than a MiB of a body", async () => {
    sidecar.answer = () => ({ status: 500, body: "x".repeat(3 << 20) });
    expect((await failureOf(client.publish(publishing))).body).toHaveLength(1 << 20);
  });

  it.each<[string, StubAnswer & { status: number }, string, string]>([
    ["an empty 404", { status: 404 }, "ERR_CALLEE_FAILED", "no message given"],
    ["text", { status: 404, body: "no such order" }, "ERR_CALLEE_FAILED", "no such order"],
    ["a JSON string", { status: 404, body: '"no such order"' }, "ERR_CALLEE_FAILED", "no such order"],
    ["problem details", { status: 422, body: '{"title":"out of stock"}' }, "ERR_CALLEE_FAILED", "out of stock"],
    ["its own code", { status: 409, body: '{"errorCode":"BUSY","message":"later"}' }, "BUSY", "later"],
    ["a nested one", { status: 400, body: '{"error":{"code":1,"message":"sold"}}' }, "ERR_CALLEE_FAILED", "sold"],
    [
      "text in its charset",
      { status: 500, headers: { "content-type": "text/plain; charset=latin1" }, body: Buffer.from("café", "latin1") },
      "ERR_CALLEE_FAILED",
      "café",
    ],
    ["bytes", { status: 500, body: Buffer.of(0xff, 0xfe, 0x00) }, "ERR_CALLEE_FAILED", "no message given"],
    ["a redirect", { status: 302 }, "ERR_CALLEE_FAILED", "redirect not followed"],
  ])("say what a callee says: %s", async (_, answer, errorCode, message) => {
    sidecar.answer = () => answer;
    const error = await failureOf(client.invokeMethod({ appId: "shop", methodName: "orders/1", httpVerb: "GET" }));
    expect(error).toMatchObject({ status: answer.status, errorCode, code: errorCode });
    expect(error.message).toBe(`GET /v1.0/invoke/shop/method/orders/1 answered ${answer.status}: ${message}`);
    expect(Buffer.from(error.body)).toEqual(Buffer.from(answer.body ?? ""));
  });

  it("keep details", async () => {
    sidecar.answer = () => ({ status: 400, body: '{"errorCode":"E","message":"m","details":[{"a":1}]}' });
    expect((await failureOf(client.publish(publishing))).details).toEqual([{ a: 1 }]);
  });

  it("never tell query, body, headers or token", async () => {
    const secret = new HttpDaprClient({ url: sidecar.url, apiToken: "hidden-token" });
    sidecar.answer = () => ({ status: 500 });
    const error = await failureOf(
      secret.invokeMethod({
        appId: "a",
        methodName: "m?q=hidden-query",
        httpVerb: "POST",
        headers: { authorization: "hidden-header" },
        body: json("hidden-body"),
      }),
    );
    await secret.close();
    expect(inspect(error, { depth: 10 })).not.toContain("hidden");
    expect(error.message).toBe("POST /v1.0/invoke/a/method/m answered 500: no message given");
  });

  it("say that there is no sidecar, after three attempts", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const started = performance.now();
    const error = await failureOf(client.publish({ ...publishing, daprAddress: url }));
    expect(performance.now() - started).toBeGreaterThan(240);
    expect(error).toMatchObject({ status: 503, errorCode: "ERR_DAPR_SIDECAR_DOES_NOT_EXIST", retryable: true });
    expect(error.message).toBe(`${prefix}no sidecar at ${url}`);
    expect(error.cause).toMatchObject({ code: "ECONNREFUSED" });
  });

  it("succeed when the sidecar comes up between two attempts", async () => {
    const port = await freePort();
    const call = client.publish({ ...publishing, daprAddress: `http://127.0.0.1:${port}` });
    const late = await recordingSidecar(port);
    try {
      await call;
      expect(late.requests.map(line)).toEqual(["POST /v1.0/publish/bus/orders 1"]);
    } finally {
      await late.close();
    }
  });

  it("send a request once when its connection breaks", async () => {
    let requests = 0;
    const server = createServer((socket) => {
      socket.once("data", () => {
        requests++;
        socket.destroy();
      });
    });
    const breaking = new HttpDaprClient({ url: await listen(server) });
    const error = await failureOf(breaking.publish(publishing));
    expect(error).toMatchObject({ status: 500, errorCode: "ERR_DAPR_REQUEST_FAILED", retryable: true });
    expect(error.cause).toBeInstanceOf(Error);
    expect(requests).toBe(1);
    await breaking.close();
    await closed(server);
  });

  it("resolve names that do not exist to no sidecar", async () => {
    // As the machine's resolver says, which may take half a minute where there is no network.
    const unknown = (name: string, _options: unknown, answer: (error: Error) => void): void => {
      const more = { code: "ENOTFOUND", syscall: "getaddrinfo", hostname: name };
      setImmediate(() => answer(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), more)));
    };
    const lookup = jest.spyOn(dns, "lookup").mockImplementation(unknown as never);
    const error = await failureOf(client.publish({ ...publishing, daprAddress: "http://sidecar.invalid:1" }));
    lookup.mockRestore();
    expect(error).toMatchObject({ status: 503, errorCode: "ERR_DAPR_SIDECAR_DOES_NOT_EXIST" });
  });
});

describe("time", () => {
  let server: Server;
  let sockets: Socket[];
  let first: Promise<void>;

  beforeEach(async () => {
    sockets = [];
    let arrived: () => void;
    first = new Promise((resolve) => (arrived = resolve));
    server = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => undefined);
      socket.once("data", () => arrived());
    });
  });

  afterEach(() => closed(server));

  it("is up when no answer has come", async () => {
    const hasty = new HttpDaprClient({ url: await listen(server), timeout: 40 });
    const started = performance.now();
    const error = await failureOf(hasty.publish(publishing));
    expect(performance.now() - started).toBeGreaterThanOrEqual(39);
    expect(error).toMatchObject({ status: 500, errorCode: "ERR_DAPR_REQUEST_FAILED" });
    expect(error.message).toBe(`${prefix}no answer within 40 ms`);
    await hasty.close();
  });

  it("is up when the answer does not end, though bytes keep coming", async () => {
    server.on("connection", (socket: Socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
        const drip = setInterval(() => socket.write("x"), 5);
        socket.on("close", () => clearInterval(drip));
      });
    });
    const patient = new HttpDaprClient({ url: await listen(server) });
    const error = await failureOf(patient.getState({ stateStore: "s", key: "k", timeout: 60 }));
    expect(error.message).toBe("GET /v1.0/state/s/k: no answer within 60 ms");
    await patient.close();
  });

  it("is not up while the answer is there, though the process was too busy to read it", async () => {
    // What has happened: the request came, this process will read nothing more, the answer is sent.
    const [came, blocked, sent] = [0, 1, 2];
    const flags = new Int32Array(new SharedArrayBuffer(12));
    const worker = new Worker(
      `const { parentPort, workerData: flags } = require("node:worker_threads");
       const server = require("node:http").createServer((_, response) => {
         Atomics.store(flags, ${came}, 1);
         Atomics.wait(flags, ${blocked}, 0);
         response.end(Buffer.alloc(50_000, "x"), () => Atomics.store(flags, ${sent}, 1));
       });
       server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));`,
      { eval: true, workerData: flags },
    );
    const port = await new Promise((resolve) => worker.once("message", resolve));
    const busy = new HttpDaprClient({ url: `http://127.0.0.1:${String(port)}` });
    const timeout = 2000;
    const begin = performance.now();
    const reading = busy.getState({ stateStore: "s", key: "k", timeout });
    while (Atomics.load(flags, came) === 0) await new Promise((resolve) => setImmediate(resolve));
    Atomics.store(flags, blocked, 1);
    Atomics.notify(flags, blocked);
    while (Atomics.load(flags, sent) === 0 || performance.now() - begin < timeout + 50);
    expect((await reading).value).toHaveLength(50_000);
    await busy.close();
    await worker.terminate();
  });

  it("is each call's own", async () => {
    const patient = new HttpDaprClient({ url: await listen(server), timeout: 60_000 });
    const controller = new AbortController();
    const { signal } = controller;
    const messages: string[] = [];
    const calls = [undefined, 60, 50_000, 30].map(async (timeout) => {
      messages.push((await failureOf(patient.publish({ ...publishing, signal, timeout }))).message);
    });
    await Promise.all([calls[1], calls[3]]);
    // One after the other, unless the machine was so slow that the time of both was over.
    expect(messages.toSorted()).toEqual([`${prefix}no answer within 30 ms`, `${prefix}no answer within 60 ms`]);
    controller.abort(new Error("enough"));
    await Promise.all(calls);
    expect(messages.slice(2)).toEqual([`${prefix}enough`, `${prefix}enough`]);
    await patient.close();
  });

  it("ends at once when the signal is aborted", async () => {
    const patient = new HttpDaprClient({ url: await listen(server) });
    const controller = new AbortController();
    const calls = [1, 2].map(() => failureOf(patient.publish({ ...publishing, signal: controller.signal })));
    await first;
    const closing = once(sockets[0]!);
    controller.abort(new Error("the app stops"));
    const [error] = await Promise.all(calls);
    expect(error!.message).toBe(`${prefix}the app stops`);
    await closing;
    const late = await failureOf(patient.publish({ ...publishing, signal: controller.signal }));
    expect(late.message).toBe(`${prefix}the app stops`);
    await patient.close();
  });

  it("is not a matter of how many calls share a signal", async () => {
    const { signal } = new AbortController();
    // Node warns of more than ten.
    const listening = jest.spyOn(signal, "addEventListener");
    await Promise.all(Array.from({ length: 50 }, () => client.publish({ ...publishing, signal })));
    const daprAddress = `http://127.0.0.1:${await freePort()}`;
    await Promise.all(
      Array.from({ length: 50 }, () => failureOf(client.publish({ ...publishing, signal, daprAddress }))),
    );
    expect(listening.mock.calls.length).toBeLessThan(3);
  });
});

describe("bulk publish", () => {
  const entries = [1, 2, 3].map((n) => ({ payload: json(n) }));
  const bulk = { ...publishing, entries };
  const bulkLine =
    'POST /v1.0/publish/bulk/bus/orders [{"entryId":"0","event":1,"contentType":"application/json"},' +
    '{"entryId":"1","event":2,"contentType":"application/json"},{"entryId":"2","event":3,"contentType":"application/json"}]';
  const singly = [1, 2, 3].map((n) => `POST /v1.0/publish/bus/orders ${n}`);
  const isBulk = (path: string): boolean => path.startsWith("/v1.0/publish/bulk/");

  it("writes metadata with each entry", async () => {
    const metadata = { ttlInSeconds: "3" };
    await client.publishBulk({ ...bulk, entries: [{ payload: json(1), metadata }, { payload: json(2) }] });
    expect(lines()).toEqual([
      'POST /v1.0/publish/bulk/bus/orders [{"entryId":"0","event":1,"contentType":"application/json","metadata":{"ttlInSeconds":"3"}},' +
        '{"entryId":"1","event":2,"contentType":"application/json"}]',
    ]);
  });

  it("counts what was accepted when some entries are refused", async () => {
    const failedEntries = [{ entryId: "1", error: "too large" }];
    sidecar.answer = () => ({
      status: 500,
      body: JSON.stringify({ failedEntries, errorCode: "ERR_PUBSUB_PUBLISH_MESSAGE" }),
    });
    const error = await failureOf(client.publishBulk(bulk));
    expect(error).toMatchObject({ accepted: 2, errorCode: "ERR_PUBSUB_PUBLISH_MESSAGE", details: { failedEntries } });
    expect(error.message).toContain("1 of 3 entries failed, entry 1 with: too large");
  });

  it.each([[[null]], [[{}]], [[]], [null]])("takes failed entries of %j for none", async (failedEntries) => {
    sidecar.answer = () => ({ status: 500, body: JSON.stringify({ failedEntries, errorCode: "E", message: "m" }) });
    expect(await failureOf(client.publishBulk(bulk))).toMatchObject({ errorCode: "E", accepted: 0 });
  });

  it("accepts nothing of a request that is refused whole", async () => {
    sidecar.answer = () => ({ status: 403, body: '{"errorCode":"ERR_PUBSUB_FORBIDDEN","message":"no"}' });
    expect(await failureOf(client.publishBulk(bulk))).toMatchObject({ accepted: 0, errorCode: "ERR_PUBSUB_FORBIDDEN" });
    expect(lines()).toEqual([bulkLine]);
  });

  it.each([
    ["ERR_DIRECT_INVOKE", "failed getting app id"],
    ["ERR_PUBSUB_NOT_FOUND", "pubsub bulk not found"],
    ["ERR_PUBSUB_NOT_FOUND", "pubsub 'bulk' is not found"],
  ])("goes singly after %s, %s, and from then on at that sidecar", async (errorCode, message) => {
    sidecar.answer = ({ path }) =>
      isBulk(path) ? { status: 404, body: JSON.stringify({ errorCode, message }) } : undefined;
    await client.publishBulk(bulk);
    await client.publishBulk(bulk);
    expect(lines()).toEqual([bulkLine, ...singly, ...singly]);
  });

  it("writes text of a type that is bytes to Dapr as base64, as it does bytes", async () => {
    const contentType = "application/octet-stream";
    const entries = ["ab", Buffer.from("ab")].map((content) => ({ payload: { contentType, content } }));
    await client.publishBulk({ ...bulk, entries });
    const sent = JSON.parse(sidecar.requests[0]!.body) as { event: string }[];
    expect(sent.map(({ event }) => event)).toEqual(["YWI=", "YWI="]);
  });

  it("does not go singly where the unknown pubsub is called bulk", async () => {
    sidecar.answer = () => ({
      status: 404,
      body: '{"errorCode":"ERR_PUBSUB_NOT_FOUND","message":"pubsub bulk is not found"}',
    });
    expect((await failureOf(client.publishBulk({ ...bulk, pubSubName: "bulk" }))).accepted).toBe(0);
    expect(sidecar.requests).toHaveLength(1);
  });

  it("does not go singly where the pubsub itself is unknown", async () => {
    sidecar.answer = () => ({
      status: 404,
      body: '{"errorCode":"ERR_PUBSUB_NOT_FOUND","message":"pubsub bus is not found"}',
    });
    expect((await failureOf(client.publishBulk(bulk))).accepted).toBe(0);
    expect(lines()).toEqual([bulkLine]);
  });

  it("counts what went singly before a failure", async () => {
    let count = 0;
    sidecar.answer = ({ path }) => {
      if (isBulk(path)) return { status: 404, body: '{"errorCode":"ERR_DIRECT_INVOKE","message":"m"}' };
      return ++count === 3 ? { status: 500 } : undefined;
    };
    expect(await failureOf(client.publishBulk(bulk))).toMatchObject({ accepted: 2, status: 500 });
  });
});

it("a call that is cancelled lets go of its connection", async () => {
  let asked!: () => void;
  const arrived = new Promise<void>((resolve) => (asked = resolve));
  let left!: () => void;
  const gone = new Promise<void>((resolve) => (left = resolve));
  const server = createHttpServer((request) => {
    request.on("close", left);
    asked();
  });
  const mute = new HttpDaprClient({ url: await listen(server) });
  const controller = new AbortController();
  const call = failureOf(mute.getState({ stateStore: "s", key: "k", signal: controller.signal }));
  await arrived;
  controller.abort(new Error("no more"));
  expect((await call).message).toContain("no more");
  await gone;
  await mute.close();
  await closed(server);
});

describe("waiting for the sidecar", () => {
  it("resolves once it can be called", async () => {
    let asked = 0;
    sidecar.answer = () => ({ status: ++asked < 3 ? 500 : 204 });
    await client.waitForOutbound();
    expect(lines()).toEqual(Array(3).fill("GET /v1.0/healthz/outbound"));
  });

  it("rejects when the time is up or the signal is aborted", async () => {
    sidecar.answer = () => ({ status: 500 });
    expect(await failureOf(client.waitForOutbound({ timeout: 10 }))).toMatchObject({ status: 500 });
    await failureOf(client.waitForOutbound({ signal: AbortSignal.abort(new Error("stop")) }));
  });
});

describe("closing", () => {
  it("lets requests under way end, and refuses new ones", async () => {
    let answerNow!: () => void;
    const asked = new Promise<void>((resolve) => {
      sidecar.answer = () =>
        new Promise((answer) => {
          resolve();
          answerNow = () => answer({});
        });
    });
    const call = client.publish(publishing);
    await asked;
    const closing = client.close();
    answerNow();
    await Promise.all([call, closing]);
    expect(await failureOf(client.publish(publishing))).toMatchObject({ errorCode: "ERR_DAPR_REQUEST_FAILED" });
    await client.close();
  });
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function closed(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}

async function once(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
}
