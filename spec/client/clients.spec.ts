import { CommunicationProtocolEnum, DaprClient as DaprSdkClient } from "@dapr/dapr";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { DaprClient } from "../../lib/client/dapr-client.js";
import { HttpDaprClient } from "../../lib/client/http-dapr-client.js";
import { SdkDaprClient } from "../../lib/client/sdk-dapr-client.js";
import { SidecarError } from "../../lib/model/errors.js";
import { JsonText } from "../../lib/model/json.js";
import { startApp, type RecordingApp } from "../contract/app.js";
import { component, contract, startOnDaprd, type Contender, type Start } from "../contract/harness.js";
import { findDaprd } from "../support/daprd.js";
import { notRun } from "../support/not-run.js";

const awkward = ["a/b c", "x?y#z", "50%", "a+b&c=d;e:f", '{"}\\', "é😀", "x/../y", "..."];
const json = (content: unknown) => ({
  contentType: "application/json",
  content: new JsonText(JSON.stringify(content)),
});

const clients = {
  HttpDaprClient: ({ url }: Contender): DaprClient => new HttpDaprClient({ url, apiToken: "" }),
  "SdkDaprClient over HTTP": (contender: Contender): DaprClient => sdk(CommunicationProtocolEnum.HTTP, contender),
  "SdkDaprClient over gRPC": (contender: Contender): DaprClient => sdk(CommunicationProtocolEnum.GRPC, contender),
};

function sdk(communicationProtocol: CommunicationProtocolEnum, { url, grpcPort }: Contender): SdkDaprClient {
  const isGrpc = communicationProtocol === CommunicationProtocolEnum.GRPC;
  const daprPort = isGrpc ? String(grpcPort) : new URL(url).port;
  const quiet = { log() {}, info() {}, warn() {}, error() {}, verbose() {}, debug() {} };
  return new SdkDaprClient(
    new DaprSdkClient({ daprHost: "127.0.0.1", daprPort, communicationProtocol, logger: { service: quiet } }),
  );
}

/** What every client does on every sidecar. */
function clientCases(start: Start, name: keyof typeof clients): void {
  let app: RecordingApp;
  let sidecar: Contender;
  let client: DaprClient;

  beforeAll(async () => {
    process.env["WIRE_SECRET"] = "s3";
    app = await startApp({
      subscriptions: [{ pubsubname: "bus", topic: "orders", route: "/orders" }],
      answer: ({ path }) => {
        if (path.startsWith("/fail")) return { status: 409, body: '{"errorCode":"BUSY","message":"later"}' };
        const headers = { "content-type": "application/json" };
        return path.startsWith("/echo") ? { headers, body: '{"ok":true}' } : undefined;
      },
    });
    const rootPath = mkdtempSync(join(process.env["DAPR_FUNCTIONS_RUN"]!, "files-"));
    sidecar = await start({
      components: {
        cart: component("cart", "state.in-memory"),
        bus: component("bus", "pubsub.in-memory"),
        files: component("files", "bindings.localstorage", { rootPath }),
        safe: component("safe", "secretstores.local.env"),
      },
      app,
    });
    client = clients[name](sidecar);
  });

  afterAll(async () => {
    await client.close();
    await sidecar.close();
    await app.close();
  });

  async function failure(call: Promise<unknown>): Promise<SidecarError> {
    const error: unknown = await call.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SidecarError);
    return error as SidecarError;
  }

  /** The request with which the app gets what is sent meanwhile. */
  async function delivered(path: string, send: () => Promise<unknown>) {
    const before = app.requests.length;
    const [arrived] = await Promise.all([
      app.received((request) => request.path.startsWith(path) && app.requests.indexOf(request) >= before),
      send(),
    ]);
    return { ...arrived[0]!, body: arrived[0]!.body.toString() };
  }

  const stateStore = "cart";

  it.each([[{ n: 1, list: [null] }], ["text"], [""], ["5"], [0], [false], [null], [[]]])(
    "stores and reads %j",
    async (value) => {
      await client.saveState({ stateStore, entries: [{ key: "v", value: new JsonText(JSON.stringify(value)) }] });
      expect(await client.getState({ stateStore, key: "v" })).toEqual({ value, etag: expect.any(String) });
    },
  );

  it("sends an instance of a class as its JSON", async () => {
    class Order {
      constructor(readonly id: string) {}
    }
    await client.saveState({ stateStore, entries: [{ key: "class", value: new Order("1") }] });
    expect((await client.getState({ stateStore, key: "class" })).value).toEqual({ id: "1" });
  });

  it("gives undefined for a missing key", async () => {
    expect(await client.getState({ stateStore, key: "nowhere" })).toEqual({ value: undefined, etag: undefined });
  });

  it.each(awkward)("reads and removes the key %j", async (key) => {
    await client.saveState({ stateStore, entries: [{ key, value: key }] });
    expect((await client.getState({ stateStore, key })).value).toBe(key);
    await client.deleteState({ stateStore, key });
    expect((await client.getState({ stateStore, key })).value).toBeUndefined();
  });

  it("fails for a wrong etag", async () => {
    await client.saveState({ stateStore, entries: [{ key: "e", value: 1 }] });
    expect(
      await failure(client.saveState({ stateStore, entries: [{ key: "e", value: 2, etag: "99" }] })),
    ).toMatchObject({ status: 409 });
    expect(await failure(client.deleteState({ stateStore, key: "e", etag: "99" }))).toMatchObject({ status: 409 });
    const { etag } = await client.getState({ stateStore, key: "e" });
    await client.saveState({ stateStore, entries: [{ key: "e", value: 3, etag }] });
    expect((await client.getState({ stateStore, key: "e" })).value).toBe(3);
  });

  it("keeps first-write from writing over a value", async () => {
    const entries = [
      { key: "first", value: 1, options: { concurrency: "first-write", consistency: "strong" } as const },
    ];
    await client.saveState({ stateStore, entries });
    expect(await failure(client.saveState({ stateStore, entries }))).toMatchObject({ status: 409 });
  });

  it("saves with metadata", async () => {
    const entries = [{ key: "ttl", value: 1, metadata: { ttlInSeconds: "no number" } }];
    expect((await failure(client.saveState({ stateStore, entries }))).message).toContain("no number");
  });

  it("applies a transaction in order", async () => {
    await client.transactState({
      stateStore,
      operations: [
        { operation: "upsert", request: { key: "t1", value: new JsonText('{"a":1}') } },
        { operation: "upsert", request: { key: "t2", value: 0 } },
        { operation: "upsert", request: { key: "t3", value: "text" } },
        { operation: "delete", request: { key: "t1" } },
      ],
    });
    const values = await Promise.all(["t1", "t2", "t3"].map((key) => client.getState({ stateStore, key })));
    expect(values.map(({ value }) => value)).toEqual([undefined, 0, "text"]);
  });

  it("fails for an unknown store", async () => {
    const message = expect.stringContaining("nowhere") as unknown;
    const request = { stateStore: "nowhere", key: "k", binding: 'daprState "order"' };
    const entries = [{ key: "k", value: 1 }];
    expect(await failure(client.saveState({ ...request, entries }))).toMatchObject({ status: 400, message });
    expect(await failure(client.getState(request))).toMatchObject({ status: 400, message });
    expect(await failure(client.deleteState(request))).toMatchObject({ status: 400, message });
    expect(await failure(client.transactState({ ...request, operations: [] }))).toMatchObject({ status: 400, message });
  });

  it.each([
    ["an object", json({ n: 1 }), { data: { n: 1 } }],
    ["text", json("x"), { data: "x" }],
    ["empty text", json(""), { data: "" }],
    ["zero", json(0), { data: 0 }],
    ["false", json(false), { data: false }],
    ["plain text", { contentType: "text/plain", content: "a b" }, { data: "a b" }],
    ["bytes", { contentType: "application/octet-stream", content: Uint8Array.of(0, 255) }, { data_base64: "AP8=" }],
    [
      "an own event",
      {
        contentType: "application/cloudevents+json",
        content: { id: "own", specversion: "1.0", type: "t", source: "s", data: 1 },
      },
      { id: "own", data: 1 },
    ],
  ])("publishes %s", async (_, payload, event) => {
    const publishing = { pubSubName: "bus", topic: "orders", payload };
    const { body } = await delivered("/orders", () => client.publish(publishing));
    expect(JSON.parse(body)).toMatchObject(event);
  });

  it("publishes under the id that metadata gives", async () => {
    const publishing = {
      pubSubName: "bus",
      topic: "orders",
      payload: json(1),
      metadata: { "cloudevent.id": "id 1&2" },
    };
    const { body } = await delivered("/orders", () => client.publish(publishing));
    expect(JSON.parse(body)).toMatchObject({ id: "id 1&2" });
  });

  it("publishes several at once", async () => {
    const ids = ["b1", "b2"];
    const entries = ids.map((id) => ({ payload: json(id), metadata: { "cloudevent.id": id } }));
    const isOurs = (event: unknown): boolean => ids.includes((event as { id?: string } | undefined)?.id ?? "");
    const [arrived] = await Promise.all([
      app.received((request) => isOurs(request.json), 2),
      client.publishBulk({ pubSubName: "bus", topic: "orders", entries }),
    ]);
    expect(new Set(arrived.map((request) => (request.json as { data: unknown }).data))).toEqual(new Set(ids));
  });

  it("fails to publish to an unknown pubsub", async () => {
    const entries = [{ payload: json(1) }, { payload: json(2) }];
    const request = { pubSubName: "nowhere", topic: "t", binding: 'daprPublish "copies"' };
    const error = await failure(client.publish({ ...request, payload: json(1) }));
    expect([400, 404]).toContain(error.status);
    expect(error.message).toMatch(/^daprPublish "copies", POST \/v1.0\/publish\/nowhere\/t: .*nowhere/);
    expect(await failure(client.publishBulk({ ...request, entries }))).toMatchObject({ accepted: 0 });
  });

  it("invokes a method", async () => {
    const request = { appId: sidecar.appId, httpVerb: "POST", methodName: "echo/a b", body: json({ n: 1 }) };
    const seen = await delivered("/echo", async () => {
      const { body } = await client.invokeMethod(request);
      expect(JSON.parse(Buffer.from(body).toString())).toEqual({ ok: true });
    });
    expect(seen).toMatchObject({ method: "POST", path: "/echo/a%20b", body: '{"n":1}' });
  });

  it.each([["later"], [0], [""], [false], [[1]]])("invokes with %j as JSON", async (value) => {
    const request = { appId: sidecar.appId, httpVerb: "PUT", methodName: "echo", body: json(value) };
    const { body, method, headers } = await delivered("/echo", () => client.invokeMethod(request));
    expect([method, body, headers["content-type"]]).toEqual(["PUT", JSON.stringify(value), "application/json"]);
  });

  it("invokes without a body, and takes an empty reply", async () => {
    const request = { appId: sidecar.appId, httpVerb: "POST", methodName: "nothing" };
    const { body } = await delivered("/nothing", () => client.invokeMethod(request));
    expect(body).toBe("");
  });

  it("fails where the callee does, or is unknown", async () => {
    const request = { httpVerb: "POST", methodName: "fail", body: json(1) };
    expect((await failure(client.invokeMethod({ ...request, appId: sidecar.appId }))).message).toContain(
      "/method/fail: ",
    );
    await failure(client.invokeMethod({ ...request, appId: "nobody" }));
  });

  it.each([["two words"], [{ n: 1 }], [0], [""], [false]])(
    "sends %j to a binding and gets its answer",
    async (data) => {
      const metadata = { fileName: "file.txt" };
      await client.invokeBinding({
        bindingName: "files",
        operation: "create",
        data: new JsonText(JSON.stringify(data)),
        metadata,
      });
      const { body } = await client.invokeBinding({ bindingName: "files", operation: "get", metadata });
      const written = Buffer.from(body).toString();
      expect([JSON.stringify(data), data]).toContain(written);
    },
  );

  it("fails for an unknown binding", async () => {
    expect(await failure(client.invokeBinding({ bindingName: "nowhere", operation: "get" }))).toMatchObject({
      status: 500,
    });
  });

  it("reads a secret, and fails for an unknown store", async () => {
    expect(await client.getSecret({ secretStoreName: "safe", key: "WIRE_SECRET" })).toEqual({ WIRE_SECRET: "s3" });
    await failure(client.getSecret({ secretStoreName: "nowhere", key: "k" }));
  });

  it("tells of the sidecar", async () => {
    await client.waitForOutbound({ timeout: 20_000 });
    const { id, components } = await client.metadata();
    expect(id).toBe(sidecar.appId);
    expect(components!.map((one) => one.name).sort()).toEqual(["bus", "cart", "files", "safe"]);
  });
}

for (const name of ["HttpDaprClient", "SdkDaprClient over HTTP"] as const) {
  contract(name, (start) => clientCases(start, name));
}

if (findDaprd() === undefined) notRun("SdkDaprClient over gRPC", "daprd", "npm run daprd");
else {
  describe("SdkDaprClient over gRPC, which only daprd speaks", () => {
    clientCases(startOnDaprd, "SdkDaprClient over gRPC");
  });
}
