import { DaprServiceInvocationTrigger } from "../../lib/decorators/invocation.js";
import { DaprTopicTrigger } from "../../lib/decorators/pubsub.js";
import { FunctionName } from "../../lib/decorators/function-name.js";
import type { DaprClient } from "../../lib/client/dapr-client.js";
import type { AppClient } from "../../lib/model/app-client.js";
import { SidecarError } from "../../lib/model/errors.js";
import type { CloudEvent } from "../../lib/model/invocation.js";
import type { HttpDaprClient } from "../../lib/client/http/http-dapr-client.js";
import { inspect } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { z } from "zod";
import { recordingSidecar, type RecordingSidecar, type StubAnswer } from "../support/recording-sidecar.js";
import { AC, invokeWith, SC, type Declare, type WireOptions } from "../support/wire.js";

let sidecar: RecordingSidecar;

beforeEach(async () => {
  sidecar = await recordingSidecar();
});

afterEach(() => sidecar.close());

const json = { "content-type": "application/json" };
const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

const Charge = z.object({ order: z.string(), at: z.string() });

class Billing {
  @DaprServiceInvocationTrigger({ payload: Charge })
  charge(charge: z.infer<typeof Charge>): { number: string } {
    return { number: charge.order };
  }

  @FunctionName("Refund-It")
  @DaprServiceInvocationTrigger({ methods: ["PUT", "POST"] })
  refund(_refund: { number: string }): void {}

  @DaprServiceInvocationTrigger({ methodName: "receipts/%Region%" })
  receipts(): string[] {
    return [];
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "paid" })
  paid(_event: CloudEvent): void {}
}

/** What becomes of a method that gets the client of another application. */
async function call(
  act: (app: AppClient<Billing>) => unknown,
  options: { readonly app?: object; readonly answer?: StubAnswer; readonly wire?: WireOptions } = {},
) {
  sidecar.answer = () => options.answer;
  const declared = AC({ appId: "billing", ...options.app });
  return await invokeWith(sidecar, [declared], (_, { app }) => act(app as AppClient<Billing>), options.wire);
}

describe("an app client", () => {
  it("posts the payload to the method of that name, and gives what it replies", async () => {
    const { requests, returned } = await call((app) => app.charge({ order: "41", at: "now" }), {
      answer: { headers: json, body: '{"number":"r1"}' },
    });
    expect(requests).toEqual(['POST /v1.0/invoke/billing/method/charge {"order":"41","at":"now"}']);
    expect(returned).toEqual({ number: "r1" });
  });

  it("sends nothing where there is no payload, null where that is one", async () => {
    const { requests, returned } = await call(async (app) => {
      await app.receipts();
      return await (app as unknown as { keep(payload: unknown): Promise<unknown> }).keep(null);
    });
    expect(requests).toEqual([
      "POST /v1.0/invoke/billing/method/receipts",
      "POST /v1.0/invoke/billing/method/keep null",
    ]);
    expect(returned).toBeUndefined();
  });

  it("carries the invocation's trace, the caller's headers, and bytes as bytes", async () => {
    const app = { daprAddress: sidecar.url };
    await call((client) => client.call("keep", Uint8Array.of(1, 2), { headers: { "x-a": "1" } }), {
      app,
      wire: { traceHeaders: { traceparent } },
    });
    const [request] = sidecar.requests;
    expect(request!.headers).toMatchObject({ traceparent, "x-a": "1", "content-type": "application/octet-stream" });
    expect([...request!.bytes]).toEqual([1, 2]);
  });

  it.each([{}, { of: Billing }])(
    "sends what it is given, whatever the method does to that afterwards: %j",
    async (app) => {
      const { requests } = await call(
        async (client) => {
          const charge = { order: "41", at: "now" };
          const headers = { "x-order": "41" };
          const first = client.charge(charge, { headers });
          charge.order = headers["x-order"] = "42";
          await Promise.all([first, client.charge(charge, { headers })]);
        },
        { app },
      );
      expect([...requests].sort()).toEqual([
        'POST /v1.0/invoke/billing/method/charge {"order":"41","at":"now"}',
        'POST /v1.0/invoke/billing/method/charge {"order":"42","at":"now"}',
      ]);
      expect(new Set(sidecar.requests.map(({ headers }) => headers["x-order"]))).toEqual(new Set(["41", "42"]));
    },
  );

  it("sends of the caller's own trace context what parses, else the invocation's", async () => {
    const own = "00-11111111111111111111111111111111-2222222222222222-01";
    const traces = async (headers: Record<string, string>): Promise<unknown> => {
      await call((client) => client.call("keep", 1, { headers: { ...headers, "x-a": "1" } }), {
        wire: { traceHeaders: { traceparent, tracestate: "a=b" } },
      });
      const { headers: sent } = sidecar.requests.at(-1)!;
      return [sent["traceparent"], sent["baggage"], sent["x-a"]];
    };
    expect(await traces({ TraceParent: own, baggage: "u=1" })).toEqual([own, "u=1", "1"]);
    expect(await traces({ traceparent: "rubbish", Baggage: "2 bags" })).toEqual([traceparent, undefined, "1"]);
  });

  it("calls anything with any verb, query and content type", async () => {
    const { requests, returned } = await call(
      (app) => app.call("a/b?x=1", "<a/>", { httpVerb: "put", query: { y: "a b" }, contentType: "text/xml" }),
      { answer: { status: 201, headers: { "content-type": "text/plain", etag: "7" }, body: "done" } },
    );
    expect(requests).toEqual(["PUT /v1.0/invoke/billing/method/a/b?x=1&y=a+b [text/xml] <a/>"]);
    expect(returned).toMatchObject({ status: 201, headers: { etag: "7" }, value: "done" });
    expect(Buffer.from((returned as { bytes: Uint8Array }).bytes).toString()).toBe("done");
  });

  it("sends what of a query is defined", async () => {
    const query = { a: undefined, b: null, c: "", d: "1" } as never;
    const given = new URLSearchParams([
      ["e", "2"],
      ["e", "3"],
    ]);
    const { requests } = await call(async (app) => {
      await app.call("m", undefined, { query });
      await app.call("m?x=1", undefined, { query: given });
    });
    expect(requests).toEqual([
      "POST /v1.0/invoke/billing/method/m?c=&d=1",
      "POST /v1.0/invoke/billing/method/m?x=1&e=2&e=3",
    ]);
  });

  it.each<[string, (app: AppClient<Billing>) => unknown, string]>([
    [
      "an option that it has not",
      (app) => app.call("m", 1, { verb: "GET" } as never),
      "call, verb: a call has no such option",
    ],
    [
      "an option of call",
      (app) => app.refund({ number: "1" }, { query: { a: "1" } } as never),
      "refund, query: a call has no",
    ],
    [
      "headers that are no map",
      (app) => app.refund({ number: "1" }, { headers: new Headers({ a: "1" }) as never }),
      "headers: must be a map of text",
    ],
  ])("refuses %s", async (_, act, message) => {
    const { error, requests } = await call(act);
    expect([error?.code, requests]).toEqual(["ERR_DAPR_BAD_REQUEST", []]);
    expect(error?.message).toContain(message);
  });

  it("fills the app's id from the payload", async () => {
    const { requests, error } = await call((app) => app.receipts(), {
      app: { appId: "{shop}" },
      wire: { payload: { shop: "s1" } },
    });
    expect(error).toBeUndefined();
    expect(requests).toEqual(["POST /v1.0/invoke/s1/method/receipts"]);
    const lacking = await call((app) => app.receipts(), { app: { appId: "{shop}" }, wire: { payload: {} } });
    expect(lacking.error).toMatchObject({ name: "PayloadError", code: "ERR_BINDING_DATA" });
  });

  it("fails with what the callee says", async () => {
    const body = '{"errorCode":"ERR_NO_FUNDS","message":"no money","cents":5}';
    const { error } = await call((app) => app.charge({ order: "41", at: "now" }), {
      answer: { status: 402, headers: { ...json, "x-a": "1" }, body },
    });
    expect(error).toBeInstanceOf(SidecarError);
    expect(error).toMatchObject({ status: 402, code: "ERR_NO_FUNDS", headers: { "x-a": "1" } });
    expect((error as SidecarError).value).toEqual(JSON.parse(body));
  });

  it.each<[string, (app: AppClient<Billing>) => unknown, string]>([
    [
      "a header that Dapr obeys",
      (app) => app.charge({ order: "", at: "" }, { headers: { "dapr-api-token": "x" } }),
      "headers",
    ],
    ["a verb that Dapr does not deliver", (app) => app.call("x", 1, { httpVerb: "LINK" }), "httpVerb"],
    ["a name that Dapr folds", (app) => app.call("../x"), "methodName"],
    ["no name", (app) => app.call(undefined as never), "methodName"],
    [
      "a content type that no header can carry",
      (app) => app.call("x", 1, { contentType: "a/b\r\nx: y" }),
      "contentType",
    ],
    ["headers that are no map", (app) => app.call("x", 1, { headers: new Headers({ a: "b" }) as never }), "headers"],
    ["a cycle", (app) => app.call("x", cycle()), "payload"],
  ])("refuses %s", async (_, act, member) => {
    const { error, requests } = await call(act);
    expect(error).toMatchObject({ code: "ERR_DAPR_BAD_REQUEST" });
    expect(error!.message).toMatch(new RegExp(`^Shipping.run, client "app", \\w+, ${member}: `));
    expect(requests).toEqual([]);
  });

  it("ends with the invocation: what comes later is refused, and said", async () => {
    let late: Promise<unknown> | undefined;
    let go: (() => void) | undefined;
    const { errors, requests } = await call((app) => {
      late = new Promise<void>((resolve) => (go = resolve)).then(() => app.receipts());
    });
    go!();
    await expect(late).rejects.toMatchObject({ code: "ERR_COLLECTOR_CLOSED" });
    expect(errors).toEqual([expect.stringContaining("receipts() came after the invocation had ended")]);
    expect(requests).toEqual([]);
  });

  it("stops with its own signal and with the invocation's", async () => {
    const own = new AbortController();
    const invocation = new AbortController();
    const first = call((app) => app.call("slow", 1, { signal: AbortSignal.abort(new Error("own")) }));
    expect((await first).error!.message).toContain("own");
    invocation.abort(new Error("the app stops"));
    const second = await call((app) => app.call("slow", 1, { signal: own.signal }), {
      wire: { signal: invocation.signal },
    });
    expect(second.error!.message).toContain("the app stops");
    sidecar.answer = () => new Promise(() => undefined);
    const third = await invokeWith(sidecar, [AC({ appId: "billing" })], (_, { app }) =>
      (app as AppClient<Billing>).receipts(undefined, { timeout: 30 }),
    );
    expect(third.error).toMatchObject({ name: "SidecarError" });
  });

  it("leaves nothing at a signal that outlives the call", async () => {
    const long = new AbortController();
    const refs: WeakRef<AbortSignal>[] = [];
    const client = {
      invokeMethod: async ({ signal }: { signal: AbortSignal }) => {
        // As what sends requests does.
        signal.addEventListener("abort", () => undefined);
        refs.push(new WeakRef(signal));
        return await Promise.resolve({ status: 204, headers: {}, body: new Uint8Array() });
      },
      close: () => Promise.resolve(),
    };
    const act: Parameters<typeof invokeWith>[2] = async (_, { app }) => {
      await (app as AppClient<Billing>).receipts(undefined, { signal: long.signal });
    };
    const options = { client: client as unknown as HttpDaprClient, signal: new AbortController().signal };
    for (let i = 0; i < 3; i++) await invokeWith(sidecar, [AC({ appId: "billing" })], act, options);
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const isLeft = (): boolean => refs.some((ref) => ref.deref() !== undefined);
    for (let turn = 0; turn < 50 && isLeft(); turn++) {
      await new Promise(setImmediate);
      collect();
    }
    expect({ calls: refs.length, isLeft: isLeft() }).toEqual({ calls: 3, isLeft: false });
  });

  it("is not a promise, and has no members but methods", async () => {
    const { returned } = await call(async (app) => {
      const same = (await Promise.resolve(app)) as unknown as Record<string | symbol, unknown>;
      return [same["then"], same["toJSON"], same[Symbol.iterator], JSON.stringify(same)];
    });
    expect(returned).toEqual([undefined, undefined, undefined, "{}"]);
  });

  it("calls nothing when it is written into text or looked at", async () => {
    const { returned, requests } = await call((app) => [
      `${app as unknown as string}`,
      typeof inspect(app),
      Object.hasOwn(app, "charge"),
    ]);
    expect(returned).toEqual(["[object Object]", "string", false]);
    expect(requests).toEqual([]);
  });
});

describe("an app client whose class is given", () => {
  const app = { of: Billing };

  it("goes by the names and verbs of the class", async () => {
    const { requests } = await call((client) => client.refund({ number: "r1" }), { app });
    expect(requests).toEqual(['PUT /v1.0/invoke/billing/method/Refund-It {"number":"r1"}']);
  });

  it("checks what is sent", async () => {
    const { error, requests } = await call((client) => client.charge({ order: 5 } as never), { app });
    expect(error).toMatchObject({ code: "ERR_DAPR_BAD_REQUEST" });
    expect(error!.message).toContain('Shipping.run, client "app", charge, payload: it is not valid as');
    expect(error!.message).toContain("order");
    expect(requests).toEqual([]);
    const sent = await call((client) => client.charge({ order: "41", at: new Date(0) as never }), { app });
    expect(sent.requests).toEqual([
      'POST /v1.0/invoke/billing/method/charge {"order":"41","at":"1970-01-01T00:00:00.000Z"}',
    ]);
  });

  it("has no methods but those that service invocation may call", async () => {
    const { returned } = await call(
      (client) => [typeof (client as never)["paid"], typeof (client as never)["other"], typeof client.charge],
      { app },
    );
    expect(returned).toEqual(["undefined", "undefined", "function"]);
  });

  it("does not guess a name that only the callee knows", async () => {
    const { error, requests } = await call((client) => client.receipts(), { app });
    expect(error!.message).toContain('"receipts/%Region%" is a setting of the other application; use call()');
    expect(requests).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ["has no functions", class Empty {}, "Empty has no method with @DaprServiceInvocationTrigger"],
    ["is not one", "Billing", "give the class of the other application's functions"],
  ])("is refused at start when the class %s", async (_, of, text) => {
    const { error } = await call((client) => client.receipts(), { app: { of } });
    expect(error).toMatchObject({ code: "option-invalid" });
    expect(error!.message).toContain(text);
  });
});

describe("the sidecar's client", () => {
  const run = (declared: Declare, act: (dapr: DaprClient) => unknown, wire?: WireOptions) =>
    invokeWith(sidecar, [declared], (_, { dapr }) => act(dapr as DaprClient), wire);

  it("carries the trace of the invocation with every request", async () => {
    const { requests } = await run(
      SC(),
      async (dapr) => {
        await dapr.saveState({ stateStore: "s", entries: [{ key: "k", value: 1 }] });
        await dapr.deleteState({ stateStore: "s", key: "k" });
        await dapr.publish({ pubSubName: "bus", topic: "t", payload: { contentType: "text/plain", content: "x" } });
        await dapr.invokeBinding({ bindingName: "b", operation: "list" });
      },
      { traceHeaders: { traceparent } },
    );
    expect(requests).toEqual([
      'POST /v1.0/state/s [{"key":"k","value":1}]',
      "DELETE /v1.0/state/s/k",
      "POST /v1.0/publish/bus/t [text/plain] x",
      'POST /v1.0/bindings/b {"operation":"list"}',
    ]);
    expect(sidecar.requests.map(({ headers }) => headers["traceparent"])).toEqual(requests.map(() => traceparent));
  });

  it("says in errors which binding failed", async () => {
    sidecar.answer = () => ({ status: 500, headers: json, body: '{"errorCode":"ERR_STATE_GET","message":"down"}' });
    const { error } = await run(SC(), (dapr) => dapr.getState({ stateStore: "s", key: "k" }));
    expect(error).toMatchObject({ code: "ERR_STATE_GET" });
    expect(error!.message).toContain('daprSidecar "dapr"');
  });

  it("leaves the connections open, and ends with the invocation", async () => {
    let kept: DaprClient | undefined;
    await run(SC(), async (dapr) => {
      kept = dapr;
      await dapr.close();
      await dapr.deleteState({ stateStore: "s", key: "k" });
    });
    expect(sidecar.lines).toEqual(["DELETE /v1.0/state/s/k"]);
    await expect(kept!.deleteState({ stateStore: "s", key: "k" })).rejects.toMatchObject({
      code: "ERR_COLLECTOR_CLOSED",
    });
  });
});

function cycle(): object {
  const value: { self?: object } = {};
  value.self = value;
  return value;
}
