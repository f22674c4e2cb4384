import {
  awkward,
  awkwardName,
  call,
  component,
  enc,
  type CallOptions,
  type Contender,
  type Reply,
  type Start,
} from "./harness.js";

/** Type and metadata of the store that the cases run on. */
export interface StateStore {
  readonly type: string;
  /** Asked when the cases begin, since a server may have to be started first. */
  readonly metadata?: () => Readonly<Record<string, string>>;
}

/** What Dapr's state API does, with any store that has etags, transactions and time to live. */
export function stateCases(start: Start, { type, metadata = () => ({}) }: StateStore): void {
  let sidecar: Contender;
  beforeAll(async () => {
    const components = { cart: component("cart", type, metadata()), awkward: component(awkwardName, type, metadata()) };
    sidecar = await start({ components });
  });
  afterAll(() => sidecar.close());

  const to = (method: string, path: string, options?: CallOptions): Promise<Reply> =>
    call(sidecar.url, method, path, options);
  const save = (...entries: readonly object[]): Promise<Reply> => to("POST", "/v1.0/state/cart", { body: entries });
  const get = (key: string): Promise<Reply> => to("GET", `/v1.0/state/cart/${enc(key)}`);

  const empty = { status: 204, type: undefined, text: "" };

  describe("save and get", () => {
    it.each([
      ["an object", { sku: "A-7", qty: 3, nested: { list: [1, { z: null }] } }],
      ["an array", [1, "two", null]],
      ["text", "two words"],
      ["empty text", ""],
      ["text that looks like JSON", '{"a":1}'],
      ["zero", 0],
      ["a fraction", 2.5],
      ["false", false],
      ["null, which is a value and no removal", null],
      ["markup and text beyond ASCII", "<b>&'+é 日本 \u2028"],
      ["an empty object", {}],
    ])("keeps %s", async (name, value) => {
      expect(await save({ key: name, value })).toMatchObject(empty);
      const reply = await get(name);
      expect(reply).toMatchObject({ status: 200, type: "application/json", etag: expect.any(String) });
      expect(reply.json).toEqual(value);
    });

    it("sends the etag without quotes", async () => {
      await save({ key: "etag-form", value: 1 });
      expect((await get("etag-form")).etag).toMatch(/^[^"]+$/);
    });

    it("stores null for an entry without value", async () => {
      expect(await save({ key: "valueless" })).toMatchObject(empty);
      expect(await get("valueless")).toMatchObject({ status: 200, json: null });
    });

    it("takes PUT like POST", async () => {
      expect(await to("PUT", "/v1.0/state/cart", { body: [{ key: "put", value: 1 }] })).toMatchObject(empty);
      expect((await get("put")).json).toBe(1);
    });

    it("takes no entries, and properties that it does not know", async () => {
      expect(await save()).toMatchObject(empty);
      expect(await save({ key: "unknown", value: 1, colour: "red" })).toMatchObject(empty);
    });

    it("takes several entries at once", async () => {
      expect(await save({ key: "several-1", value: 1 }, { key: "several-2", value: 2 })).toMatchObject(empty);
      expect([(await get("several-1")).json, (await get("several-2")).json]).toEqual([1, 2]);
    });

    it("overwrites, with a new etag", async () => {
      await save({ key: "again", value: 1 });
      const before = await get("again");
      await save({ key: "again", value: 2 });
      const after = await get("again");
      expect(after.json).toBe(2);
      expect(after.etag).not.toBe(before.etag);
    });

    it("answers a missing key with nothing", async () => {
      const reply = await get("missing");
      expect(reply).toMatchObject({ ...empty, etag: undefined, metadata: {} });
    });

    it("does not mind the request's content type", async () => {
      const headers = { "content-type": "text/plain" };
      expect(await to("POST", "/v1.0/state/cart", { headers, body: '[{"key":"typed","value":1}]' })).toMatchObject(
        empty,
      );
      expect((await get("typed")).json).toBe(1);
    });
  });

  describe("etags", () => {
    const conflict = { status: 409, type: "application/json", json: { errorCode: "ERR_STATE_SAVE" } };

    it("saves under the current etag and refuses an old one", async () => {
      await save({ key: "versioned", value: 1 });
      const { etag } = await get("versioned");
      expect(await save({ key: "versioned", value: 2, etag })).toMatchObject(empty);
      expect(await save({ key: "versioned", value: 3, etag })).toMatchObject(conflict);
      expect((await get("versioned")).json).toBe(2);
    });

    it("takes an empty etag for none", async () => {
      await save({ key: "emptied", value: 1 });
      expect(await save({ key: "emptied", value: 2, etag: "" })).toMatchObject(empty);
      expect((await get("emptied")).json).toBe(2);
    });

    it("stores the other entries of a request that is refused", async () => {
      await save({ key: "held", value: 1 });
      const { etag } = await get("held");
      await save({ key: "held", value: 2 });
      expect(await save({ key: "beside", value: 1 }, { key: "held", value: 3, etag })).toMatchObject(conflict);
      expect((await get("held")).json).toBe(2);
      expect((await get("beside")).json).toBe(1);
    });

    it.each(["strong", "eventual"])("takes %s consistency", async (consistency) => {
      const options = { consistency, concurrency: "last-write" };
      expect(await save({ key: consistency, value: 1, options })).toMatchObject(empty);
    });
  });

  describe("delete", () => {
    it("removes a key, and one that is missing", async () => {
      await save({ key: "removed", value: 1 });
      expect(await to("DELETE", "/v1.0/state/cart/removed")).toMatchObject(empty);
      expect(await get("removed")).toMatchObject(empty);
      expect(await to("DELETE", "/v1.0/state/cart/removed")).toMatchObject(empty);
    });

    it("removes under the current etag and refuses an old one", async () => {
      await save({ key: "guarded", value: 1 });
      const { etag: old } = await get("guarded");
      await save({ key: "guarded", value: 2 });
      const { etag } = await get("guarded");
      const remove = (ifMatch = ""): Promise<Reply> =>
        to("DELETE", "/v1.0/state/cart/guarded", { headers: { "if-match": ifMatch } });
      expect(await remove(old)).toMatchObject({
        status: 409,
        type: "application/json",
        json: { errorCode: "ERR_STATE_DELETE" },
      });
      expect((await get("guarded")).json).toBe(2);
      expect(await remove(etag)).toMatchObject(empty);
      expect(await get("guarded")).toMatchObject(empty);
    });
  });

  describe("transaction", () => {
    const transact = (...operations: readonly object[]): Promise<Reply> =>
      to("POST", "/v1.0/state/cart/transaction", { body: { operations } });
    const upsert = (key: string, value: unknown, more = {}): object => ({
      operation: "upsert",
      request: { key, value, ...more },
    });

    it("applies its operations in order", async () => {
      const reply = await transact(
        upsert("tx", 1),
        { operation: "delete", request: { key: "tx" } },
        upsert("tx", 2),
        upsert("tx-other", { n: 1 }),
      );
      expect(reply).toMatchObject(empty);
      expect((await get("tx")).json).toBe(2);
      expect((await get("tx-other")).json).toEqual({ n: 1 });
    });

    it("takes PUT, and no operations", async () => {
      const body = { operations: [upsert("tx-put", 1)] };
      expect(await to("PUT", "/v1.0/state/cart/transaction", { body })).toMatchObject(empty);
      expect(await transact()).toMatchObject(empty);
    });

    it("refuses a wrong etag", async () => {
      await save({ key: "tx-guarded", value: 1 });
      const { etag } = await get("tx-guarded");
      await save({ key: "tx-guarded", value: 2 });
      expect(await transact(upsert("tx-guarded", 3, { etag }))).toMatchObject({
        status: 500,
        type: "application/json",
        json: { errorCode: "ERR_STATE_TRANSACTION" },
      });
      expect((await get("tx-guarded")).json).toBe(2);
    });

    it("refuses an operation that it does not know", async () => {
      expect(await transact({ operation: "increment", request: { key: "tx" } })).toMatchObject({
        status: 400,
        json: { errorCode: "ERR_NOT_SUPPORTED_STATE_OPERATION" },
      });
    });

    it.each([
      ["JSON that breaks off", '{"operations":['],
      ["no body", ""],
    ])("refuses %s", async (_, body) => {
      expect(await to("POST", "/v1.0/state/cart/transaction", { body })).toMatchObject({
        status: 400,
        json: { errorCode: "ERR_MALFORMED_REQUEST" },
      });
    });
  });

  describe("bulk", () => {
    it("answers in the order asked, a missing key by its name alone", async () => {
      await save({ key: "bulk-1", value: { n: 1 } }, { key: "bulk-2", value: "two" });
      const reply = await to("POST", "/v1.0/state/cart/bulk", { body: { keys: ["bulk-2", "bulk-none", "bulk-1"] } });
      expect(reply).toMatchObject({ status: 200, type: "application/json" });
      expect(reply.json).toEqual([
        { key: "bulk-2", data: "two", etag: expect.any(String) },
        { key: "bulk-none" },
        { key: "bulk-1", data: { n: 1 }, etag: expect.any(String) },
      ]);
    });

    it("answers no keys with an empty list", async () => {
      const reply = await to("POST", "/v1.0/state/cart/bulk", { body: { keys: [] } });
      expect(reply).toMatchObject({ status: 200, type: "application/json", json: [] });
    });

    it("refuses JSON that breaks off", async () => {
      expect(await to("POST", "/v1.0/state/cart/bulk", { body: '{"keys":[' })).toMatchObject({
        status: 400,
        json: { errorCode: "ERR_MALFORMED_REQUEST" },
      });
    });
  });

  describe("time to live", () => {
    it("forgets a key when it expires", async () => {
      expect(await save({ key: "short", value: 1, metadata: { ttlInSeconds: "1" } })).toMatchObject(empty);
      while ((await get("short")).status === 200) continue;
      expect(await get("short")).toMatchObject({ ...empty, etag: undefined });
    });

    it("never expires with -1", async () => {
      expect(await save({ key: "lasting", value: 1, metadata: { ttlInSeconds: "-1" } })).toMatchObject(empty);
      const reply = await get("lasting");
      expect(reply).toMatchObject({ status: 200, json: 1, metadata: {} });
    });
  });

  describe("what is refused", () => {
    const malformed = { status: 400, type: "application/json", json: { errorCode: "ERR_MALFORMED_REQUEST" } };

    it.each([
      ["an object instead of a list", '{"key":"a","value":1}'],
      ["JSON that breaks off", '[{"key":"a"'],
      ["no body", ""],
      ["an entry without key", '[{"value":1}]'],
      ["an empty key", '[{"key":"","value":1}]'],
      ["a key that is not text", '[{"key":5,"value":1}]'],
      ["an etag that is not text", '[{"key":"a","value":1,"etag":5}]'],
      ["metadata that is not text", '[{"key":"a","value":1,"metadata":{"ttlInSeconds":5}}]'],
      ["a key with ||", '[{"key":"a||b","value":1}]'],
    ])("%s", async (_, body) => {
      expect(await to("POST", "/v1.0/state/cart", { body })).toMatchObject(malformed);
    });

    it.each([{ concurrency: "none" }, { consistency: "loose" }])("options %j", async (options) => {
      expect(await save({ key: "optioned", value: 1, options })).toMatchObject({
        status: 500,
        type: "application/json",
        json: { errorCode: "ERR_STATE_SAVE" },
      });
    });

    it.each([
      ["GET", "/k"],
      ["DELETE", "/k"],
      ["POST", ""],
      ["POST", "/bulk"],
      ["POST", "/transaction"],
    ])("a store that is not configured: %s /v1.0/state/nowhere%s", async (method, path) => {
      expect(await to(method, `/v1.0/state/nowhere${path}`, { body: "[]" })).toMatchObject({
        status: 400,
        type: "application/json",
        json: { errorCode: "ERR_STATE_STORE_NOT_FOUND" },
      });
    });

    it.each(awkward)("store %j, by its name", async (name) => {
      const reply = await to("GET", `/v1.0/state/${enc(name)}/k`);
      expect(reply).toMatchObject({ status: 400, json: { errorCode: "ERR_STATE_STORE_NOT_FOUND" } });
      expect(reply.json).toHaveProperty("message", `state store ${name} is not found`);
    });

    it("a path without key, and one whose key is the folder above", async () => {
      const unknown = { status: 404, json: { errorCode: "ERR_DIRECT_INVOKE" } };
      expect(await to("GET", "/v1.0/state/cart")).toMatchObject(unknown);
      expect(await to("GET", "/v1.0/state/cart/..")).toMatchObject(unknown);
    });
  });

  describe("names", () => {
    it.each(awkward)("keeps key %j apart", async (key) => {
      expect(await save({ key, value: { key } })).toMatchObject(empty);
      expect(await get(key)).toMatchObject({ status: 200, json: { key } });
      const bulk = await to("POST", "/v1.0/state/cart/bulk", { body: { keys: [key] } });
      expect(bulk.json).toEqual([{ key, data: { key }, etag: expect.any(String) }]);
      expect(await to("DELETE", `/v1.0/state/cart/${enc(key)}`)).toMatchObject(empty);
      expect(await get(key)).toMatchObject(empty);
    });

    it("reaches a store with an awkward name", async () => {
      const path = `/v1.0/state/${enc(awkwardName)}`;
      expect(await to("POST", path, { body: [{ key: "k", value: 1 }] })).toMatchObject(empty);
      expect(await to("GET", `${path}/k`)).toMatchObject({ status: 200, json: 1 });
      expect(await to("POST", `${path}/bulk`, { body: { keys: ["k"] } })).toMatchObject({ status: 200 });
      expect(await to("POST", `${path}/transaction`, { body: { operations: [] } })).toMatchObject(empty);
      expect(await to("DELETE", `${path}/k`)).toMatchObject(empty);
    });
  });
}
