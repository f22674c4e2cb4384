import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { consumerProject } from "../support/packed.js";
import {
  compileInto,
  runCli,
  startHost,
  type HostCall,
  type HostData,
  type FunctionsHost,
  type HostResult,
} from "../support/functions-host.js";

/** An app of the v3 model need not have @azure/functions. */
const packages = {
  v3: ["class-transformer", "class-validator"],
  v4: ["@azure/functions", "class-transformer", "class-validator"],
};
const fixture = join(__dirname, "fixtures", "service.ts");

/** An app of the fixture in either model and either kind of package. */
function makeApp(model: "v3" | "v4", type: "commonjs" | "module"): string {
  const app = consumerProject({ type, packages: packages[model] });
  compileInto(app, fixture, "build/service.js");
  if (model === "v3") {
    const { status, stderr } = runCli(app, ["generate", "build/service.js"]);
    if (status !== 0) throw new Error(stderr);
    return app;
  }
  const imports =
    type === "module"
      ? 'import { register } from "dapr-functions/azure";\nimport { Service } from "./service.js";\n'
      : 'const { register } = require("dapr-functions/azure");\nconst { Service } = require("./service.js");\n';
  writeFileSync(join(app, "build", "main.js"), `${imports}register([Service]);\n`);
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", type, main: "build/main.js" }));
  return app;
}

function json(value: unknown): HostData {
  return { json: JSON.stringify(value) };
}

function get(query: Record<string, string>): HostData {
  return { http: { url: `http://localhost/api/web?${new URLSearchParams(query).toString()}`, method: "GET", query } };
}

function post(body: string | undefined, more: object = {}): HostData {
  const bytes = body === undefined ? {} : { body: { base64: Buffer.from(body).toString("base64") } };
  return { http: { url: "http://localhost/api/x", method: "POST", ...bytes, ...more } };
}

describe.each([
  ["v3", "commonjs"],
  ["v3", "module"],
  ["v4", "commonjs"],
  ["v4", "module"],
] as const)("in the %s model, as a %s package", (model, type) => {
  let host: FunctionsHost;
  let app: string;
  const folderOf = (name: string) =>
    JSON.parse(readFileSync(join(app, name, "function.json"), "utf8")) as { bindings: object[] };
  beforeAll(async () => {
    app = makeApp(model, type);
    host = await startHost(app);
  }, 120_000);
  afterAll(() => host.close());

  function invoke(calls: readonly HostCall[]): Promise<readonly HostResult[]> {
    return host.invoke(calls);
  }

  async function invokeOne(call: HostCall): Promise<HostResult> {
    return (await invoke([call]))[0]!;
  }

  it("loads as an app of that model", () => {
    expect(host.model).toBe(model);
  });

  describe("the reply to a service invocation", () => {
    const expected: Record<string, unknown> = {
      nothing: undefined,
      null: "null",
      zero: "0",
      empty: '""',
      false: "false",
      text: '"text"',
      list: "[1,2]",
      object: '{"stored":"not an output","keys":{"a":1}}',
      bytes: "bytes",
      reply: '{"a":1}',
      "reply without body": undefined,
    };

    it("is the bytes of its JSON, and never an output", async () => {
      const kinds = Object.keys(expected);
      const results = await invoke(kinds.map((kind) => ({ function: "answer", payload: json(kind) })));
      const seen = Object.fromEntries(kinds.map((kind, index) => [kind, results[index]]));
      const wanted = Object.entries(expected).map(([kind, bytes]) => [
        kind,
        { ...(bytes !== undefined && { reply: { bytes } }), outputs: {}, logs: [] },
      ]);
      expect(seen).toEqual(Object.fromEntries(wanted));
    });

    it("fails where it cannot be given", async () => {
      const kinds = ["failed reply", "no JSON"];
      const results = await invoke(kinds.map((kind) => ({ function: "answer", payload: json(kind) })));
      expect(results.map(({ error }) => error)).toEqual([
        {
          code: "ERR_FUNCTION_FAILED",
          message: "Service.answer: the function replied 404, and the Functions host can answer 200 or 500 only",
        },
        {
          code: "ERR_REPLY_INVALID",
          message: "Service.answer: what the function returned, a function, cannot be written as JSON",
        },
      ]);
    });
  });

  describe("the reply to an HTTP request", () => {
    it("is what the method returned", async () => {
      const kinds = ["nothing", "text", "bytes", "json", "json with a type", "body", "reply"];
      const results = await invoke(kinds.map((kind) => ({ function: "web", payload: get({ kind }) })));
      const replies = results.map(({ reply }) => reply as { status: number; headers: object; body?: string });
      expect(replies.map(({ status, body }) => [status, body])).toEqual([
        [204, undefined],
        [200, "text"],
        [200, "bytes"],
        [201, '{"a":0}'],
        [200, '{"a":0}'],
        [203, "a,b"],
        [418, '{"a":1}'],
      ]);
      expect(replies[3]!.headers).toMatchObject({ "content-type": "application/json" });
      expect(lowerCased(replies[4]!.headers)).toMatchObject({ "content-type": "application/problem+json" });
      expect(replies[5]!.headers).toMatchObject({ "x-a": "b", "content-type": "text/csv" });
      expect(replies[6]!.headers).toMatchObject({ "x-a": "b" });
    });

    it("fails where it is none", async () => {
      const { reply, logs } = await invokeOne({ function: "web", payload: get({ kind: "number" }) });
      const { status, body } = reply as { status: number; body: string };
      expect([status, JSON.parse(body)]).toEqual([
        500,
        { errorCode: "ERR_REPLY_INVALID", functionName: "web", invocationId: expect.any(String) },
      ]);
      expect(logs).toEqual([expect.stringMatching(/^error: web failed: ERR_REPLY_INVALID: Service\.web: /)]);
    });
  });

  describe("a stream", () => {
    const kinds = [
      "fails without a reason",
      "fails with null",
      "fails with an error",
      "is aborted",
      "holds what is not bytes",
    ];

    it.each(kinds)("that %s fails the invocation, and sends nothing else", async (kind) => {
      const [download, relay] = await invoke([
        { function: "download", payload: get({ kind }) },
        { function: "relay", payload: json(kind) },
      ]);
      const { status, body } = download!.reply as { status: number; body: string };
      expect([status, JSON.parse(body), download!.outputs]).toEqual([
        500,
        { errorCode: "ERR_FUNCTION_FAILED", functionName: "download", invocationId: expect.any(String) },
        {},
      ]);
      expect(download!.logs).toEqual([expect.stringMatching(/^error: download failed: ERR_FUNCTION_FAILED: /)]);
      expect(relay!.error).toHaveProperty("message", expect.any(String));
      expect(relay!.outputs ?? {}).toEqual({});
    });
  });

  describe("the payload", () => {
    it("is what the worker delivers: JSON parsed, other text as text, an empty body nothing", async () => {
      const payloads: HostData[] = [json({ a: 1 }), { string: "12" }, { string: "plain" }, { string: "" }, json(null)];
      payloads.push({ base64: Buffer.from("abc").toString("base64") });
      const results = await invoke(payloads.map((payload) => ({ function: "received", payload })));
      expect(results.map(({ reply }) => JSON.parse((reply as { bytes: string }).bytes) as string)).toEqual([
        'object {"a":1}',
        "number 12",
        'string "plain"',
        "undefined undefined",
        "object null",
        "bytes 3",
      ]);
    });

    it("is text as it was sent where the method wants text, since the host is asked for bytes", async () => {
      const asked = model === "v3" ? folderOf("text") : host.registrations.find(({ name }) => name === "text")!;
      expect(asked.bindings[0]).toMatchObject({ type: "daprServiceInvocationTrigger", dataType: "binary" });
      const bodies: [body: string, text: string][] = [
        ['"89e7073266"', "89e7073266"],
        ['"12345678901234567890"', "12345678901234567890"],
        ['"true"', "true"],
        ['"null"', "null"],
        ['"é\\n"', "é\n"],
        ["plain", "plain"],
        ["12", "12"],
        ['{"a":1}', '{"a":1}'],
      ];
      const results = await invoke(
        bodies.map(([body]) => ({ function: "text", payload: { base64: Buffer.from(body).toString("base64") } })),
      );
      const seen = results.map(
        ({ reply, error }) => error ?? (JSON.parse((reply as { bytes: string }).bytes) as unknown),
      );
      expect(seen).toEqual(bodies.map(([, text]) => [text]));
    });

    it("is an instance of its class, or the invocation fails", async () => {
      const [good, bad, none] = await invoke([
        { function: "checked", payload: json({ id: "1", total: 2 }) },
        { function: "checked", payload: json({ id: "1", total: -2 }) },
        { function: "checked" },
      ]);
      expect(good!.reply).toEqual({ bytes: '"an order of 2"' });
      expect(bad!.error).toMatchObject({ code: "ERR_PAYLOAD_INVALID" });
      expect(none!.error).toMatchObject({ code: "ERR_PAYLOAD_INVALID" });
    });

    it("of an HTTP function that does not validate, or is not JSON, is answered 400", async () => {
      const [good, bad, malformed, uncaught] = await invoke([
        { function: "checkedWeb", payload: post('{"id":"1","total":2}') },
        { function: "checkedWeb", payload: post('{"id":1,"total":2}') },
        { function: "checkedWeb", payload: post("{") },
        { function: "parse", payload: post("{") },
      ]);
      expect(good!.reply).toMatchObject({ status: 200, body: "true" });
      const reply = bad!.reply as { status: number; body: string };
      expect(reply.status).toBe(400);
      expect(JSON.parse(reply.body)).toEqual({
        errorCode: "ERR_PAYLOAD_INVALID",
        message: expect.stringContaining("id") as string,
        functionName: "checkedWeb",
        invocationId: expect.any(String) as string,
        issues: [expect.objectContaining({ path: "id", rule: "isString" })],
      });
      for (const result of [malformed, uncaught]) {
        const { status, body } = result!.reply as { status: number; body: string };
        expect([status, (JSON.parse(body) as { errorCode: string }).errorCode]).toEqual([400, "ERR_MALFORMED_REQUEST"]);
      }
    });

    it("of an HTTP function is a request whose body may be read again and again", async () => {
      const more = {
        params: { id: "7" },
        query: { q: "a b" },
        headers: { "x-one": "1", "content-type": "application/json" },
      };
      const { reply } = await invokeOne({ function: "describe", payload: post('{"é":1}', more) });
      expect(JSON.parse((reply as { body: string }).body)).toEqual({
        method: "POST",
        url: "http://localhost/api/x",
        params: { id: "7" },
        query: "a b",
        header: "1",
        twice: ['{"é":1}', '{"é":1}'],
        byteLength: 8,
      });
    });

    it("of any other trigger is as delivered, and its reply is dropped", async () => {
      const { reply, logs } = await invokeOne({ function: "queue", payload: json({ a: [1] }) });
      expect({ reply, logs }).toEqual({ reply: undefined, logs: ['information: {"a":[1]}'] });
    });
  });

  it("hands over inputs by name", async () => {
    const inputs = { secret: json({ k: "v" }), order: json({ id: "1" }) };
    expect((await invokeOne({ function: "inputs", payload: json({ id: "1" }), inputs })).reply).toEqual({
      bytes: '{"order":{"id":"1"},"secret":{"k":"v"}}',
    });
  });

  describe("outputs", () => {
    it("without an item are not set", async () => {
      expect((await invokeOne({ function: "send", payload: json([]) })).outputs).toEqual({});
    });

    it("of one item are its message, of several a list in order", async () => {
      const [one, several] = await invoke([
        { function: "send", payload: json([{ id: "1" }]) },
        { function: "send", payload: json([0, "", false]) },
      ]);
      expect(one!.outputs).toEqual({
        state: { json: { value: { id: "1" } } },
        events: { json: { payload: { id: "1" }, topic: "t0" } },
        call: { json: { body: { id: "1" } } },
        messages: { json: { data: { id: "1" }, operation: "op", metadata: { n: "0" } } },
        jobs: { json: [{ id: "1" }] },
      });
      expect(several!.outputs).toMatchObject({
        state: { json: [{ value: 0 }, { value: "", key: "k1" }, { value: false, key: "k2" }] },
        events: {
          json: [
            { payload: 0, topic: "t0" },
            { payload: "", topic: "t1" },
            { payload: false, topic: "t2" },
          ],
        },
        jobs: { json: [0, "", false] },
      });
    });

    it("of running invocations are kept apart", async () => {
      const calls = Array.from({ length: 20 }, (_, index) => ({ function: "send", payload: json([index, index]) }));
      const outputs = (await invoke(calls)).map((result) => (result.outputs!["call"] as { json: unknown }).json);
      expect(outputs).toEqual(calls.map((_, index) => [{ body: index }, { body: index }]));
    });

    it("are what they were when they were added", async () => {
      expect((await invokeOne({ function: "later", payload: json({ a: 1 }) })).outputs).toEqual({
        state: { json: { value: { a: 1 } } },
      });
    });

    it("are not set when the method throws", async () => {
      const { error, outputs } = await invokeOne({ function: "fails", payload: json(1) });
      expect({ error, outputs }).toEqual({ error: { code: "ERR_STOCK", message: "no stock" }, outputs: undefined });
    });

    const collected: [step: string, expected: unknown][] = [
      ['messages.addRequestBody(\'{ "Data": 2.5, "operation": "get" }\')', { data: 2.5, operation: "get" }],
      ["state.addRequestBody([{ value: 1, key: 'a' }, { value: null, key: 'b' }].slice(0, 1))", { value: 1, key: "a" }],
      [
        "events.addRequestBody({ payload: { a: 1 }, topic: 't', pubSubName: 'q' })",
        { payload: { a: 1 }, pubSubName: "q", topic: "t" },
      ],
      ["call.add(undefined)", {}],
      ["call.add(null)", { body: null }],
      ["state.add(Buffer.from('hi'), { key: 'k' })", { value: "aGk=", key: "k" }],
      ["messages.add(Buffer.from('hi'), { operation: 'o' })", { data: "aGk=", operation: "o" }],
      ["state.add({ toJSON: () => 'j' }, { key: '{x} %Y%' })", { value: "j", key: "{x} %Y%" }],
    ];

    it("take what the extension takes", async () => {
      const results = await invoke(collected.map(([step]) => ({ function: "collect", payload: json(step) })));
      const sent = results.map(({ outputs, error }) => error ?? Object.values(outputs!)[0]);
      expect(sent).toEqual(collected.map(([, message]) => ({ json: message })));
    });

    /** What is added, and what reaches the host: a collector is filled from a list, a blob is one stream. */
    const generic: [step: string, expected: unknown][] = [
      ["jobs.add({ a: 1 })", { json: [{ a: 1 }] }],
      ["jobs.add([1, 2])", { json: [[1, 2]] }],
      ["jobs.add([1, 2]); jobs.add([3])", { json: [[1, 2], [3]] }],
      ["jobs.add('[1, 2]')", { json: ["[1, 2]"] }],
      ["jobs.add('89e7')", { json: ["89e7"] }],
      ["jobs.add(''); jobs.add(0)", { json: ["", 0] }],
      ["jobs.addRequestBody([1, [2]])", { json: [1, [2]] }],
      ["jobs.add(Buffer.from('hi'))", { bytes: "hi" }],
      ["blob.add(Buffer.from('hi'))", { bytes: "hi" }],
      ["blob.add([1, 2])", { string: "[1,2]" }],
      ["blob.add('[1, 2]')", { string: "[1, 2]" }],
      ["blob.add(7)", { string: "7" }],
      ["blob.add({ at: '2026-01-01T00:00:00.000Z' })", { string: '{"at":"2026-01-01T00:00:00.000Z"}' }],
    ];

    it("of other types have one shape, whatever the number of items", async () => {
      const results = await invoke(generic.map(([step]) => ({ function: "collect", payload: json(step) })));
      const sent = results.map(({ outputs, error }, index) => [
        generic[index]![0],
        error ?? Object.values(outputs!)[0],
      ]);
      expect(sent).toEqual(generic);
    });

    const refused: [step: string, code: string, text: string][] = [
      ["call.add(1, { appId: 'b' })", "ERR_OVERRIDE_UNSUPPORTED", "appId"],
      ["call.add(1, { headers: { a: 'b' } })", "ERR_OVERRIDE_UNSUPPORTED", "headers"],
      ["call.add(1, { contentType: 'text/plain' })", "ERR_OVERRIDE_UNSUPPORTED", "contentType"],
      ["call.addRequestBody({ body: 1, httpVerb: 'put' })", "ERR_OVERRIDE_UNSUPPORTED", "httpVerb"],
      ["state.add(1, { key: 'k', stateStore: 't' })", "ERR_OVERRIDE_UNSUPPORTED", "stateStore"],
      ["state.add(1, { key: 'k', etag: '1' })", "ERR_OVERRIDE_UNSUPPORTED", "etag"],
      ["state.add(1, { key: 'k', metadata: { a: 'b' } })", "ERR_OVERRIDE_UNSUPPORTED", "metadata"],
      ["state.add(1, { key: 'k', options: { concurrency: 'first-write' } })", "ERR_OVERRIDE_UNSUPPORTED", "options"],
      ["state.remove({ key: 'k' })", "ERR_OVERRIDE_UNSUPPORTED", "remove()"],
      ["events.add(1, { topic: 't', metadata: { ttlInSeconds: 1 } })", "ERR_OVERRIDE_UNSUPPORTED", "metadata"],
      [
        "events.addRequestBody({ payload: 1, topic: 't', contentType: 'text/plain' })",
        "ERR_OVERRIDE_UNSUPPORTED",
        "contentType",
      ],
      ["state.add(1)", "ERR_DAPR_BAD_REQUEST", "No key information was found"],
      ["events.add(1)", "ERR_DAPR_BAD_REQUEST", "No topic information was found"],
      ["messages.add(1)", "ERR_DAPR_BAD_REQUEST", "A non-null operation must be specified"],
      ["state.add(null, { key: 'k' })", "ERR_DAPR_BAD_REQUEST", "A 'value' parameter is required"],
      ["state.add(undefined, { key: 'k' })", "ERR_DAPR_BAD_REQUEST", "A 'value' parameter is required"],
      ["events.add(null, { topic: 't' })", "ERR_DAPR_BAD_REQUEST", "A 'payload' parameter is required"],
      ["messages.add(undefined, { operation: 'list' })", "ERR_DAPR_BAD_REQUEST", "A 'data' parameter is required"],
      ["messages.add(null, { operation: 'list' })", "ERR_DAPR_BAD_REQUEST", "A 'data' parameter is required"],
      ["jobs.add(null)", "ERR_DAPR_BAD_REQUEST", "nothing"],
      ["jobs.add(Buffer.from('a')); jobs.add(Buffer.from('b'))", "ERR_DAPR_BAD_REQUEST", "one item"],
      ["jobs.add(Buffer.from('a')); jobs.add(1)", "ERR_DAPR_BAD_REQUEST", "one item"],
      ["jobs.add(1); jobs.add(new ArrayBuffer(1))", "ERR_DAPR_BAD_REQUEST", "one item"],
      ["blob.add(1); blob.add(2)", "ERR_DAPR_BAD_REQUEST", "a blob takes one value"],
      ["const a = {}; a.a = a; state.add(a, { key: 'k' })", "ERR_DAPR_BAD_REQUEST", "circular"],
      ["events.add(Buffer.from('hi'), { topic: 't' })", "ERR_DAPR_BAD_REQUEST", "bytes"],
      ["state.add(1, { key: '' })", "ERR_DAPR_BAD_REQUEST", "No key information was found"],
    ];

    it("refuse what it drops or garbles", async () => {
      const results = await invoke(refused.map(([step]) => ({ function: "collect", payload: json(step) })));
      const seen = results.map(({ error }, index) => [refused[index]![0], error?.code, error?.message]);
      const wanted = refused.map(([step, code, text]) => [step, code, expect.stringContaining(text) as string]);
      expect(seen).toEqual(wanted);
    });
  });

  describe("a topic function", () => {
    function event(data: object): HostData {
      return json({ id: "1", source: "s", type: "t", specversion: "1.0", topic: "t", pubsubname: "p", data });
    }

    it("gets the whole event, and copies it", async () => {
      const result = await invokeOne({ function: "event", payload: event({ a: 1 }) });
      expect(result).toMatchObject({
        outputs: { copies: { json: { payload: { id: "1", data: { a: 1 } } } } },
        logs: [],
      });
      expect(result.reply).toBeUndefined();
    });

    it("is done with SUCCESS, and with a DROP that is logged", async () => {
      const words = ["SUCCESS", "DROP"];
      const results = await invoke(words.map((status) => ({ function: "event", payload: event({ status }) })));
      expect(results.map(({ reply, logs }) => [reply, logs.length])).toEqual([
        [undefined, 0],
        [undefined, 1],
      ]);
      expect(results.every(({ outputs }) => outputs!["copies"] !== undefined)).toBe(true);
      expect(results[1]!.logs[0]).toMatch(/^warning: Service\.event: event dropped/);
    });

    it.each(["RETRY", "retry"])("that returns %s fails and sends nothing", async (status) => {
      const { error, outputs } = await invokeOne({ function: "event", payload: event({ status }) });
      expect(error).toMatchObject({ code: "ERR_RETRY_REQUESTED" });
      expect(outputs).toBeUndefined();
    });

    it("gets data in base64 decoded", async () => {
      const encoded = { id: "1", source: "s", type: "t", specversion: "1.0", topic: "raw", pubsubname: "p" };
      const data = { datacontenttype: "text/plain", data_base64: Buffer.from("hi").toString("base64") };
      expect((await invokeOne({ function: "decoded", payload: json({ ...encoded, ...data }) })).logs).toEqual([
        'information: "hi"',
      ]);
    });
  });

  it("gives the context of the invocation, its log and its trace", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const { reply, logs } = await invokeOne({ function: "context", payload: json(1), traceparent });
    expect(JSON.parse((reply as { bytes: string }).bytes)).toEqual({
      invocationId: expect.any(String) as string,
      functionName: "context",
      traceParent: traceparent,
      aborted: false,
    });
    expect(logs).toEqual(["information: one 1", "information: two", "warning: three", "error: four"]);
  });

  it("calls the methods of one instance per class", async () => {
    const results = await invoke(["count", "countToo", "count"].map((name) => ({ function: name })));
    expect(results.map(({ reply }) => (reply as { bytes: string }).bytes).sort()).toEqual(["1", "2", "3"]);
  });
});

function lowerCased(headers: object): object {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
