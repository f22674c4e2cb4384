import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { runCli, startHost, type HostCall, type HostResult } from "../support/functions-host.js";
import { makeProject, write } from "../cli/app.js";

const root = join(__dirname, "..", "..");
const tsc = join(root, "node_modules", "@typescript", "native", "bin", "tsc");

type Bindings = readonly Readonly<Record<string, unknown>>[];

interface Sample {
  /** The text of function.json where it is not plain JSON of `bindings`. */
  readonly text?: string;
  readonly bindings: Bindings;
  readonly more?: object;
  readonly handler?: string;
  /** What is generated, where the decorators cannot say what was there. */
  readonly generated?: Bindings;
  /** Name of the handler's file. */
  readonly file?: string;
}

const http = { type: "httpTrigger", direction: "in", name: "req", authLevel: "function", methods: ["post"] };
const invocation = { type: "daprServiceInvocationTrigger", direction: "in", name: "payload" };
const topic = { type: "daprTopicTrigger", direction: "in", name: "event", pubSubName: "messagebus", topic: "A" };
const res = { type: "http", direction: "out", name: "res" };
const returned = { type: "http", direction: "out", name: "$return" };
const state = { type: "daprState", direction: "out", name: "order", stateStore: "%StateStoreName%", key: "order" };

/** Functions as the samples of the extension's languages have them, by the name of their folder. */
const samples: Readonly<Record<string, Sample>> = {
  CreateNewOrder: {
    bindings: [invocation, state],
    handler: `module.exports = async function (context) { context.bindings.order = { value: context.bindings.payload.data }; };`,
  },
  CreateByReturn: {
    bindings: [invocation, state],
    handler: `module.exports = async (context, payload) => ({ order: { value: payload.data } });`,
  },
  CreateByDone: {
    bindings: [invocation, state],
    handler: `module.exports = function (context, payload) { context.bindings.order = { value: payload.data }; context.done(); };`,
  },
  CreateByDoneWithResult: {
    bindings: [invocation, state],
    handler: `module.exports = function (context, payload) { setImmediate(() => context.done(null, { order: { value: payload.data, key: "k" } })); };`,
  },
  FailByDone: {
    bindings: [invocation, state],
    handler: `module.exports = function (context) { context.bindings.order = { value: 1 }; context.done(new Error("no")); };`,
  },
  FailByThrow: {
    bindings: [invocation, state],
    handler: `module.exports = async function (context) { context.bindings.order = { value: 1 }; throw new Error("no"); };`,
  },
  RetrieveOrder: {
    bindings: [
      invocation,
      {
        type: "daprState",
        direction: "in",
        dataType: "string",
        name: "data",
        stateStore: "%StateStoreName%",
        key: "order",
      },
    ],
    handler: `module.exports = async function (context, payload, data) { context.log("order", data); return { found: context.bindings.data === data, data }; };`,
  },
  RetrieveSecret: {
    bindings: [
      invocation,
      {
        type: "daprSecret",
        direction: "in",
        name: "secret",
        secretStoreName: "kubernetes",
        key: "my-secret",
        metadata: "metadata.namespace=default",
      },
    ],
    handler: `module.exports = async (context, payload, secret) => Object.keys(secret);`,
  },
  SendMessageToKafka: {
    bindings: [
      invocation,
      {
        type: "daprBinding",
        direction: "out",
        name: "messages",
        bindingName: "%KafkaBindingName%",
        operation: "create",
      },
    ],
    handler: `module.exports = async function (context) { context.bindings.messages = { data: context.bindings.payload }; };`,
  },
  ConsumeMessageFromKafka: {
    bindings: [{ type: "daprBindingTrigger", direction: "in", name: "triggerData", bindingName: "%KafkaBindingName%" }],
    handler: `module.exports = async function (context, triggerData) { context.log("hello", triggerData); };`,
  },
  PrintTopicMessage: {
    bindings: [topic],
    handler: `module.exports = async function (context) { context.log("topic received", context.bindings.event.data); };`,
  },
  TransferEventBetweenTopics: {
    bindings: [
      { ...topic, topic: "T" },
      { type: "daprPublish", direction: "out", name: "pubEvent", pubSubName: "messagebus", topic: "B" },
    ],
    handler: `module.exports = async function (context) { context.bindings.pubEvent = { payload: "transfer " + context.bindings.event.data }; };`,
  },
  TopicWithResult: {
    bindings: [
      { ...topic, topic: "results" },
      { type: "daprPublish", direction: "out", name: "pubEvent", pubSubName: "messagebus", topic: "B" },
    ],
    handler: `module.exports = async function (context, event) { context.bindings.pubEvent = { payload: 1 }; return event.data; };`,
  },
  TopicWithRoute: {
    bindings: [{ ...topic, topic: "orders", route: "on/orders" }],
    handler: `exports.run = async function (context, event) { context.log(event.id); };`,
  },
  PublishOutputBinding: {
    bindings: [
      { ...http, route: "topic/{topicName}" },
      { type: "daprPublish", direction: "out", name: "publishEvent", pubSubName: "%PubSubName%", topic: "{topicName}" },
      res,
    ],
    handler: `module.exports = async function (context, req) { context.bindings.publishEvent = { payload: req.body }; context.res = { status: 202, body: "sent " + req.params.topicName }; };`,
  },
  InvokeOutputBinding: {
    bindings: [
      { ...http, route: "invoke/{appId}/{methodName}" },
      {
        type: "daprInvoke",
        direction: "out",
        name: "invokePayload",
        appId: "{appId}",
        methodName: "{methodName}",
        httpVerb: "post",
      },
      res,
    ],
    handler: `module.exports = async function (context, req) { context.bindings.invokePayload = { body: req.body }; };`,
  },
  StateOutputBinding: {
    bindings: [{ ...http, route: "state/{key}" }, { ...state, name: "state", key: "{key}" }, res],
    handler: `module.exports = async function (context, req) { context.bindings.state = { value: req.body }; context.res = { body: { saved: true }, headers: { "X-Key": req.params.key } }; };`,
  },
  StateInputBinding: {
    bindings: [
      { ...http, methods: ["get"], route: "state/{key}/value" },
      { type: "daprState", direction: "in", name: "state", stateStore: "statestore", key: "{key}" },
      res,
    ],
    handler: `module.exports = async function (context, req, state) { context.res.status(200).json({ state }); };`,
  },
  ReturnedResponse: {
    bindings: [{ ...http, route: "returned" }, returned],
    handler: `module.exports = async (context, req) => ({ status: 201, body: { name: req.query.name, agent: req.get("X-Agent") } });`,
  },
  SentStatus: {
    bindings: [{ ...http, route: "sent" }, res],
    handler: `module.exports = function (context) { context.res.sendStatus(404); };`,
  },
  EveryVerb: {
    bindings: [{ type: "httpTrigger", direction: "in", name: "req", authLevel: "anonymous", route: "every" }, res],
    handler: `module.exports = async (context, req) => { context.res = { body: req.method }; };`,
  },
  NamedExport: {
    bindings: [invocation],
    handler: `exports.handle = async (context, payload) => ({ got: payload });`,
    more: { entryPoint: "handle" },
  },
  ScriptElsewhere: { bindings: [invocation], more: { scriptFile: "../shared/handler.js" } },
  ModuleHandler: {
    bindings: [invocation],
    file: "index.mjs",
    handler: `export default async function (context, payload) { return { got: payload }; }`,
    more: { scriptFile: "index.mjs" },
  },
  HandlerOfShimsName: {
    bindings: [invocation, state],
    file: "index.cjs",
    handler: `module.exports = async (context, payload) => ({ order: { value: payload.data } });`,
  },
  TimerToTopic: {
    bindings: [
      { type: "timerTrigger", direction: "in", name: "timer", schedule: "0 */5 * * * *" },
      { type: "daprPublish", direction: "out", name: "tick", pubSubName: "messagebus", topic: "ticks" },
    ],
    handler: `module.exports = async function (context) { context.bindings.tick = { payload: { at: 1 } }; };`,
  },
  QueueToState: {
    bindings: [
      { type: "queueTrigger", direction: "in", name: "item", queueName: "items", connection: "Depot" },
      { ...state, key: "queue" },
      { type: "queue", direction: "out", name: "next", queueName: "done", connection: "Depot" },
    ],
    handler: `module.exports = async function (context, item) { context.bindings.order = { value: item }; context.bindings.next = item; };`,
  },
  RetriedTopic: {
    bindings: [{ ...topic, topic: "retried" }],
    more: { retry: { strategy: "fixedDelay", maxRetryCount: 3, delayInterval: "00:00:05" } },
    handler: `module.exports = async () => {};`,
  },
  QueueToBlob: {
    bindings: [
      { type: "queueTrigger", direction: "in", name: "item", queueName: "lists", connection: "Depot" },
      { ...state, key: "list" },
      { type: "blob", direction: "out", name: "outBlob", path: "lists/{rand-guid}", connection: "Depot" },
    ],
    handler: `module.exports = async function (context) { context.bindings.order = { value: 1 }; context.bindings.outBlob = [1, 2, 3]; };`,
  },
  HttpToQueue: {
    bindings: [
      { ...http, route: "queue" },
      { type: "queue", direction: "out", name: "$return", queueName: "orders", connection: "Depot" },
    ],
    generated: [
      { ...http, route: "queue" },
      returned,
      { type: "queue", direction: "out", name: "returned", queueName: "orders", connection: "Depot" },
    ],
    handler: `module.exports = async () => ({ id: 41, status: "new" });`,
  },
  ExactNumbers: {
    bindings: [invocation, state],
    handler: `module.exports = async function (context) { context.bindings.order = '{"value":{"id":12345678901234567890,"v":1.10},"key":"k"}'; };`,
  },
  ReturnedNull: {
    bindings: [invocation, { ...state, name: "first" }, { ...state, name: "second" }],
    handler: `module.exports = async (context) => { context.bindings.first = { value: 1 }; context.bindings.second = { value: 2 }; return { first: null }; };`,
  },
  Form: {
    bindings: [{ ...http, route: "form" }, res],
    handler: `module.exports = async function (context, req) {
      const parts = [...req.parseFormBody()].map(([name, { value, fileName, contentType }]) => [name, value.toString(), fileName, contentType].filter((text) => text !== undefined));
      const form = req.parseFormBody();
      context.res = { body: { parts, length: form.length, has: [form.has("a"), form.has("z")], first: form.get("a").value.toString(), all: form.getAll("a").length, none: form.get("z"), size: req.bufferBody.length > 0, folder: context.executionContext.functionDirectory } };
    };`,
  },
  TwoOutputs: {
    bindings: [
      invocation,
      { ...state, name: "first", key: "a" },
      { ...state, name: "second", stateStore: "other", key: "b", daprAddress: "http://127.0.0.1:3600" },
    ],
    handler: `module.exports = async (context, payload) => { context.bindings.second = { value: 2 }; return { first: JSON.stringify({ value: payload }) }; };`,
  },
  CustomMethod: {
    bindings: [{ ...invocation, methodName: "%Method%" }],
    handler: `module.exports = async () => "text";`,
  },
  AnyCasing: {
    text: `\uFEFF// written by hand\n{ "Bindings": [ { "Type": "DaprTopicTrigger", "Name": "evt", "PubSubName": "messagebus", "TOPIC": "cased", }, { "type": "daprpublish", "name": "out1", "pubsubname": "messagebus", "topic": "copied", "direction": "OUT" } ] }`,
    bindings: [
      { ...topic, name: "evt", topic: "cased" },
      { type: "daprPublish", direction: "out", name: "out1", pubSubName: "messagebus", topic: "copied" },
    ],
    handler: `module.exports = async function (context, evt) { context.bindings.out1 = { payload: evt.data }; };`,
  },
  OneObject: {
    text: `{ "bindings": { "type": "daprServiceInvocationTrigger", "name": "payload" } }`,
    bindings: [invocation],
    handler: `module.exports = async () => 41;`,
  },
  UnknownMembers: {
    text: `{ "bindings": [ { "type": "httpTrigger", "name": "req", "authLevel": "function", "method": ["get"], "route": "unknown" }, { "type": "daprInvoke", "name": "call", "appId": "{appId}", "methodName": "m", "retries": 3 }, { "type": "http", "direction": "out", "name": "$return" } ] }`,
    bindings: [
      { type: "httpTrigger", direction: "in", name: "req", authLevel: "function", route: "unknown" },
      { type: "daprInvoke", direction: "out", name: "call", appId: "{appId}", methodName: "m" },
      returned,
    ],
    handler: `module.exports = async () => ({ body: "x" });`,
  },
};

const byHand: Readonly<Record<string, string>> = {
  "no-trigger/function.json": `{ "bindings": [ { "type": "daprPublish", "name": "p", "topic": "t" } ] }`,
  "broken/function.json": `{ "bindings": [`,
  "python/function.json": `{ "scriptFile": "__init__.py", "bindings": [ { "type": "daprServiceInvocationTrigger", "name": "my_payload" }, { "type": "daprSate", "direction": "in", "name": "x" } ], "disabled": true }`,
  "python/__init__.py": "def main(): pass",
};

function makeApp(): string {
  const app = makeProject("commonjs", ["@types/node", "undici-types"]);
  for (const [name, { text, bindings, more, handler, file = "index.js" }] of Object.entries(samples)) {
    write(app, { [`${name}/function.json`]: text ?? JSON.stringify({ scriptFile: file, bindings, ...more }) });
    if (handler !== undefined) write(app, { [`${name}/${file}`]: handler });
  }
  write(app, { "shared/handler.js": `module.exports = async () => ({ from: "elsewhere" });` });
  return app;
}

/** What of function.json is the same though it is spelt otherwise: an http output by any name, JSON in any order. */
function normalised(bindings: Bindings): Record<string, unknown>[] {
  const list = bindings.map((binding) => {
    const { direction = "in", methods, ...others } = binding;
    const name = binding["type"] === "http" ? "$return" : binding["name"];
    return {
      ...others,
      name,
      direction,
      ...(methods !== undefined && { methods: (methods as string[]).map((verb) => verb.toLowerCase()) }),
    };
  });
  const keyOf = (binding: Readonly<Record<string, unknown>>): string =>
    `${binding["direction"] as string} ${binding["name"] as string}`;
  return list.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function build(app: string, kind: "standard" | "legacy", ...options: string[]): ReturnType<typeof runCli> {
  rmSync(join(app, "tsconfig.json"), { force: true });
  const adopted = runCli(app, ["adopt", ".", "--decorators", kind, "--force", ...options]);
  const { stdout, status } = spawnSync(process.execPath, [tsc, "-p", "."], { cwd: app, encoding: "utf8" });
  if (status !== 0) throw new Error(stdout);
  return adopted;
}

describe.each(["standard", "legacy"] as const)("apps adopted with %s decorators", (kind) => {
  let app: string;

  beforeAll(() => {
    app = makeApp();
    const { status, stderr } = build(app, kind);
    if (status !== 0) throw new Error(stderr);
  }, 300_000);

  it("give the same bindings when they are generated", () => {
    const run = runCli(app, ["generate", "build", "--force"]);
    expect(run.stderr.split("\n").filter((line) => line.startsWith("error"))).toEqual([]);
    for (const [name, { bindings, generated = bindings }] of Object.entries(samples)) {
      const json = JSON.parse(readFileSync(join(app, name, "function.json"), "utf8")) as { bindings: Bindings };
      expect([name, normalised(json.bindings)]).toEqual([name, normalised(generated)]);
    }
  });
});

describe("an adopted app", () => {
  const event = JSON.stringify({
    id: "1",
    source: "s",
    specversion: "1.0",
    type: "t",
    topic: "A",
    pubsubname: "messagebus",
    data: "hello",
  });
  const request = (path: string, params: Record<string, string>, query: Record<string, string> = {}) => ({
    http: {
      url: `http://localhost/api/${path}`,
      method: "POST",
      headers: { "content-type": "application/json", "x-agent": "spec" },
      query,
      params,
      body: { string: `{"name":"order"}` },
    },
  });
  const payload = { json: `{"data":{"id":"41"}}` };
  const calls: readonly HostCall[] = [
    { function: "CreateNewOrder", payload },
    { function: "CreateByReturn", payload },
    { function: "HandlerOfShimsName", payload },
    { function: "SendMessageToKafka", payload },
    { function: "ConsumeMessageFromKafka", payload },
    { function: "PrintTopicMessage", payload: { json: event } },
    { function: "TransferEventBetweenTopics", payload: { json: event } },
    { function: "PublishOutputBinding", payload: request("topic/A", { topicName: "A" }) },
    { function: "InvokeOutputBinding", payload: request("invoke/a/b", { appId: "a", methodName: "b" }) },
    { function: "StateOutputBinding", payload: request("state/41", { key: "41" }) },
    { function: "TimerToTopic", payload: { json: "{}" } },
    { function: "QueueToState", payload: { string: "item" } },
    { function: "TwoOutputs", payload },
    { function: "ExactNumbers", payload },
    { function: "QueueToBlob", payload: { string: "item" } },
  ];
  let original: string;
  let adopted: string;

  beforeAll(() => {
    original = makeApp();
    for (const [name, { bindings, more, file = "index.js" }] of Object.entries(samples)) {
      // The host in miniature reads plain JSON.
      write(original, { [`${name}/function.json`]: JSON.stringify({ scriptFile: file, bindings, ...more }) });
    }
    adopted = makeApp();
    build(adopted, "standard");
    runCli(adopted, ["generate", "build", "--force"]);
  }, 300_000);

  it("hands the Functions host what the original hands it", async () => {
    const hosts = await Promise.all([startHost(original), startHost(adopted)]);
    try {
      const [before, after] = await Promise.all(hosts.map((host) => host.invoke(calls)));
      const sent = ({ outputs = {} }: { readonly outputs?: Readonly<Record<string, unknown>> }) =>
        Object.fromEntries(
          Object.entries(outputs)
            .filter(([name]) => name !== "res" && name !== "$return")
            .map(([name, value]) => [name, parsedJson(value)]),
        );
      expect(calls.map((call, index) => [call.function, sent(after![index]!)])).toEqual(
        calls.map((call, index) => [call.function, sent(before![index]!)]),
      );
      expect(after!.map(({ error }) => error?.message)).toEqual(before!.map(({ error }) => error?.message));
    } finally {
      await Promise.all(hosts.map((host) => host.close()));
    }
  });

  it.each([{ id: 1, status: "new" }, 42, { status: 404 }, "RETRY", { status: "DROP" }, "done", ["RETRY"]])(
    "passes over what a topic handler returns, as the extension does: %j",
    async (data) => {
      const hosts = await Promise.all([startHost(original), startHost(adopted)]);
      try {
        const call = { function: "TopicWithResult", payload: { json: JSON.stringify({ ...JSON.parse(event), data }) } };
        const [[before], [after]] = (await Promise.all(hosts.map((host) => host.invoke([call])))) as [
          HostResult[],
          HostResult[],
        ];
        expect([after!.error, after!.outputs]).toEqual([undefined, { pubEvent: expect.anything() as unknown }]);
        expect(parsedJson(after!.outputs!["pubEvent"])).toEqual(parsedJson(before!.outputs!["pubEvent"]));
      } finally {
        await Promise.all(hosts.map((host) => host.close()));
      }
    },
  );

  it("sends what the handler wrote: text to the digit, a list as one blob, nothing for null", async () => {
    const host = await startHost(adopted);
    try {
      const [numbers, blob, nothing] = await host.invoke([
        { function: "ExactNumbers", payload },
        { function: "QueueToBlob", payload: { string: "item" } },
        { function: "ReturnedNull", payload },
      ]);
      expect(numbers!.outputs).toEqual({
        order: { string: '{"value":{"id":12345678901234567890,"v":1.10},"key":"k"}' },
      });
      expect(blob!.outputs).toEqual({ order: { json: { value: 1 } }, outBlob: { string: "[1,2,3]" } });
      expect(nothing!.outputs).toEqual({ second: { json: { value: 2 } } });
    } finally {
      await host.close();
    }
  });

  it("answers nothing where there was no http output, and sends what the handler returns to its $return", async () => {
    const host = await startHost(adopted);
    try {
      const [result] = await host.invoke([{ function: "HttpToQueue", payload: request("queue", {}) }]);
      expect([result!.error, result!.outputs]).toEqual([
        undefined,
        expect.objectContaining({ returned: { json: [{ id: 41, status: "new" }] } }),
      ]);
      expect(JSON.stringify(result!.reply ?? null)).not.toContain("41");
    } finally {
      await host.close();
    }
  });

  it.each([
    [
      "application/x-www-form-urlencoded",
      "a=1&b=x%20y&a=2",
      [
        ["a", "1"],
        ["b", "x y"],
        ["a", "2"],
      ],
    ],
    [
      "multipart/form-data; boundary=cut",
      '--cut\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--cut\r\ncontent-disposition: form-data; name="f"; filename="f.txt"\r\ncontent-type: text/plain\r\n\r\ntext\r\n--cut--\r\n',
      [
        ["a", "1"],
        ["f", "text", "f.txt", "text/plain"],
      ],
    ],
  ])("gives a handler its form: %s", async (type, body, parts) => {
    const host = await startHost(adopted);
    try {
      const asked = request("form", {});
      const [result] = await host.invoke([
        {
          function: "Form",
          payload: { http: { ...asked.http, headers: { "content-type": type }, body: { string: body } } },
        },
      ]);
      const { body: replied } = result!.reply as { readonly body: string };
      expect(JSON.parse(replied)).toEqual({
        parts,
        length: parts.length,
        has: [true, false],
        first: "1",
        all: parts.filter(([name]) => name === "a").length,
        none: null,
        size: true,
        folder: join(adopted, "Form"),
      });
    } finally {
      await host.close();
    }
  });

  it("ends by context.done", async () => {
    const host = await startHost(adopted);
    try {
      const results = await host.invoke([
        { function: "CreateByDone", payload },
        { function: "CreateByDoneWithResult", payload },
      ]);
      expect(results.map(({ outputs, error }) => JSON.stringify(outputs ?? error))).toEqual([
        expect.stringMatching(/order.*41/),
        expect.stringMatching(/order.*41.*"key":"k"|order.*"key":"k".*41/),
      ]);
    } finally {
      await host.close();
    }
  });

  it("answers HTTP callers what the original answers", async () => {
    const asked: readonly HostCall[] = [
      { function: "PublishOutputBinding", payload: request("topic/A", { topicName: "A" }) },
      { function: "ReturnedResponse", payload: request("returned", {}, { name: "n" }) },
      { function: "StateOutputBinding", payload: request("state/41", { key: "41" }) },
      { function: "EveryVerb", payload: request("every", {}) },
    ];
    const host = await startHost(adopted);
    try {
      const results = await host.invoke(asked);
      expect(results.map(({ reply, outputs }) => JSON.stringify(reply ?? outputs))).toEqual([
        expect.stringContaining("sent A"),
        expect.stringMatching(/201.*name.*n.*agent.*spec/),
        expect.stringMatching(/saved/),
        expect.stringContaining("POST"),
      ]);
    } finally {
      await host.close();
    }
  });

  it("fails where the original fails, and sends nothing", async () => {
    const host = await startHost(adopted);
    try {
      const results = await host.invoke([
        { function: "FailByDone", payload },
        { function: "FailByThrow", payload },
      ]);
      expect(results.map(({ error, outputs }) => [error?.message, outputs])).toEqual([
        ["no", undefined],
        ["no", undefined],
      ]);
    } finally {
      await host.close();
    }
  });

  /** To the host, JSON text is JSON, and a list of one message for a queue is that message. */
  function parsedJson(value: unknown): unknown {
    const { string, json } = value as { readonly string?: unknown; readonly json?: unknown };
    if (Array.isArray(json) && json.length === 1) return { string: json[0] as unknown };
    return typeof string === "string" && /^[{[]/.test(string) ? { json: JSON.parse(string) as unknown } : value;
  }
});

describe("dapr-functions adopt", () => {
  let app: string;

  beforeAll(() => {
    app = makeApp();
    write(app, byHand);
  }, 120_000);

  it("says what the files got wrong, and what is left for a person", () => {
    const { status, stdout } = runCli(app, ["adopt", ".", "--dry-run", "--json"]);
    const { findings } = JSON.parse(stdout) as { findings: { kind: string; function: string; text: string }[] };
    const lines = findings.map(({ kind, function: name, text }) => `${kind} ${name}: ${text}`);
    expect(status).toBe(1);
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^skipped no-trigger: function\.json has no trigger/),
        expect.stringMatching(/^skipped broken: function\.json is not a JSON object/),
        expect.stringMatching(/^by-hand python: it is disabled by function\.json/),
        expect.stringMatching(/^by-hand python: its handler python\/__init__\.py is not JavaScript/),
        expect.stringMatching(/^corrected python: .*called myPayload/),
        expect.stringMatching(/^by-hand python: .*daprSate.*did you mean daprState/),
        expect.stringMatching(/^corrected AnyCasing: .*"pubsubname" is spelt pubSubName/),
        expect.stringMatching(/^by-hand UnknownMembers: .*"method".*if methods was meant/),
        expect.stringMatching(/^corrected UnknownMembers: .*"retries".*left out/),
        expect.stringMatching(/^corrected UnknownMembers: .*direction is missing; taken as "out"/),
        expect.stringMatching(/^corrected OneObject: bindings is one object/),
      ]),
    );
    expect(existsSync(join(app, "src"))).toBe(false);
  });

  it("groups functions as it is told, and overwrites nothing", () => {
    const run = runCli(app, ["adopt", ".", "--class", "OrderFunctions=Create*,RetrieveOrder", "--diff"]);
    expect(run.stdout).toContain("write src/order-functions.ts\n--- /dev/null\n+++ b/src/order-functions.ts");
    expect(readFileSync(join(app, "src", "order-functions.ts"), "utf8")).toContain(
      "async createByDone(payload: unknown",
    );
    expect(readFileSync(join(app, "src", "functions.ts"), "utf8")).not.toContain("createByDone");
    write(app, { "src/functions.ts": "// mine" });
    const again = runCli(app, ["adopt", "."]);
    expect([again.status, again.stderr]).toEqual([2, expect.stringContaining("src/functions.ts: there already")]);
  });

  describe("of a small app", () => {
    const handler = `module.exports = async () => 41;`;

    function projectOf(files: Readonly<Record<string, string>>): string {
      const project = makeProject("commonjs", ["@types/node", "undici-types"]);
      write(project, files);
      return project;
    }

    function findingsOf(project: string): string[] {
      const { stdout } = runCli(project, ["adopt", ".", "--force", "--json"]);
      const { findings } = JSON.parse(stdout) as { findings: { kind: string; function: string; text: string }[] };
      return findings.map(({ kind, function: name, text }) => `${kind} ${name}: ${text}`);
    }

    const json = (more: object = {}): string => JSON.stringify({ bindings: [invocation], ...more });
    const copied = (from: string, to: string): string =>
      `generate writes a file ${from}, so its handler is copied to ${to}, which its class calls`;

    it.each<[string, Readonly<Record<string, string>>, string[], Readonly<Record<string, string>>]>([
      [
        "a handler index.cjs",
        { "F/function.json": json({ scriptFile: "index.cjs" }), "F/index.cjs": handler },
        [`corrected F: ${copied("F/index.cjs", "F/handler.cjs")}`],
        { "F/handler.cjs": handler },
      ],
      [
        "one that function.json does not name, beside a handler.cjs of its own",
        { "F/function.json": json(), "F/index.cjs": handler, "F/handler.cjs": "// mine" },
        [`corrected F: ${copied("F/index.cjs", "F/handler2.cjs")}`],
        { "F/handler.cjs": "// mine", "F/handler2.cjs": handler },
      ],
      [
        "one that was copied before",
        { "F/function.json": json(), "F/index.cjs": handler, "F/handler.cjs": handler },
        [`corrected F: ${copied("F/index.cjs", "F/handler.cjs")}`],
        { "F/handler.cjs": handler },
      ],
      [
        "one of another function",
        {
          "F/function.json": json(),
          "F/index.cjs": handler,
          "G/function.json": json({ scriptFile: "../F/index.cjs" }),
        },
        [
          `corrected F: ${copied("F/index.cjs", "F/handler.cjs")}`,
          `corrected G: ${copied("F/index.cjs", "F/handler.cjs")}`,
        ],
        { "F/handler.cjs": handler },
      ],
      [
        "one that is not a function's",
        { "F/function.json": json({ scriptFile: "../shared/index.cjs" }), "shared/index.cjs": handler },
        [],
        { "shared/index.cjs": handler },
      ],
      [
        "one that is not there",
        { "F/function.json": json({ scriptFile: "index.cjs" }) },
        [
          "by-hand F: its handler F/index.cjs is not there; build it, or correct scriptFile",
          "by-hand F: its handler F/index.cjs has the name of a file that generate writes; give it another name, and call that in its class",
        ],
        {},
      ],
    ])("keeps %s", (_, files, findings, after) => {
      const project = projectOf(files);
      expect(findingsOf(project)).toEqual(findings);
      const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", "."], { cwd: project, encoding: "utf8" });
      expect([status, stdout]).toEqual([0, ""]);
      const { status: generated } = runCli(project, ["generate", "build", "--force"]);
      expect(generated).toBe(Object.keys(after).length === 0 ? 1 : 0);
      for (const [path, text] of Object.entries(after))
        expect([path, readFileSync(join(project, path), "utf8")]).toEqual([path, text]);
    });

    it("writes methods of different names for functions whose names are one as a method", () => {
      const project = projectOf(
        Object.fromEntries(
          ["create-order", "CreateOrder", "createOrder", "create_order"].flatMap((name) => [
            [`${name}/function.json`, json()],
            [`${name}/index.js`, handler],
          ]),
        ),
      );
      expect(findingsOf(project)).toEqual([]);
      const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", "."], { cwd: project, encoding: "utf8" });
      expect([status, stdout]).toEqual([0, ""]);
      const text = readFileSync(join(project, "src/functions.ts"), "utf8");
      expect(text.match(/handlers\.\w+/g)).toEqual(["", "2", "3", "4"].map((count) => `handlers.createOrder${count}`));
    });

    it("says of each member that no decorator takes what it is, and writes what compiles", () => {
      const of = (...bindings: Bindings): object => ({
        bindings: bindings[0]!["type"] === http.type ? [...bindings, res] : bindings,
      });
      const given: readonly (readonly [string, object, readonly string[]])[] = [
        ...["string", "binary"].flatMap((dataType) =>
          [
            invocation,
            topic,
            http,
            { ...invocation, type: "daprBindingTrigger" },
            { type: "timerTrigger", name: "t" },
          ].map((trigger) => [`${dataType} of ${trigger.type}`, of({ ...trigger, dataType }), []] as const),
        ),
        ["stream of http", of({ ...http, dataType: "Stream" }), []],
        [
          "stream of a topic",
          of({ ...topic, dataType: "stream" }),
          ['binding "event" (daprTopicTrigger): dataType: it is "stream"; give'],
        ],
        [
          "a number as dataType",
          of({ type: "timerTrigger", name: "t", dataType: 1 }),
          ['binding "t" (timerTrigger): dataType: it is 1; give'],
        ],
        [
          "binary state",
          of(invocation, { ...state, direction: "in", dataType: "binary" }),
          ['binding "order" (daprState): dataType: it is "binary"; give'],
        ],
        [
          "dataType of an output",
          of(invocation, { ...state, dataType: "string" }),
          ['binding "order" (daprState): dataType is without effect'],
        ],
        [
          "a list as topic",
          of({ ...topic, topic: ["a"] }),
          ['binding "event" (daprTopicTrigger): topic: it is a list; give text; it is left out'],
        ],
        [
          "an object as route",
          of({ ...http, route: {} }),
          ['binding "req" (httpTrigger): route: it is an object; give text; it is left out'],
        ],
        ["a blank route", of({ ...topic, route: "" }), ['binding "event" (daprTopicTrigger): route: it is blank']],
        [
          "a method that is none",
          of({ ...http, methods: ["FETCH"] }),
          ['binding "req" (httpTrigger): methods: it is "FETCH"; give'],
        ],
        [
          "an authLevel that is none",
          of({ ...http, authLevel: "nobody" }),
          ['binding "req" (httpTrigger): authLevel: it is "nobody"; give'],
        ],
        [
          "a number as metadata",
          of(invocation, { type: "daprSecret", name: "s", secretStoreName: "v", key: "k", metadata: 1 }),
          [
            'binding "s" (daprSecret): direction is missing',
            'binding "s" (daprSecret): metadata is 1 where text is due',
          ],
        ],
        [
          "a retry of another case",
          { ...of(invocation), retry: { Strategy: "FixedDelay", MaxRetryCount: 2, delayInterval: "00:00:05" } },
          [],
        ],
        [
          "a retry that is none",
          { ...of(invocation), retry: { strategy: "now and then" } },
          ['function.json.retry, strategy: it is "now and then"; give'],
        ],
        [
          "a retry of text",
          { ...of(invocation), retry: { strategy: "fixedDelay", maxRetryCount: "2", delayInterval: "00:00:05" } },
          ['function.json.retry, maxRetryCount: it is "2"; give'],
        ],
        [
          "disabled as text",
          { ...of(invocation), disabled: "True" },
          ["it is disabled by function.json, which host 4 ignores; set AzureWebJobs.F"],
        ],
        [
          "disabled by a setting",
          { ...of(invocation), disabled: "DISABLE_B" },
          ['a setting "DISABLE_B" disables it by function.json, which host 4 ignores'],
        ],
        ["not disabled", { ...of(invocation), disabled: "false" }, []],
      ];
      const project = projectOf(
        Object.fromEntries(
          given.flatMap(([, file], index) => [
            [`F${index}/function.json`, JSON.stringify(file)],
            [`F${index}/index.js`, handler],
          ]),
        ),
      );
      const findings = findingsOf(project);
      const lines = given.map(([what, , expected], index) => {
        const own = findings.filter((line) => line.split(" ")[1] === `F${index}:`);
        return [what, own.filter((line, at) => !line.includes(expected[at] ?? "\0")), own.length];
      });
      expect(lines).toEqual(given.map(([what, , expected]) => [what, [], expected.length]));
      const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", "."], { cwd: project, encoding: "utf8" });
      expect([status, stdout]).toEqual([0, ""]);
    });

    it("passes over no folder without a word: a symbolic link, a function.json that is a folder", () => {
      const project = projectOf({
        "elsewhere/F/function.json": json(),
        "G/function.json/readme.md": "",
        "H/function.json": json(),
        "H/index.js": handler,
      });
      symlinkSync(join(project, "elsewhere/F"), join(project, "F"));
      symlinkSync(join(project, "nowhere"), join(project, "E"));
      expect(findingsOf(project)).toEqual([
        "skipped F: its folder is a symbolic link, and generate writes through none; put the folder itself there",
        "skipped G: function.json is not a file; put one there and run adopt again",
      ]);
    });

    it.each(["commonjs", "node20"])(
      "finds a handler whose path has blanks and signs in it, compiled to %s",
      (module) => {
        const script = "my lib/@shop/a+b (1).js";
        const project = projectOf({
          "F/function.json": json({ scriptFile: `../${script}` }),
          [script]: handler,
          "tsconfig.json": JSON.stringify({
            compilerOptions: { module, target: "es2022", outDir: "dist", rootDir: ".", types: ["node"] },
          }),
          "call.cjs": `new (require("./dist/src/functions.js").Functions)().f({}, {}, { functionName: "F" }).then((reply) => console.log(reply));`,
        });
        expect(findingsOf(project)).toEqual([]);
        expect(spawnSync(process.execPath, [tsc, "-p", "."], { cwd: project, encoding: "utf8" }).stdout).toBe("");
        const { stdout, stderr } = spawnSync(process.execPath, ["call.cjs"], { cwd: project, encoding: "utf8" });
        expect([stdout, stderr]).toEqual(["41\n", ""]);
      },
    );

    const step = {
      types: 'add "types": ["node"] to compilerOptions of tsconfig.json; TypeScript takes no types unasked from 6 on',
      include: "let tsconfig.json compile src/, which its files, include or exclude leave out",
    };
    const classic = { module: "commonjs", target: "es6", outDir: "dist", rootDir: ".", sourceMap: true, strict: false };
    it.each<[object, string[]]>([
      [{ compilerOptions: classic }, [step.types]],
      [{ compilerOptions: { ...classic, types: ["jest"] } }, [step.types]],
      [{ compilerOptions: { ...classic, types: ["node"] } }, []],
      [{ compilerOptions: { ...classic, types: ["*"] }, include: ["**/*.ts"] }, []],
      [{ compilerOptions: { ...classic, types: ["node"] }, include: ["app"] }, [step.include]],
      [{ compilerOptions: { ...classic, types: ["node"] }, exclude: ["src"] }, [step.include]],
      [{ compilerOptions: classic, files: ["a.ts"] }, [step.include, step.types]],
    ])("says what the tsconfig.json lacks that is there: %j", (config, steps) => {
      const project = projectOf({
        "F/function.json": json(),
        "F/index.js": handler,
        "tsconfig.json": JSON.stringify(config),
      });
      const { stderr } = runCli(project, ["adopt", "."]);
      expect(stderr.split("\n").slice(2, -3)).toEqual(steps.map((line) => `  ${line}`));
      if (steps.length > 0) return;
      const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", "."], { cwd: project, encoding: "utf8" });
      expect([status, stdout]).toEqual([0, ""]);
    });

    it("adopts no folder that was generated, and overwrites no class that may hold its function", () => {
      const project = projectOf({ "F/function.json": json(), "F/index.js": handler });
      runCli(project, ["adopt", "."]);
      spawnSync(process.execPath, [tsc, "-p", "."], { cwd: project });
      runCli(project, ["generate", "build", "--force"]);
      const shim = readFileSync(join(project, "F/index.cjs"), "utf8");
      const text = readFileSync(join(project, "src/functions.ts"), "utf8");
      const again = runCli(project, ["adopt", ".", "--force", "--class", "Others=F"]);
      expect([again.status, again.stdout, again.stderr]).toEqual([
        1,
        "",
        "skipped F: generate wrote its function.json, so a class has it already; to adopt it anew, put back the files that were there before\n",
      ]);
      write(project, { "G/function.json": json(), "G/index.js": handler });
      const more = runCli(project, ["adopt", ".", "--force"]);
      expect([more.status, more.stderr]).toEqual([
        2,
        expect.stringContaining(
          "src/functions.ts: there already, and what is in it may be all that is left of F, whose function.json was generated; give another --out, or a --class of a new name",
        ),
      ]);
      expect(runCli(project, ["adopt", ".", "--class", "More=G"]).stdout).toBe("write src/more.ts\n");
      expect(readFileSync(join(project, "src/functions.ts"), "utf8")).toBe(text);
      expect(readFileSync(join(project, "F/index.cjs"), "utf8")).toBe(shim);
    });
  });

  it.each([
    ["none", undefined, "src", "build", "../F/index.js"],
    ["none", undefined, "app/classes", "build", "../F/index.js"],
    ["a folder for all", { outDir: "dist", rootDir: "." }, "src", "dist/src", "../../F/index.js"],
    ["a folder for sources", { outDir: "dist/app", rootDir: "src" }, "src", "dist/app", "../../F/index.js"],
    ["built files beside their sources", {}, "src", "src", "../F/index.js"],
  ])(
    "finds handlers from where tsconfig.json builds the classes to: %s, %j, --out %s",
    (_, options, out, built, path) => {
      const project = makeProject();
      write(project, {
        "F/function.json": JSON.stringify({ bindings: [invocation] }),
        "F/index.js": "module.exports = async () => 1;",
        ...(options && { "tsconfig.json": JSON.stringify({ compilerOptions: options }) }),
      });
      const { stderr } = runCli(project, ["adopt", ".", "--out", out]);
      expect(stderr).toContain(`npx dapr-functions generate ${built} --force`);
      expect(readFileSync(join(project, out, "functions.ts"), "utf8")).toContain(`import("${path}" as string)`);
      expect(existsSync(join(project, built, path))).toBe(true);
    },
  );

  it.each([
    [["adopt", "nowhere"], "nowhere: it is not a folder"],
    [["adopt", ".", "--out", ".."], "--out ..: give a folder below the app's root"],
    [["adopt", ".", "--class", "x"], "--class x: write it as Name=Function,Other*"],
    [["adopt", ".", "--class", "Retry=*"], "--class Retry=*: a class cannot be called Retry there"],
    [["adopt", ".", "--class", "class=*"], "--class class=*: a class cannot be called class there"],
    [["adopt", ".", "--class", "functions=Create*"], "another class is written to functions.ts as well"],
    [["adopt", ".", "--class", "A=Nothing*"], "--class A: no function of the app has such a name"],
    [["adopt", "src"], "src: no folder in it has a function.json; give the root of an app in the v3 model"],
  ])("refuses %j", (args, message) => {
    const { status, stderr } = runCli(app, args);
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
