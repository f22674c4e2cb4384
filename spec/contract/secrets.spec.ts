import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { awkward, awkwardName, call, component, contract, enc, type Contender, type Reply } from "./harness.js";

contract("secrets", (start) => {
  let sidecar: Contender;

  beforeAll(async () => {
    Object.assign(process.env, { SPEC_SECRET_one: "1", SPEC_SECRET_two: "é 2", SPEC_SECRET_empty: "" });
    const file = join(mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "secrets-")), "secrets.json");
    writeFileSync(file, JSON.stringify(secrets));
    sidecar = await start({
      components: {
        file: component("file", "secretstores.local.file", { secretsFile: file }),
        dotted: component("dotted", "secretstores.local.file", { secretsFile: file, nestedSeparator: "." }),
        multi: component("multi", "secretstores.local.file", { secretsFile: file, multiValued: "true" }),
        env: component("env", "secretstores.local.env"),
        prefixed: component("prefixed", "secretstores.local.env", { prefix: "SPEC_SECRET_" }),
        awkward: component(awkwardName, "secretstores.local.file", { secretsFile: file }),
      },
    });
  });
  afterAll(async () => {
    for (const name of ["one", "two", "empty"]) delete process.env[`SPEC_SECRET_${name}`];
    await sidecar.close();
  });

  const get = (store: string, key: string, query = ""): Promise<Reply> =>
    call(sidecar.url, "GET", `/v1.0/secrets/${enc(store)}/${enc(key)}${query}`);
  const found = (json: object): object => ({ status: 200, type: "application/json", json });
  const missing = { status: 500, type: "application/json", json: { errorCode: "ERR_SECRET_GET" } };

  describe("file", () => {
    it.each([
      ["api-key", "k 1"],
      ["empty", ""],
      ["db:password", "p"],
      ["db:deep:er", "d"],
      ["list:0", "first"],
      ["list:1", "second"],
    ])("gives %s", async (key, value) => {
      const reply = await get("file", key);
      expect(reply).toMatchObject(found({}));
      expect(reply.json).toEqual({ [key]: value });
    });

    it.each(["missing", "db", "list", "list:2", "API-KEY"])("does not find %s", async (key) => {
      expect(await get("file", key)).toMatchObject(missing);
    });

    it("separates by another character when told to", async () => {
      expect(await get("dotted", "db.password")).toMatchObject(found({ "db.password": "p" }));
      expect(await get("dotted", "db:password")).toMatchObject(missing);
    });

    it("takes metadata of a request", async () => {
      expect(await get("file", "api-key", "?metadata.namespace=a%20b")).toMatchObject(found({ "api-key": "k 1" }));
    });

    it("gives all of them", async () => {
      const reply = await call(sidecar.url, "GET", "/v1.0/secrets/file/bulk");
      expect(reply).toMatchObject({
        status: 200,
        type: "application/json",
        json: {
          "api-key": { "api-key": "k 1" },
          "db:password": { "db:password": "p" },
          "list:0": { "list:0": "first" },
        },
      });
    });

    it.each(awkward)("gives %j", async (key) => {
      const reply = await get("file", key);
      expect(reply.json).toEqual({ [key]: `value of ${key}` });
      expect(reply.status).toBe(200);
    });

    it("answers under an awkward name", async () => {
      expect(await get(awkwardName, "api-key")).toMatchObject(found({ "api-key": "k 1" }));
    });
  });

  describe("file with several values", () => {
    it("gives the values of one secret", async () => {
      const reply = await get("multi", "db");
      expect(reply).toMatchObject(found({}));
      expect(reply.json).toEqual({ password: "p", "deep:er": "d" });
    });

    it("gives a text under its own name", async () => {
      expect((await get("multi", "api-key")).json).toEqual({ "api-key": "k 1" });
    });

    it("does not find what is missing", async () => {
      expect(await get("multi", "missing")).toMatchObject(missing);
    });

    it("gives all of them", async () => {
      const reply = await call(sidecar.url, "GET", "/v1.0/secrets/multi/bulk");
      expect(reply.json).toMatchObject({ db: { password: "p", "deep:er": "d" }, "api-key": { "api-key": "k 1" } });
    });
  });

  describe("environment", () => {
    it.each([
      ["env", "SPEC_SECRET_one", "1"],
      ["env", "SPEC_SECRET_two", "é 2"],
      ["env", "SPEC_SECRET_empty", ""],
      ["env", "SPEC_SECRET_unknown", ""],
      ["prefixed", "one", "1"],
      ["prefixed", "SPEC_SECRET_one", ""],
    ])("of store %s gives %s", async (store, key, value) => {
      const reply = await get(store, key);
      expect(reply).toMatchObject(found({}));
      expect(reply.json).toEqual({ [key]: value });
    });

    it("gives all of them, without their prefix", async () => {
      const { json } = await call(sidecar.url, "GET", "/v1.0/secrets/prefixed/bulk");
      expect(json).toEqual({ one: { one: "1" }, two: { two: "é 2" }, empty: { empty: "" } });
      const all = await call(sidecar.url, "GET", "/v1.0/secrets/env/bulk");
      expect(all.json).toMatchObject({ SPEC_SECRET_one: { SPEC_SECRET_one: "1" } });
    });

    it("keeps the tokens of Dapr to itself", async () => {
      const guarded = await start({
        components: { env: component("env", "secretstores.local.env") },
        apiToken: "t0k",
        appToken: "app-t0k",
      });
      const headers = { "dapr-api-token": "t0k" };
      const replies = await Promise.all(
        ["DAPR_API_TOKEN", "APP_API_TOKEN", "bulk"].map((key) =>
          call(guarded.url, "GET", `/v1.0/secrets/env/${key}`, { headers }),
        ),
      );
      await guarded.close();
      expect(replies[0]!.json).toEqual({ DAPR_API_TOKEN: "" });
      expect(replies[1]!.json).toEqual({ APP_API_TOKEN: "" });
      expect(replies[2]!.json).not.toHaveProperty("DAPR_API_TOKEN");
      expect(replies[2]!.json).not.toHaveProperty("APP_API_TOKEN");
    });
  });

  describe("what is refused", () => {
    it.each(["nowhere", ...awkward])("store %j, by its name", async (store) => {
      const reply = await get(store, "k");
      expect(reply).toMatchObject({
        status: 401,
        type: "application/json",
        json: { errorCode: "ERR_SECRET_STORE_NOT_FOUND" },
      });
      expect(reply.json).toHaveProperty("message", expect.stringContaining(store));
    });

    it("any store where there is none", async () => {
      const bare = await start({ components: { bus: component("bus", "pubsub.in-memory") } });
      const reply = await call(bare.url, "GET", "/v1.0/secrets/file/k");
      const bulk = await call(bare.url, "GET", "/v1.0/secrets/file/bulk");
      await bare.close();
      const refused = {
        status: 500,
        type: "application/json",
        json: { errorCode: "ERR_SECRET_STORES_NOT_CONFIGURED" },
      };
      expect(reply).toMatchObject(refused);
      expect(bulk).toMatchObject(refused);
    });

    it("a path without key", async () => {
      expect(await call(sidecar.url, "GET", "/v1.0/secrets/file")).toMatchObject({
        status: 404,
        json: { errorCode: "ERR_DIRECT_INVOKE" },
      });
    });
  });
});

const secrets = {
  "api-key": "k 1",
  empty: "",
  db: { password: "p", deep: { er: "d" } },
  list: ["first", "second"],
  ...Object.fromEntries(awkward.map((key) => [key, `value of ${key}`])),
};
