import { spawnSync } from "node:child_process";
import fs, { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DaprPublish,
  DaprSecret,
  DaprServiceInvocationTrigger,
  DaprSidecar,
  DaprStateInput,
  DaprStateOutput,
  HttpTrigger,
  Reply,
  serve,
  type Collector,
  type DaprClient,
  type HttpRequest,
  type HttpResponse,
  type InvocationContext,
  type Recording,
  type RecordOptions,
} from "dapr-functions";
import { startSidecar } from "dapr-functions/sidecar";
import { replay } from "dapr-functions/testing";
import { z } from "zod";
import { fromRecorded, toRecorded } from "../../lib/record/recording.js";
import { built, makeProject, source as sourceOf, write } from "../cli/app.js";
import { runCli } from "../support/functions-host.js";

class Orders {
  static total = 1;

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "before", stateStore: "statestore", key: "{id}" })
  @DaprSecret({ name: "secret", secretStoreName: "vault", key: "api-key" })
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  @DaprPublish({ name: "created", pubSubName: "messagebus", topic: "orders" })
  create(
    payload: { id: string },
    {
      before,
      order,
      created,
    }: { before: unknown; secret: Record<string, string>; order: Collector<unknown>; created: Collector<unknown> },
  ): object {
    order.add({ ...payload, total: Orders.total });
    created.add(new Uint8Array([1, 2, 255]));
    return { known: before !== undefined, total: Orders.total };
  }

  @HttpTrigger({ route: "orders/{id}", methods: ["POST"] })
  async update(request: HttpRequest): Promise<object> {
    return {
      jsonBody: { id: request.params["id"], body: await request.json(), agent: request.headers.get("x-agent") },
    };
  }

  @DaprServiceInvocationTrigger()
  fail(): void {
    throw new Error("no");
  }

  @DaprServiceInvocationTrigger({ methodName: "lines/{line}" })
  @DaprStateInput({ name: "known", stateStore: "statestore", key: "{params.line}-{query.of}" })
  @DaprPublish({ name: "seen", pubSubName: "messagebus", topic: "{query.of}" })
  ask(
    _: unknown,
    { seen }: { known: unknown; seen: Collector<unknown> },
    { request, triggerMetadata, invocationId }: InvocationContext,
  ): object {
    const { method, path, query, params, headers } = request!;
    seen.add({ invocationId });
    const agent = [headers.get("x-agent"), triggerMetadata["x-agent"]];
    return { method, path, of: query.getAll("of"), line: params["line"], agent };
  }

  @DaprServiceInvocationTrigger({ methodName: "leak/{part}" })
  @DaprSecret({ name: "vault", secretStoreName: "vault", key: "api-key" })
  @DaprSidecar({ name: "dapr" })
  @DaprPublish({ name: "created", pubSubName: "messagebus", topic: "orders" })
  async leak(
    payload: object,
    { vault, dapr, created }: { vault: Record<string, string>; dapr: DaprClient; created: Collector<unknown> },
  ): Promise<Reply> {
    const other = await dapr.getSecret({ secretStoreName: "vault", key: "other" });
    await dapr.getSecret({ secretStoreName: "vault", key: "named" });
    created.add({ payload, bearer: `Bearer ${vault["api-key"]!.trim()}`, [vault["api-key"]!]: [other["other"]] });
    created.add(Buffer.from(`bytes of ${vault["api-key"]}`));
    const headers = { "x-api-key": vault["api-key"], "x-plain": "plain", "set-cookie": ["a=1", "b=2"] };
    return new Reply({
      headers,
      body: { text: JSON.stringify(vault), url: new URL(`/?q=${vault["api-key"]}`, "http://a") },
    });
  }

  @HttpTrigger({ route: "session", methods: ["POST"] })
  @DaprSecret({ name: "vault", secretStoreName: "vault", key: "api-key" })
  enter(_: HttpRequest, { vault }: { vault: Record<string, string> }): HttpResponse {
    const cookies = [{ name: "session", value: "cookie text" }];
    return { headers: new Headers({ "x-token": "token text", "x-plain": vault["api-key"]! }), cookies, jsonBody: [] };
  }

  @DaprServiceInvocationTrigger({ payload: z.object({ id: z.string() }) })
  refuse(): void {}

  @DaprServiceInvocationTrigger({ payload: z.object({ id: z.string().transform((id) => id.length) }) })
  measure({ id }: { id: number }): number {
    return id;
  }

  @DaprServiceInvocationTrigger()
  unread(): void {}
}

/** Calls each function once and gives what was recorded, by function. */
async function recorded(
  record: (folder: string) => string | RecordOptions,
): Promise<Readonly<Record<string, Recording>>> {
  const folder = join(mkdtempSync(join(process.env["DAPR_FUNCTIONS_RUN"]!, "record-")), "recordings");
  const secrets = join(mkdtempSync(join(process.env["DAPR_FUNCTIONS_RUN"]!, "secrets-")), "secrets.json");
  writeFileSync(secrets, JSON.stringify({ "api-key": "very secret", other: "12345", named: "value" }));
  const sidecar = await startSidecar({
    appId: "orders",
    components: [
      { name: "statestore", type: "state.in-memory" },
      { name: "messagebus", type: "pubsub.in-memory" },
      { name: "vault", type: "secretstores.local.file", metadata: { secretsFile: secrets } },
    ],
  });
  const app = await serve([Orders], { port: 0, daprUrl: sidecar.url, log: {}, record: record(folder) });
  const post = (path: string, body: object) =>
    fetch(`${app.url}${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: "Bearer very secret",
        cookie: "own=1",
        "x-agent": "spec",
      },
      body: JSON.stringify(body),
    });
  try {
    await post("/create", { id: "41" });
    await post("/api/orders/41", { total: 3 });
    await post("/fail", {});
    await post("/lines/7?of=a&of=b", {});
    await post("/leak/very%20secret?q=very+secret", { key: "very secret", number: 12345, short: 12 });
    await post("/api/session?code=code+text&x=very+secret", { nested: '"very secret"' });
    await post("/refuse", { id: 41 });
    await post("/measure", { id: "four" });
    await fetch(`${app.url}/unread`, { method: "POST", headers: { "content-type": "application/json" }, body: "{" });
  } finally {
    await app.close();
    await sidecar.close();
  }
  const files = readdirSync(folder);
  const recordings = files.map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Recording);
  return Object.fromEntries(recordings.map((recording) => [recording.functionName, recording]));
}

describe("record", () => {
  let recordings: Readonly<Record<string, Recording>>;

  beforeAll(async () => {
    recordings = await recorded((folder) => folder);
  });

  afterEach(() => {
    Orders.total = 1;
  });

  it("writes what went in and what came out", () => {
    expect(recordings["create"]).toEqual({
      version: 1,
      functionName: "create",
      className: "Orders",
      methodName: "create",
      trigger: "daprServiceInvocationTrigger",
      invocationId: expect.any(String),
      time: expect.stringMatching(/^\d{4}-/),
      payload: { id: "41" },
      request: {
        method: "POST",
        path: "/create",
        query: [],
        params: {},
        headers: expect.objectContaining({ "content-type": "application/json", "x-agent": "spec" }),
        standIns: { authorization: "Bearer ***", cookie: "own=***" },
      },
      inputs: { before: { $undefined: true }, secret: { $secret: ["api-key"] } },
      calls: {},
      outputs: {
        order: [{ verb: "add", value: { id: "41", total: 1 } }],
        created: [{ verb: "add", value: { $bytes: "AQL/" } }],
      },
      reply: { known: false, total: 1 },
    });
    expect(recordings["fail"]).toMatchObject({ failure: { errorCode: "ERR_FUNCTION_FAILED" } });
  });

  it("writes no secret, and of headers that prove who the caller is the names", () => {
    expect(JSON.stringify(recordings)).not.toContain("very secret");
    expect(recordings["update"]!.payload).toMatchObject({
      method: "POST",
      params: { id: "41" },
      body: '{"total":3}',
      headers: { "x-agent": "spec" },
    });
  });

  it("hides the text of a secret wherever it stands", () => {
    const text = JSON.stringify(recordings);
    for (const secret of ["very secret", "very%20secret", "very+secret", "12345", "code text", "code+text"])
      expect(text).not.toContain(secret);
    expect(text).not.toMatch(/own=1|cookie text|token text|set-cookie|x-token|x-api-key/i);
    expect(recordings["leak"]!.request!.standIns).toEqual({ authorization: "Bearer ***", cookie: "own=***" });
    expect(recordings["leak"]).toMatchObject({
      payload: { key: "***", number: "***", short: 12 },
      request: { path: "/leak/***", query: [["q", "***"]], params: { part: "***" } },
      calls: {
        dapr: [
          { method: "getSecret", answer: { $secret: ["other"] } },
          { method: "getSecret", answer: { $secret: ["named"] } },
        ],
      },
      outputs: {
        created: [
          { value: { bearer: "Bearer ***", "***": ["***"] } },
          { value: { $bytes: Buffer.from("bytes of ***").toString("base64") } },
        ],
      },
      reply: { headers: { "x-plain": "plain" }, body: { text: '{"api-key":"***"}', url: "http://a/?q=***" } },
    });
    expect(recordings["enter"]).toMatchObject({
      payload: { url: expect.stringMatching(/\/api\/session\?code=\*\*\*&x=\*\*\*$/), body: '{"nested":"\\"***\\""}' },
      reply: { headers: { "x-plain": "***" }, jsonBody: [] },
    });
  });

  it("keeps the request of a service invocation", () => {
    expect(recordings["ask"]!.request).toMatchObject({
      method: "POST",
      path: "/lines/7",
      query: [
        ["of", "a"],
        ["of", "b"],
      ],
      params: { line: "7" },
    });
    expect(recordings["ask"]).toMatchObject({ reply: { of: ["a", "b"], line: "7", agent: ["spec", "spec"] } });
  });

  it("keeps a payload as it came, also one that is refused", async () => {
    expect(recordings["refuse"]).toMatchObject({ payload: { id: 41 }, failure: { errorCode: "ERR_PAYLOAD_INVALID" } });
    expect((await replay(recordings["refuse"]!, [Orders])).error).toMatchObject({ code: "ERR_PAYLOAD_INVALID" });
    expect(recordings["measure"]).toMatchObject({ payload: { id: "four" }, reply: 4 });
    expect(recordings["unread"]).toMatchObject({ failure: { errorCode: "ERR_MALFORMED_REQUEST" } });
    expect(recordings["unread"]).not.toHaveProperty("payload");
  });

  it("takes stand-ins by name, and hides those of secrets as well", async () => {
    const inputs = { vault: { "api-key": "a stand-in" } };
    const replayed = await replay(recordings["leak"]!, [Orders], { inputs });
    expect(replayed.reply).toMatchObject({ headers: { "x-api-key": "a stand-in" } });
    expect(replayed.differences).toEqual([]);
    const before = { known: 1 };
    expect((await replay(recordings["create"]!, [Orders], { inputs: { before } })).differences).toEqual([
      "reply.known: false became true",
    ]);
    await expect(replay(recordings["create"]!, [Orders], { inputs: { gone: 1 } })).rejects.toMatchObject({
      code: "option-unknown",
    });
  });

  it("replays equal", async () => {
    for (const recording of Object.values(recordings)) {
      expect([recording.functionName, (await replay(recording, [Orders])).differences]).toEqual([
        recording.functionName,
        [],
      ]);
    }
  });

  it("says where a replay differs", async () => {
    Orders.total = 4;
    expect((await replay(recordings["create"]!, [new Orders()])).differences).toEqual([
      "reply.total: 1 became 4",
      "outputs.order[0].total: 1 became 4",
    ]);
    const mended = { ...recordings["fail"]!, functionName: "create", methodName: "create", payload: { id: "1" } };
    expect((await replay(mended, [Orders])).differences).toEqual(["failure: ERR_FUNCTION_FAILED became none"]);
    await expect(replay({ ...mended, functionName: "gone" }, [Orders])).rejects.toMatchObject({
      code: "function-missing",
    });
  });

  it("lets a hook change a recording, or leave it out, and bounds its size", async () => {
    const some = await recorded((folder) => ({
      folder,
      redact: (recording) => (recording.functionName === "fail" ? undefined : { ...recording, payload: "gone" }),
    }));
    expect(Object.keys(some)).toEqual(expect.arrayContaining(["create", "update"]));
    expect(some).not.toHaveProperty("fail");
    expect(some["create"]!.payload).toBe("gone");
    const { payload: _, ...left } = recordings["create"]!;
    expect((await replay(left, [Orders])).differences).toEqual([
      "payload: its payload was left out, so that nothing was run",
    ]);
    const small = await recorded((folder) => {
      mkdirSync(folder, { recursive: true });
      return { folder, maxSize: 100 };
    });
    expect(small).toEqual({});
  });

  it("fails no invocation when it cannot write, and says so once", async () => {
    const file = join(mkdtempSync(join(process.env["DAPR_FUNCTIONS_RUN"]!, "record-")), "file");
    writeFileSync(file, "");
    const warnings: string[] = [];
    const app = await serve([Orders], {
      port: 0,
      daprUrl: "http://127.0.0.1:9",
      record: file,
      log: { warn: (text: string) => warnings.push(text) },
    });
    const send = () => fetch(`${app.url}/api/orders/41`, { method: "POST", body: "{}" });
    expect([(await send()).status, (await send()).status]).toEqual([200, 200]);
    await app.close();
    expect(warnings.filter((text) => text.startsWith("record: "))).toHaveLength(1);
  });

  it("leaves no recording that is half written where the disk is full", async () => {
    const folder = mkdtempSync(join(process.env["DAPR_FUNCTIONS_RUN"]!, "record-"));
    const warnings: string[] = [];
    const warn = (text: string) => warnings.push(text);
    const app = await serve([Orders], { port: 0, daprUrl: "http://127.0.0.1:9", record: folder, log: { warn } });
    const write = fs.writeFileSync;
    const full = jest.spyOn(fs, "writeFileSync").mockImplementation((file, text) => {
      write(file, (text as string).slice(0, 20));
      throw new Error("ENOSPC: no space left on device");
    });
    try {
      expect((await fetch(`${app.url}/api/orders/41`, { method: "POST", body: "{}" })).status).toBe(200);
      await app.close();
    } finally {
      full.mockRestore();
    }
    expect(warnings).toContainEqual(expect.stringMatching(/^record: .*ENOSPC/));
    expect(readdirSync(folder).filter((name) => name.endsWith(".json"))).toEqual([]);
  });

  it.each([
    [undefined],
    [null],
    ["text"],
    [new Uint8Array([0, 255])],
    [{ a: [undefined, 1, { b: Buffer.from("x") }] }],
    [[]],
  ])("keeps %p", (value) => {
    const kept = fromRecorded(JSON.parse(JSON.stringify(toRecorded(value))));
    expect(JSON.stringify(toRecorded(kept))).toBe(JSON.stringify(toRecorded(value)));
  });
});

it.each([
  [{ $bytes: "aGk=" }],
  [[{ $undefined: true }, { $secret: ["a"] }, { $plain: { $bytes: "aGk=" } }]],
  [{ $plain: 1, a: { $bytes: "aGk=", b: new Uint8Array([1]) } }],
  [Array(2).fill({ $bytes: "aGk=" })],
])("keeps %j, which looks like what stands for bytes and the like", (value) => {
  expect(fromRecorded(JSON.parse(JSON.stringify(toRecorded(value))))).toEqual(value);
});

describe("dapr-functions replay", () => {
  let project: string;
  const text = (total: number) => `
export class Orders {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  create(payload: { id: string }, { order }: { order: Collector<unknown> }): object { order.add({ ...payload, total: ${total} }); return payload; }
}
`;
  const source = (total: number) => built(text(total));

  beforeAll(() => {
    project = makeProject("commonjs", ["@types/node", "undici-types"]);
    const recording: Recording = {
      version: 1,
      functionName: "create",
      className: "Orders",
      methodName: "create",
      module: "build/orders.js",
      trigger: "daprServiceInvocationTrigger",
      invocationId: "i",
      time: "2026-01-02T10:00:00.000Z",
      payload: { id: "41" },
      inputs: {},
      calls: {},
      outputs: { order: [{ verb: "add", value: { id: "41", total: 1 } }] },
      reply: { id: "41" },
    };
    write(project, {
      "recordings/one.json": JSON.stringify(recording),
      "build/orders.js": source(1),
      "broken.json": "{",
      "other.json": "{}",
      // A name that would be code in a test, and a module that nobody named.
      "code.json": JSON.stringify({ ...recording, className: 'Orders } from "./orders.js"; import { x' }),
      "far.json": JSON.stringify({ ...recording, module: "../far.js" }),
    });
  }, 120_000);

  it("prints what differs, and finds the module by itself", () => {
    expect(runCli(project, ["replay", "recordings"])).toMatchObject({ status: 0, stdout: "1 replayed, 0 different\n" });
    write(project, { "build/orders.js": source(2) });
    expect(runCli(project, ["replay", "recordings/one.json", "build/orders.js"])).toMatchObject({
      status: 1,
      stdout: "recordings/one.json: create\n  outputs.order[0].total: 1 became 2\n1 replayed, 1 different\n",
    });
  });

  const asked: Recording = {
    version: 1,
    functionName: "ask",
    className: "Asked",
    methodName: "ask",
    module: "build/asked.js",
    trigger: "daprServiceInvocationTrigger",
    invocationId: "i",
    time: "2026-01-02T10:00:00.000Z",
    payload: {},
    request: { method: "POST", path: "/ask/7", query: [["q", "é"]], params: { line: "7" }, headers: { "x-a": "b" } },
    inputs: { vault: { $secret: ["key"] } },
    calls: {},
    outputs: { seen: [{ verb: "add", value: "é" }] },
    reply: { headers: { "x-a": "b" }, body: { key: "*** 7" } },
  };
  const entered: Recording = {
    ...asked,
    functionName: "enter",
    methodName: "enter",
    trigger: "httpTrigger",
    payload: { method: "GET", url: "http://localhost/api/enter", headers: {}, params: {} },
    request: undefined,
    inputs: {},
    outputs: {},
    reply: { headers: { "x-a": "b" }, jsonBody: 1 },
  };
  const askedText = (body: number) => `
import { DaprPublish, DaprSecret, Reply, type HttpResponse, type InvocationContext } from "dapr-functions";
export class Asked {
  @DaprServiceInvocationTrigger({ methodName: "ask/{line}" })
  @DaprSecret({ name: "vault", secretStoreName: "vault", key: "key" })
  @DaprPublish({ name: "seen", pubSubName: "messagebus", topic: "{query.q}-{params.line}" })
  ask(_: unknown, { vault, seen }: { vault: Record<string, string>; seen: Collector<unknown> }, { request }: InvocationContext): Reply {
    seen.add(request!.query.get("q"));
    const headers = { "x-a": request!.headers.get("x-a")!, "x-token": "t" };
    return new Reply({ headers, body: { key: vault["key"]!.slice(0, 3) + " " + (Number(request!.params["line"]) + ${body - 1}) } });
  }
  @HttpTrigger()
  enter(_: HttpRequest): HttpResponse {
    return { headers: new Headers({ "x-a": "b", "set-cookie": "a=1" }), cookies: [{ name: "b", value: "c" }], jsonBody: ${body} };
  }
}
`;

  it("gives the members of a secret, and the request", () => {
    write(project, {
      "more/asked.json": JSON.stringify(asked),
      "more/entered.json": JSON.stringify(entered),
      "build/asked.js": built(askedText(1)),
    });
    expect(runCli(project, ["replay", "more"])).toMatchObject({ status: 0, stdout: "2 replayed, 0 different\n" });
  });

  it.each<[string, string, object | undefined, (total: number) => string]>([
    ["orders", "recordings/one.json", undefined, text],
    ["asked", "more/asked.json", asked, askedText],
    ["asked", "more/entered.json", entered, askedText],
  ])(
    "makes a test with %s of %s, which passes where the function does what it did",
    (module, file, recording, textOf) => {
      if (recording !== undefined) write(project, { [file]: JSON.stringify(recording) });
      const { stdout } = runCli(project, ["replay", file, "--test"]);
      const compilerOptions = {
        module: "node20",
        target: "es2022",
        strict: true,
        skipLibCheck: true,
        types: ["node"],
        lib: ["es2023", "esnext.decorators"],
        outDir: "out",
      };
      write(project, { "test/one.test.ts": stdout, "test/tsconfig.json": JSON.stringify({ compilerOptions }) });
      const tsc = join(__dirname, "..", "..", "node_modules", "@typescript", "native", "bin", "tsc");
      const run = (total: number) => {
        write(project, { [`test/${module}.ts`]: sourceOf(textOf(total)) });
        const compiled = spawnSync(process.execPath, [tsc, "-p", "test"], { cwd: project, encoding: "utf8" }).stdout;
        const env = { PATH: process.env["PATH"] };
        return [
          compiled,
          spawnSync(process.execPath, ["--test", "test/out/one.test.js"], { cwd: project, env }).status,
        ];
      };
      expect([run(1), run(2)]).toEqual([
        ["", 0],
        ["", 1],
      ]);
    },
  );

  it.each([
    [["replay", "nowhere"], "nowhere: it is not there"],
    [["replay", "broken.json"], "broken.json: it is not JSON"],
    [["replay", "other.json"], "other.json: it is not a recording"],
    [["replay", "build"], "build: no recording is in it"],
    [["replay", "code.json", "--test"], "code.json: it is not a recording"],
    [["replay", "far.json"], "the recording names ../far.js, which is not in this folder; give the module behind it"],
  ])("refuses %j", (args, message) => {
    const { status, stderr } = runCli(project, args);
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
