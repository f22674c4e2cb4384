import { HttpDaprClient } from "../../lib/client/http/http-dapr-client.js";
import { HttpTrigger } from "../../lib/decorators/http.js";
import { DaprTopicTrigger } from "../../lib/decorators/pubsub.js";
import { SidecarError } from "../../lib/model/errors.js";
import { serve } from "../../lib/serve/serve.js";
import { recordingSidecar, type RecordingSidecar } from "../support/recording-sidecar.js";
import {
  BO,
  classWith,
  IO,
  invokeWith,
  line,
  PO,
  SE,
  SI,
  SO,
  type Act,
  type Declare,
  type Out,
  type Outcome,
  type WireOptions,
} from "../support/wire.js";

let sidecar: RecordingSidecar;

beforeEach(async () => {
  sidecar = await recordingSidecar();
});

afterEach(() => sidecar.close());

const wire = (declared: Declare | Declare[], act: Act, options?: WireOptions): Promise<Outcome> =>
  invokeWith(sidecar, [declared].flat(), act, options);

/** What the sidecar is asked when the method does this with its output, and succeeds. */
async function requests(declared: Declare | Declare[], act: (out: Out) => unknown, options?: WireOptions) {
  const outcome = await wire(declared, (bindings) => act(bindings["out"]!), options);
  if (outcome.error !== undefined) throw outcome.error;
  return outcome.requests;
}

/** The message with which the method's use of its output is refused; nothing is sent. */
async function refusal(declared: Declare, act: (out: Out) => unknown): Promise<string> {
  const outcome = await wire(declared, (bindings) => act(bindings["out"]!));
  expect(outcome.requests).toEqual([]);
  expect(outcome.error).toMatchObject({ name: "InvocationError", code: "ERR_DAPR_BAD_REQUEST" });
  return outcome.error!.message;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** What a caller of a served function gets. */
async function answerTo(declared: Declare[], act: Act, path = "/Ship", trigger?: unknown, init?: RequestInit) {
  process.env["DAPR_DISABLE_SIDECAR_METADATA_CHECK"] = "true";
  const log = { log() {}, info() {}, warn() {}, error() {}, debug() {} };
  const app = await serve([classWith(declared, act, trigger)], { port: 0, daprUrl: sidecar.url, log });
  try {
    const response = await fetch(`${app.url}${path}`, { method: "POST", ...init });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>) };
  } finally {
    await app.close();
  }
}

const ledger = BO({ bindingName: "ledger", operation: "append" });
const charge = IO({ appId: "billing", methodName: "charge" });
const orders = PO({ pubSubName: "bus", topic: "orders" });
const cart = SO({ stateStore: "cart" });
const u1 = SO({ stateStore: "cart", key: "u1" });
const userCart = SI({ stateStore: "cart", key: "{userId}" });

describe("docs/wire-format.md, Output bindings", () => {
  it("sends a value with the operation", async () => {
    expect(await requests(ledger, (out) => out.add({ sku: "A-7", qty: 3 }))).toEqual([
      'POST /v1.0/bindings/ledger {"data":{"sku":"A-7","qty":3},"operation":"append"}',
    ]);
  });

  it("sends every JSON value, one request each, in order", async () => {
    const values = ["two words", 0, false, "", [7, 8]];
    expect(await requests(ledger, (out) => values.forEach((value) => out.add(value)))).toEqual(
      values.map((value) => `POST /v1.0/bindings/ledger {"data":${JSON.stringify(value)},"operation":"append"}`),
    );
  });

  it("makes an item of each element of a request body", async () => {
    expect(await requests(ledger, (out) => out.addRequestBody([{ data: 7 }, { data: 8 }]))).toEqual([
      'POST /v1.0/bindings/ledger {"data":7,"operation":"append"}',
      'POST /v1.0/bindings/ledger {"data":8,"operation":"append"}',
    ]);
  });

  it("sends no data when there is none", async () => {
    const list = BO({ bindingName: "ledger", operation: "list" });
    expect(await requests(list, (out) => out.add())).toEqual(['POST /v1.0/bindings/ledger {"operation":"list"}']);
    expect(await requests(list, (out) => out.add(null))).toEqual(['POST /v1.0/bindings/ledger {"operation":"list"}']);
  });

  it("sends bytes as base64", async () => {
    expect(await requests(ledger, (out) => out.add(bytes(1, 2, 255)))).toEqual([
      'POST /v1.0/bindings/ledger {"data":"AQL/","operation":"append"}',
    ]);
  });

  it("makes metadata text and leaves out null", async () => {
    const metadata = { fileName: "n.txt", days: 9, keep: true, note: null };
    expect(await requests(ledger, (out) => out.add("x", { metadata }))).toEqual([
      'POST /v1.0/bindings/ledger {"data":"x","operation":"append","metadata":{"fileName":"n.txt","days":"9","keep":"true"}}',
    ]);
  });

  it("writes data, operation, metadata in this order", async () => {
    const body = { metadata: { Path: "/in" }, data: { rows: [1, { z: null }] } };
    expect(await requests(ledger, (out) => out.addRequestBody(body))).toEqual([
      'POST /v1.0/bindings/ledger {"data":{"rows":[1,{"z":null}]},"operation":"append","metadata":{"Path":"/in"}}',
    ]);
  });

  it("reads properties whatever their case", async () => {
    const body = { dAta: { k: [] }, oPeration: "exec", bindingNAME: "depot" };
    expect(await requests(BO(), (out) => out.addRequestBody(body))).toEqual([
      'POST /v1.0/bindings/depot {"data":{"k":[]},"operation":"exec"}',
    ]);
  });

  it("takes null for absent", async () => {
    expect(
      await requests(ledger, (out) => out.addRequestBody({ data: 1, operation: null, bindingName: null })),
    ).toEqual(['POST /v1.0/bindings/ledger {"data":1,"operation":"append"}']);
  });

  it("takes the last of several spellings", async () => {
    expect(
      await requests(ledger, (out) => out.addRequestBody('{"data":1,"operation":"read","Operation":"purge"}')),
    ).toEqual(['POST /v1.0/bindings/ledger {"data":1,"operation":"purge"}']);
  });

  it("sends numbers of JSON bytes as written", async () => {
    expect(await requests(ledger, (out) => out.addRequestBody(Buffer.from('{"data":{"n":2.50}}')))).toEqual([
      'POST /v1.0/bindings/ledger {"data":{"n":2.50},"operation":"append"}',
    ]);
  });

  it("parses a JSON string once more", async () => {
    expect(await requests(ledger, (out) => out.addRequestBody('"{\\"data\\":\\"inner\\"}"'))).toEqual([
      'POST /v1.0/bindings/ledger {"data":"inner","operation":"append"}',
    ]);
  });

  it("drops an unknown property with a warning", async () => {
    const { requests: sent, warnings } = await wire(ledger, ({ out }) => {
      out!.addRequestBody({ data: 1, colour: "red" });
    });
    expect(sent).toEqual(['POST /v1.0/bindings/ledger {"data":1,"operation":"append"}']);
    expect(warnings).toEqual([expect.stringContaining("colour")]);
  });

  it("escapes the component's name", async () => {
    const mail = BO({ bindingName: "mail box/2", operation: "append" });
    expect(await requests(mail, (out) => out.add(1))).toEqual([
      'POST /v1.0/bindings/mail%20box%2F2 {"data":1,"operation":"append"}',
    ]);
  });

  it("refuses what lacks data, operation or name, and what is not a request body", async () => {
    expect(await refusal(ledger, (out) => out.addRequestBody({ operation: "append" }))).toContain(
      "A 'data' parameter is required",
    );
    expect(await refusal(ledger, (out) => out.addRequestBody({ data: null }))).toContain(
      "A 'data' parameter is required",
    );
    expect(await refusal(ledger, (out) => out.add(1, { operation: "" }))).toContain(
      "A non-null operation must be specified",
    );
    expect(await refusal(BO({ operation: "append" }), (out) => out.addRequestBody({ data: 1 }))).toBe(
      'Shipping.run, output "out", bindingName: A non-null binding name must be specified; give it in the decorator or with the item',
    );
    await refusal(ledger, (out) => out.addRequestBody("no json"));
    await refusal(ledger, (out) => out.addRequestBody([[{ data: 1 }]]));
  });

  it("stops at the first failure and says what was sent", async () => {
    let count = 0;
    sidecar.answer = () => (++count === 2 ? { status: 500 } : undefined);
    const { error, requests: sent } = await wire(ledger, ({ out }) => [1, 2, 3].forEach((value) => out!.add(value)));
    expect(sent).toHaveLength(2);
    expect(error).toMatchObject({ name: "InvocationError", sent: [{ output: "out", items: 1 }] });
    count = 0;
    expect(await answerTo([ledger], ({ out }) => [1, 2, 3].forEach((value) => out!.add(value)))).toMatchObject({
      status: 500,
    });
  });
});

describe("docs/wire-format.md, Invocations", () => {
  it("posts JSON to the method", async () => {
    expect(await requests(charge, (out) => out.add({ amount: 12.5 }))).toEqual([
      'POST /v1.0/invoke/billing/method/charge {"amount":12.5}',
    ]);
  });

  it("sends the verb in upper case and a body with any verb", async () => {
    const put = IO({ appId: "billing", methodName: "charge", httpVerb: "put" });
    expect(await requests(put, (out) => out.add([]))).toEqual(["PUT /v1.0/invoke/billing/method/charge []"]);
    const get = IO({ appId: "billing", methodName: "charge", httpVerb: "GET" });
    expect(await requests(get, (out) => out.addRequestBody({ body: { since: "2031-05" } }))).toEqual([
      'GET /v1.0/invoke/billing/method/charge {"since":"2031-05"}',
    ]);
  });

  it.each([
    ["add()", (out: Out) => out.add()],
    ["an empty request body", (out: Out) => out.addRequestBody({})],
    ["a null body", (out: Out) => out.addRequestBody({ body: null })],
  ])("sends no body and no content type for %s", async (_, act) => {
    expect(await requests(charge, act)).toEqual(["POST /v1.0/invoke/billing/method/charge"]);
  });

  it("sends text and bytes by content type", async () => {
    const sent = await requests(charge, (out) => {
      out.add("later");
      out.add("a,b", { contentType: "text/csv" });
      out.add(bytes(0xca, 0xfe));
    });
    expect(sent).toEqual([
      'POST /v1.0/invoke/billing/method/charge "later"',
      "POST /v1.0/invoke/billing/method/charge [text/csv] a,b",
      "POST /v1.0/invoke/billing/method/charge [application/octet-stream] <cafe>",
    ]);
  });

  it("takes app, method, query and verb from a request body", async () => {
    const body = { appId: "tax", methodName: "rates/eu?y=2031&q=a b", httpVerb: "Get" };
    expect(await requests(charge, (out) => out.addRequestBody(body))).toEqual([
      "GET /v1.0/invoke/tax/method/rates/eu?y=2031&q=a%20b",
    ]);
  });

  it("escapes each segment of the method", async () => {
    const path = IO({ appId: "billing", methodName: "/über mich/naïve" });
    expect(await requests(path, (out) => out.add(1))).toEqual([
      "POST /v1.0/invoke/billing/method/%C3%BCber%20mich/na%C3%AFve 1",
    ]);
  });

  it("fills expressions from the route", async () => {
    const call = IO({ appId: "{app}", methodName: "{op}" });
    const trigger = HttpTrigger({ route: "call/{app}/{op}", methods: ["POST"] });
    await answerTo([call], ({ out }) => out!.add({}), "/api/call/crm/sync", trigger);
    expect(sidecar.requests.map(line)).toEqual(["POST /v1.0/invoke/crm/method/sync {}"]);
  });

  it("takes a URL for an app id", async () => {
    const url = IO({ appId: "http://10.0.0.5:8080", methodName: "x" });
    expect(await requests(url, (out) => out.add(1))).toEqual([
      "POST /v1.0/invoke/http%3A%2F%2F10.0.0.5%3A8080/method/x 1",
    ]);
  });

  it("sends items to the app of each, in order", async () => {
    const items = [
      { appId: "a1", body: 1 },
      { appId: "b2", body: 2 },
    ];
    expect(await requests(IO({ methodName: "m" }), (out) => out.addRequestBody(items))).toEqual([
      "POST /v1.0/invoke/a1/method/m 1",
      "POST /v1.0/invoke/b2/method/m 2",
    ]);
  });

  it("refuses paths that Dapr folds or fails on, and unknown verbs at start", async () => {
    for (const methodName of ["../admin", "a//b", "50%", "a#b"]) {
      expect(await refusal(charge, (out) => out.add(1, { methodName }))).toContain('output "out", methodName: ');
      // A lone "%" of an option is an unclosed setting already.
      if (!methodName.includes("%")) await refusal(IO({ appId: "a", methodName }), (out) => out.add(1));
    }
    const { error } = await wire(IO({ appId: "a", methodName: "m", httpVerb: "PURGE" }), () => undefined);
    expect(error).toMatchObject({ name: "DefinitionError", code: "option-invalid" });
    expect(await refusal(charge, (out) => out.add(1, { httpVerb: "PURGE" }))).toContain("httpVerb");
  });

  it("fails with the callee's error code, once", async () => {
    sidecar.answer = () => ({ status: 409, body: '{"errorCode":"BUSY","message":"later"}' });
    const { error, requests: sent } = await wire(charge, ({ out }) => out!.add(1));
    expect(sent).toHaveLength(1);
    expect(error).toMatchObject({ code: "BUSY", cause: { status: 409 } });
    expect(await answerTo([charge], ({ out }) => out!.add(1))).toMatchObject({
      status: 500,
      body: { errorCode: "BUSY" },
    });
  });
});

describe("docs/wire-format.md, Publishing", () => {
  const relay = (id = "e-77"): WireOptions => ({
    name: "Relay",
    trigger: DaprTopicTrigger({ pubSubName: "bus", topic: "orders" }),
    payload: { id, source: "shop", data: 1 },
    event: { source: "shop", id },
  });
  const copies = PO({ name: "copies", pubSubName: "bus", topic: "orders" });
  const ids = [
    "POST /v1.0/publish/bus/orders?metadata.cloudevent.id=ffb10aea45b8264b728772ddc1b4caf2 1",
    "POST /v1.0/publish/bus/orders?metadata.cloudevent.id=8198d10a3b7188f63f10cdbf4179fe99 2",
  ];

  it("publishes JSON", async () => {
    expect(await requests(orders, (out) => out.add({ id: 9 }))).toEqual(['POST /v1.0/publish/bus/orders {"id":9}']);
  });

  it("publishes text, null, lists, bytes and other content types", async () => {
    const sent = await requests(orders, (out) => {
      out.add("hey");
      out.add(null);
      out.add([1]);
      out.add(bytes(0, 255));
      out.add("<o/>", { contentType: "application/xml" });
    });
    expect(sent).toEqual([
      'POST /v1.0/publish/bus/orders "hey"',
      "POST /v1.0/publish/bus/orders null",
      "POST /v1.0/publish/bus/orders [1]",
      "POST /v1.0/publish/bus/orders [application/octet-stream] <00ff>",
      "POST /v1.0/publish/bus/orders [application/xml] <o/>",
    ]);
  });

  it("publishes an own CloudEvent that has an id", async () => {
    const event = { specversion: "1.0", id: "x1", source: "s", type: "t", data: 4 };
    const contentType = "application/cloudevents+json";
    expect(await requests(orders, (out) => out.add(event, { contentType }))).toEqual([
      `POST /v1.0/publish/bus/orders [${contentType}] ${JSON.stringify(event)}`,
    ]);
    for (const bad of [{ ...event, id: undefined }, { ...event, id: "" }, [event], "x1", null]) {
      await refusal(orders, (out) => out.add(bad, { contentType }));
    }
  });

  it("sends metadata in the query", async () => {
    const metadata = { ttlInSeconds: 30, "cloudevent.type": "o v2" };
    expect(await requests(orders, (out) => out.add(1, { metadata }))).toEqual([
      "POST /v1.0/publish/bus/orders?metadata.ttlInSeconds=30&metadata.cloudevent.type=o%20v2 1",
    ]);
  });

  it("escapes the topic", async () => {
    expect(await requests(PO({ pubSubName: "bus", topic: "eu/fr#1 ?" }), (out) => out.add(1))).toEqual([
      "POST /v1.0/publish/bus/eu%2Ffr%231%20%3F 1",
    ]);
  });

  it("takes pubsub and topic from a request body", async () => {
    expect(
      await requests(PO(), (out) => out.addRequestBody({ payload: [1, 2], pubsubname: "alt", TOPIC: "t9" })),
    ).toEqual(["POST /v1.0/publish/alt/t9 [1,2]"]);
  });

  it("takes objects and JSON text side by side", async () => {
    expect(
      await requests(orders, (out) => out.addRequestBody([{ payload: "x" }, '{"payload":"y","topic":"late"}'])),
    ).toEqual(['POST /v1.0/publish/bus/orders "x"', 'POST /v1.0/publish/bus/late "y"']);
  });

  it("keeps integers of twenty digits", async () => {
    expect(await requests(orders, (out) => out.addRequestBody('{"payload":{"n":90071992547409931234}}'))).toEqual([
      'POST /v1.0/publish/bus/orders {"n":90071992547409931234}',
    ]);
  });

  it("derives the ids of published events from the triggering event", async () => {
    const { requests: sent } = await wire(
      copies,
      (bindings) => [1, 2].forEach((n) => bindings["copies"]!.add(n)),
      relay(),
    );
    expect(sent).toEqual(ids);
  });

  it("leaves an id of the item's own alone", async () => {
    const { requests: sent } = await wire(
      copies,
      (bindings) => bindings["copies"]!.add(1, { metadata: { "CloudEvent.Id": "mine" } }),
      relay(),
    );
    expect(sent).toEqual(["POST /v1.0/publish/bus/orders?metadata.CloudEvent.Id=mine 1"]);
  });

  it("publishes under the same ids when the event is delivered again", async () => {
    let attempt = 0;
    sidecar.answer = () => (attempt++ === 0 ? { status: 500 } : undefined);
    const act: Act = (bindings) => [1, 2].forEach((n) => bindings["copies"]!.add(n));
    const first = await wire(copies, act, relay());
    expect(first.error).toBeDefined();
    expect(first.requests).toEqual(ids.slice(0, 1));
    expect((await wire(copies, act, relay())).requests).toEqual(ids);
  });

  const bulk = PO({ pubSubName: "bus", topic: "orders", bulk: true });

  it("publishes several items in one request", async () => {
    const sent = await requests(bulk, (out) => {
      out.add({ n: 1 });
      out.add("t", { contentType: "text/plain" });
      out.add(bytes(1, 2, 255));
    });
    expect(sent).toEqual([
      'POST /v1.0/publish/bulk/bus/orders [{"entryId":"0","event":{"n":1},"contentType":"application/json"},' +
        '{"entryId":"1","event":"t","contentType":"text/plain"},' +
        '{"entryId":"2","event":"AQL/","contentType":"application/octet-stream"}]',
    ]);
  });

  it("publishes a single item alone", async () => {
    expect(await requests(bulk, (out) => out.add(1))).toEqual(["POST /v1.0/publish/bus/orders 1"]);
  });

  it("publishes singly where there is no bulk publish, and remembers", async () => {
    const client = new HttpDaprClient({ url: sidecar.url });
    sidecar.answer = ({ path }) =>
      path.startsWith("/v1.0/publish/bulk/")
        ? { status: 404, body: '{"errorCode":"ERR_DIRECT_INVOKE","message":"no such path"}' }
        : undefined;
    const act = (out: Out): void => [1, 2].forEach((n) => out.add(n));
    const singly = ["POST /v1.0/publish/bus/orders 1", "POST /v1.0/publish/bus/orders 2"];
    expect((await requests(bulk, act, { client })).map((text) => text.split(" [")[0])).toEqual([
      "POST /v1.0/publish/bulk/bus/orders",
      ...singly,
    ]);
    expect(await requests(bulk, act, { client })).toEqual(singly);
    await client.close();
  });

  it("refuses what lacks payload, pubsub or topic", async () => {
    expect(await refusal(orders, (out) => out.addRequestBody({ topic: "orders" }))).toContain(
      "A 'payload' parameter is required",
    );
    expect(await refusal(orders, (out) => out.add(undefined))).toContain("A 'payload' parameter is required");
    expect(await refusal(PO({ topic: "orders" }), (out) => out.add(1))).toContain("No pub/sub name was found");
    expect(await refusal(PO({ pubSubName: "bus" }), (out) => out.add(1))).toContain("No topic information was found");
  });
});

describe("docs/wire-format.md, Saved state", () => {
  it("saves a list of one entry", async () => {
    expect(await requests(u1, (out) => out.add({ n: 1 }))).toEqual([
      'POST /v1.0/state/cart [{"key":"u1","value":{"n":1}}]',
    ]);
  });

  it("saves null", async () => {
    expect(await requests(u1, (out) => out.add(null))).toEqual(['POST /v1.0/state/cart [{"key":"u1","value":null}]']);
    expect(await requests(u1, (out) => out.addRequestBody({ value: null }))).toEqual([
      'POST /v1.0/state/cart [{"key":"u1","value":null}]',
    ]);
  });

  it("saves all items in one request, in order", async () => {
    expect(
      await requests(cart, (out) => {
        ["a", "b", "c"].forEach((key, index) => out.add(index + 1, { key }));
      }),
    ).toEqual(['POST /v1.0/state/cart [{"key":"a","value":1},{"key":"b","value":2},{"key":"c","value":3}]']);
  });

  it("begins another request where a key repeats", async () => {
    expect(await requests(cart, (out) => ["a", "b", "a"].forEach((key) => out.add(1, { key })))).toEqual([
      'POST /v1.0/state/cart [{"key":"a","value":1},{"key":"b","value":1}]',
      'POST /v1.0/state/cart [{"key":"a","value":1}]',
    ]);
  });

  it("writes etag, metadata and options in this order", async () => {
    const body = {
      value: { v: 1 },
      ETAG: "7",
      metadata: { ttlInSeconds: 60 },
      options: { concurrency: "first-write" },
    };
    expect(await requests(u1, (out) => out.addRequestBody(body))).toEqual([
      'POST /v1.0/state/cart [{"key":"u1","value":{"v":1},"etag":"7","metadata":{"ttlInSeconds":"60"},"options":{"concurrency":"first-write"}}]',
    ]);
  });

  it("sends one request per store, in the order in which they began", async () => {
    expect(
      await requests(cart, (out) => {
        out.add(1, { key: "a" });
        out.add(2, { key: "b", stateStore: "depot" });
        out.add(3, { key: "c" });
      }),
    ).toEqual([
      'POST /v1.0/state/cart [{"key":"a","value":1},{"key":"c","value":3}]',
      'POST /v1.0/state/depot [{"key":"b","value":2}]',
    ]);
  });

  it("never expands what an expression put in", async () => {
    const byUser = SO({ stateStore: "cart", key: "{user.id}" });
    expect(await requests(byUser, (out) => out.add(1), { payload: { user: { id: "{x}/%y%" } } })).toEqual([
      'POST /v1.0/state/cart [{"key":"{x}/%y%","value":1}]',
    ]);
  });

  it("escapes the store", async () => {
    expect(await requests(SO({ stateStore: "my store/eu", key: "k" }), (out) => out.add(1))).toEqual([
      'POST /v1.0/state/my%20store%2Feu [{"key":"k","value":1}]',
    ]);
  });

  it("sends nothing when nothing was added", async () => {
    expect(await requests(u1, () => undefined)).toEqual([]);
  });

  it("refuses what lacks value or key, and keys, etags and options that Dapr refuses", async () => {
    expect(await refusal(u1, (out) => out.addRequestBody({ colour: "red" }))).toContain(
      "A 'value' parameter is required",
    );
    expect(await refusal(u1, (out) => out.add(undefined))).toContain("A 'value' parameter is required");
    expect(await refusal(cart, (out) => out.add(1))).toContain("No key information was found");
    await refusal(cart, (out) => out.add(1, { key: "a||b" }));
    await refusal(cart, (out) => out.add(1, { key: "k", etag: "" }));
    await refusal(u1, (out) => out.add(1, { options: { concurrency: "none" } }));
    expect(await refusal(SO({ key: "k" }), (out) => out.add(1))).toContain("No state store name was found");
  });

  it("fails with the sidecar's error", async () => {
    sidecar.answer = () => ({ status: 409, body: '{"errorCode":"ERR_STATE_SAVE","message":"etag mismatch"}' });
    const { error } = await wire(u1, ({ out }) => out!.add(1));
    expect(error).toMatchObject({ code: "ERR_STATE_SAVE", cause: { status: 409 } });
    expect(error!.cause).toBeInstanceOf(SidecarError);
    expect(await answerTo([u1], ({ out }) => out!.add(1))).toMatchObject({
      status: 500,
      body: { errorCode: "ERR_STATE_SAVE" },
    });
  });
});

describe("docs/wire-format.md, Inputs", () => {
  it("reads the key that the payload names, whatever the case", async () => {
    const { requests: sent } = await wire(userCart, () => undefined, { payload: { USERID: "a/b c" } });
    expect(sent).toEqual(["GET /v1.0/state/cart/a%2Fb%20c"]);
  });

  it("reads a key of two dots", async () => {
    const { requests: sent } = await wire(SI({ stateStore: "cart", key: ".." }), () => undefined);
    expect(sent).toEqual(["GET /v1.0/state/cart/%2E%2E"]);
  });

  it("gives undefined for a missing key", async () => {
    const { returned } = await wire(userCart, (_, inputs) => ["in" in inputs, inputs["in"]], {
      payload: { userId: "u" },
    });
    expect(returned).toEqual([true, undefined]);
  });

  it("fails for a missing key that is required", async () => {
    const act = jest.fn();
    const input = SI({ stateStore: "cart", key: "u1", required: true });
    const { error } = await wire(input, act);
    expect(act).not.toHaveBeenCalled();
    expect(error).toMatchObject({ code: "ERR_NO_CONTENT", status: 404 });
    expect(error!.message).toBe('daprState "in", GET /v1.0/state/cart/u1: no key "u1" in the state store "cart"');
    expect(await answerTo([input], act)).toMatchObject({ status: 500, body: { errorCode: "ERR_NO_CONTENT" } });
  });

  it("asks nothing when an expression finds no data", async () => {
    const { error, requests: sent } = await wire(userCart, () => undefined, { payload: {} });
    expect(sent).toEqual([]);
    expect(error).toMatchObject({ name: "PayloadError", code: "ERR_BINDING_DATA" });
    expect(
      await answerTo([userCart], () => undefined, "/Ship", undefined, {
        body: "{}",
        headers: { "content-type": "application/json" },
      }),
    ).toMatchObject({ status: 400, body: { errorCode: "ERR_BINDING_DATA" } });
  });

  it("gives key, value and etag of a record", async () => {
    sidecar.answer = () => ({ headers: { etag: "q1", "content-type": "application/json" }, body: "5" });
    const record = SI({ stateStore: "cart", key: "u1", record: true });
    expect((await wire(record, (_, inputs) => inputs["in"])).returned).toEqual({ key: "u1", value: 5, etag: "q1" });
    sidecar.answer = () => undefined;
    expect((await wire(record, (_, inputs) => inputs["in"])).returned).toEqual({
      key: "u1",
      value: undefined,
      etag: undefined,
    });
  });

  it("reads a secret", async () => {
    sidecar.answer = () => ({ body: '{"db/pass":"p"}' });
    const { requests: sent, returned } = await wire(
      SE({ secretStoreName: "safe", key: "db/pass" }),
      (_, inputs) => inputs["in"],
    );
    expect(sent).toEqual(["GET /v1.0/secrets/safe/db%2Fpass"]);
    expect(returned).toEqual({ "db/pass": "p" });
  });

  it("sends a secret's metadata as a query or from a map", async () => {
    sidecar.answer = () => ({ body: "{}" });
    const secret = { secretStoreName: "safe", key: "db/pass" };
    const query = await wire(SE({ ...secret, metadata: "?metadata.version_id=9" }), () => undefined);
    expect(query.requests).toEqual(["GET /v1.0/secrets/safe/db%2Fpass?metadata.version_id=9"]);
    const map = await wire(SE({ ...secret, metadata: { namespace: "team a&b" } }), () => undefined);
    expect(map.requests).toEqual(["GET /v1.0/secrets/safe/db%2Fpass?metadata.namespace=team%20a%26b"]);
  });
});

describe("docs/wire-format.md, All requests", () => {
  const all: [string, (options: object) => Declare, string][] = [
    [
      "daprBinding",
      (options) => BO({ bindingName: "ledger", operation: "append", ...options }),
      "/v1.0/bindings/ledger",
    ],
    ["daprInvoke", (options) => IO({ appId: "a", methodName: "m", ...options }), "/v1.0/invoke/a/method/m"],
    ["daprPublish", (options) => PO({ pubSubName: "bus", topic: "t", ...options }), "/v1.0/publish/bus/t"],
    ["daprState", (options) => SO({ stateStore: "cart", key: "k", ...options }), "/v1.0/state/cart"],
  ];

  it.each(all)("%s goes to its daprAddress, path prefix and all", async (_, output, path) => {
    const other = await recordingSidecar();
    const { requests: sent, error } = await wire(output({ daprAddress: `${other.url}/base/` }), ({ out }) =>
      out!.add(1),
    );
    expect(error).toBeUndefined();
    expect(sent).toEqual([]);
    expect(other.requests.map((request) => request.path)).toEqual([`/base${path}`]);
    await other.close();
  });

  it.each(all)("%s sends the api token", async (_, output) => {
    process.env["DAPR_API_TOKEN"] = "t0k";
    try {
      await wire([output({}), SI({ stateStore: "cart", key: "k" })], ({ out }) => out!.add(1));
    } finally {
      delete process.env["DAPR_API_TOKEN"];
    }
    expect(sidecar.requests.map(({ headers }) => headers["dapr-api-token"])).toEqual(["t0k", "t0k"]);
  });

  it("passes trace headers on, but none of zeros", async () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const declared = [SI({ stateStore: "cart", key: "k" }), u1];
    const act: Act = ({ out }) => out!.add(1);
    await answerTo(declared, act, "/Ship", undefined, { headers: { traceparent, tracestate: "a=b", baggage: "u=1" } });
    const traces = sidecar.requests.map(({ headers }) => [headers.traceparent, headers.tracestate, headers["baggage"]]);
    expect(traces).toEqual([
      [traceparent, "a=b", "u=1"],
      [traceparent, "a=b", "u=1"],
    ]);
    const zero = "00-00000000000000000000000000000000-0000000000000000-00";
    await answerTo(declared, act, "/Ship", undefined, { headers: { traceparent: zero, tracestate: "a=b" } });
    const last = sidecar.requests.at(-1)!.headers;
    expect("traceparent" in last || "tracestate" in last).toBe(false);
  });

  it("sends of an item's own baggage what parses", async () => {
    const act: Act = ({ out }) => {
      out!.add(1, { headers: { baggage: "2 bags", "x-a": "1" } } as object);
      out!.add(2, { headers: { baggage: "bags=2" } } as object);
    };
    await wire(charge, act);
    expect(sidecar.requests.map(({ headers }) => [headers["baggage"], headers["x-a"]])).toEqual([
      [undefined, "1"],
      ["bags=2", undefined],
    ]);
  });

  it("sends nothing when the method throws or a later add does", async () => {
    const two = [u1, PO({ name: "copies", pubSubName: "bus", topic: "t" }), IO({ name: "call", appId: "a" })];
    const thrown = await wire(two, (bindings) => {
      bindings["out"]!.add(1);
      bindings["copies"]!.add(1);
      throw new Error("no");
    });
    expect(thrown).toMatchObject({ requests: [], error: { message: "no" } });
    const refused = await wire(two, (bindings) => {
      bindings["out"]!.add(1);
      bindings["copies"]!.add(1);
      bindings["call"]!.add({}, { methodName: "" });
    });
    expect(refused).toMatchObject({ requests: [], error: { code: "ERR_DAPR_BAD_REQUEST" } });
  });

  it("stops at the first output that fails", async () => {
    sidecar.answer = ({ path }) => (path.startsWith("/v1.0/state/") ? { status: 500 } : undefined);
    const outcome = await wire([u1, PO({ name: "copies", pubSubName: "bus", topic: "t" })], (bindings) => {
      bindings["out"]!.add(1);
      bindings["copies"]!.add(1);
    });
    expect(outcome.requests).toEqual(['POST /v1.0/state/cart [{"key":"u1","value":1}]']);
    expect(outcome.error).toMatchObject({ sent: [] });
  });

  it("runs no method when an input cannot be read", async () => {
    sidecar.answer = () => ({ status: 500 });
    const act = jest.fn();
    const outcome = await wire([SI({ stateStore: "cart", key: "k" }), u1], act);
    expect(act).not.toHaveBeenCalled();
    expect(outcome.requests).toEqual(["GET /v1.0/state/cart/k"]);
    expect(outcome.error).toBeInstanceOf(SidecarError);
  });
});
