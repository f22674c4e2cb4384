import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appWith, call, closeAll, Lines, sidecarWith, type FakeApp } from "../support.js";

describe("output bindings", () => {
  afterEach(closeAll);

  it.each([
    ["bad JSON", "{"],
    ["no body", ""],
    ["a list", "[]"],
    ["metadata that is a number", '{"operation":"create","metadata":{"n":1}}'],
  ])("answer 400 to %s", async (_, body) => {
    const sidecar = await sidecarWith([]);
    expect(await call(sidecar, "POST /v1.0/bindings/files", { body })).toMatchObject({
      status: 400,
      json: { errorCode: "ERR_MALFORMED_REQUEST" },
    });
  });

  it("answer 500 to an unknown name, a missing and an unknown operation", async () => {
    const rootPath = mkdtempSync(join(tmpdir(), "bindings-"));
    const sidecar = await sidecarWith([{ name: "files", type: "bindings.localstorage", metadata: { rootPath } }]);
    const messageOf = async (name: string, body: object) => {
      const reply = await call(sidecar, `POST /v1.0/bindings/${name}`, { body });
      expect(reply).toMatchObject({ status: 500, json: { errorCode: "ERR_INVOKE_OUTPUT_BINDING" } });
      return (reply.json as { message: string }).message;
    };
    expect(await messageOf("nope", { operation: "create" })).toBe(
      "error invoking output binding nope: couldn't find output binding nope",
    );
    expect(await messageOf("files", {})).toBe(
      "error invoking output binding files: operation field is missing from request",
    );
    expect(await messageOf("files", { operation: "Create" })).toBe(
      "error invoking output binding files: binding files does not support operation Create. " +
        "supported operations:create get list delete",
    );
    rmSync(rootPath, { recursive: true });
  });

  describe("bindings.localstorage", () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "localstorage-"));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    async function start() {
      const rootPath = join(folder, "root");
      const sidecar = await sidecarWith([{ name: "files", type: "bindings.localstorage", metadata: { rootPath } }]);
      const invoke = (operation: string, fileName?: string, data?: unknown) =>
        call(sidecar, "PUT /v1.0/bindings/files", { body: { operation, data, metadata: { fileName } } });
      return { invoke, root: rootPath, sidecar };
    }

    it("creates, gets, lists and deletes files", async () => {
      const { invoke, root } = await start();
      const created = await invoke("create", "a/b.txt", { n: 1 });
      expect(created).toMatchObject({ status: 200, json: { fileName: "a/b.txt" } });
      expect(readFileSync(join(root, "a/b.txt"), "utf8")).toBe('{"n":1}');
      const read = await invoke("get", "a/b.txt");
      expect(read).toMatchObject({ status: 200, json: { n: 1 }, headers: { "content-type": "application/json" } });
      expect(await invoke("list")).toMatchObject({ status: 200, json: [join(root, "a/b.txt")] });
      expect(await invoke("delete", "a/b.txt")).toMatchObject({ status: 204, text: "" });
      expect(await invoke("list")).toMatchObject({ status: 200, text: "null" });
      expect(await invoke("get", "a/b.txt")).toMatchObject({
        status: 500,
        json: { errorCode: "ERR_INVOKE_OUTPUT_BINDING" },
      });
    });

    it("gives a file without a name a random one", async () => {
      const { invoke } = await start();
      expect((await invoke("create", undefined, "text")).json).toEqual({
        fileName: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
    });

    it("writes text as it is, decodes what is valid base64, and so mangles missing data", async () => {
      const { invoke, root } = await start();
      const written = async (data: unknown) => {
        await invoke("create", "f", data);
        return readFileSync(join(root, "f"));
      };
      expect((await written('two "words" <é>')).toString()).toBe('two "words" <é>');
      expect(await written("AQL/")).toEqual(Buffer.from([1, 2, 255]));
      expect(await written(undefined)).toEqual(Buffer.from("null", "base64"));
      expect((await written("")).toString()).toBe("");
    });

    it("confines names to its root, whatever they are", async () => {
      const { invoke, root } = await start();
      expect(await invoke("create", "../../x.txt", "up")).toMatchObject({ json: { fileName: "x.txt" } });
      expect(readFileSync(join(root, "x.txt"), "utf8")).toBe("up");
      writeFileSync(join(folder, "outside"), "secret");
      symlinkSync(folder, join(root, "link"));
      expect(await invoke("get", "link/outside")).toMatchObject({ status: 500 });
      symlinkSync(join(folder, "later"), join(root, "nowhere"));
      expect(await invoke("create", "nowhere", "out")).toMatchObject({ status: 500 });
      expect(existsSync(join(folder, "later"))).toBe(false);
    });

    it("is not an output when its direction says so", async () => {
      const metadata = { rootPath: folder, direction: "input" };
      const sidecar = await sidecarWith([{ name: "files", type: "bindings.localstorage", metadata }]);
      const reply = await call(sidecar, "POST /v1.0/bindings/files", { body: { operation: "list" } });
      expect((reply.json as { message: string }).message).toContain("couldn't find output binding");
    });
  });

  describe("bindings.http", () => {
    async function start(answer: { status?: number; headers?: Record<string, string>; body?: unknown }, metadata = {}) {
      const target = await appWith(
        Object.fromEntries(["GET", "POST", "PUT", "DELETE"].map((verb) => [`${verb} /base/p/../q?x=1`, answer])),
      );
      const url = `http://127.0.0.1:${target.port}/base/`;
      const sidecar = await sidecarWith([{ name: "web", type: "bindings.http", metadata: { url, ...metadata } }]);
      const invoke = (operation: string, data?: unknown, more = {}) =>
        call(sidecar, "POST /v1.0/bindings/web", {
          body: { operation, data, metadata: { path: "/p/../q?x=1", ...more } },
        });
      return { target, invoke };
    }
    const sent = (target: FakeApp) => target.calls.at(-1)!;

    it("sends the operation as the verb, and data with the verbs that have any", async () => {
      const { target, invoke } = await start({ body: { ok: true }, headers: { "x-one": "1" } });
      const reply = await invoke("create", { n: 1 }, { "X-Caller": "me", lower: "no" });
      expect(reply).toMatchObject({ status: 200, json: { ok: true } });
      expect(reply.headers).toMatchObject({
        "metadata.statuscode": "200",
        "metadata.status": "200 OK",
        "metadata.x-one": "1",
        "content-type": "application/json",
      });
      expect(sent(target)).toMatchObject({ method: "POST", body: '{"n":1}' });
      expect(sent(target).headers).toMatchObject({
        "x-caller": "me",
        "content-type": "application/json; charset=utf-8",
      });
      expect(sent(target).headers).not.toHaveProperty("lower");
      await invoke("get", { n: 1 });
      expect(sent(target)).toMatchObject({ method: "GET", body: "" });
      await invoke("put", "text");
      expect(sent(target)).toMatchObject({ method: "PUT", body: '"text"' });
    });

    it("answers 500 to a status that is not 2xx, with the headers still set", async () => {
      const { invoke } = await start({ status: 418, headers: { "x-why": "tea" } });
      const reply = await invoke("get");
      expect(reply).toMatchObject({
        status: 500,
        json: { message: "error invoking output binding web: received status code 418" },
      });
      expect(reply.headers).toMatchObject({ "metadata.statuscode": "418", "metadata.x-why": "tea" });
      expect(await invoke("get", undefined, { errorIfNot2XX: "false" })).toMatchObject({ status: 200, text: "" });
    });

    it("follows redirects", async () => {
      const { target, invoke } = await start({ status: 307, headers: { location: "/landed" } });
      expect(await invoke("get")).toMatchObject({ status: 500, headers: { "metadata.statuscode": "404" } });
      expect(sent(target)).toMatchObject({ method: "GET", path: "/landed" });
    });

    it("takes any status when it is told to", async () => {
      const { invoke } = await start({ status: 503 }, { errorIfNot2XX: "false" });
      expect(await invoke("get")).toMatchObject({ status: 200, headers: { "metadata.statuscode": "503" } });
    });
  });

  it("bindings.cron is none", async () => {
    const sidecar = await sidecarWith([{ name: "tick", type: "bindings.cron", metadata: { schedule: "@hourly" } }]);
    const reply = await call(sidecar, "POST /v1.0/bindings/tick", { body: { operation: "create" } });
    expect((reply.json as { message: string }).message).toContain("couldn't find output binding tick");
  });
});

describe("input bindings", () => {
  afterEach(closeAll);
  const tick = (metadata: object) => ({
    name: "tick",
    type: "bindings.cron",
    metadata: { schedule: "@every 1s", ...metadata },
  });

  it("deliver to an app that answers the probe with 2xx or 405", async () => {
    for (const status of [200, 405]) {
      const app = await appWith({ "OPTIONS /tick": { status }, "POST /tick": {} });
      const sidecar = await sidecarWith([tick({})], { appPort: app.port });
      await sidecar.ready;
      expect((await app.received("OPTIONS /tick"))[0]!.headers).toMatchObject({ "content-type": "application/json" });
      const [event] = await app.received("POST /tick");
      expect(event).toMatchObject({ body: "", headers: { "content-type": "application/json", timezone: "Local" } });
      expect(event!.headers["readtimeutc"]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000 UTC$/);
    }
  });

  it("leave an app alone that answers the probe otherwise", async () => {
    const app = await appWith({ "OPTIONS /other": {}, "POST /other": {} });
    const sidecar = await sidecarWith([tick({}), { ...tick({}), name: "other" }], { appPort: app.port });
    await sidecar.ready;
    await app.received("POST /other");
    expect(app.calls.filter(({ path, method }) => method === "POST" && path === "/tick")).toEqual([]);
  });

  it("do not ask where the component says that it is an input, and use its route", async () => {
    const app = await appWith({ "POST /jobs/tick": {} });
    const sidecar = await sidecarWith([tick({ direction: "input", route: "/jobs/tick" })], { appPort: app.port });
    await sidecar.ready;
    await app.received("POST /jobs/tick");
    expect(app.calls.filter(({ method }) => method === "OPTIONS")).toEqual([]);
  });

  it("tell of events that the app did not take", async () => {
    const app = await appWith({ "OPTIONS /tick": {}, "POST /tick": { status: 500 } });
    const log = new Lines();
    await sidecarWith([tick({})], { appPort: app.port, log });
    expect(await log.next(/lost/)).toBe('binding "tick": the app answered 500, the event is lost');
  });
});
