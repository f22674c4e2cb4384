import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Recording } from "dapr-functions";
import type { MadeTest } from "../../lib/inspector/page/wire.js";
import { toTestSource } from "../../lib/record/test-source.js";
import { built, makeProject, write } from "../cli/app.js";
import { component } from "../contract/harness.js";
import { killAtExit } from "../support/daprd.js";
import { runCli } from "../support/functions-host.js";

jest.setTimeout(120_000);

/** Functions of every kind. Those of `Broken` fail until they are mended; what the others do shows `version`. */
const functions = (version: number, isMended: boolean): string =>
  built(
    `
import {
  DaprApp, DaprBindingInput, DaprBindingTrigger, DaprInvokeInput, DaprPublish, DaprSecret, DaprSidecar, DaprState, Reply,
} from "dapr-functions";
import { z } from "zod";
const version = ${version};
const fail = (text: string): void => { if (!${isMended}) throw new Error(text); };
const bus = { pubSubName: "bus" };
const stored = { stateStore: "statestore" };
export class Bill {
  @DaprServiceInvocationTrigger()
  charge(p: any): any { return { paid: p.cents, at: new Date(0) }; }
  @DaprServiceInvocationTrigger()
  refuse(): any { throw new Error("no such order"); }
  @DaprServiceInvocationTrigger()
  image(): any { return new Uint8Array([1, 2, 255]); }
  @DaprServiceInvocationTrigger()
  nothing(): void {}
}
export class Kinds {
  @DaprServiceInvocationTrigger({ payload: z.object({ when: z.string().transform(Number) }) })
  transformed(p: any): any { return { when: p.when + 1, version }; }
  @DaprServiceInvocationTrigger({ methodName: "lines/{line}" })
  asked(p: any, _: any, { request, triggerMetadata, traceContext }: any): any {
    const { params, query, headers } = request;
    const traced = traceContext.traceParent.length;
    return { line: params.line, q: query.getAll("q"), tenant: headers.get("x-tenant"), same: triggerMetadata["x-tenant"], p, traced, version };
  }
  @DaprServiceInvocationTrigger()
  bytes(p: any): any { return new Uint8Array([...p, version]); }
  @DaprServiceInvocationTrigger()
  text(p: any): any { return p + version; }
  @DaprServiceInvocationTrigger()
  marked(p: any): any { return { p, bytes: p.a.$bytes.length, list: [p, p], version }; }
  @DaprServiceInvocationTrigger()
  lean(p: any): any { return p === undefined ? { none: version } : p; }
  @DaprServiceInvocationTrigger()
  replied(): any {
    return new Reply({ status: 201, headers: { "x-a": "1", "x-token": "t", "set-cookie": "a=1" }, body: new Uint8Array([version, 255]) });
  }
  @HttpTrigger({ route: "h/{x}", methods: ["POST"] })
  async http(r: any, _: any, { request, triggerMetadata }: any): Promise<any> {
    const headers = { "x-a": r.headers.get("x-a"), "x-b": triggerMetadata["x-a"], "x-key": "k" };
    return { status: 201, headers, cookies: [{ name: "a", value: "b" }], body: (await r.text()) + r.query.get("q") + r.params.x + request.path + version };
  }
  @HttpTrigger({ methods: ["POST"], payload: z.object({ n: z.string().transform(Number) }) })
  async httpChecked(r: any): Promise<any> { return { jsonBody: { n: (await r.json()).n + version } }; }
  @HttpTrigger({ methods: ["POST"] })
  async httpBytes(r: any): Promise<any> { return { body: new Uint8Array([...new Uint8Array(await r.arrayBuffer()), version]) }; }
  @HttpTrigger({ methods: ["POST"] })
  login(r: any): any {
    const [scheme] = r.headers.get("authorization").split(" ");
    const cookies = r.headers.get("cookie").split("; ").map((cookie: string) => cookie.split("=")[0]);
    return { jsonBody: { scheme, cookies, code: r.query.has("code"), key: r.headers.has("x-api-key"), version } };
  }
  @DaprServiceInvocationTrigger()
  proved(_: any, __: any, { request, triggerMetadata }: any): any {
    return { scheme: request.headers.get("authorization").slice(0, 6), same: triggerMetadata.authorization.length > 6, version };
  }
  @DaprTopicTrigger({ ...bus, topic: "events", payload: z.object({ n: z.string().transform(Number) }) })
  @DaprPublish({ name: "out", ...bus, topic: "out-{data.n}" })
  event(e: any, { out }: any, { triggerMetadata }: any): void {
    out.add({ n: e.data.n, id: e.id, pubsub: triggerMetadata.pubsubname.length, version });
  }
  @DaprTopicTrigger({ ...bus, topic: "binary" })
  @DaprPublish({ name: "out", ...bus, topic: "out" })
  eventBytes(e: any, { out }: any): void { out.add(new Uint8Array([...e.data, version])); }
  @DaprTopicTrigger({ ...bus, topic: "raw", metadata: { rawPayload: "true" } })
  @DaprPublish({ name: "out", ...bus, topic: "out" })
  raw(e: any, { out }: any): void { out.add({ raw: Array.from(e.data as Uint8Array), version }); }
  @DaprTopicTrigger({ ...bus, topic: "bulk", bulk: true })
  @DaprPublish({ name: "out", ...bus, topic: "out" })
  bulk(e: any, { out }: any): any { out.add({ n: e.data.n, version }, { topic: "out-" + e.data.n }); return { status: "DROP" }; }
  @DaprBindingTrigger()
  @DaprPublish({ name: "out", ...bus, topic: "out" })
  tick(p: any, { out }: any, { triggerMetadata }: any): void { out.add({ p, key: triggerMetadata["x-name"].length, version }); }
  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "value", ...stored, key: "seeded" })
  @DaprStateInput({ name: "gone", ...stored, key: "gone" })
  @DaprStateInput({ name: "kept", ...stored, key: "seeded", record: true })
  @DaprStateInput({ name: "all", ...stored, keys: "{keys}" })
  @DaprStateInput({ name: "day", ...stored, key: "day", valueType: z.string().transform((text: string) => new Date(text)) })
  state(p: any, { value, gone, kept, all, day }: any): any {
    return { value, gone: gone === undefined, kept: kept.value, etag: kept.etag.length, all: all.map((one: any) => [one.key, one.value]), day: day.getTime(), version };
  }
  @DaprServiceInvocationTrigger()
  @DaprSecret({ name: "vault", secretStoreName: "vault", key: "pass-word" })
  secret(p: any, { vault }: any): any { return { password: "Bearer " + vault["pass-word"].trim(), given: p.given === vault["pass-word"], version }; }
  @DaprServiceInvocationTrigger()
  @DaprInvokeInput({ name: "receipt", appId: "shop", methodName: "charge", httpVerb: "post", body: { cents: "{cents}" } })
  @DaprInvokeInput({ name: "whole", appId: "shop", methodName: "image", httpVerb: "post", record: true })
  @DaprInvokeInput({ name: "missing", appId: "shop", methodName: "absent", httpVerb: "post" })
  @DaprBindingInput({ name: "file", bindingName: "files", operation: "get", metadata: { fileName: "{file}" }, record: true })
  answers(_: any, { receipt, whole, missing, file }: any): any {
    return { receipt, status: whole.status, bytes: [...whole.bytes], type: whole.headers["content-type"], missing: missing === undefined, file: file.data, version };
  }
  @DaprServiceInvocationTrigger()
  @DaprState({ name: "count", ...stored, key: "count" })
  @DaprState({ name: "fresh", ...stored, key: "fresh-{id}" })
  @DaprState({ name: "old", ...stored, key: "seeded-{id}" })
  entry(_: any, { count, fresh, old }: any): any {
    count.set({ n: (count.value?.n ?? 0) + version }, { ttlInSeconds: 60 });
    old.remove();
    return { was: count.value, there: count.exists, key: fresh.key, etag: count.etag?.length, version };
  }
  @DaprServiceInvocationTrigger()
  @DaprState({ name: "day", ...stored, key: "day", valueType: z.string().transform((text: string) => new Date(text).toISOString()) })
  entryOnly(_: any, { day }: any): void { day.set("2026-01-0" + (version + 1)); }
  @DaprServiceInvocationTrigger()
  @DaprApp({ name: "bill", appId: "shop" })
  async app(p: any, { bill }: any): Promise<any> {
    const [one, two, image] = await Promise.all([bill.charge({ cents: p.cents }), bill.charge({ cents: p.cents + 1 }), bill.call("image")]);
    const nothing = await bill.nothing();
    return { one, two, image: [...image.value], status: image.status, nothing: nothing === undefined, raw: [...(await bill.image())], version };
  }
  @DaprServiceInvocationTrigger()
  @DaprApp({ name: "bill", appId: "shop" })
  async caught(_: any, { bill }: any): Promise<any> {
    const own = await bill.charge(new Map()).catch((error: any) => error.code);
    const told = await bill.refuse().catch((error: any) => [error.name, error.status, error.code, error.value.errorCode, error.message.includes("no such order")]);
    return { own, told, paid: await bill.charge({ cents: 1 }), version };
  }
  @DaprServiceInvocationTrigger()
  @DaprSidecar({ name: "dapr" })
  async sidecar(p: any, { dapr }: any): Promise<any> {
    await dapr.saveState({ stateStore: "statestore", entries: [{ key: "other", value: p }] });
    const { value } = await dapr.getState({ stateStore: "statestore", key: "other" });
    const { body } = await dapr.invokeMethod({ appId: "shop", methodName: "image", httpVerb: "POST" });
    const secret = await dapr.getSecret({ secretStoreName: "vault", key: "pass-word" });
    const failed = await dapr.getState({ stateStore: "nowhere", key: "k" }).catch((error: any) => [error.status, error.errorCode]);
    return { value, body: [...body], names: Object.keys(secret), failed, version };
  }
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", ...stored, key: "{id}" })
  @DaprPublish({ name: "out", ...bus, topic: "out" })
  outputs(_: any, { order, out }: any): void {
    order.add({ n: 1 });
    order.remove({ key: "other" });
    order.add({ n: version }, { key: "second", metadata: { ttlInSeconds: "60" } });
    order.addRequestBody(JSON.stringify({ value: { b: 1 }, key: "third" }));
    out.add("text", { metadata: { rawPayload: "true" } });
  }
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", ...stored, key: "{id}" })
  removed(_: any, { order }: any): void { order.remove({ key: "removed-" + version }); }
}
export class Broken {
  @DaprTopicTrigger({ ...bus, topic: "broken-app" })
  @DaprApp({ name: "bill", appId: "shop" })
  async brokenApp(e: any, { bill }: any): Promise<void> { if ((await bill.charge({ cents: e.data.cents })).paid > 5) fail("too much"); }
  @DaprTopicTrigger({ ...bus, topic: "broken-entry" })
  @DaprState({ name: "seeded", ...stored, key: "seeded" })
  brokenEntry(e: any, { seeded }: any): void { if (seeded.value.list.length > 0) fail("not empty"); seeded.set({ list: [e.data] }); }
  @DaprServiceInvocationTrigger()
  @DaprSidecar({ name: "dapr" })
  async brokenSidecar(_: any, { dapr }: any): Promise<any> {
    const { value } = await dapr.getState({ stateStore: "statestore", key: "seeded" });
    fail("at " + value.list.length);
    return value;
  }
  @DaprServiceInvocationTrigger()
  @DaprApp({ name: "bill", appId: "shop" })
  async brokenCallee(_: any, { bill }: any): Promise<any> { return ${isMended} ? await bill.refuse().catch(() => 0) : await bill.refuse(); }
  @DaprServiceInvocationTrigger({ payload: z.object({ id: ${isMended} ? z.coerce.string() : z.string() }) })
  brokenPayload(p: any): any { return p; }
  @HttpTrigger({ route: "broken/{x}", methods: ["POST"] })
  async brokenHttp(r: any): Promise<any> { fail(await r.text() + r.params.x); return { status: 204 }; }
  @DaprServiceInvocationTrigger()
  @DaprSecret({ name: "vault", secretStoreName: "vault", key: "pass-word" })
  brokenSecret(_: any, { vault }: any): any { fail("password " + vault["pass-word"].length); return {}; }
  @DaprServiceInvocationTrigger()
  brokenThrow(): any { if (!${isMended}) throw undefined; return {}; }
  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "list", ...stored, key: "seeded", valueType: ${isMended} ? z.any() : z.string() })
  brokenInput(_: any, { list }: any): any { return list; }
  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "gone", ...stored, key: "gone", required: ${!isMended} })
  brokenMissing(): any { return {}; }
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", ...stored, key: "{id}" })
  brokenItem(_: any, { order }: any): any { order.add(${isMended} ? 1 : undefined); }
}
/** What no function is to blame for. */
export class Outside {
  @DaprServiceInvocationTrigger()
  @DaprPublish({ name: "out", pubSubName: "nowhere", topic: "t" })
  unsent(_: any, { out }: any): any { out.add({ version }); return version; }
  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "value", stateStore: "nowhere", key: "k" })
  unread(): any { return version; }
  @DaprServiceInvocationTrigger()
  malformed(): any { return version; }
}
`,
    { module: true },
  );

const components = [
  component("statestore", "state.in-memory"),
  component("bus", "pubsub.in-memory"),
  component("tick", "bindings.cron", { schedule: "@every 24h" }),
  component("files", "bindings.localstorage", { rootPath: "files" }),
  component("vault", "secretstores.local.file", { secretsFile: "secrets.json" }),
].join("\n---\n");

const json = { "content-type": "application/json" };
const trace = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
type Sent = readonly [path: string, body?: unknown, headers?: Readonly<Record<string, string>>, method?: string];
const invoke = (name: string, body?: unknown, headers: Readonly<Record<string, string>> = json): Sent => [
  `/v1.0/invoke/shop/method/${name}`,
  body,
  headers,
];
const publish = (topic: string, body: unknown, headers: Readonly<Record<string, string>> = json): Sent => [
  `/v1.0/publish/bus/${topic}`,
  body,
  headers,
];

/** What is sent to the sidecar for each function. */
const requests: Readonly<Record<string, Sent>> = {
  transformed: invoke("transformed", { when: "3" }),
  asked: invoke("lines/7?q=a%20b&q=c", { a: [1, null] }, { ...json, ...trace, "x-tenant": "acme" }),
  bytes: invoke("bytes", new Uint8Array([0, 1, 255]), { "content-type": "application/octet-stream" }),
  text: invoke("text", "plain é \u2028", { "content-type": "text/plain" }),
  marked: invoke(
    "marked",
    '{"$bytes":"aGk=","a":{"$bytes":"aGk="},"b":{"$undefined":true},"c":{"$plain":{"$secret":["x"]}}}',
  ),
  lean: invoke("lean", undefined, {}),
  replied: invoke("replied", {}),
  http: invoke("api/h/5?q=1&code=k", "hi \u2029", { "content-type": "text/plain", "x-a": "b" }),
  httpChecked: invoke("api/httpChecked", { n: "4" }),
  httpBytes: invoke("api/httpBytes", new Uint8Array([9, 255]), { "content-type": "application/octet-stream" }),
  login: invoke("api/login?code=k3y&code=k4y", "", {
    authorization: "Bearer s3cret",
    cookie: "session=s3cret; other=a=s3cret",
    "x-api-key": "s3cret",
  }),
  proved: invoke("proved", {}, { ...json, authorization: "bearer s3cret" }),
  event: publish("events", { n: "3" }),
  eventBytes: publish("binary", new Uint8Array([0, 1, 255]), { "content-type": "application/octet-stream" }),
  raw: publish("raw?metadata.rawPayload=true", '{"value":1}'),
  bulk: publish("bulk", { n: 1 }),
  tick: invoke("tick", { at: 1 }, { ...json, "x-name": "tick" }),
  state: invoke("state", { keys: ["seeded", "gone"] }),
  secret: invoke("secret", { given: "very secret" }),
  answers: invoke("answers", { cents: 5, file: "one.txt" }),
  entry: invoke("entry", { id: "1" }),
  entryOnly: invoke("entryOnly", {}),
  app: invoke("app", { cents: 7 }),
  caught: invoke("caught", {}),
  sidecar: invoke("sidecar", { a: 1 }),
  outputs: invoke("outputs", { id: "41" }),
  removed: invoke("removed", { id: "41" }),
};
const failing: Readonly<Record<string, Sent>> = {
  brokenApp: publish("broken-app", { cents: 9 }),
  brokenEntry: publish("broken-entry", { cents: 9 }),
  brokenSidecar: invoke("brokenSidecar", {}),
  brokenCallee: invoke("brokenCallee", {}),
  brokenPayload: invoke("brokenPayload", { id: 1 }),
  brokenHttp: invoke("api/broken/5", "hi", { "content-type": "text/plain" }),
  brokenSecret: invoke("brokenSecret", {}),
  brokenThrow: invoke("brokenThrow", {}),
  brokenInput: invoke("brokenInput", {}),
  brokenMissing: invoke("brokenMissing", {}),
  brokenItem: invoke("brokenItem", { id: "1" }),
};
const outside: Readonly<Record<string, Sent>> = {
  unsent: invoke("unsent", {}),
  unread: invoke("unread", {}),
  malformed: invoke("malformed", "{"),
};

const project = makeProject("module", ["zod", "@types/node", "undici-types"]);
const recordings: Record<string, Recording> = {};
/** What the inspector's page copies, by invocation. */
const copied: Record<string, MadeTest> = {};

/** Runs the functions as a user does, until each of them has been invoked. */
async function record(): Promise<void> {
  write(project, {
    "build/functions.js": functions(1, false),
    "components/all.yaml": components,
    "secrets.json": '{"pass-word":"very secret"}',
    "files/one.txt": "in the file",
  });
  const main = join(project, "node_modules", "dapr-functions", "dist", "cli", "main.js");
  const args = ["run", "build/functions.js", "--dapr-http-port", "0", "--app-id", "shop", "--log", "json"];
  const command = spawn(process.execPath, [main, ...args, "--record", "recordings"], {
    cwd: project,
    stdio: ["ignore", "pipe", "ignore"],
  });
  killAtExit(command);
  const missing = new Set(Object.keys({ ...requests, ...failing, ...outside }));
  const tooLate = setTimeout(() => command.kill("SIGKILL"), 90_000);
  const ids: string[] = [];
  let url = "";
  for await (const line of createInterface(command.stdout)) {
    const told = /its sidecar at (\S+)/.exec(line)?.[1];
    if (told !== undefined) void sendAll((url = told));
    if (!line.startsWith("{")) continue;
    const { functionName, id } = JSON.parse(line) as { functionName: string; id: string };
    if (missing.delete(functionName)) ids.push(id);
    if (missing.size > 0) continue;
    for (const made of ids) {
      const response = await fetch(`${url}/inspect/api/test?id=${made}`);
      copied[made] = (await response.json()) as MadeTest;
    }
    command.kill("SIGTERM");
    break;
  }
  clearTimeout(tooLate);
  if (missing.size > 0) throw new Error(`it ended, or ran for 90 s, without a record of ${[...missing].join(", ")}`);
  command.stdout.resume();
  if (command.exitCode === null && command.signalCode === null) await once(command, "close");
}

async function sendAll(url: string): Promise<void> {
  const state = [
    { key: "seeded", value: { list: [1] } },
    { key: "day", value: "2026-01-01" },
    { key: "seeded-1", value: 1 },
    { key: "count", value: { n: 1 } },
  ];
  await send(url, ["/v1.0/state/statestore", state, json]);
  for (const request of Object.values({ ...requests, ...failing, ...outside })) await send(url, request);
}

async function send(url: string, [path, body, headers = {}, method = "POST"]: Sent): Promise<void> {
  const isRaw = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  const sent = isRaw ? (body as string | Uint8Array<ArrayBuffer> | undefined) : JSON.stringify(body);
  await (await fetch(url + path, { method, headers, ...(sent !== undefined && { body: sent }) })).arrayBuffer();
}

/** Runs the tests that were made; gives what failed of them. */
function runTests(names: readonly string[]): readonly string[] {
  // In one process, which is many times quicker than one for each.
  const file = "build/all.test.js";
  write(project, { [file]: names.map((name) => `import "./${name}.test.js";\n`).join("") });
  const args = ["--test", "--test-reporter=tap", file];
  const env = { PATH: process.env["PATH"] };
  const { stdout } = spawnSync(process.execPath, args, { cwd: project, encoding: "utf8", env });
  expect(stdout).toContain(`# tests ${names.length}\n`);
  return names.filter((name) => new RegExp(`^ *not ok \\d+ - ${name} `, "m").test(stdout));
}

describe("a test that is made of a recording", () => {
  beforeAll(async () => {
    await record();
    for (const file of readdirSync(join(project, "recordings")).sort()) {
      const recording = JSON.parse(readFileSync(join(project, "recordings", file), "utf8")) as Recording;
      // An event that failed comes again.
      recordings[recording.functionName] ??= recording;
    }
    for (const name of [...Object.keys(requests), ...Object.keys(failing), "unsent"])
      write(project, { [`build/${name}.test.js`]: toTestSource(recordings[name]!, "build/functions.js") });
  });

  it.each(Object.keys(requests))("has a recording of %s, which did not fail", (name) => {
    expect(recordings[name]).toMatchObject({ functionName: name, trigger: expect.any(String) });
    expect(recordings[name]!.failure).toBeUndefined();
  });

  it.each(Object.keys(failing))("has a recording of %s, which failed in the function", (name) => {
    expect(recordings[name]).toMatchObject({ failure: { errorCode: expect.any(String) } });
    expect(recordings[name]!.failure).not.toHaveProperty("isOutside");
  });

  const passing = [...Object.keys(requests), "unsent"];

  it("passes, and a replay differs in nothing, while the function is what it was", () => {
    expect(runCli(project, ["replay", "recordings", "build/functions.js"]).stdout).toMatch(
      /^\d{2} replayed, 0 different\n$/,
    );
    expect(runTests(passing)).toEqual([]);
    expect(runTests(Object.keys(failing))).toEqual(Object.keys(failing));
  });

  it("fails where the function does something else, or no longer passes once it is mended", () => {
    write(project, { "build/functions.js": functions(2, true) });
    expect(runTests(passing)).toEqual(passing);
    expect(runTests(Object.keys(failing))).toEqual([]);
  });

  it("holds no secret and no credential, but a name for each", () => {
    const tests = ["secret", "sidecar", "login", "proved"].map((name) => toTestSource(recordings[name]!, "f.js"));
    expect(tests.join("\n")).not.toMatch(/very secret|s3cret|k[34]y/);
    expect(tests).toEqual([
      expect.stringContaining('\nconst secrets = {\n  vault: { "pass-word": "***" },\n};\n'),
      expect.stringContaining("// Secrets are not recorded"),
      expect.stringContaining(
        'standIns: { authorization: "Bearer ***", cookie: "session=***; other=***", "x-api-key": "***" }',
      ),
      expect.stringContaining('standIns: { authorization: "bearer ***" }'),
    ]);
  });

  it.each([...Object.keys(requests), ...Object.keys(failing), "unsent"])("is what the page copies of %s", (name) => {
    // Each is told the time by itself.
    const withoutTimes = (text: string): string => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "");
    const recording = recordings[name]!;
    const { test } = copied[recording.invocationId] as { test: string };
    expect(withoutTimes(test)).toBe(withoutTimes(toTestSource(recording, "build/functions.js")));
  });

  it("compiles under strict, beside a source in TypeScript", () => {
    const compilerOptions = {
      module: "node20",
      target: "es2022",
      strict: true,
      skipLibCheck: true,
      noEmit: true,
      types: ["node"],
    };
    write(project, {
      "typed/functions.ts":
        "export class Bill {}\nexport class Kinds {}\nexport class Broken {}\nexport class Outside {}\n",
      "typed/tsconfig.json": JSON.stringify({ compilerOptions }),
      ...Object.fromEntries(
        [...passing, ...Object.keys(failing)].map((name) => [
          `typed/${name}.test.ts`,
          toTestSource(recordings[name]!, "typed/functions.ts"),
        ]),
      ),
    });
    const tsc = join(__dirname, "..", "..", "node_modules", "@typescript", "native", "bin", "tsc");
    expect(spawnSync(process.execPath, [tsc, "-p", "typed"], { cwd: project, encoding: "utf8" }).stdout).toBe("");
  });

  it.each(["unread", "malformed"])("is not made of %s, which ran no function", (name) => {
    write(project, { "outside.json": JSON.stringify(recordings[name]) });
    expect(runCli(project, ["replay", "outside.json", "build/functions.js", "--test"])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/a test of it would run nothing: it failed with \w+ before the function had run/),
    });
  });
});
