import { Readable } from "node:stream";
import { DaprTopicTrigger } from "../../lib/decorators/pubsub.js";
import { Output } from "../../lib/decorators/generic.js";
import { recordingSidecar, type RecordingSidecar } from "../support/recording-sidecar.js";
import {
  AC,
  BO,
  II,
  IO,
  invokeWith,
  PO,
  SE,
  SI,
  SO,
  type Act,
  type Declare,
  type WireOptions,
} from "../support/wire.js";

let sidecar: RecordingSidecar;

beforeEach(async () => {
  sidecar = await recordingSidecar();
});

afterEach(() => sidecar.close());

const run = (declared: Declare, act: Act, options?: WireOptions) => invokeWith(sidecar, [declared], act, options);
const cart = SO({ stateStore: "cart" });
const orders = { pubSubName: "bus", topic: "orders" };

/** The error with which an `add` is refused; nothing is sent. */
async function refusal(declared: Declare, act: Act, payload?: unknown) {
  const { error, requests } = await run(declared, act, { payload });
  expect(requests).toEqual([]);
  return error;
}

describe("values", () => {
  it("are serialised when they are added", async () => {
    const { requests } = await run(SO({ stateStore: "cart", key: "k" }), ({ out }) => {
      const value = { n: 1 };
      out!.add(value);
      value.n = 2;
    });
    expect(requests).toEqual(['POST /v1.0/state/cart [{"key":"k","value":{"n":1}}]']);
  });

  it("of bytes are copied", async () => {
    const { requests } = await run(PO(orders), ({ out }) => {
      const bytes = Uint8Array.of(1, 2);
      out!.add(bytes);
      bytes.fill(0);
      out!.add(Uint8Array.of(9, 3, 9).subarray(1, 2).buffer);
    });
    expect(requests).toEqual([
      "POST /v1.0/publish/bus/orders [application/octet-stream] \x01\x02",
      "POST /v1.0/publish/bus/orders [application/octet-stream] \t\x03\t",
    ]);
  });

  it.each([
    [
      "a cycle",
      () => {
        const value: Record<string, unknown> = {};
        return (value["self"] = value);
      },
      "circular",
    ],
    ["a BigInt", () => ({ n: 1n }), "BigInt"],
    ["a function", () => () => 1, "a function cannot be written as JSON"],
    ["a promise", () => Promise.resolve(1), "cannot be written as JSON: a promise; await it"],
    ["a list of promises", () => [Promise.resolve(1)], "cannot be written as JSON: [0] is a promise; await it"],
    ["NaN", () => NaN, "cannot be written as JSON: NaN, which JSON does not know; give a finite number or null"],
    ["an invalid Date", () => new Date(NaN), "cannot be written as JSON: an invalid Date"],
    ["bytes inside", () => ({ a: [{ photo: Buffer.from("x") }] }), "a[0].photo is a Buffer, which JSON does not know"],
    ["a Map inside", () => ({ m: new Map([[1, 2]]) }), "m is a Map, which JSON does not know"],
    ["a Map", () => new Map([[1, 2]]), "cannot be written as JSON: a Map, which JSON does not know"],
    ["a Set", () => new Set([1]), "cannot be written as JSON: a Set"],
    ["an Error", () => new Error("no"), "cannot be written as JSON: an Error; throw it, or give what it says"],
    ["an Error with members", () => Object.assign(new Error("no"), { code: 1 }), "an Error; throw it"],
    ["a RegExp", () => /a/, "a RegExp; give its text"],
    ["a stream of Node", () => Readable.from(["a"]), "a stream of Node; read it first"],
    ["a web stream", () => new Blob(["a"]).stream(), "a ReadableStream, which JSON does not know"],
    ["a Blob", () => new Blob(["a"]), "a Blob, which JSON does not know"],
    ["numbers of 16 bits", () => new Uint16Array([1]), "a Uint16Array, which JSON does not know"],
    ["a DataView", () => new DataView(new ArrayBuffer(1)), "a DataView, which JSON does not know"],
    ["headers", () => new Headers({ a: "1" }), "a Headers, which JSON does not know"],
    ["a generator", () => (function* () {})(), "a Generator, which JSON does not know"],
    [
      "a toJSON that throws",
      () => ({
        toJSON() {
          throw new Error("no JSON");
        },
      }),
      "no JSON",
    ],
  ])("refuse %s at the add, naming function, output and property", async (_, make, reason) => {
    const error = await refusal(SO({ stateStore: "cart", key: "k" }), ({ out }) => out!.add(make()));
    expect(error).toMatchObject({ name: "InvocationError", code: "ERR_DAPR_BAD_REQUEST" });
    expect(error!.message).toContain('Shipping.run, output "out", value: ');
    expect(error!.message).toContain(reason);
    expect(error!.message).not.toContain("\n");
  });

  it("of a call are not sent under a charset that they are not in", async () => {
    const call = IO({ appId: "billing", methodName: "charge", httpVerb: "post" });
    const latin = "text/plain; charset=iso-8859-1";
    for (const [value, contentType] of [
      ["Zoë", latin],
      [{ name: "Zoë" }, "application/json; charset=iso-8859-1"],
      ["a", "text/plain; charset=utf-16"],
    ] as const) {
      const error = await refusal(call, ({ out }) => out!.add(value, { contentType }));
      expect(error).toMatchObject({ code: "ERR_DAPR_BAD_REQUEST" });
      expect(error!.message).toMatch(
        /output "out", body: text is sent in UTF-8, not in (iso-8859-1|utf-16); leave the charset out, or give bytes$/,
      );
    }
    const { requests } = await run(call, ({ out }) => {
      out!.add("Zoe", { contentType: latin });
      out!.add("Zoë", { contentType: "text/plain; charset=UTF-8" });
      out!.add("Zoë", { contentType: "text/plain; charset=unheard-of" });
    });
    expect(requests).toHaveLength(3);
  });

  it("of another content type are text or bytes", async () => {
    const contentType = "text/plain; charset=utf-8";
    const { requests } = await run(PO(orders), ({ out }) => {
      out!.add("a\tb", { contentType });
      out!.addRequestBody(`{"payload":"é","contentType":"text/plain"}`);
      out!.add({ a: 1 }, { contentType: "application/vnd.order+json" });
      out!.add({ a: 1 }, { contentType: "application/json; charset=utf-8" });
    });
    expect(requests).toEqual([
      `POST /v1.0/publish/bus/orders [${contentType}] a\tb`,
      "POST /v1.0/publish/bus/orders [text/plain] é",
      'POST /v1.0/publish/bus/orders [application/vnd.order+json] {"a":1}',
      'POST /v1.0/publish/bus/orders [application/json; charset=utf-8] {"a":1}',
    ]);
    const error = await refusal(PO(orders), ({ out }) => out!.add({ a: 1 }, { contentType }));
    expect(error!.message).toContain("an object cannot be sent as text/plain; charset=utf-8");
  });
});

describe("options", () => {
  it("are not filled where the item gives another value", async () => {
    const { requests } = await run(SO({ stateStore: "cart", key: "{id}" }), ({ out }) => out!.add(1, { key: "{k}" }), {
      payload: {},
    });
    expect(requests).toEqual(['POST /v1.0/state/cart [{"key":"{k}","value":1}]']);
  });

  it("that lack data fail the add as the payload's fault", async () => {
    const error = await refusal(SO({ stateStore: "cart", key: "{id}" }), ({ out }) => out!.add(1), { weight: 1 });
    expect(error).toMatchObject({ name: "PayloadError", code: "ERR_BINDING_DATA" });
    expect(error!.message).toBe(
      'Shipping.run, output "out", key: "{id}" has no value in this invocation; it has weight, payload, sys',
    );
  });

  it("that come out empty are refused as if they were missing, as the payload's fault", async () => {
    const error = await refusal(SO({ stateStore: "cart", key: "{id}" }), ({ out }) => out!.add(1), { id: "" });
    expect(error).toMatchObject({ code: "ERR_BINDING_DATA" });
    expect(error!.message).toContain("No key information was found");
    const input = await refusal(SI({ stateStore: "cart", key: "{id}" }), () => undefined, { id: "" });
    expect(input!.message).toBe('Shipping.run, input "in", key: No key information was found');
  });

  it("that hold half of a surrogate pair are refused, wherever it is", async () => {
    for (const value of ["\ud800", { a: ["\udc00"] }, { "\ud800": 1 }]) {
      const error = await refusal(cart, ({ out }) => out!.add(value, { key: "k" }));
      expect(error!.message).toContain("value: holds half of a surrogate pair");
    }
    const { requests } = await run(cart, ({ out }) => out!.add("\ud83d\ude00 \\ud800", { key: "k" }));
    expect(requests).toEqual(['POST /v1.0/state/cart [{"key":"k","value":"\ud83d\ude00 \\\\ud800"}]']);
  });

  it("of text that is not well-formed are refused", async () => {
    const error = await refusal(cart, ({ out }) => out!.add(1, { key: "\ud800" }));
    expect(error!.message).toContain("key: must be well-formed text");
  });

  it("never let a value change the path of an invocation", async () => {
    const call = (methodName: string, id: string) =>
      run(IO({ appId: "{app}", methodName }), ({ out }) => out!.add(), { payload: { id, app: "a?c" } });
    expect((await call("orders/{id}", "4 1")).requests).toEqual(["POST /v1.0/invoke/a%3Fc/method/orders/4%201"]);
    expect((await call("{id}", "orders/41")).requests).toEqual(["POST /v1.0/invoke/a%3Fc/method/orders/41"]);
    expect((await call("orders?id={id}&x=1", "4&x=2#?é")).requests).toEqual([
      "POST /v1.0/invoke/a%3Fc/method/orders?id=4%26x%3D2%23%3F%C3%A9&x=1",
    ]);
    for (const [methodName, id] of [
      ["orders/{id}", "41/cancel"],
      ["orders/{id}", "41?force=1"],
      ["{id}", "orders?force=1"],
      ["{id}", "../admin"],
      ["orders/{id}", ".."],
      ["orders/{id}", "%2e%2e"],
      ["orders/{id}", "#"],
    ] as const) {
      expect(await call(methodName, id)).toMatchObject({ requests: [], error: { code: "ERR_BINDING_DATA" } });
    }
  });

  // Of an app id that is a URL Dapr calls that address: https://docs.dapr.io/developing-applications/building-blocks/service-invocation/howto-invoke-non-dapr-endpoints/
  it.each(["http://10.0.0.5", "https://10.0.0.5:80/x", "a/b"])(
    "never let a value name another host: %s",
    async (app) => {
      const payload = { app };
      const refused = { requests: [], error: { code: "ERR_BINDING_DATA" } };
      expect(await run(IO({ appId: "{app}", methodName: "m" }), ({ out }) => out!.add(), { payload })).toMatchObject(
        refused,
      );
      expect(
        await run(IO({ appId: "http://{app}", methodName: "m" }), ({ out }) => out!.add(), { payload }),
      ).toMatchObject(refused);
      expect(await run(II({ appId: "{app}", methodName: "m" }), () => undefined, { payload })).toMatchObject(refused);
      expect(await run(AC({ appId: "{app}" }), () => undefined, { payload })).toMatchObject(refused);
    },
  );

  it("never let a value add a parameter to a secret's query", async () => {
    sidecar.answer = () => ({ body: "{}" });
    const payload = { v: "1&metadata.namespace=x" };
    const text = SE({ secretStoreName: "safe", key: "k", metadata: "metadata.version_id={v}&metadata.a=b c" });
    expect((await run(text, () => undefined, { payload })).requests).toEqual([
      "GET /v1.0/secrets/safe/k?metadata.version_id=1%26metadata.namespace%3Dx&metadata.a=b%20c",
    ]);
    const map = SE({ secretStoreName: "safe", key: "k", metadata: { "version id": "{v}" } });
    expect((await run(map, () => undefined, { payload })).requests).toEqual([
      "GET /v1.0/secrets/safe/k?metadata.version%20id=1%26metadata.namespace%3Dx",
    ]);
  });

  it.each(["10.1.1.9", "ftp://10.1.1.9", "http://user:pw@h", "/base"])(
    "stop the start with the daprAddress %j",
    async (daprAddress) => {
      const { error } = await run(SO({ stateStore: "cart", daprAddress }), () => undefined);
      expect(error).toMatchObject({ name: "DefinitionError", code: "option-invalid" });
      expect(error!.message).toContain("daprAddress");
    },
  );

  it("of generic bindings need the Functions host", async () => {
    const { error } = await run(Output({ type: "queue", name: "out" }) as unknown as Declare, () => undefined);
    expect(error).toMatchObject({ name: "DefinitionError", code: "host-only" });
    expect(error!.message).toContain('Shipping.run, output "out": queue needs the Functions host');
  });
});

describe("state", () => {
  it("keeps a removal in its place", async () => {
    const { requests } = await run(cart, ({ out }) => {
      out!.add(1, { key: "a" });
      out!.add(2, { key: "b", stateStore: "depot" });
      out!.remove({ key: "a" });
      out!.add(3, { key: "a" });
      out!.add(4, { key: "c", stateStore: "depot" });
      out!.remove({ key: "x/y", stateStore: "depot" });
    });
    expect(requests).toEqual([
      'POST /v1.0/state/cart [{"key":"a","value":1}]',
      'POST /v1.0/state/depot [{"key":"b","value":2},{"key":"c","value":4}]',
      "DELETE /v1.0/state/cart/a",
      'POST /v1.0/state/cart [{"key":"a","value":3}]',
      "DELETE /v1.0/state/depot/x%2Fy",
    ]);
  });

  it("keeps a removal's place among the saves of other keys", async () => {
    const { requests } = await run(SO({ stateStore: "s" }), ({ out }) => {
      out!.add(1, { key: "x" });
      out!.remove({ key: "y" });
      out!.add(2, { key: "y" });
      out!.add(3, { key: "z" });
    });
    expect(requests).toEqual([
      'POST /v1.0/state/s [{"key":"x","value":1}]',
      "DELETE /v1.0/state/s/y",
      'POST /v1.0/state/s [{"key":"y","value":2},{"key":"z","value":3}]',
    ]);
  });

  it("sends a removal's etag", async () => {
    await run(SO({ stateStore: "cart", key: "k" }), ({ out }) => out!.remove({ etag: "7" }));
    expect(sidecar.requests[0]!.headers["if-match"]).toBe("7");
  });

  it("refuses a removal without a key", async () => {
    expect((await refusal(cart, ({ out }) => out!.remove()))!.message).toContain("No key information was found");
  });

  it("counts what was saved before a failure, and says that the rest may be", async () => {
    sidecar.answer = ({ path }) =>
      path.endsWith("/depot") ? { status: 409, body: '{"errorCode":"ERR_STATE_SAVE","message":"etag"}' } : undefined;
    const { error } = await run(cart, ({ out }) => {
      out!.add(1, { key: "a" });
      out!.add(2, { key: "b", stateStore: "depot" });
      out!.add(3, { key: "c" });
      out!.add(4, { key: "d", stateStore: "depot" });
    });
    expect(error).toMatchObject({ code: "ERR_STATE_SAVE", sent: [{ output: "out", items: 2 }] });
    expect(error!.message).toContain("item 2 of 4 failed");
    expect(error!.message).toContain("other entries of the request may be stored");
  });

  it("says nothing of other entries where there are none", async () => {
    sidecar.answer = () => ({ status: 500 });
    const { error } = await run(cart, ({ out }) => out!.add(1, { key: "a" }));
    expect(error!.message).not.toContain("other entries");
  });

  it("sends the items of a transaction in one request", async () => {
    const transaction = SO({ stateStore: "cart", transaction: true });
    const { requests } = await run(transaction, ({ out }) => {
      out!.add(1, { key: "a", etag: "7", metadata: { ttlInSeconds: 5 }, options: { consistency: "strong" } });
      out!.remove({ key: "b", etag: "8" });
      out!.add(2, { key: "a" });
    });
    expect(requests).toEqual([
      'POST /v1.0/state/cart/transaction {"operations":[' +
        '{"operation":"upsert","request":{"key":"a","value":1,"etag":"7","metadata":{"ttlInSeconds":"5"},"options":{"consistency":"strong"}}},' +
        '{"operation":"delete","request":{"key":"b","etag":"8"}},' +
        '{"operation":"upsert","request":{"key":"a","value":2}}]}',
    ]);
  });

  it("refuses several stores in one transaction, at the add", async () => {
    const error = await refusal(SO({ stateStore: "cart", transaction: true }), ({ out }) => {
      out!.add(1, { key: "a" });
      out!.add(2, { key: "b", stateStore: "depot" });
    });
    expect(error).toMatchObject({ code: "ERR_DAPR_BAD_REQUEST" });
    expect(error!.message).toContain('a transaction has one store; this one began with "cart"');
  });

  it("sends nothing of a transaction that failed", async () => {
    sidecar.answer = () => ({ status: 500, body: '{"errorCode":"ERR_STATE_TRANSACTION","message":"etag"}' });
    const { error } = await run(SO({ stateStore: "cart", transaction: true }), ({ out }) => {
      out!.add(1, { key: "a" });
      out!.add(2, { key: "b" });
    });
    expect(error).toMatchObject({ code: "ERR_STATE_TRANSACTION", sent: [] });
  });

  it("gives a key that is required where it is there, and fails where it is not", async () => {
    sidecar.answer = () => ({ body: "5" });
    const required = SI({ stateStore: "cart", key: "k", required: true });
    expect(await run(required, (_, inputs) => inputs["in"])).toMatchObject({ error: undefined, returned: 5 });
    sidecar.answer = () => ({ status: 204 });
    expect((await run(required, () => undefined)).error).toMatchObject({ code: "ERR_NO_CONTENT" });
  });

  it("does not read a key that Dapr refuses", async () => {
    const error = await refusal(SI({ stateStore: "cart", key: "{id}" }), () => undefined, { id: "a||b" });
    expect(error!.message).toContain('key: must not hold "||"');
  });

  it("saves bytes as base64", async () => {
    const { requests } = await run(cart, ({ out }) => out!.add(Uint8Array.of(1, 2, 255), { key: "k" }));
    expect(requests).toEqual(['POST /v1.0/state/cart [{"key":"k","value":"AQL/"}]']);
  });
});

describe("publish", () => {
  const bulk = PO({ ...orders, bulk: true });

  it("groups consecutive items for one topic", async () => {
    const { requests } = await run(bulk, ({ out }) => {
      [1, 2].forEach((n) => out!.add(n));
      out!.add(3, { topic: "late" });
      [4, 5].forEach((n) => out!.add(n));
    });
    expect(requests.map((text) => /^POST (\S+)/.exec(text)![1])).toEqual([
      "/v1.0/publish/bulk/bus/orders",
      "/v1.0/publish/bus/late",
      "/v1.0/publish/bulk/bus/orders",
    ]);
  });

  it.each([
    ["an own event", { id: "1" }, { contentType: "application/cloudevents+json" }],
    ["a raw payload", 1, { metadata: { rawPayload: true } }],
    ["a content type that bulk does not carry", "<o/>", { contentType: "application/xml" }],
  ])("sends %s alone", async (_, value, overrides) => {
    const { requests } = await run(bulk, ({ out }) => {
      [1, 2].forEach((n) => out!.add(n));
      out!.add(value, overrides);
      [3, 4].forEach((n) => out!.add(n));
    });
    expect(requests.map((text) => /^POST ([^\s?]+)/.exec(text)![1])).toEqual([
      "/v1.0/publish/bulk/bus/orders",
      "/v1.0/publish/bus/orders",
      "/v1.0/publish/bulk/bus/orders",
    ]);
  });

  it.each<[string, object, string | undefined]>([
    [
      "nothing of what Dapr takes",
      { metadata: { "cloudevent.id": "1", "CloudEvent.Subject": "s", ttlInSeconds: 5 } },
      undefined,
    ],
    [
      "each name that Dapr does not know",
      { metadata: { "cloudevent.time": "t", "cloudevent.tenant": "acme" } },
      '"cloudevent.time", "cloudevent.tenant"',
    ],
    [
      "what is no member of the envelope",
      { metadata: { "cloudevent.datacontenttype": "x/y" } },
      '"cloudevent.datacontenttype"',
    ],
    ["all where the message is raw", { metadata: { "cloudevent.id": "1", rawPayload: true } }, '"cloudevent.id"'],
    [
      "all where the event is an own one",
      { contentType: "application/cloudevents+json", metadata: { "cloudevent.type": "t" } },
      '"cloudevent.type"',
    ],
  ])("says once of metadata that is ignored: %s", async (_, overrides, named) => {
    const { warnings } = await run(PO(orders), ({ out }) => {
      for (let n = 0; n < 2; n++) out!.add({ id: "1" }, overrides);
    });
    const said = warnings.map((text) => /metadata (.*) is ignored: Dapr/.exec(text)?.[1]);
    expect(said).toEqual(named === undefined ? [] : [named]);
  });

  it("counts the entries of a partial failure that were published, and names the others", async () => {
    sidecar.answer = ({ path }) =>
      path.includes("/bulk/")
        ? {
            status: 500,
            body: '{"failedEntries":[{"entryId":"2","error":"full"},{"entryId":"0","error":"full"}],"errorCode":"ERR_PUBSUB_PUBLISH_MESSAGE"}',
          }
        : undefined;
    const { error } = await run(bulk, ({ out }) => {
      out!.add(0, { topic: "first" });
      [1, 2, 3].forEach((n) => out!.add(n));
      out!.add(4, { topic: "last" });
    });
    expect(error).toMatchObject({
      code: "ERR_PUBSUB_PUBLISH_MESSAGE",
      sent: [{ output: "out", items: 2 }],
      cause: { accepted: 1 },
    });
    expect(error!.message).toContain("item 2 of 5 failed");
    expect(error!.message).toContain("(failed: items 2, 4)");
    expect(sidecar.requests).toHaveLength(2);
  });

  it("counts what went singly where there is no bulk publish", async () => {
    sidecar.answer = ({ path, body }) => {
      if (path.includes("/bulk/")) return { status: 404, body: '{"errorCode":"ERR_DIRECT_INVOKE","message":"m"}' };
      return body === "3" ? { status: 500 } : undefined;
    };
    const { error } = await run(bulk, ({ out }) => [1, 2, 3, 4].forEach((n) => out!.add(n)));
    expect(error).toMatchObject({ sent: [{ output: "out", items: 2 }] });
    expect(error!.message).toContain("item 3 of 4 failed");
  });

  const event: WireOptions = {
    name: "Relay",
    trigger: DaprTopicTrigger(orders),
    payload: { id: "e-77", source: "shop" },
    event: { source: "shop", id: "e-77" },
  };

  it("derives ids in bulk, too, after the item's own metadata", async () => {
    const { requests } = await run(
      bulk,
      ({ out }) => {
        out!.add(1, { metadata: { ttlInSeconds: 1 } });
        out!.add(2);
      },
      event,
    );
    expect(requests[0]).toMatch(
      /"metadata":\{"ttlInSeconds":"1","cloudevent.id":"[\da-f]{32}"\}\},.*"metadata":\{"cloudevent.id":"[\da-f]{32}"\}\}\]$/,
    );
  });

  it.each([
    ["an own event", { id: "1" }, { contentType: "application/cloudevents+json; charset=utf-8" }],
    ["a raw payload", 1, { metadata: { rawPayload: "true" } }],
  ])("derives no id for %s", async (_, value, overrides) => {
    const { requests } = await run(PO(orders), ({ out }) => out!.add(value, overrides), event);
    expect(requests[0]).not.toContain("cloudevent.id");
  });

  it("counts positions over all items of the output", async () => {
    const { requests } = await run(
      PO(orders),
      ({ out }) => {
        out!.add(1, { metadata: { "cloudevent.id": "mine" } });
        out!.addRequestBody([{ payload: 2 }]);
      },
      event,
    );
    const { requests: plain } = await run(PO(orders), ({ out }) => [1, 2].forEach((n) => out!.add(n)), event);
    expect(requests[1]).toBe(plain[1]);
  });

  it("derives no id without an event", async () => {
    const { requests } = await run(PO(orders), ({ out }) => out!.add(1));
    expect(requests).toEqual(["POST /v1.0/publish/bus/orders 1"]);
  });
});

describe("requests of one invocation", () => {
  it("end when it is cancelled", async () => {
    const controller = new AbortController();
    sidecar.answer = () => {
      controller.abort(new Error("stopped"));
      return new Promise(() => undefined);
    };
    const { error } = await run(BO({ bindingName: "b", operation: "o" }), ({ out }) => out!.add(1), {
      signal: controller.signal,
    });
    expect(error!.message).toContain("stopped");
  });
});
