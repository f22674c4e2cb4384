import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startApp, type Received, type RecordingApp } from "./app.js";
import { awkward, awkwardName, call, component, contract, enc, type Contender, type Reply } from "./harness.js";

contract("bindings", (start) => {
  let app: RecordingApp;
  let server: RecordingApp;
  let sidecar: Contender;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "files-"));
    server = await startApp({
      answer: ({ method, path }) => ({
        status: Number(/status=(\d+)/.exec(path)?.[1] ?? 200),
        // A page: the client takes one from a sidecar for the answer of something else.
        headers: { "content-type": "text/html", "x-answer": "yes" },
        body: method === "HEAD" || path.includes("empty") ? "" : `answer to ${method} ${path}`,
      }),
    });
    app = await startApp({ answer: ({ method, path }) => (method === "OPTIONS" ? probed.get(path) : undefined) });
    const url = `http://127.0.0.1:${server.port}`;
    sidecar = await start({
      app,
      components: {
        files: component("files", "bindings.localstorage", { rootPath: folder }),
        awkward: component(awkwardName, "bindings.localstorage", { rootPath: folder }),
        http: component("http", "bindings.http", { url: `${url}/base/` }),
        lenient: component("lenient", "bindings.http", { url, errorIfNot2XX: "false" }),
        nobody: component("nobody", "bindings.http", { url: "http://127.0.0.1:1" }),
        ...Object.fromEntries(
          ["tick", "accepted", "refused", "unsure", "failing"].map((name) => [
            name,
            component(name, "bindings.cron", { schedule: "@every 1s" }),
          ]),
        ),
        routed: component("routed", "bindings.cron", { schedule: "* * * * * *", route: "/routed/é%2F" }),
        directed: component("directed", "bindings.cron", { schedule: "@every 1s", direction: "input" }),
      },
    });
  });
  afterAll(async () => {
    await sidecar.close();
    await app.close();
    await server.close();
  });

  const invoke = (name: string, body: unknown): Promise<Reply> =>
    call(sidecar.url, "POST", `/v1.0/bindings/${enc(name)}`, { body });
  const nothing = { status: 204, type: undefined, text: "" };
  const failure = { status: 500, type: "application/json", json: { errorCode: "ERR_INVOKE_OUTPUT_BINDING" } };

  describe("localstorage", () => {
    const file = (operation: string, fileName?: string, data?: unknown): Promise<Reply> =>
      invoke("files", { operation, data, ...(fileName !== undefined && { metadata: { fileName } }) });

    it("writes a file and says where", async () => {
      const reply = await file("create", "named.txt", "some text");
      expect(reply).toMatchObject({ status: 200, type: "application/json" });
      expect(reply.json).toEqual({ fileName: "named.txt" });
      expect(readFileSync(join(folder, "named.txt"), "utf8")).toBe("some text");
    });

    it("makes up a name", async () => {
      const { json } = await file("create", undefined, "unnamed!");
      expect(readFileSync(join(folder, (json as { fileName: string }).fileName), "utf8")).toBe("unnamed!");
    });

    it("takes PUT like POST", async () => {
      const body = { operation: "create", data: "put!", metadata: { fileName: "put.txt" } };
      expect(await call(sidecar.url, "PUT", "/v1.0/bindings/files", { body })).toMatchObject({ status: 200 });
      expect(readFileSync(join(folder, "put.txt"), "utf8")).toBe("put!");
    });

    it("makes the folders above", async () => {
      await file("create", "deep/er/file.txt", "in a folder");
      expect(readFileSync(join(folder, "deep", "er", "file.txt"), "utf8")).toBe("in a folder");
    });

    it("never leaves its folder", async () => {
      await file("create", "../../outside.txt", "confined!");
      expect(existsSync(join(folder, "..", "..", "outside.txt"))).toBe(false);
      expect(readFileSync(join(folder, "outside.txt"), "utf8")).toBe("confined!");
    });

    it.each([
      ["an object", { n: 1 }, '{"n":1}'],
      ["a number", 5, "5"],
      ["text beyond ASCII", "é日 <&>", "é日 <&>"],
      ["base64 text, which is decoded", "aGVsbG8=", "hello"],
    ])("writes %s", async (name, data, expected) => {
      await file("create", `written-${name}`, data);
      expect(readFileSync(join(folder, `written-${name}`), "utf8")).toBe(expected);
    });

    it("reads a file, whatever is in it, as JSON by name", async () => {
      await file("create", "read.txt", "not JSON at all");
      expect(await file("get", "read.txt")).toMatchObject({
        status: 200,
        type: "application/json",
        text: "not JSON at all",
      });
      await file("create", "read.json", { n: [1] });
      expect((await file("get", "read.json")).json).toEqual({ n: [1] });
    });

    it("lists files by their absolute paths", async () => {
      await file("create", "listed/one.txt", "1!");
      await file("create", "listed/two.txt", "2!");
      const reply = await file("list", "listed");
      expect(reply).toMatchObject({ status: 200, type: "application/json" });
      expect(new Set(reply.json as string[])).toEqual(
        new Set([join(folder, "listed", "one.txt"), join(folder, "listed", "two.txt")]),
      );
    });

    it("deletes a file", async () => {
      await file("create", "deleted.txt", "gone soon");
      expect(await file("delete", "deleted.txt")).toMatchObject(nothing);
      expect(existsSync(join(folder, "deleted.txt"))).toBe(false);
    });

    it.each(["get", "delete"])("fails to %s a file that is missing", async (operation) => {
      expect(await file(operation, "missing.txt")).toMatchObject(failure);
    });

    it.each(["get", "delete"])("fails to %s without a name", async (operation) => {
      expect(await file(operation)).toMatchObject(failure);
    });

    it.each(awkward.filter((name) => !/[./]/.test(name)))("writes and reads file %j", async (name) => {
      await file("create", name, "awkward!");
      expect(readFileSync(join(folder, name), "utf8")).toBe("awkward!");
      expect((await file("get", name)).text).toBe("awkward!");
    });

    it("answers under an awkward name", async () => {
      const body = { operation: "create", data: "named so!", metadata: { fileName: "by-awkward.txt" } };
      expect(await invoke(awkwardName, body)).toMatchObject({ status: 200 });
      expect(readFileSync(join(folder, "by-awkward.txt"), "utf8")).toBe("named so!");
    });
  });

  describe("http", () => {
    const last = async (path: string): Promise<Received> =>
      (await server.received((request) => request.path === path))[0]!;

    it.each([
      ["create", "POST", '{"a":1}'],
      ["post", "POST", '{"a":1}'],
      ["put", "PUT", '{"a":1}'],
      ["patch", "PATCH", '{"a":1}'],
      ["get", "GET", ""],
      ["delete", "DELETE", ""],
      ["options", "OPTIONS", ""],
      ["trace", "TRACE", ""],
    ])("operation %s sends %s", async (operation, method, body) => {
      const reply = await invoke("http", { operation, data: { a: 1 }, metadata: { path: `/verb/${operation}` } });
      const path = `/base/verb/${operation}`;
      expect(reply).toMatchObject({ status: 200, type: "application/json", text: `answer to ${method} ${path}` });
      expect(reply.metadata).toMatchObject({ statuscode: "200", status: "200 OK", "x-answer": "yes" });
      const request = await last(path);
      expect(request.method).toBe(method);
      expect(request.body.toString()).toBe(body);
    });

    it("operation head sends HEAD, whose answer is empty", async () => {
      expect(await invoke("http", { operation: "head", metadata: { path: "/head" } })).toMatchObject({
        status: 200,
        text: "",
        metadata: { statuscode: "200", "x-answer": "yes" },
      });
      expect(await last("/base/head")).toMatchObject({ method: "HEAD" });
    });

    it.each([
      ["/joined/one", "/base/joined/one"],
      ["joined/two", "/base/joined/two"],
      ["/joined/q?a=b&c=d%20e", "/base/joined/q?a=b&c=d%20e"],
    ])("joins path %s", async (path, expected) => {
      await invoke("http", { operation: "get", metadata: { path } });
      await expect(last(expected)).resolves.toBeDefined();
    });

    it("sends metadata that starts with a capital as headers", async () => {
      const metadata = { path: "/headers", "X-Custom": "1", Accept: "a/b", lower: "2", "Content-Type": "text/csv" };
      await invoke("http", { operation: "post", data: "a,b", metadata });
      const { headers, body } = await last("/base/headers");
      expect(headers).toMatchObject({ "x-custom": "1", accept: "a/b", "content-type": "text/csv" });
      expect(headers).not.toHaveProperty("lower");
      expect(body.toString()).toBe('"a,b"');
    });

    it("answers 200 for an empty answer", async () => {
      const reply = await invoke("http", { operation: "get", metadata: { path: "/empty" } });
      expect(reply).toMatchObject({ status: 200, text: "", metadata: { statuscode: "200" } });
    });

    it.each([404, 500, 302])("fails when the answer is %s, headers included", async (code) => {
      const reply = await invoke("http", { operation: "get", metadata: { path: `/x?status=${code}` } });
      expect(reply).toMatchObject({ ...failure, metadata: { statuscode: String(code), "x-answer": "yes" } });
      expect(reply.json).toHaveProperty("message", expect.stringContaining(`received status code ${code}`));
    });

    it("passes any status on when told to", async () => {
      const reply = await invoke("lenient", { operation: "get", metadata: { path: "/y?status=404" } });
      expect(reply).toMatchObject({
        status: 200,
        text: "answer to GET /y?status=404",
        metadata: { statuscode: "404" },
      });
    });

    it("fails when nobody listens", async () => {
      expect(await invoke("nobody", { operation: "get" })).toMatchObject(failure);
    });
  });

  describe("cron", () => {
    it("posts to the app, again and again", async () => {
      const [first, second] = await app.received(({ method, path }) => method === "POST" && path === "/tick", 2);
      expect(first!.body).toHaveLength(0);
      expect(first!.headers).toMatchObject({
        "content-type": "application/json",
        readtimeutc: expect.any(String),
        timezone: expect.any(String),
      });
      expect(Date.parse(String(second!.headers.readtimeutc))).not.toBeNaN();
    });

    it("asks first, and posts where the app takes it", async () => {
      const [probe] = await app.received(({ method, path }) => method === "OPTIONS" && path === "/tick");
      expect(probe!.headers).toMatchObject({ "content-type": "application/json" });
      for (const path of ["/tick", "/accepted", "/unsure"]) {
        await app.received((request) => request.method === "POST" && request.path === path);
      }
      expect(app.requests.filter(({ method, path }) => method === "POST" && /refused|failing/.test(path))).toEqual([]);
    });

    it("posts to the route that the component names", async () => {
      const requests = await app.received(({ path }) => path.startsWith("/routed"), 2);
      expect(requests.map(({ method }) => method)).toEqual(["OPTIONS", "POST"]);
    });

    it("does not ask where the direction is given", async () => {
      await app.received(({ method, path }) => method === "POST" && path === "/directed");
      expect(app.requests.filter(({ method, path }) => method === "OPTIONS" && path === "/directed")).toEqual([]);
    });

    it("is not an output", async () => {
      const reply = await invoke("tick", { operation: "create" });
      expect(reply).toMatchObject(failure);
      expect(reply.json).toHaveProperty("message", expect.stringContaining("couldn't find output binding tick"));
    });
  });

  describe("what is refused", () => {
    const malformed = { status: 400, type: "application/json", json: { errorCode: "ERR_MALFORMED_REQUEST" } };

    it.each([
      ["JSON that breaks off", "{"],
      ["no body", ""],
      ["a list", "[]"],
      ["metadata that is not text", '{"operation":"list","metadata":{"a":1}}'],
      ["an operation that is not text", '{"operation":5}'],
    ])("%s", async (_, body) => {
      expect(await invoke("files", body)).toMatchObject(malformed);
    });

    it.each(["nowhere", ...awkward])("binding %j, by its name", async (name) => {
      const reply = await invoke(name, { operation: "create" });
      expect(reply).toMatchObject(failure);
      expect(reply.json).toHaveProperty("message", expect.stringContaining(`couldn't find output binding ${name}`));
    });

    it.each([{}, { operation: "" }])("request %j, which names no operation", async (body) => {
      const reply = await invoke("files", body);
      expect(reply).toMatchObject(failure);
      expect(reply.json).toHaveProperty("message", expect.stringContaining("operation field is missing"));
    });

    it.each([{ operation: "explode" }, { operation: "CREATE" }])("request %j, naming what it can do", async (body) => {
      const reply = await invoke("files", body);
      expect(reply).toMatchObject(failure);
      for (const operation of ["create", "get", "list", "delete"]) {
        expect(reply.json).toHaveProperty("message", expect.stringContaining(operation));
      }
    });
  });
});

/** What the app answers when it is asked whether it takes a binding's events. */
const probed = new Map([
  ["/tick", { status: 200 }],
  ["/accepted", { status: 204 }],
  ["/refused", { status: 404 }],
  ["/unsure", { status: 405 }],
  ["/failing", { status: 500 }],
  ["/routed/%C3%A9%2F", { status: 200 }],
  ["/routed/%C3%A9/", { status: 200 }],
]);
