import type { Sidecar } from "../../../lib/sidecar/index.js";
import { call, closeAll, sidecarWith } from "../support.js";

const store = { name: "cart", type: "state.in-memory" };

describe("the state API", () => {
  let sidecar: Sidecar;
  beforeEach(async () => {
    sidecar = await sidecarWith([store]);
  });
  afterEach(closeAll);

  const save = (...entries: unknown[]) => call(sidecar, "POST /v1.0/state/cart", { body: entries });
  const get = (key: string) => call(sidecar, `GET /v1.0/state/cart/${key}`);

  it("saves and reads a value with its etag", async () => {
    const saved = await save({ key: "u1", value: { n: 1 } });
    expect([saved.status, saved.text, saved.headers["content-type"]]).toEqual([204, "", undefined]);
    const read = await get("u1");
    expect([read.status, read.json, read.headers["content-type"]]).toEqual([200, { n: 1 }, "application/json"]);
    expect(read.headers.etag).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("gives each write an etag of its own", async () => {
    await save({ key: "u1", value: 1 });
    const first = (await get("u1")).headers.etag;
    await save({ key: "u1", value: 1 });
    expect((await get("u1")).headers.etag).not.toBe(first);
  });

  it("answers 204 for a missing key, and 200 null for a stored null or no value", async () => {
    expect(await get("none")).toMatchObject({ status: 204, text: "" });
    await save({ key: "a", value: null }, { key: "b" });
    expect([(await get("a")).text, (await get("b")).text]).toEqual(["null", "null"]);
  });

  it("takes PUT, an empty list and unknown members", async () => {
    expect(await call(sidecar, "PUT /v1.0/state/cart", { body: [] })).toMatchObject({ status: 204 });
    expect(await save({ key: "k", value: 1, colour: "red" })).toMatchObject({ status: 204 });
  });

  it.each([
    ["no array", "{}"],
    ["bad JSON", "[{"],
    ["an empty body", ""],
    ["no key", '[{"value":1}]'],
    ["an empty key", '[{"key":"","value":1}]'],
    ["a key that is a number", '[{"key":1}]'],
    ["an etag that is a number", '[{"key":"k","etag":1}]'],
    ["metadata that is a number", '[{"key":"k","metadata":{"ttlInSeconds":1}}]'],
    ["a key with ||", '[{"key":"a||b"}]'],
  ])("answers 400 to %s", async (_, body) => {
    const reply = await call(sidecar, "POST /v1.0/state/cart", { body });
    expect(reply).toMatchObject({ status: 400, json: { errorCode: "ERR_MALFORMED_REQUEST" } });
    expect(reply.headers["content-type"]).toBe("application/json");
  });

  it("says which member is required", async () => {
    expect((await save({ value: 1 })).json).toEqual({
      errorCode: "ERR_MALFORMED_REQUEST",
      message: '"key" is a required field',
    });
  });

  it("answers 409 to a wrong etag, and stores the other entries all the same", async () => {
    await save({ key: "a", value: 1 });
    const reply = await save({ key: "a", value: 2, etag: "wrong" }, { key: "b", value: 2 });
    expect(reply).toMatchObject({ status: 409, json: { errorCode: "ERR_STATE_SAVE" } });
    expect([(await get("a")).text, (await get("b")).text]).toEqual(["1", "2"]);
  });

  it("answers 409 to an etag for a key that is not there, and takes an empty etag as none", async () => {
    expect(await save({ key: "new", value: 1, etag: "x" })).toMatchObject({ status: 409 });
    expect(await save({ key: "new", value: 1, etag: "" })).toMatchObject({ status: 204 });
  });

  it("takes a first-write without an etag for a new key only", async () => {
    const entry = { key: "k", value: 1, options: { concurrency: "first-write" } };
    expect(await save(entry)).toMatchObject({ status: 204 });
    expect(await save(entry)).toMatchObject({ status: 409, json: { errorCode: "ERR_STATE_SAVE" } });
    const { etag } = (await get("k")).headers;
    expect(await save({ ...entry, etag })).toMatchObject({ status: 204 });
  });

  it("keeps the first of two entries with one key", async () => {
    await save({ key: "k", value: "first" }, { key: "k", value: "second" });
    expect((await get("k")).json).toBe("first");
  });

  it.each([
    [{ concurrency: "none" }, "unrecognized concurrency model 'none'"],
    [{ consistency: "some" }, "unrecognized consistency model 'some'"],
  ])("answers 500 to options %j", async (options, message) => {
    expect(await save({ key: "k", options })).toMatchObject({
      status: 500,
      json: { errorCode: "ERR_STATE_SAVE", message: `failed saving state in state store cart: ${message}` },
    });
  });

  it("lets a value expire after its TTL, given with the entry or with the request", async () => {
    await save({ key: "a", value: 1, metadata: { ttlInSeconds: "100" } });
    await call(sidecar, "POST /v1.0/state/cart?metadata.ttlInSeconds=1", { body: [{ key: "b", value: 1 }] });
    expect((await get("a")).headers["metadata.ttlexpiretime"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect((await get("b")).headers["metadata.ttlexpiretime"]).toBeDefined();
    jest.spyOn(Date, "now").mockReturnValue(Date.now() + 5_000);
    expect(await get("b")).toMatchObject({ status: 204 });
    expect(await get("a")).toMatchObject({ status: 200 });
    jest.restoreAllMocks();
  });

  it("deletes a key, also one that is not there", async () => {
    await save({ key: "k", value: 1 });
    expect(await call(sidecar, "DELETE /v1.0/state/cart/k")).toMatchObject({ status: 204, text: "" });
    expect(await get("k")).toMatchObject({ status: 204 });
    expect(await call(sidecar, "DELETE /v1.0/state/cart/k")).toMatchObject({ status: 204 });
  });

  it("deletes with an etag only what still has it", async () => {
    await save({ key: "k", value: 1 });
    const remove = (etag: string) => call(sidecar, "DELETE /v1.0/state/cart/k", { headers: { "if-match": etag } });
    expect(await remove("wrong")).toMatchObject({ status: 409, json: { errorCode: "ERR_STATE_DELETE" } });
    expect(await remove((await get("k")).headers.etag!)).toMatchObject({ status: 204 });
  });

  it("reads several keys in order, a missing one as its key alone", async () => {
    await save({ key: "a", value: { n: 1 } }, { key: "b", value: "text" });
    const reply = await call(sidecar, "POST /v1.0/state/cart/bulk", { body: { keys: ["b", "none", "a"] } });
    expect(reply).toMatchObject({
      status: 200,
      json: [
        { key: "b", data: "text", etag: expect.any(String) },
        { key: "none" },
        { key: "a", data: { n: 1 }, etag: expect.any(String) },
      ],
    });
    expect(Object.keys((reply.json as object[])[1]!)).toEqual(["key"]);
    expect(await call(sidecar, "POST /v1.0/state/cart/bulk", { body: { keys: [] } })).toMatchObject({ json: [] });
    expect(await call(sidecar, "POST /v1.0/state/cart/bulk", { body: "[" })).toMatchObject({ status: 400 });
  });

  describe("a transaction", () => {
    const transact = (...operations: unknown[]) =>
      call(sidecar, "POST /v1.0/state/cart/transaction", { body: { operations } });
    const upsert = (request: object) => ({ operation: "upsert", request });

    it("applies its operations in order", async () => {
      const remove = { operation: "delete", request: { key: "a" } };
      expect(await transact(upsert({ key: "a", value: 1 }), remove, upsert({ key: "a", value: 2 }))).toMatchObject({
        status: 204,
        text: "",
      });
      expect((await get("a")).text).toBe("2");
      expect(await transact()).toMatchObject({ status: 204 });
    });

    it("changes nothing when one etag is wrong, and answers 500", async () => {
      const reply = await transact(upsert({ key: "a", value: 1 }), upsert({ key: "b", value: 1, etag: "x" }));
      expect(reply).toMatchObject({ status: 500, json: { errorCode: "ERR_STATE_TRANSACTION" } });
      expect(await get("a")).toMatchObject({ status: 204 });
    });

    it("refuses operations that it does not know, and bodies that are none", async () => {
      expect(await transact({ operation: "merge", request: { key: "a" } })).toMatchObject({
        status: 400,
        json: { errorCode: "ERR_NOT_SUPPORTED_STATE_OPERATION", message: "operation type merge not supported" },
      });
      const bad = await call(sidecar, "POST /v1.0/state/cart/transaction", { body: "no" });
      expect(bad).toMatchObject({ status: 400, json: { errorCode: "ERR_MALFORMED_REQUEST" } });
      expect(await transact(upsert({ key: "a||b" }))).toMatchObject({ status: 400 });
    });
  });

  it.each(["a/b", "a?b#c", "50%", "a+b c", 'é&=;:{}"\\', "x/../y", "..", "."])(
    "reads back what was saved under %j",
    async (key) => {
      await save({ key, value: key });
      const escaped = encodeURIComponent(key).replace(/^\.+$/, (dots) => dots.replaceAll(".", "%2E"));
      expect(await get(escaped)).toMatchObject({ status: 200, json: key });
    },
  );

  it("answers 404 to a key that is not there in the path", async () => {
    expect(await get("")).toMatchObject({ status: 404, json: { errorCode: "ERR_DIRECT_INVOKE" } });
    expect(await get("..")).toMatchObject({ status: 404 });
  });

  it("names an unknown store, and says when there is none at all", async () => {
    const unknown = { errorCode: "ERR_STATE_STORE_NOT_FOUND", message: "state store depot is not found" };
    expect(await call(sidecar, "GET /v1.0/state/depot/k")).toMatchObject({ status: 400, json: unknown });
    expect(await call(sidecar, "POST /v1.0/state/depot", { body: [] })).toMatchObject({ status: 400, json: unknown });
    const bare = await sidecarWith([]);
    const none = { errorCode: "ERR_STATE_STORE_NOT_CONFIGURED", message: "state store depot is not configured" };
    expect(await call(bare, "DELETE /v1.0/state/depot/k")).toMatchObject({ status: 500, json: none });
  });

  it("accepts 4 MiB and answers 400 to more", async () => {
    const body = (size: number) => JSON.stringify([{ key: "k", value: "x".repeat(size - 24) }]);
    expect(body(100)).toHaveLength(100);
    expect(await call(sidecar, "POST /v1.0/state/cart", { body: body(4 << 20) })).toMatchObject({ status: 204 });
    expect(await call(sidecar, "POST /v1.0/state/cart", { body: body((4 << 20) + 1) })).toMatchObject({
      status: 400,
      json: { errorCode: "ERR_MALFORMED_REQUEST", message: "stream too large" },
    });
  });

  it("keeps the state of two sidecars apart", async () => {
    await save({ key: "k", value: 1 });
    const other = await sidecarWith([store]);
    expect(await call(other, "GET /v1.0/state/cart/k")).toMatchObject({ status: 204 });
  });
});
