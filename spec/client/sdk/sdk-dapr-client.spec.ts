import { CommunicationProtocolEnum, DaprClient as DaprSdkClient, LogLevel } from "@dapr/dapr";
import { SdkDaprClient } from "../../../lib/client/sdk/sdk-dapr-client.js";
import type { DaprSdk } from "../../../lib/client/sdk/sdk.js";
import { SidecarError } from "../../../lib/model/errors.js";
import { JsonText } from "../../../lib/model/json.js";
import { recordingSidecar, type RecordingSidecar, type StubAnswer } from "../../support/recording-sidecar.js";

const json = (content: unknown) => ({
  contentType: "application/json",
  content: new JsonText(JSON.stringify(content)),
});
const quiet = { log() {}, info() {}, warn() {}, error() {}, verbose() {}, debug() {} };
const publishing = { pubSubName: "bus", topic: "t", payload: json(1), binding: 'daprPublish "copies"' };
const entries = [{ key: "k", value: 1 }];

async function failure(call: Promise<unknown>): Promise<SidecarError> {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SidecarError);
  return error as SidecarError;
}

describe("SdkDaprClient over HTTP", () => {
  let sidecar: RecordingSidecar;
  let client: SdkDaprClient;
  let answer: (path: string) => StubAnswer | undefined;

  const connect = (options: object = {}): SdkDaprClient =>
    new SdkDaprClient(
      new DaprSdkClient({
        daprHost: "127.0.0.1",
        daprPort: new URL(sidecar.url).port,
        communicationProtocol: CommunicationProtocolEnum.HTTP,
        logger: { service: quiet },
        ...options,
      }),
    );

  beforeEach(async () => {
    answer = () => undefined;
    sidecar = await recordingSidecar();
    sidecar.answer = ({ path }) => (path === "/v1.0/metadata" ? { body: '{"id":"app"}' } : answer(path));
    client = connect();
  });

  afterEach(() => sidecar.close());

  const lines = (): readonly string[] => sidecar.lines.filter((line) => !line.endsWith("/metadata"));

  it("throws the errors that the package returns", async () => {
    answer = () => ({ status: 409, body: '{"errorCode":"ERR_A","message":"said"}' });
    const calls: [Promise<unknown>, string][] = [
      [failure(client.publish(publishing)), 'daprPublish "copies", POST /v1.0/publish/bus/t answered 409: said'],
      [failure(client.saveState({ stateStore: "s", entries })), "POST /v1.0/state/s answered 409: said"],
      [failure(client.deleteState({ stateStore: "s", key: "k" })), "DELETE /v1.0/state/s/k answered 409: said"],
      [
        failure(client.transactState({ stateStore: "s", operations: [] })),
        "POST /v1.0/state/s/transaction answered 409: said",
      ],
    ];
    for (const [call, message] of calls) {
      expect(await call).toMatchObject({ status: 409, errorCode: "ERR_A", message });
    }
  });

  it("makes of other answers what the table of errors says", async () => {
    answer = () => ({ status: 404 });
    expect(await failure(client.publish(publishing))).toMatchObject({
      status: 404,
      errorCode: "ERR_DAPR_RESOURCE_DOES_NOT_EXIST",
    });
    answer = () => ({ status: 401, body: "invalid api token" });
    expect((await failure(client.publish(publishing))).message).toContain("invalid api token");
  });

  it("escapes names, and refuses those that the package folds", async () => {
    await client.publish({ ...publishing, pubSubName: "a/b", topic: "x/../y?z" });
    expect(lines()).toEqual(["POST /v1.0/publish/a%2Fb/x%2F..%2Fy%3Fz? 1"]);
    for (const topic of [".", ".."]) {
      await expect(client.publish({ ...publishing, topic })).rejects.toMatchObject({
        code: "ERR_OVERRIDE_UNSUPPORTED",
      });
    }
    expect(lines()).toHaveLength(1);
  });

  it("sends options, etag and metadata of entries without changing what it was given", async () => {
    const entry = Object.freeze({
      key: "k",
      value: new JsonText("0"),
      etag: "7",
      metadata: { ttlInSeconds: "5" },
      options: Object.freeze({ concurrency: "first-write", consistency: "strong" } as const),
    });
    await client.saveState({ stateStore: "s", entries: [entry] });
    expect(JSON.parse(sidecar.requests.at(-1)!.body)).toEqual([{ ...entry, value: 0 }]);
  });

  it("sends metadata and options of reads, removals and transactions", async () => {
    const metadata = { partitionKey: "p" };
    const options = { concurrency: "first-write" } as const;
    answer = (path) => (path.includes("/bulk") ? { body: '[{"key":"k","data":1,"etag":"7"}]' } : undefined);
    expect(await client.getState({ stateStore: "s", key: "k", metadata })).toEqual({ value: 1, etag: "7" });
    await client.deleteState({ stateStore: "s", key: "k", metadata, options });
    const removal = { operation: "delete", request: { key: "k", metadata, options } } as const;
    await client.transactState({ stateStore: "s", metadata, operations: [removal] });
    const sent = sidecar.requests.filter(({ path }) => path.includes("/state/"));
    expect(sent.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /v1.0/state/s/bulk?metadata.partitionKey=p",
      "DELETE /v1.0/state/s/k?metadata.partitionKey=p&concurrency=first-write",
      "POST /v1.0/state/s/transaction",
    ]);
    expect(JSON.parse(sent[2]!.body)).toEqual({ operations: [removal], metadata });
  });

  it("keeps what a callee that fails says", async () => {
    answer = () => ({ status: 404, body: "no such order" });
    const error = await failure(client.invokeMethod({ appId: "a", methodName: "m", httpVerb: "POST" }));
    expect(error).toMatchObject({ status: 404, errorCode: "ERR_CALLEE_FAILED" });
    expect(error.message).toBe("POST /v1.0/invoke/a/method/m answered 404: no such order");
    expect(Buffer.from(error.body).toString()).toBe("no such order");
  });

  it("publishes one by one and counts what was published before a failure", async () => {
    let count = 0;
    answer = () => (++count === 2 ? { status: 500 } : undefined);
    const bulk = [1, 2, 3].map((n) => ({ payload: json(n) }));
    expect(await failure(client.publishBulk({ ...publishing, entries: bulk }))).toMatchObject({ accepted: 1 });
    expect(lines()).toEqual(["POST /v1.0/publish/bus/t? 1", "POST /v1.0/publish/bus/t? 2"]);
  });

  it("sends headers and trace with an invocation", async () => {
    const request = { appId: "a", methodName: "m?q=a b", httpVerb: "POST", body: json(1) };
    await client.invokeMethod({ ...request, headers: { "x-a": "1" }, traceHeaders: { traceparent: "00-1-1-01" } });
    expect(lines()).toEqual(["POST /v1.0/invoke/a/method/m?q=a%20b 1"]);
    expect(sidecar.requests.at(-1)!.headers).toMatchObject({
      "content-type": "application/json",
      "x-a": "1",
      traceparent: "00-1-1-01",
    });
  });

  it("keeps the token out of the package's debug log", async () => {
    const logged: unknown[] = [];
    const debug = (...args: unknown[]): number => logged.push(...args);
    const logger = { level: LogLevel.Debug, service: { ...quiet, debug } };
    await connect({ daprApiToken: "hidden-token", logger }).publish(publishing);
    expect(sidecar.requests.at(-1)!.headers["dapr-api-token"]).toBe("hidden-token");
    expect(logged.join()).toContain("/publish/bus/t");
    expect(logged.join()).not.toContain("hidden-token");
  });

  it("waits no longer than it may", async () => {
    await client.metadata();
    sidecar.answer = () => new Promise(() => undefined);
    expect((await failure(client.publish({ ...publishing, timeout: 20 }))).message).toContain("no answer within 20 ms");
    const controller = new AbortController();
    const call = failure(client.publish({ ...publishing, signal: controller.signal }));
    controller.abort(new Error("the app stops"));
    expect((await call).message).toContain("the app stops");
  });

  it("takes one signal with many calls", async () => {
    const { signal } = new AbortController();
    const listening = jest.spyOn(signal, "addEventListener");
    await Promise.all(Array.from({ length: 50 }, () => client.publish({ ...publishing, signal })));
    expect(listening.mock.calls.length).toBeLessThan(3);
  });

  it.each([
    ["the consistency of a read", () => client.getState({ stateStore: "s", key: "k", consistency: "strong" })],
    ["a daprAddress", () => client.publish({ ...publishing, daprAddress: "http://127.0.0.1:1" })],
    ["a body with GET", () => client.invokeMethod({ appId: "a", methodName: "m", httpVerb: "GET", body: json(1) })],
  ])("refuses %s, naming the way", async (_, call) => {
    await expect(call()).rejects.toThrow("use HttpDaprClient");
    expect(lines()).toEqual([]);
  });

  it("leaves the application's client open", async () => {
    await client.close();
    await client.publish(publishing);
    expect(lines()).toHaveLength(1);
  });
});

describe("SdkDaprClient over gRPC", () => {
  /** A client whose every method does as it is told. */
  function told(answer: (...args: unknown[]) => unknown): SdkDaprClient {
    const method = (...args: unknown[]): Promise<unknown> => Promise.resolve().then(() => answer(...args));
    const options = { daprHost: "127.0.0.1", daprPort: "50001", communicationProtocol: 0 };
    const block = new Proxy({}, { get: () => method });
    return new SdkDaprClient(
      new Proxy(
        {},
        { get: (_, name) => (name === "options" ? options : name === "start" ? method : block) },
      ) as DaprSdk,
    );
  }

  const grpcError = (code: number, rawMessage: string, cause?: unknown): Error =>
    Object.assign(new Error(`[code] ${rawMessage}`), { code, rawMessage, cause });

  it.each([
    [3, 400],
    [5, 404],
    [7, 403],
    [10, 409],
    [13, 500],
    [14, 503],
    [16, 401],
  ])("makes of code %d the status %d", async (code, status) => {
    const failing = told(() => {
      throw { error: grpcError(code, "ERR_STATE_SAVE: said") };
    });
    expect(await failure(failing.publish(publishing))).toMatchObject({
      status,
      errorCode: "ERR_STATE_SAVE",
      message: `daprPublish "copies", POST /v1.0/publish/bus/t answered ${status}: ERR_STATE_SAVE: said`,
      target: "grpc://127.0.0.1:50001",
    });
  });

  it("says that there is no sidecar", async () => {
    const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    for (const error of [grpcError(14, "refused", refused), new Error("DAPR_SIDECAR_COULD_NOT_BE_STARTED")]) {
      const failing = told(() => {
        throw error;
      });
      expect(await failure(failing.saveState({ stateStore: "s", entries }))).toMatchObject({
        status: 503,
        errorCode: "ERR_DAPR_SIDECAR_DOES_NOT_EXIST",
      });
    }
  });

  it("does not take a key that cannot be read for a missing one", async () => {
    let count = 0;
    const client = told(() => {
      if (++count === 1) return [{ key: "k", data: "", etag: "" }];
      throw grpcError(13, "store is down");
    });
    expect((await failure(client.getState({ stateStore: "s", key: "k" }))).message).toContain("store is down");
  });

  it("takes a reply that is not JSON", async () => {
    const unread = { error: "COULD_NOT_PARSE_RESULT", error_msg: "Could not parse the returned resultset: plain" };
    const client = told(() => {
      throw new Error(JSON.stringify(unread));
    });
    const { body } = await client.invokeMethod({ appId: "a", methodName: "m", httpVerb: "POST" });
    expect(Buffer.from(body).toString()).toBe("plain");
  });

  const invoking = { appId: "a", methodName: "m", httpVerb: "POST" };
  const operation = { operation: "upsert", request: { key: "k", value: 1, metadata: { ttlInSeconds: "1" } } } as const;

  it.each([
    ["headers", (client: SdkDaprClient) => client.invokeMethod({ ...invoking, headers: { a: "1" } })],
    [
      "other content types",
      (client: SdkDaprClient) =>
        client.invokeMethod({ ...invoking, body: { contentType: "application/xml", content: "<o/>" } }),
    ],
    [
      "metadata of a secret",
      (client: SdkDaprClient) => client.getSecret({ secretStoreName: "s", key: "k", metadata: "metadata.a=1" }),
    ],
    [
      "metadata of a removal",
      (client: SdkDaprClient) => client.deleteState({ stateStore: "s", key: "k", metadata: { a: "1" } }),
    ],
    [
      "content types in a transaction",
      (client: SdkDaprClient) =>
        client.transactState({
          stateStore: "s",
          operations: [{ operation: "upsert", request: { key: "k", value: 1, contentType: "application/json" } }],
        }),
    ],
    [
      "metadata in a transaction",
      (client: SdkDaprClient) => client.transactState({ stateStore: "s", operations: [operation] }),
    ],
  ])("refuses %s, which the package would drop", async (_, call) => {
    await expect(call(told(() => ({})))).rejects.toMatchObject({ code: "ERR_OVERRIDE_UNSUPPORTED" });
  });
});
