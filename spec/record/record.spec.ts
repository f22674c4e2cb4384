import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DaprPublish,
  DaprSecret,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  HttpTrigger,
  serve,
  type Collector,
  type HttpRequest,
  type Recording,
  type RecordOptions,
} from "dapr-functions";
import { startSidecar } from "dapr-functions/sidecar";
import { replay } from "dapr-functions/testing";
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
}

/** Calls each function once and gives what was recorded, by function. */
async function recorded(
  record: (folder: string) => string | RecordOptions,
): Promise<Readonly<Record<string, Recording>>> {
  const folder = join(mkdtempSync(join(process.env["DAPR_FUNCTIONS_RUN"]!, "record-")), "recordings");
  const secrets = join(mkdtempSync(join(process.env["DAPR_FUNCTIONS_RUN"]!, "secrets-")), "secrets.json");
  writeFileSync(secrets, JSON.stringify({ "api-key": "very secret" }));
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
      headers: { "content-type": "application/json", authorization: "Bearer very secret", "x-agent": "spec" },
      body: JSON.stringify(body),
    });
  try {
    await post("/create", { id: "41" });
    await post("/api/orders/41", { total: 3 });
    await post("/fail", {});
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
      inputs: { before: { $undefined: true }, secret: null },
      calls: {},
      outputs: {
        order: [{ verb: "add", value: { id: "41", total: 1 } }],
        created: [{ verb: "add", value: { $bytes: "AQL/" } }],
      },
      reply: { known: false, total: 1 },
    });
    expect(recordings["fail"]).toMatchObject({ failure: { errorCode: "ERR_FUNCTION_FAILED" } });
  });

  it("writes no secret and no header that proves who the caller is", () => {
    expect(JSON.stringify(recordings)).not.toContain("very secret");
    expect(recordings["update"]!.payload).toMatchObject({
      method: "POST",
      params: { id: "41" },
      body: '{"total":3}',
      headers: { "x-agent": "spec" },
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
    expect(Object.keys(some).sort()).toEqual(["create", "update"]);
    expect(some["create"]!.payload).toBe("gone");
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

  it("makes a test of a recording, which passes where the function does what it did", () => {
    const { stdout } = runCli(project, ["replay", "recordings/one.json", "--test"]);
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
      write(project, { "test/orders.ts": sourceOf(text(total)) });
      const compiled = spawnSync(process.execPath, [tsc, "-p", "test"], { cwd: project, encoding: "utf8" }).stdout;
      const env = { PATH: process.env["PATH"] };
      return [compiled, spawnSync(process.execPath, ["--test", "test/out/one.test.js"], { cwd: project, env }).status];
    };
    expect([run(1), run(2)]).toEqual([
      ["", 0],
      ["", 1],
    ]);
  });

  it.each([
    [["replay", "nowhere"], "nowhere: it is not there"],
    [["replay", "broken.json"], "broken.json: it is not JSON"],
    [["replay", "other.json"], "other.json: it is not a recording"],
    [["replay", "build"], "build: no recording is in it"],
  ])("refuses %j", (args, message) => {
    const { status, stderr } = runCli(project, args);
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
