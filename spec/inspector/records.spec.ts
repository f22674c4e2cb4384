import { resolve } from "node:path";
import {
  createHandler,
  DaprApp,
  DaprServiceInvocationTrigger,
  DaprSidecar,
  DaprState,
  DaprTopicTrigger,
  HttpTrigger,
  serve,
  type AppClient,
  type DaprClient,
  type Recording,
  type StateEntry,
} from "dapr-functions";
import { startSidecar, type Sidecar } from "dapr-functions/sidecar";
import { z } from "zod";
import type { InvocationContext, ObservedInvocation, OutputBinding } from "../../lib/index.js";
import { History } from "../../lib/inspector/history.js";
import { placeIn, Recorder } from "../../lib/inspector/recorder.js";
import { Recordings } from "../../lib/inspector/recordings.js";
import { previewOf } from "../../lib/inspector/records.js";
import type { Change, DescribedFunction, InvocationRecord } from "../../lib/inspector/page/wire.js";
import { obstacle, requestOf, toCurl } from "../../lib/inspector/page/copies.js";
import { lineOf } from "../../lib/cli/running/invocation-lines.js";

const record = (id: string, more: Partial<InvocationRecord> = {}): InvocationRecord => ({
  id,
  appId: "shop",
  functionName: "save",
  trigger: { type: "invoke", where: "POST /save" },
  begun: Date.UTC(2026, 0, 1),
  attempt: 1,
  reads: [],
  items: [],
  requests: [],
  log: [],
  ...more,
});

describe("previewOf", () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  it.each([
    ["an object", { a: 1 }, '{"a":1}', false],
    ["nothing", undefined, "", false],
    ["text", "x", '"x"', false],
    ["bytes", Buffer.from("abc"), "<3 bytes>", true],
    ["bytes in a value", { a: [new Uint8Array(3)], b: Buffer.from("ab") }, '{"a":["<3 bytes>"],"b":"<2 bytes>"}', true],
    [
      "headers of a reply",
      {
        headers: new Headers([
          ["a", "1"],
          ["a", "2"],
        ]),
      },
      '{"headers":{"a":"1, 2"}}',
      false,
    ],
    ["a stream", { body: new ReadableStream() }, '{"body":"<a stream>"}', true],
    ["an array buffer", { a: new ArrayBuffer(2) }, '{"a":"<2 bytes>"}', true],
    ["a number too large for JSON", { n: 10n }, '{"n":"10"}', false],
    ["a function", () => 1, "<a function>", true],
    [
      "what throws",
      {
        toJSON: () => {
          throw new Error("no");
        },
      },
      "<not JSON: no>",
      true,
    ],
  ])("shows %s", (_, value, text, isCut) => expect(previewOf(value)).toEqual({ text, isCut }));

  it.each([
    ["long text", "x".repeat(1_000_000)],
    ["many members", Array.from({ length: 100_000 }, (_, n) => n)],
    ["many long texts", Array.from({ length: 1_000 }, () => "x".repeat(10_000))],
    ["a circle", circle],
  ])("bounds %s", (_, value) => {
    const { text, isCut } = previewOf(value);
    expect(text.length).toBeLessThan(17_000);
    expect(isCut).toBe(true);
  });
});

describe("History", () => {
  it("keeps the latest 1,000 invocations, and what begins and ends as one", () => {
    const history = new History();
    const seen: Change[] = [];
    const end = history.watch((change) => seen.push(change));
    for (let n = 0; n < 1_200; n++) {
      history.add(record(`i${n}`));
      history.add(record(`i${n}`, { ms: 1 }));
    }
    expect(history.records).toHaveLength(1_000);
    expect(history.records[0]).toMatchObject({ id: "i200", ms: 1 });
    expect(seen).toHaveLength(2_400);
    end();
    history.add(record("last"));
    expect(seen).toHaveLength(2_400);
  });

  it("keeps no more than 16 MiB of them", () => {
    const history = new History();
    const payload = { text: "x".repeat(1024 * 1024), isCut: false };
    for (let n = 0; n < 100; n++) history.add(record(`i${n}`, { payload }));
    expect(history.records).toHaveLength(15);
  });

  it("keeps the latest 200 events", () => {
    const history = new History();
    for (let at = 0; at < 300; at++)
      history.addEvent({ at, pubsub: "bus", topic: "t", data: { text: "", isCut: false } });
    expect(history.events).toHaveLength(200);
    expect(history.events[0]).toMatchObject({ at: 100 });
  });
});

describe("placeIn", () => {
  it.each([
    [`Error: no\n    at Orders.save (/app/src/orders.ts:12:5)`, "/app/src/orders.ts:12:5"],
    [`Error: no\n    at async file:///app/a%20b/orders.mjs:1:2`, "/app/a b/orders.mjs:1:2"],
    [
      `Error: no\n    at parse (/app/node_modules/x/i.js:1:1)\n    at node:internal/x:1:1\n    at o (/app/o.js:3:4)`,
      "/app/o.js:3:4",
    ],
    ["no stack", undefined],
    [undefined, undefined],
  ])("finds the user's own line in %j", (stack, place) => {
    const found = placeIn(stack);
    expect(found === undefined ? undefined : resolve(found)).toBe(place);
  });
});

describe("lineOf", () => {
  const ended = record("i1", {
    ms: 12.5,
    requests: [{ name: "order", what: "state statestore", ms: 1, count: 2 }],
    reply: { text: '{"ok":true}', isCut: false },
  });

  it("says in one line what was triggered, how long it took, what was sent where, and the reply", () => {
    expect(lineOf(ended, "text", false)).toMatch(
      /^\d\d:\d\d:\d\d shop\/save POST \/save 12\.5 ms → state statestore ×2 → \{"ok":true\}$/,
    );
  });

  it("says why an invocation failed, where, and which attempt it was, in one line whatever the message", () => {
    const failure = {
      errorCode: "ERR_FUNCTION_FAILED",
      message: "no\n12:00:00 such\u001b[31m tea",
      place: "src/a.ts:1:2",
    };
    const failed = {
      ...ended,
      reply: undefined,
      failure,
      attempt: 3,
      trigger: { ...ended.trigger, type: "topic" as const, where: "bus/t" },
    };
    expect(lineOf(failed, "text", false)).toMatch(
      / shop\/save topic bus\/t 12\.5 ms attempt 3 → state statestore ×2 ✗ ERR_FUNCTION_FAILED: no\\n12:00:00 such\\u001b\[31m tea \(src\/a\.ts:1:2\)$/,
    );
  });

  it("counts together what was sent to one place and ended the same", () => {
    const step = { name: "dapr", what: "getState s", ms: 1, count: 1 };
    const requests = [...Array.from({ length: 999 }, () => step), { ...step, error: "gone" }, step];
    expect(lineOf({ ...ended, requests }, "text", false)).toContain(
      " → getState s ×1000, getState s ×1 failed: gone → ",
    );
  });

  it("is the whole record as JSON", () => expect(JSON.parse(lineOf(ended, "json", true))).toEqual(ended));

  it("has colours where they are wanted", () => expect(lineOf(ended, "text", true)).toContain("\u001b["));
});

describe("Recorder", () => {
  class Orders {
    @DaprServiceInvocationTrigger({ payload: z.object({ id: z.string() }) })
    save(): void {
      throw new Error("no such tea", { cause: new Error("the kettle is off") });
    }
  }

  async function linesAfter(body: string, isPrinted: boolean): Promise<{ lines: string[] }> {
    const lines: string[] = [];
    const write = (line: unknown): number => lines.push(String(line));
    const recorder = new Recorder("shop", () => undefined);
    const log = recorder.logOver({ info: write, warn: write, error: write, debug: write }, isPrinted);
    const handler = await createHandler([Orders], { log, observers: [recorder] });
    const headers = { "content-type": "application/json" };
    lines.length = 0;
    await handler.fetch(new Request("http://app/save", { method: "POST", headers, body }));
    await handler.close();
    return { lines };
  }

  it("says a failure once where a line is printed for each record", async () => {
    expect((await linesAfter("{}", true)).lines).toEqual([]);
    expect((await linesAfter("{}", false)).lines).toEqual([
      expect.stringContaining("save failed: ERR_PAYLOAD_INVALID"),
    ]);
  });

  it("says what a function logs as it logged it, in order and whole", async () => {
    class Talks {
      @DaprServiceInvocationTrigger()
      say(_: unknown, __: unknown, context: InvocationContext): void {
        context.log("from", { count: 1 }, "to", { count: 2 });
        context.warn({ count: 3 }, undefined);
        context.error("lost:", new Error("no\u001b such tea"));
      }
    }
    const printed: unknown[][] = [];
    const records: InvocationRecord[] = [];
    const write = (...args: unknown[]): number => printed.push(args);
    const recorder = new Recorder("shop", (made) => records.push(made));
    const log = recorder.logOver({ info: write, warn: write, error: write, debug: write }, true);
    const handler = await createHandler([Talks], { log, observers: [recorder] });
    printed.length = 0;
    await handler.fetch(new Request("http://app/say", { method: "POST" }));
    await handler.close();
    const shown = expect.stringMatching(/^Error: no\\u001b such tea\n +at /) as unknown;
    expect(printed).toEqual([
      ["from", { count: 1 }, "to", { count: 2 }],
      [{ count: 3 }, undefined],
      ["lost:", shown],
    ]);
    expect(records.at(-1)!.log).toEqual([
      'info: from {"count":1} to {"count":2}',
      'warn: {"count":3} undefined',
      expect.stringMatching(/^error: lost: Error: no\\u001b such tea\n +at /),
    ]);
  });

  it("says the stack of user code all the same, and that of its cause", async () => {
    expect((await linesAfter('{"id":"1"}', true)).lines).toEqual([
      expect.stringMatching(/no such tea\n +at [^]+\n    caused by: Error: the kettle is off\n +at /),
    ]);
  });
});

describe("what a record keeps of a request", () => {
  class Functions {
    @DaprServiceInvocationTrigger({ payload: z.object({ when: z.string().transform((text) => text.length) }) })
    measure(): void {}
    @HttpTrigger({ authLevel: "anonymous" })
    hello(): void {}
    @DaprTopicTrigger({ pubSubName: "bus", topic: "t" })
    first(): void {}
    @DaprTopicTrigger({ pubSubName: "bus", topic: "dead" })
    second(): void {}
    @DaprTopicTrigger({ pubSubName: "bus", topic: "many", bulk: true })
    many(): void {}
  }

  const log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
  async function recordOf(path: string, init: RequestInit): Promise<InvocationRecord> {
    const records: InvocationRecord[] = [];
    const recorder = new Recorder("shop", (made) => records.push(made));
    const handler = await createHandler([Functions], { log, observers: [recorder] });
    await handler.fetch(new Request(`http://app${path}`, { method: "POST", ...init }));
    await handler.close();
    return records.at(-1)!;
  }
  const json = { "content-type": "application/json" };

  it("is the payload as it came, not as its check made it", async () => {
    const made = await recordOf("/measure", { headers: json, body: '{"when":"now"}' });
    expect(made).toMatchObject({ payload: { text: '{"when":"now"}' }, request: { body: { text: '{"when":"now"}' } } });
  });

  it.each([
    ["refused by its check", '{"when":1}', '{"when":1}'],
    ["that is not JSON", "{", undefined],
  ])("is there for a payload %s", async (_, body, payload) => {
    const made = await recordOf("/measure", { headers: json, body });
    expect(made).toMatchObject({ failure: {}, request: { body: { text: body } } });
    expect(made.payload?.text).toBe(payload);
  });

  it("keeps the beginning of what an error says", async () => {
    const records: InvocationRecord[] = [];
    const recorder = new Recorder("shop", (made) => records.push(made));
    const definition = { name: "f", trigger: { type: "daprBindingTrigger" } };
    const text = "long ".repeat(100_000);
    const thrown = Promise.reject(new Error(text));
    for (const message of [text, undefined]) {
      const watch = recorder.start({ id: "1", definition, event: undefined } as unknown as ObservedInvocation);
      await watch.read!({ name: "in" } as never, () => thrown).catch(() => undefined);
      await watch.flush!({ name: "out" } as never, [{}], () => thrown).catch(() => undefined);
      const failure = { errorCode: "ERR_FUNCTION_FAILED", message, detail: `Error: ${text}\n    at f` };
      watch.ended!({ failure } as never);
      const { failure: kept, reads, requests } = records.at(-1)!;
      for (const kind of [kept!.message, reads[0]!.error!, requests[0]!.error!]) {
        expect(kind).toHaveLength(4_001);
        expect(kind.endsWith("…")).toBe(true);
      }
    }
  });

  it("counts what errors say among all that is kept", () => {
    const history = new History();
    const failure = { errorCode: "ERR_FUNCTION_FAILED", message: "x".repeat(1024 * 1024) };
    for (let index = 0; index < 40; index++) history.add(record(String(index), { failure }));
    expect(history.records.length).toBeLessThan(20);
  });

  it("is the request of an HTTP function, without the key of its query", async () => {
    const made = await recordOf("/api/hello?q=%20a&code=k3y&b", { headers: { "x-tenant": "acme" }, body: "plain" });
    expect(made).toMatchObject({
      trigger: { where: "POST /api/hello?q=%20a&b" },
      request: {
        method: "POST",
        path: "/api/hello?q=%20a&b",
        headers: { "x-tenant": "acme" },
        leftOut: ["?code"],
        body: { text: "plain", isCut: false, isBase64: false },
      },
    });
    expect(made.payload).toBeUndefined();
  });

  it("keeps no credentials, and the names of what it left out", async () => {
    const names = ["authorization", "cookie", "x-api-key", "dapr-api-token", "x-token"];
    const secret = Object.fromEntries(names.map((name) => [name, "s3cret"]));
    const made = await recordOf("/measure", { headers: { ...json, ...secret }, body: "{}" });
    expect(JSON.stringify(made)).not.toContain("s3cret");
    expect([...made.request!.leftOut].sort()).toEqual(["authorization", "cookie", "x-api-key", "x-token"]);
  });

  it.each([
    ["text", `${"x".repeat(16 * 1024 - 1)}é and more`, false],
    ["bytes", Buffer.alloc(20_000, 0xff), true],
  ])("cuts %s that is large, and then it cannot be sent again", async (_, body, isBase64) => {
    const made = await recordOf("/measure", { body });
    expect(made.request!.body).toMatchObject({ isCut: true, isBase64 });
    expect(made.request!.body.text.length).toBeLessThan(22_000);
    expect(obstacle(made)).toBe("its payload is too large to be kept whole");
  });

  it.each([
    [10_000, false],
    [100_000, true],
  ])("keeps of a bulk request the entry, with a text of %d characters", async (length, isCut) => {
    const event = { specversion: "1.0", id: "1", source: "s", type: "t", data: "x".repeat(length) };
    const entries = [{ entryId: "a", event, contentType: "application/cloudevents+json" }];
    const made = await recordOf("/many", { headers: json, body: JSON.stringify({ id: "b", entries }) });
    expect(made.request!.body).toMatchObject({ isCut, isBase64: false });
    expect(made.request!.body.text.length).toBeLessThan(17_000);
    expect(obstacle(made)).toBe(isCut ? "its payload is too large to be kept whole" : undefined);
    expect(JSON.parse(made.request!.body.text.replace(/…$/, ""))).toMatchObject({ entries: [{ entryId: "a" }] });
  });

  it("counts attempts of an event by the function that gets it", async () => {
    const attempts: number[] = [];
    const recorder = new Recorder("shop", ({ ms, attempt }) => ms !== undefined && attempts.push(attempt));
    const handler = await createHandler([Functions], { log, observers: [recorder] });
    const body = JSON.stringify({ specversion: "1.0", id: "1", source: "s", type: "t", data: 1 });
    for (const path of ["/t", "/t", "/dead", "/t"]) {
      await handler.fetch(new Request(`http://app${path}`, { method: "POST", headers: json, body }));
    }
    await handler.close();
    expect(attempts).toEqual([1, 2, 1, 3]);
  });
});

describe("requests sent", () => {
  const flushed = async (output: object, messages: readonly object[], failing?: Error): Promise<InvocationRecord> => {
    const records: InvocationRecord[] = [];
    const recorder = new Recorder("shop", (made) => records.push(made));
    const definition = { name: "f", trigger: { type: "daprBindingTrigger" }, entries: [{ name: "out" }] };
    const watch = recorder.start({ id: "1", definition, event: undefined } as unknown as ObservedInvocation);
    const next = () => (failing === undefined ? Promise.resolve() : Promise.reject(failing));
    await watch.flush!(output as OutputBinding, messages, next).catch(() => undefined);
    watch.ended!({});
    return records.at(-1)!;
  };
  const sent = ({ requests }: InvocationRecord) => requests.map(({ what, count, error }) => [what, count, error]);

  const publish = { type: "daprPublish", name: "out", pubSubName: "%Bus%", topic: "x-{id}" };
  it.each([
    [
      "topics",
      publish,
      [7, 7, 8, 7].map((id) => ({ pubSubName: "bus", topic: `x-${id}` })),
      [
        ["publish bus/x-7", 3, undefined],
        ["publish bus/x-8", 1, undefined],
      ],
    ],
    [
      "a store",
      { type: "daprState", name: "out", stateStore: "%Store%" },
      [{ stateStore: "cart" }],
      [["state cart", 1, undefined]],
    ],
    [
      "an entry",
      { type: "daprStateEntry", name: "out", stateStore: "%Store%" },
      [{ index: 0, place: { stateStore: "cart" }, change: { operation: "remove" } }],
      [["state cart", 1, undefined]],
    ],
    [
      "methods",
      { type: "daprInvoke", name: "out", appId: "stock", methodName: "items/{id}" },
      [{ appId: "stock", methodName: "items/1" }],
      [["invoke stock/items/1", 1, undefined]],
    ],
  ])("name the %s that items went to", async (_, output, messages, expected) => {
    expect(sent(await flushed(output, messages))).toEqual(expected);
  });

  it("fail where not all was sent", async () => {
    const messages = [1, 2, 2].map((id) => ({ pubSubName: "bus", topic: `x-${id}` }));
    const failing = Object.assign(new Error("stopped"), { sent: 2, cause: new Error("no such topic") });
    expect(sent(await flushed(publish, messages, failing))).toEqual([
      ["publish bus/x-1", 1, undefined],
      ["publish bus/x-2", 2, "no such topic"],
    ]);
  });

  it("name twenty targets apart", async () => {
    const messages = Array.from({ length: 1_000 }, (_, id) => ({ pubSubName: "bus", topic: `x-${id}` }));
    const all = sent(await flushed(publish, messages));
    expect(all).toHaveLength(21);
    expect(all.at(-1)).toEqual(["others", 980, undefined]);
  });
});

describe("what a method does beside its outputs", () => {
  interface Billing {
    charge(payload: { cents: number }): void;
  }
  let sidecar: Sidecar;
  let records: InvocationRecord[];
  let close: () => Promise<void>;

  class Functions {
    @DaprServiceInvocationTrigger()
    @DaprApp({ name: "billing", appId: "{to}" })
    async pay(_: { to: string }, { billing }: { billing: AppClient<Billing> }): Promise<void> {
      await billing.charge({ cents: 5 });
      await billing.call("receipts/1").catch(() => undefined);
    }
    @DaprServiceInvocationTrigger()
    charge(): void {}
    @DaprServiceInvocationTrigger()
    fail(): void {
      throw new Error("no tea", { cause: new Error("the kettle is off") });
    }
    @DaprServiceInvocationTrigger()
    @DaprSidecar({ name: "dapr" })
    async keep(_: object, { dapr }: { dapr: DaprClient }): Promise<void> {
      await dapr.saveState({ stateStore: "store", entries: [{ key: "a", value: 1 }] });
      await dapr.publish({ pubSubName: "none", topic: "t", payload: { content: "x", contentType: "text/plain" } });
    }
    @DaprServiceInvocationTrigger()
    @DaprState({ name: "count", stateStore: "store", key: "count" })
    @DaprState({ name: "last", stateStore: "store", key: "last" })
    async add(
      _: object,
      { count, last }: { count: StateEntry<number>; last: StateEntry<number> },
      { attempt }: InvocationContext,
    ): Promise<void> {
      if (attempt === 1) {
        const body = '[{"key":"count","value":7}]';
        await fetch(`${sidecar.url}/v1.0/state/store`, {
          method: "POST",
          body,
          headers: { "content-type": "application/json" },
        });
      }
      count.set((count.value ?? 0) + 1);
      last.remove();
    }
  }

  beforeEach(async () => {
    records = [];
    const log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
    sidecar = await startSidecar({ appId: "shop", components: [{ name: "store", type: "state.in-memory" }], log });
    const observers = [new Recorder("shop", (made) => records.push(made))];
    const app = await serve([Functions], { port: 0, daprUrl: sidecar.url, observers, log });
    await sidecar.connect(app);
    close = async () => {
      await app.close();
      await sidecar.close();
    };
  });
  afterEach(() => close());

  async function recordOf(name: string, payload: object): Promise<InvocationRecord> {
    const body = JSON.stringify(payload);
    const headers = { "content-type": "application/json" };
    await fetch(`${sidecar.url}/v1.0/invoke/shop/method/${name}`, { method: "POST", body, headers });
    return records.findLast(({ functionName, ms }) => functionName === name && ms !== undefined)!;
  }
  const sent = ({ requests }: InvocationRecord) =>
    requests.map(({ name, what, count, error }) => [name, what, count, error]);

  it("shows the calls of another app, by its method, and how they ended", async () => {
    const made = await recordOf("pay", { to: "shop" });
    expect(sent(made)).toEqual([
      ["billing", "invoke shop/charge", 1, undefined],
      ["billing", "invoke shop/receipts/1", 1, expect.stringContaining("answered 404")],
    ]);
    expect(lineOf(made, "text", false)).toContain("→ invoke shop/charge ×1, invoke shop/receipts/1 ×1 failed: ");
  });

  it("shows the requests of a client of the sidecar", async () => {
    expect(sent(await recordOf("keep", {}))).toEqual([
      ["dapr", "saveState store", 1, undefined],
      ["dapr", "publish none/t", 1, expect.stringContaining("none")],
    ]);
  });

  it("shows what caused a failure", async () => {
    const made = await recordOf("fail", {});
    expect(made.failure).toMatchObject({ message: "no tea", cause: "the kettle is off" });
    expect(lineOf(made, "text", false)).toContain("✗ ERR_FUNCTION_FAILED: no tea, caused by the kettle is off (spec/");
  });

  it("shows what is written to state entries, and in which attempt", async () => {
    const made = await recordOf("add", {});
    expect(made).toMatchObject({
      attempt: 2,
      reads: [{ name: "count", value: { text: expect.stringMatching(/^\{"value":7,/) as string } }, { name: "last" }],
      items: [
        { name: "count", verb: "set", value: { text: "8" } },
        { name: "last", verb: "remove" },
      ],
    });
    expect(sent(made)).toEqual([
      ["count", "state store", 2, expect.stringContaining("etag")],
      ["count", "state store", 2, undefined],
    ]);
    expect(lineOf(made, "text", false)).toContain(" attempt 2 → state store ×2 failed: ");
  });
});

describe("what is sent again", () => {
  const whole = { isCut: false, isBase64: false };
  const topic = { type: "topic" as const, where: "bus/in/orders" };
  const delivery = (text: string, headers = {}) =>
    record("1", {
      trigger: topic,
      request: { method: "POST", path: "/t", headers, leftOut: [], body: { text, ...whole } },
    });

  it("leaves the members of an event as they were written, but for those that a publication makes", () => {
    const text =
      '{"id" : "a", "specversion":"1.0","data": {"id":1.50,"s":"}\\\"{,"}, "topic":"t" , "n":12345678901234567890}';
    const { path, headers, body } = requestOf(delivery(text));
    expect([path, headers]).toEqual([
      "/v1.0/publish/bus/in/orders",
      { "content-type": "application/cloudevents+json" },
    ]);
    expect(body!.replace(/^\{"id":"[^"]+",/, "{")).toBe(
      '{ "specversion":"1.0","data": {"id":1.50,"s":"}\\\"{,"}, "n":12345678901234567890}',
    );
  });

  it("publishes the entries of a bulk request together", () => {
    const event = { specversion: "1.0", id: "1", source: "s", data: 1 };
    const entries = [
      { entryId: "a", event, contentType: "application/cloudevents+json", metadata: { mymeta: "m" } },
      { entryId: "b", event, contentType: "application/cloudevents+json" },
    ];
    const { path, body } = requestOf(delivery(JSON.stringify({ id: "x", entries })));
    expect(path).toBe("/v1.0/publish/bulk/bus/in/orders");
    expect(JSON.parse(body!)).toMatchObject([
      { event: { source: "s", data: 1 }, contentType: "application/cloudevents+json", metadata: { mymeta: "m" } },
      { event: { source: "s", data: 1 }, contentType: "application/cloudevents+json" },
    ]);
  });

  it.each([
    ["a record without its request", record("1"), "its request was not kept"],
    ["what is not an event", delivery("[1]x"), "what it was given is not an event"],
    [
      "a path that a sidecar would change",
      record("1", {
        request: { method: "GET", path: "/a/../b/", headers: {}, leftOut: [], body: { text: "", ...whole } },
      }),
      "a sidecar would fold its path",
    ],
  ])("is not there for %s", (_, made, reason) => expect(obstacle(made)).toBe(reason));

  it("is a command with the token left to the shell", () => {
    const request = { method: "GET", path: "/a?b=[1]", headers: {}, leftOut: [], body: { text: "", ...whole } };
    expect(toCurl(record("1", { request }), "http://h:1", true)).toBe(
      `curl -X GET -H "dapr-api-token: $DAPR_API_TOKEN" --globoff 'http://h:1/v1.0/invoke/shop/method/a?b=[1]'`,
    );
  });
});

describe("a copy as test", () => {
  const recording: Recording = {
    version: 1,
    functionName: "save",
    className: "Orders",
    methodName: "save",
    trigger: "daprServiceInvocationTrigger",
    invocationId: "1",
    time: "2026-01-01T00:00:00.000Z",
    payload: {},
    inputs: {},
    calls: {},
    outputs: {},
    reply: 1,
  };
  const described = { appId: "shop", name: "save", module: "./src/orders.ts" } as unknown as DescribedFunction;
  const historyWith = (made?: Recording): History => {
    const history = new History();
    history.setFunctions("shop", [described]);
    history.add(record("1", { ms: 1 }));
    if (made !== undefined) history.addRecording("1", made);
    return history;
  };

  it("imports what the build makes of a source in TypeScript", () => {
    const { test } = historyWith(recording).testOf("1") as { test: string };
    expect(test).toContain('import { Orders } from "./orders.js";\n');
    expect(test).toMatch(/^\/\/ Belongs beside src\/orders\.ts, and is compiled as that is\.\n/);
  });

  it.each([
    ["one that is not there", new History(), "it is not kept any more"],
    ["one that was not recorded", historyWith(), /^it was too large/],
    ["one that ran nothing", historyWith({ ...recording, payload: undefined }), "its payload was left out"],
  ])("is not made of %s", (_, history, obstacle) => {
    expect(history.testOf("1")).toEqual({ obstacle: expect.stringMatching(obstacle) });
  });

  it("is within the bounds of all that is kept", () => {
    const history = new History();
    const large = { ...recording, payload: "x".repeat(1024 * 1024) };
    for (let id = 0; id < 20; id++) {
      history.add(record(String(id), { ms: 1 }));
      history.addRecording(String(id), large);
    }
    expect(history.records.length).toBeLessThanOrEqual(16);
  });

  it.each([
    ["a large payload", 1, { body: JSON.stringify("x".repeat(70_000)) }, 0],
    ["a large reply", 1, { body: "70000" }, 0],
    ["more than a hundred at once", 101, { body: "1" }, 100],
  ])("costs no more than its bounds: %s", async (_, times, init, kept) => {
    class Functions {
      @DaprServiceInvocationTrigger()
      echo(payload: unknown): unknown {
        return typeof payload === "number" ? "x".repeat(payload) : 1;
      }
    }
    const ids: string[] = [];
    const log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
    const now = jest.spyOn(performance, "now").mockReturnValue(5_000);
    const handler = await createHandler([Functions], { log, observers: [new Recordings((id) => ids.push(id))] });
    const headers = { "content-type": "application/json" };
    for (let index = 0; index < times; index++) {
      await handler.fetch(new Request("http://app/echo", { method: "POST", headers, ...init }));
    }
    await handler.close();
    now.mockRestore();
    expect(ids).toHaveLength(kept);
  });
});
