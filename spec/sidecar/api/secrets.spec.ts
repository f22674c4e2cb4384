import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { call, closeAll, sidecarWith } from "../support.js";

describe("the secrets API", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "secrets-"));
  });
  afterEach(async () => {
    await closeAll();
    rmSync(folder, { recursive: true });
  });

  async function withFile(secrets: unknown, metadata = {}) {
    const secretsFile = join(folder, "secrets.json");
    writeFileSync(secretsFile, JSON.stringify(secrets));
    return sidecarWith([{ name: "safe", type: "secretstores.local.file", metadata: { secretsFile, ...metadata } }]);
  }

  it("delivers a secret as one entry named as its key", async () => {
    const sidecar = await withFile({ "db/pass": "s3cret" });
    const reply = await call(sidecar, "GET /v1.0/secrets/safe/db%2Fpass?metadata.version_id=9");
    expect(reply).toMatchObject({ status: 200, json: { "db/pass": "s3cret" } });
    expect(reply.headers["content-type"]).toBe("application/json");
  });

  it("flattens what is nested", async () => {
    const nested = { db: { user: "u", pass: { old: "p" } }, list: ["a", "b"] };
    const sidecar = await withFile(nested);
    expect(await call(sidecar, "GET /v1.0/secrets/safe/db:pass:old")).toMatchObject({ json: { "db:pass:old": "p" } });
    expect(await call(sidecar, "GET /v1.0/secrets/safe/list:0")).toMatchObject({ json: { "list:0": "a" } });
    expect(await call(sidecar, "GET /v1.0/secrets/safe/db")).toMatchObject({ status: 500 });
    const dotted = await withFile(nested, { nestedSeparator: "." });
    expect(await call(dotted, "GET /v1.0/secrets/safe/db.user")).toMatchObject({ json: { "db.user": "u" } });
  });

  it("delivers several entries from a multi-valued store", async () => {
    const sidecar = await withFile({ db: { user: "u", pass: { old: "p" } }, one: "1" }, { multiValued: "true" });
    expect(await call(sidecar, "GET /v1.0/secrets/safe/db")).toMatchObject({ json: { user: "u", "pass:old": "p" } });
    expect(await call(sidecar, "GET /v1.0/secrets/safe/one")).toMatchObject({ json: { one: "1" } });
  });

  it("refuses a file whose values are not text", async () => {
    await expect(withFile({ db: { port: 5432 } })).rejects.toThrow(/"db:port" in .*secrets.json is not text/);
  });

  it("lists all secrets", async () => {
    const sidecar = await withFile({ a: "1", b: { c: "2" } });
    expect(await call(sidecar, "GET /v1.0/secrets/safe/bulk")).toMatchObject({
      status: 200,
      json: { a: { a: "1" }, "b:c": { "b:c": "2" } },
    });
  });

  it("answers 500 to a missing secret, 401 to an unknown store, 500 when there is no store at all", async () => {
    const sidecar = await withFile({});
    expect(await call(sidecar, "GET /v1.0/secrets/safe/x")).toMatchObject({
      status: 500,
      json: {
        errorCode: "ERR_SECRET_GET",
        message: "failed getting secret with key x from secret store safe: secret x not found",
      },
    });
    expect(await call(sidecar, "GET /v1.0/secrets/nope/x")).toMatchObject({
      status: 401,
      json: { errorCode: "ERR_SECRET_STORE_NOT_FOUND", message: "failed finding secret store with key nope" },
    });
    expect(await call(await sidecarWith([]), "GET /v1.0/secrets/nope/x")).toMatchObject({
      status: 500,
      json: { errorCode: "ERR_SECRET_STORES_NOT_CONFIGURED" },
    });
  });

  describe("of the environment", () => {
    const variables = { SPEC_SECRET: "s", SPEC_: "short", DAPR_API_TOKEN: "t", APP_API_TOKEN: "t" };
    beforeEach(() => Object.assign(process.env, variables));
    afterEach(() => Object.keys(variables).forEach((name) => delete process.env[name]));
    const start = (metadata = {}) => sidecarWith([{ name: "env", type: "secretstores.local.env", metadata }]);

    it("answers an unknown variable, and the tokens, with empty text", async () => {
      const sidecar = await start();
      const read = async (name: string) => (await call(sidecar, `GET /v1.0/secrets/env/${name}`)).json;
      expect(await read("SPEC_SECRET")).toEqual({ SPEC_SECRET: "s" });
      for (const name of ["SPEC_NONE", "DAPR_API_TOKEN", "APP_API_TOKEN"])
        expect(await read(name)).toEqual({ [name]: "" });
      const all = (await call(sidecar, "GET /v1.0/secrets/env/bulk")).json;
      expect(all).toMatchObject({ SPEC_SECRET: { SPEC_SECRET: "s" } });
      expect(all).not.toHaveProperty("DAPR_API_TOKEN");
      expect(all).not.toHaveProperty("APP_API_TOKEN");
    });

    it("prepends its prefix, and strips it from the list", async () => {
      const sidecar = await start({ prefix: "SPEC_" });
      expect((await call(sidecar, "GET /v1.0/secrets/env/SECRET")).json).toEqual({ SECRET: "s" });
      expect((await call(sidecar, "GET /v1.0/secrets/env/bulk")).json).toEqual({ SECRET: { SECRET: "s" } });
    });
  });
});
