import { recordingSidecar, type RecordingSidecar } from "../support/recording-sidecar.js";
import { invokeWith, SE, SI, SO, type Act, type Declare } from "../support/wire.js";

let sidecar: RecordingSidecar;

beforeEach(async () => {
  sidecar = await recordingSidecar();
});

afterEach(() => sidecar.close());

const payload = { id: "41", tenant: "a&b", ids: ["x", 7, "z"] };
const run = (declared: Declare, act: Act = () => undefined, given: unknown = payload) =>
  invokeWith(sidecar, [declared], act, { payload: given });

describe("a state input", () => {
  it("sends metadata, from a map or a query, and consistency", async () => {
    await run(SI({ stateStore: "s", key: "{id}", metadata: { partitionKey: "{tenant}" }, consistency: "strong" }));
    await run(SI({ stateStore: "s", key: "{id}", metadata: "metadata.partitionKey={tenant}&metadata.x=1" }));
    expect(sidecar.lines).toEqual([
      "GET /v1.0/state/s/41?consistency=strong&metadata.partitionKey=a%26b",
      "GET /v1.0/state/s/41?metadata.partitionKey=a%26b&metadata.x=1",
    ]);
  });

  it("reads the keys of a list in one request", async () => {
    sidecar.answer = () => ({ body: '[{"key":"z","data":3,"etag":"1"},{"key":"7","data":2,"etag":"2"}]' });
    const { returned } = await run(SI({ stateStore: "s", keys: "{ids}" }), (_, { in: records }) => records);
    expect(sidecar.lines).toEqual(['POST /v1.0/state/s/bulk {"keys":["x","7","z"]}']);
    expect(returned).toEqual([{ key: "x" }, { key: "7", value: 2, etag: "2" }, { key: "z", value: 3, etag: "1" }]);
  });

  it.each([["text"], [[""]], [[null]], [["a||b"]], [{ a: 1 }]])("refuses keys that are %j", async (ids) => {
    const { error, requests } = await run(SI({ stateStore: "s", keys: "{ids}" }), undefined, { ids });
    expect(requests).toEqual([]);
    expect(error).toMatchObject({ name: "PayloadError", code: "ERR_BINDING_DATA" });
  });

  it("says of a key that is text what it lacks", async () => {
    const { error } = await run(SI({ stateStore: "s", keys: "{ids}" }), undefined, { ids: ["a", ""] });
    expect(error!.message).toMatch(/, keys\[1\]: must be a key: well-formed text that is not empty$/);
  });

  it.each<[string, Declare]>([
    ["an input's key", SI({ stateStore: "s", key: "{k}" })],
    ["a secret's key", SE({ secretStoreName: "s", key: "{k}" })],
    ["an input's store", SI({ stateStore: "{k}", key: "k" })],
    ["an output's key", SO({ stateStore: "s", key: "{k}" })],
  ])("takes what is empty for the caller's fault where an expression found it: %s", async (_, declared) => {
    const { error, requests } = await run(declared, ({ out }) => out?.add(1), { k: "" });
    expect({ error, requests }).toMatchObject({
      requests: [],
      error: { name: "PayloadError", code: "ERR_BINDING_DATA" },
    });
  });

  it.each<[string, Declare, Act, string]>([
    ["of the payload, in an input", SI({ stateStore: "s", key: "{k}" }), () => undefined, "ERR_BINDING_DATA"],
    ["of the payload, in an output", SO({ stateStore: "s", key: "{k}" }), ({ out }) => out!.add(1), "ERR_BINDING_DATA"],
    [
      "of an override",
      SO({ stateStore: "s", key: "{k}" }),
      ({ out }) => out!.add(1, { key: "a||b" }),
      "ERR_DAPR_BAD_REQUEST",
    ],
  ])("says whose a key is that Dapr refuses: %s", async (_, declared, act, code) => {
    const { error, requests } = await run(declared, act, { k: "a||b" });
    expect({ error, requests }).toMatchObject({ requests: [], error: { code } });
    expect(error!.message).toContain('key: must not hold "||"');
  });

  it("asks for nothing where there are no keys", async () => {
    const { returned, requests } = await run(SI({ stateStore: "s", keys: "{ids}" }), (_, given) => given["in"], {
      ids: [],
    });
    expect({ returned, requests }).toEqual({ returned: [], requests: [] });
  });

  it("says in a record when the key expires", async () => {
    const ttlExpireTime = "2030-01-01T00:00:00Z";
    sidecar.answer = () => ({ headers: { etag: "1", "metadata.ttlExpireTime": ttlExpireTime }, body: "1" });
    const { returned } = await run(SI({ stateStore: "s", key: "k", record: true }), (_, given) => given["in"]);
    expect(returned).toEqual({ key: "k", value: 1, etag: "1", ttlExpireTime });
  });
});

describe("a state output", () => {
  const options = { stateStore: "s", key: "{id}", metadata: { partitionKey: "{tenant}" }, ttlInSeconds: 60 };

  it("sends the decorator's metadata and time to live, before which an item's own go", async () => {
    await run(SO(options), ({ out }) => {
      out!.add(1);
      out!.add(2, { key: "other", metadata: { TTLINSECONDS: 5, a: true } });
      out!.remove!({ options: { concurrency: "first-write" }, metadata: { b: 1 } });
    });
    expect(sidecar.lines).toEqual([
      'POST /v1.0/state/s [{"key":"41","value":1,"metadata":{"partitionKey":"a&b","ttlInSeconds":"60"}},' +
        '{"key":"other","value":2,"metadata":{"partitionKey":"a&b","TTLINSECONDS":"5","a":"true"}}]',
      "DELETE /v1.0/state/s/41?concurrency=first-write&metadata.partitionKey=a%26b&metadata.b=1",
    ]);
  });

  it("sends metadata with a transaction as a whole, too", async () => {
    await run(SO({ ...options, transaction: true }), ({ out }) => {
      out!.add(1);
      out!.remove!({ key: "gone" });
    });
    const { operations, metadata } = JSON.parse(sidecar.requests[0]!.body) as Record<string, unknown>;
    expect(metadata).toEqual({ partitionKey: "a&b" });
    expect(operations).toMatchObject([
      { operation: "upsert", request: { metadata: { partitionKey: "a&b", ttlInSeconds: "60" } } },
      { operation: "delete", request: { key: "gone", metadata: { partitionKey: "a&b" } } },
    ]);
  });

  const outbox = { stateStore: "s", transaction: true, outbox: true };

  it("says with an outbox that the values are JSON, and sends an event of its own", async () => {
    await run(SO(outbox), ({ out }) => {
      out!.add({ n: 1 }, { key: "a", event: { about: "a" } });
      out!.add({ n: 2 }, { key: "b" });
    });
    const json = '"contentType":"application/json"';
    expect(sidecar.lines).toEqual([
      'POST /v1.0/state/s/transaction {"operations":[{"operation":"upsert","request":{"key":"a","value":{"about":"a"},' +
        `"metadata":{"outbox.projection":"true"},${json}}},` +
        `{"operation":"upsert","request":{"key":"a","value":{"n":1},${json}}},` +
        `{"operation":"upsert","request":{"key":"b","value":{"n":2},${json}}}]}`,
    ]);
  });

  it.each<[string, Declare, Act]>([
    ["two events of their own", SO(outbox), ({ out }) => ["a", "b"].forEach((key) => out!.add(1, { key, event: 2 }))],
    ["one without an outbox", SO({ stateStore: "s", key: "k" }), ({ out }) => out!.add(1, { event: 2 })],
  ])("refuses %s", async (_, declared, act) => {
    const { error, requests } = await run(declared, act);
    expect(requests).toEqual([]);
    expect(error).toMatchObject({ code: "ERR_DAPR_BAD_REQUEST", message: expect.stringContaining(", event: ") });
  });
});

describe("an etag that is stale", () => {
  const stale: Act = ({ out }) => out!.add(1, { key: "k", etag: "1" });

  it("is a conflict where the store says so", async () => {
    sidecar.answer = () => ({ status: 409, body: '{"errorCode":"ERR_STATE_SAVE","message":"etag mismatch"}' });
    const { error } = await run(SO({ stateStore: "s" }), stale);
    expect(error).toMatchObject({ code: "ERR_STATE_CONFLICT", sent: [] });
    expect(sidecar.lines).toHaveLength(1);
  });

  it.each([{}, { transaction: true }])("is one where the store says 500, but has another now (%j)", async (options) => {
    sidecar.answer = ({ method }) =>
      method === "GET" ? { headers: { etag: "2" }, body: "5" } : { status: 500, body: '{"errorCode":"E"}' };
    const { error } = await run(SO({ stateStore: "s", ...options }), stale);
    expect(error).toMatchObject({ code: "ERR_STATE_CONFLICT" });
  });

  it("is one, too, where the key had to be new and is there", async () => {
    sidecar.answer = ({ method }) =>
      method === "GET" ? { headers: { etag: "1" }, body: "5" } : { status: 500, body: '{"errorCode":"E"}' };
    const options = { concurrency: "first-write" };
    const { error } = await run(SO({ stateStore: "s" }), ({ out }) => out!.add(1, { key: "k", options }));
    expect(error).toMatchObject({ code: "ERR_STATE_CONFLICT" });
  });

  it("is not what failed where the store still has it", async () => {
    sidecar.answer = ({ method }) =>
      method === "GET" ? { headers: { etag: "1" }, body: "5" } : { status: 500, body: '{"errorCode":"E"}' };
    const { error } = await run(SO({ stateStore: "s" }), stale);
    expect(error).toMatchObject({ code: "E" });
  });

  it("is not asked after where none was given", async () => {
    sidecar.answer = () => ({ status: 500, body: '{"errorCode":"E"}' });
    const { error } = await run(SO({ stateStore: "s" }), ({ out }) => out!.add(1, { key: "k" }));
    expect(error).toMatchObject({ code: "E" });
    expect(sidecar.lines).toHaveLength(1);
  });
});
