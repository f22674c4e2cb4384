import { z } from "zod";
import { SidecarError } from "../../lib/model/errors.js";
import { recordingSidecar, type RecordingSidecar, type StubAnswer } from "../support/recording-sidecar.js";
import { BI, II, invokeWith, type Declare, type WireOptions } from "../support/wire.js";

let sidecar: RecordingSidecar;

beforeEach(async () => {
  sidecar = await recordingSidecar();
});

afterEach(() => sidecar.close());

const json = { "content-type": "application/json" };
const latin = { "content-type": "application/json; charset=iso-8859-1" };

/** What the method gets as `in`, and what was asked. */
async function ask(declared: Declare, answer: StubAnswer = {}, options?: WireOptions) {
  sidecar.answer = () => answer;
  let got: unknown = "not called";
  const outcome = await invokeWith(sidecar, [declared], (_, inputs) => void (got = inputs["in"]), options);
  return { ...outcome, got };
}

const price = { appId: "catalogue", methodName: "prices/{sku}" };

describe("an input that asks another application", () => {
  const payload = { sku: "a b", order: { id: "41", lines: [1, 2] }, tags: ["x"], total: 3 };

  it("asks with GET, and gives the method the value", async () => {
    const { requests, got } = await ask(II(price), { headers: json, body: '{"cents":5}' }, { payload });
    expect(requests).toEqual(["GET /v1.0/invoke/catalogue/method/prices/a%20b"]);
    expect(got).toEqual({ cents: 5 });
  });

  it("fills the expressions of every text", async () => {
    const options = {
      appId: "{sku}",
      methodName: "quotes/{total}?of={sku}",
      httpVerb: "{order.id}",
      headers: { "x-sku": "{sku}", "X-Fixed": "yes" },
    };
    const put = {
      ...options,
      httpVerb: "put",
      body: { all: "{order}", tags: "{tags}", n: ["{total}", "no {total}"], on: true },
    };
    const { error } = await ask(II(options), {}, { payload });
    expect(error?.message).toContain("httpVerb: must be one of GET");
    const { requests } = await ask(II(put), {}, { payload });
    expect(requests).toEqual([
      'PUT /v1.0/invoke/a%20b/method/quotes/3?of=a%20b {"all":{"id":"41","lines":[1,2]},"tags":["x"],"n":[3,"no 3"],"on":true}',
    ]);
    expect(sidecar.requests.at(-1)!.headers).toMatchObject({ "x-sku": "a b", "x-fixed": "yes" });
  });

  it("sends text of another content type as it is", async () => {
    const options = { ...price, httpVerb: "POST", body: "<a>{total}</a>", headers: { "Content-Type": "text/xml" } };
    const { requests } = await ask(II(options), {}, { payload });
    expect(requests).toEqual(["POST /v1.0/invoke/catalogue/method/prices/a%20b [text/xml] <a>3</a>"]);
  });

  it.each<[string, StubAnswer, unknown]>([
    ["204", { status: 204 }, undefined],
    ["404", { status: 404, headers: json, body: '{"errorCode":"NO"}' }, undefined],
    ["an empty body", { status: 200, body: "" }, undefined],
    ["no bytes", { headers: { "content-type": "application/octet-stream" }, body: "" }, new Uint8Array()],
    ["204 of bytes", { status: 204, headers: { "content-type": "application/octet-stream" } }, undefined],
    ["JSON null", { headers: json, body: "null" }, null],
    ["+json", { headers: { "content-type": "application/hal+json; charset=utf-8" }, body: "[1]" }, [1]],
    ["text", { headers: { "content-type": "text/plain" }, body: "41" }, "41"],
    [
      "text in its charset",
      { headers: { "content-type": "text/csv; charset=latin1" }, body: Uint8Array.of(0xe9) },
      "é",
    ],
    ["JSON in its charset", { headers: latin, body: Uint8Array.of(0x22, 0xe9, 0x22) }, "é"],
    ["JSON behind a byte order mark", { headers: json, body: "\ufeff[1]" }, [1]],
    ["JSON by an older name", { headers: { "content-type": "text/json" }, body: "[1]" }, [1]],
    [
      "text that is not UTF-8",
      { headers: { "content-type": "text/plain" }, body: Uint8Array.of(0xe9) },
      Uint8Array.of(0xe9),
    ],
    ["bytes", { headers: { "content-type": "application/octet-stream" }, body: Uint8Array.of(1) }, Uint8Array.of(1)],
    ["no content type, JSON", { body: "41" }, 41],
    ["no content type, text", { body: "a: b" }, "a: b"],
    ["no content type, bytes", { body: Uint8Array.of(0xff) }, Uint8Array.of(0xff)],
  ])("gives what is answered: %s", async (_, answer, value) => {
    const { got, error } = await ask(II(price), answer, { payload });
    expect(error).toBeUndefined();
    expect(got).toEqual(value);
  });

  it.each<[string, StubAnswer, string]>([
    ["204", { status: 204 }, "ERR_NO_CONTENT"],
    ["404", { status: 404, headers: json, body: '{"errorCode":"ERR_NO_PRICE","message":"none"}' }, "ERR_NO_PRICE"],
  ])("fails for %s where the answer is required", async (_, answer, code) => {
    const { error, got } = await ask(II({ ...price, required: true }), answer, { payload });
    expect(error).toMatchObject({ name: "SidecarError", code, status: 404 });
    expect(got).toBe("not called");
  });

  it("keeps the callee's error whole", async () => {
    const body = '{"errorCode":"ERR_SOLD_OUT","message":"none left","sku":"a"}';
    const { error } = await ask(II(price), { status: 409, headers: { ...json, "x-shelf": "7" }, body }, { payload });
    expect(error).toBeInstanceOf(SidecarError);
    expect(error).toMatchObject({ status: 409, code: "ERR_SOLD_OUT" });
    expect((error as SidecarError).headers).toMatchObject({ "x-shelf": "7" });
    expect((error as SidecarError).value).toEqual(JSON.parse(body));
    expect(error!.message).toContain("409");
  });

  it.each<[string, string | Uint8Array]>([
    ["none", "{"],
    ["not UTF-8, which was read with U+FFFD in it", Uint8Array.of(0x22, 0xe9, 0x22)],
  ])("fails for JSON that is %s", async (_, body) => {
    const { error } = await ask(II(price), { headers: json, body }, { payload });
    expect(error).toMatchObject({ name: "SidecarError", code: "ERR_UNKNOWN" });
    expect(error!.message).toContain("is not JSON");
  });

  it("gives status, headers, value and bytes with record", async () => {
    const { got } = await ask(
      II({ ...price, record: true }),
      { status: 201, headers: { ...json, etag: "7" }, body: "[1]" },
      { payload },
    );
    expect(got).toMatchObject({ status: 201, headers: { etag: "7" }, value: [1] });
    expect(Buffer.from((got as { bytes: Uint8Array }).bytes).toString()).toBe("[1]");
    const missing = await ask(II({ ...price, record: true }), { status: 404, body: "no" }, { payload });
    expect(missing.got).toMatchObject({ status: 404, value: undefined });
  });

  it("checks the value against its valueType, in a record too", async () => {
    const valueType = z.object({ at: z.string().transform((text) => new Date(text)) });
    const body = '{"at":"2026-01-01T00:00:00.000Z"}';
    const at = new Date("2026-01-01T00:00:00.000Z");
    expect((await ask(II({ ...price, valueType }), { headers: json, body }, { payload })).got).toEqual({ at });
    const { got } = await ask(II({ ...price, valueType, record: true }), { headers: json, body }, { payload });
    expect(got).toMatchObject({ value: { at } });
    const { error } = await ask(II({ ...price, valueType }), { headers: json, body: '{"at":1}' }, { payload });
    expect(error).toMatchObject({ code: "ERR_VALUE_INVALID" });
    expect(error!.message).toContain("the answer is not valid");
  });

  it.each([
    ["a header that Dapr obeys", { headers: { "dapr-api-token": "other" } }, "headers"],
    ["a verb that Dapr does not deliver", { httpVerb: "LINK" }, "httpVerb"],
  ])("is refused at start for %s", async (_, options, member) => {
    const { error, requests } = await ask(II({ ...price, ...options }), {}, { payload });
    expect(error).toMatchObject({ code: "option-invalid" });
    expect(error!.message).toContain(`input "in", ${member}: `);
    expect(requests).toEqual([]);
  });

  it.each(["?x=1", "a/b", "..", "a%2Fb", ""])("refuses data that would ask for another method: %j", async (sku) => {
    const { error, requests } = await ask(II(price), {}, { payload: { sku } });
    expect(error).toMatchObject({ name: "PayloadError", code: "ERR_BINDING_DATA" });
    expect(requests).toEqual([]);
  });

  it.each([
    ["httpVerb", { methodName: "prices", httpVerb: "{sku}" }],
    ["headers", { headers: { "x-sku": "{sku}" } }],
    ["contentType", { methodName: "prices", httpVerb: "POST", body: "a", headers: { "content-type": "{sku}" } }],
  ])("takes data that cannot be sent for the caller's fault: %s", async (member, options) => {
    const { error, requests } = await ask(II({ ...price, ...options }), {}, { payload: { sku: "a\r\nb: c" } });
    expect(error).toMatchObject({ name: "PayloadError", code: "ERR_BINDING_DATA" });
    expect(error!.message).toContain(`, ${member}: `);
    expect(requests).toEqual([]);
  });

  it("fills the content type, too", async () => {
    const options = {
      ...price,
      methodName: "prices",
      httpVerb: "POST",
      body: "a",
      headers: { "content-type": "{sku}" },
    };
    const { requests } = await ask(II(options), {}, { payload: { sku: "text/csv" } });
    expect(requests).toEqual(["POST /v1.0/invoke/catalogue/method/prices [text/csv] a"]);
  });

  it("lacks data: the caller's fault", async () => {
    const { error } = await ask(II({ ...price, body: { a: ["{missing.x}"] } }), {}, { payload });
    expect(error).toMatchObject({ name: "PayloadError", code: "ERR_BINDING_DATA" });
    expect(error!.message).toContain('input "in", body.a[0]: ');
  });

  it("carries the trace of the invocation", async () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    await ask(II(price), {}, { payload, traceHeaders: { traceparent } });
    expect(sidecar.requests[0]!.headers["traceparent"]).toBe(traceparent);
  });
});

describe("an input that asks a component", () => {
  const file = { bindingName: "files", operation: "get", metadata: { fileName: "{name}.txt" } };
  const payload = { name: "a" };

  it("posts operation, data and metadata", async () => {
    const options = { ...file, data: { limit: 2, of: "{name}" } };
    const { requests, got } = await ask(BI(options), { body: '{"n":1}', headers: json }, { payload });
    expect(requests).toEqual([
      'POST /v1.0/bindings/files {"data":{"limit":2,"of":"a"},"operation":"get","metadata":{"fileName":"a.txt"}}',
    ]);
    expect(got).toEqual({ n: 1 });
  });

  it.each<[string, StubAnswer, unknown]>([
    ["nothing", { status: 204 }, undefined],
    ["JSON", { headers: json, body: "[1]" }, [1]],
    ["text, whatever type daprd gives it", { headers: json, body: "plain" }, "plain"],
    ["bytes", { headers: json, body: Uint8Array.of(0xff, 0) }, Uint8Array.of(0xff, 0)],
  ])("gives what is answered: %s", async (_, answer, value) => {
    expect((await ask(BI(file), answer, { payload })).got).toEqual(value);
  });

  it("gives data and metadata with record", async () => {
    const { got } = await ask(
      BI({ ...file, record: true }),
      { headers: { "metadata.statusCode": "200" }, body: "1" },
      { payload },
    );
    expect(got).toEqual({ data: 1, metadata: { statuscode: "200" } });
  });

  it("fails where an answer is required", async () => {
    const { error } = await ask(BI({ ...file, required: true }), {}, { payload });
    expect(error).toMatchObject({ name: "SidecarError", code: "ERR_NO_CONTENT" });
    expect(error!.message).toContain("POST /v1.0/bindings/files: the component answered nothing to get");
  });

  it("checks the value against its valueType, in a record too", async () => {
    const options = { ...file, valueType: z.array(z.number()) };
    expect((await ask(BI(options), { body: "[1]" }, { payload })).got).toEqual([1]);
    expect((await ask(BI({ ...options, record: true }), { body: "[1]" }, { payload })).got).toMatchObject({
      data: [1],
    });
    expect((await ask(BI(options), { body: "{}" }, { payload })).error).toMatchObject({ code: "ERR_VALUE_INVALID" });
  });
});
