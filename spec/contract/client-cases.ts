import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DaprClient, MessageBody } from "../../lib/client/dapr-client.js";
import { startApp, type Received, type RecordingApp } from "./app.js";
import { awkward, awkwardName, component, type Contender, type Start } from "./harness.js";

/** A client of the library, over a sidecar that has started. */
export type OpenClient = (sidecar: Contender) => Promise<{ readonly client: DaprClient; close(): Promise<void> }>;

export interface ClientLimits {
  /** Names and keys that it cannot send. */
  readonly unsendable?: readonly string[];
  /** True for a client that knows neither the queries of methods nor the statuses and codes of errors. */
  readonly narrow?: boolean;
}

const json = (value: unknown): MessageBody => ({ contentType: "application/json", content: value });

/** What every client of the library does with a sidecar. */
export function clientCases(
  start: Start,
  open: OpenClient,
  { unsendable = [], narrow = false }: ClientLimits = {},
): void {
  let app: RecordingApp;
  let sidecar: Contender;
  let client: DaprClient;
  let opened: Awaited<ReturnType<OpenClient>>;
  let folder: string;
  const names = awkward.filter((name) => !unsendable.includes(name));

  beforeAll(async () => {
    folder = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "files-"));
    app = await startApp({
      subscriptions: ["events", "bulk", ...names].map((topic) => ({ pubsubname: "bus", topic, route: "/event" })),
      answer: ({ path }) => {
        if (path.startsWith("/no-such-order")) return { status: 404, body: "no such order" };
        if (path.startsWith("/refuse")) return { status: 409, body: '{"errorCode":"BUSY","message":"later"}' };
        return path.startsWith("/text") ? { headers: { "content-type": "text/plain" }, body: "plain" } : undefined;
      },
    });
    process.env.SPEC_CLIENT_SECRET = "s3cret";
    sidecar = await start({
      app,
      components: {
        store: component("store", "state.in-memory"),
        awkward: component(awkwardName, "state.in-memory"),
        bus: component("bus", "pubsub.in-memory"),
        files: component("files", "bindings.localstorage", { rootPath: folder }),
        secrets: component("secrets", "secretstores.local.env"),
      },
    });
    opened = await open(sidecar);
    client = opened.client;
  });
  afterAll(async () => {
    delete process.env.SPEC_CLIENT_SECRET;
    await opened.close();
    await sidecar.close();
    await app.close();
  });

  const failure = (status: number, errorCode: string): object => ({
    name: "SidecarError",
    ...(narrow ? {} : { status, errorCode }),
  });
  const eventOf = async (topic: string, count = 1): Promise<Record<string, unknown>[]> => {
    const isOf = ({ json: event }: Received): boolean => (event as { topic?: string } | undefined)?.topic === topic;
    return (await app.received(isOf, count)).map((request) => request.json as Record<string, unknown>);
  };

  describe("state", () => {
    const stateStore = "store";

    it.each<[title: string, value: unknown]>([
      ["an object", { n: 1, nested: [null, "é"] }],
      ["an array", [1, 2]],
      ["text", "two words"],
      ["empty text", ""],
      ["zero", 0],
      ["false", false],
      ["null", null],
      [
        "an instance of a class",
        new (class Order {
          readonly id = "41";
        })(),
      ],
    ])("keeps %s", async (key, value) => {
      await client.saveState({ stateStore, entries: [{ key, value }] });
      const { value: read, etag } = await client.getState({ stateStore, key });
      expect(read).toEqual(JSON.parse(JSON.stringify(value)));
      expect(etag).toEqual(expect.stringMatching(/^[^"]+$/));
    });

    it("tells a missing key from a value", async () => {
      expect(await client.getState({ stateStore, key: "missing" })).toEqual({ value: undefined, etag: undefined });
    });

    it("saves and deletes by etag", async () => {
      await client.saveState({ stateStore, entries: [{ key: "etag", value: 1 }] });
      const { etag } = await client.getState({ stateStore, key: "etag" });
      await client.saveState({ stateStore, entries: [{ key: "etag", value: 2, etag }] });
      const stale = client.saveState({ stateStore, entries: [{ key: "etag", value: 3, etag }] });
      await expect(stale).rejects.toMatchObject(failure(409, "ERR_STATE_SAVE"));
      const staleDelete = client.deleteState({ stateStore, key: "etag", etag });
      await expect(staleDelete).rejects.toMatchObject(failure(409, "ERR_STATE_DELETE"));
      expect((await client.getState({ stateStore, key: "etag" })).value).toBe(2);
      await client.deleteState({ stateStore, key: "etag" });
      expect((await client.getState({ stateStore, key: "etag" })).value).toBeUndefined();
    });

    it("takes options and metadata", async () => {
      const options = { concurrency: "first-write", consistency: "strong" } as const;
      const entry = { key: "options", value: 1, options, metadata: { ttlInSeconds: "30" } };
      await client.saveState({ stateStore, entries: [entry] });
      const again = client.saveState({ stateStore, entries: [entry] });
      await expect(again).rejects.toMatchObject(failure(409, "ERR_STATE_SAVE"));
    });

    it("applies a transaction, in order and whole", async () => {
      await client.transactState({
        stateStore,
        operations: [
          { operation: "upsert", request: { key: "tx", value: { n: 1 } } },
          { operation: "delete", request: { key: "tx" } },
          { operation: "upsert", request: { key: "tx", value: { n: 2 } } },
        ],
      });
      expect((await client.getState({ stateStore, key: "tx" })).value).toEqual({ n: 2 });
      const stale = client.transactState({
        stateStore,
        operations: [
          { operation: "upsert", request: { key: "tx-beside", value: 1 } },
          { operation: "upsert", request: { key: "tx", value: 3, etag: "stale" } },
        ],
      });
      await expect(stale).rejects.toMatchObject({ name: "SidecarError" });
      expect((await client.getState({ stateStore, key: "tx-beside" })).value).toBeUndefined();
    });

    it("reads several keys at once, in the order asked for", async () => {
      const entries = ["bulk-a", "bulk-b"].map((key) => ({ key, value: { key } }));
      await client.saveState({ stateStore, entries });
      const keys = ["bulk-b", "bulk-missing", "bulk-a"];
      const results = await client.getBulkState({ stateStore, keys });
      expect(results).toEqual([
        { key: "bulk-b", value: { key: "bulk-b" }, etag: expect.any(String) },
        { key: "bulk-missing" },
        { key: "bulk-a", value: { key: "bulk-a" }, etag: expect.any(String) },
      ]);
      const { etag } = await client.getState({ stateStore, key: "bulk-a" });
      expect(results[2]!.etag).toBe(etag);
    });

    it("says when a key expires, in a client that can tell", async () => {
      await client.saveState({
        stateStore,
        entries: [{ key: "brief", value: 1, metadata: { ttlInSeconds: "30" } }],
      });
      const { ttlExpireTime } = await client.getState({ stateStore, key: "brief" });
      const remaining = ttlExpireTime === undefined ? undefined : Date.parse(ttlExpireTime) - Date.now();
      if (!narrow) expect(remaining).toBeGreaterThan(0);
    });

    it("removes with the etag it was given, or not at all", async () => {
      await client.saveState({ stateStore, entries: [{ key: "guarded", value: 1 }] });
      const { etag } = await client.getState({ stateStore, key: "guarded" });
      const options = { concurrency: "first-write" } as const;
      const stale = client.deleteState({ stateStore, key: "guarded", etag: `${etag}0`, options });
      await expect(stale).rejects.toMatchObject(failure(409, "ERR_STATE_DELETE"));
      await client.deleteState({ stateStore, key: "guarded", etag, options });
      expect((await client.getState({ stateStore, key: "guarded" })).value).toBeUndefined();
    });

    it.each(names)("keeps key %j apart", async (key) => {
      await client.saveState({ stateStore, entries: [{ key, value: { key } }] });
      expect((await client.getState({ stateStore, key })).value).toEqual({ key });
      await client.deleteState({ stateStore, key });
      expect((await client.getState({ stateStore, key })).value).toBeUndefined();
    });

    it("reaches a store with an awkward name", async () => {
      await client.saveState({ stateStore: awkwardName, entries: [{ key: "k", value: 1 }] });
      expect((await client.getState({ stateStore: awkwardName, key: "k" })).value).toBe(1);
    });

    it("rejects when there is no such store", async () => {
      const missing = { stateStore: "nowhere", key: "k" };
      const notFound = failure(400, "ERR_STATE_STORE_NOT_FOUND");
      await expect(client.getState(missing)).rejects.toMatchObject(notFound);
      await expect(client.deleteState(missing)).rejects.toMatchObject(notFound);
      const save = client.saveState({ stateStore: "nowhere", entries: [{ key: "k", value: 1 }] });
      await expect(save).rejects.toMatchObject(notFound);
    });
  });

  describe("publish", () => {
    it.each<[title: string, payload: MessageBody, event: object]>([
      ["JSON", json({ n: 1 }), { data: { n: 1 }, datacontenttype: "application/json" }],
      ["JSON text", json("two words"), { data: "two words" }],
      ["zero", json(0), { data: 0 }],
      ["false", json(false), { data: false }],
      ["null", json(null), { data: null }],
      ["text", { contentType: "text/plain", content: "later" }, { data: "later", datacontenttype: "text/plain" }],
      ["markup", { contentType: "application/xml", content: "<o/>" }, { data: "<o/>" }],
      ["bytes", { contentType: "application/octet-stream", content: Uint8Array.of(0, 255) }, { data_base64: "AP8=" }],
      [
        "an own CloudEvent",
        {
          contentType: "application/cloudevents+json",
          content: { specversion: "1.0", id: "own", source: "s", type: "t", data: 4 },
        },
        { id: "own", source: "s", type: "t", data: 4 },
      ],
    ])("publishes %s", async (title, payload, event) => {
      const id = title === "an own CloudEvent" ? "own" : `publish ${title}`;
      const metadata = { "cloudevent.id": id };
      await client.publish({ pubSubName: "bus", topic: "events", payload, metadata });
      const [request] = await app.received((received) => (received.json as { id?: string } | undefined)?.id === id);
      expect(request!.json).toMatchObject(event);
    });

    it.each(names)("reaches topic %j", async (topic) => {
      await client.publish({ pubSubName: "bus", topic, payload: json({ topic }) });
      expect(await eventOf(topic)).toMatchObject([{ data: { topic } }]);
    });

    it("publishes several", async () => {
      const entries = ["a", "b", "c"].map((id) => ({ payload: json({ id }), metadata: { "cloudevent.id": id } }));
      await client.publishBulk({ pubSubName: "bus", topic: "bulk", entries });
      const received = await eventOf("bulk", 3);
      expect(new Set(received.map(({ id, data }) => `${String(id)} ${JSON.stringify(data)}`))).toEqual(
        new Set(["a", "b", "c"].map((id) => `${id} {"id":"${id}"}`)),
      );
    });

    it("rejects when there is no such pubsub", async () => {
      const publish = client.publish({ pubSubName: "nowhere", topic: "t", payload: json(1) });
      await expect(publish).rejects.toMatchObject(failure(404, "ERR_PUBSUB_NOT_FOUND"));
    });
  });

  describe("invoke", () => {
    const invoke = (httpVerb: string, methodName: string, body?: MessageBody): ReturnType<DaprClient["invokeMethod"]> =>
      client.invokeMethod({ appId: sidecar.appId, methodName, httpVerb, body });
    const last = async (path: string): Promise<Received> =>
      (await app.received((request) => request.path === path))[0]!;

    it.each(["POST", "PUT", "DELETE"])("sends %s with its body", async (verb) => {
      await invoke(verb, `verb-${verb}`, json({ n: 1 }));
      expect(await last(`/verb-${verb}`)).toMatchObject({
        method: verb,
        json: { n: 1 },
        headers: { "content-type": expect.stringContaining("application/json") },
      });
    });

    it("sends what a path would bend", async () => {
      await invoke("GET", "deep/über mich");
      expect((await last("/deep/%C3%BCber%20mich")).method).toBe("GET");
    });

    it("sends a query, or says that it cannot", async () => {
      const refusal = await invoke("GET", "query?a=b%20c&d=e").then(() => undefined, String);
      if (narrow) expect(refusal).toContain("cannot send the query");
      const expected = narrow ? [] : ["/query?a=b%20c&d=e"];
      expect(app.requests.map(({ path }) => path).filter((path) => path.startsWith("/query"))).toEqual(expected);
    });

    it("sends bytes and no body as they are", async () => {
      await invoke("POST", "bytes", { contentType: "application/octet-stream", content: Uint8Array.of(0, 255) });
      expect([...(await last("/bytes")).body]).toEqual([0, 255]);
      await invoke("POST", "empty");
      expect((await last("/empty")).body).toHaveLength(0);
    });

    it("gives the answer", async () => {
      expect(Buffer.from((await invoke("GET", "text")).body).toString()).toBe("plain");
    });

    it("rejects when the app refuses, and when there is no such app", async () => {
      await expect(invoke("POST", "refuse", json(1))).rejects.toMatchObject(failure(409, "BUSY"));
      await expect(invoke("POST", "no-such-order", json(1))).rejects.toMatchObject(failure(404, "ERR_CALLEE_FAILED"));
      const nowhere = client.invokeMethod({ appId: "nowhere", methodName: "m", httpVerb: "POST" });
      await expect(nowhere).rejects.toMatchObject({ name: "SidecarError" });
    });
  });

  describe("bindings", () => {
    const send = (operation: string, fileName: string, data?: unknown): ReturnType<DaprClient["invokeBinding"]> =>
      client.invokeBinding({ bindingName: "files", operation, data, metadata: { fileName } });

    it.each<[title: string, data: unknown, written: string]>([
      ["text", "some text", "some text"],
      ["an object", { n: 1 }, '{"n":1}'],
      ["zero", 0, "0"],
      ["false", false, "false"],
    ])("sends %s", async (title, data, written) => {
      await send("create", title, data);
      expect(readFileSync(join(folder, title), "utf8").replace(/^"|"$/g, "")).toBe(written);
    });

    it("gives the answer, and takes none", async () => {
      await send("create", "answered", "some text");
      expect(Buffer.from((await send("get", "answered")).body).toString()).toContain("some text");
      expect((await send("delete", "answered")).body).toHaveLength(0);
    });

    it("rejects what the component refuses", async () => {
      await expect(send("explode", "x")).rejects.toMatchObject(failure(500, "ERR_INVOKE_OUTPUT_BINDING"));
    });
  });

  describe("the rest", () => {
    it("gives a secret", async () => {
      const secret = await client.getSecret({ secretStoreName: "secrets", key: "SPEC_CLIENT_SECRET" });
      expect(secret).toEqual({ SPEC_CLIENT_SECRET: "s3cret" });
    });

    it("rejects when there is no such secret store", async () => {
      const secret = client.getSecret({ secretStoreName: "nowhere", key: "k" });
      await expect(secret).rejects.toMatchObject({ name: "SidecarError" });
    });

    it("says what the sidecar has", async () => {
      await client.waitForOutbound();
      const { id, components } = await client.metadata();
      expect(id).toBe(sidecar.appId);
      expect(components?.map(({ name }) => name)).toEqual(expect.arrayContaining(["store", "bus", "files", "secrets"]));
    });
  });
}
