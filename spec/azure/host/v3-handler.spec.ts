import { v3Handler, type V3HandlerOptions } from "../../../lib/azure/index.js";
import { httpRequest, invocationContext } from "../../../lib/testing/fixtures.js";

/** What a handler of the v3 model gets for a body. */
async function bodyOf(type: string, body: Uint8Array): Promise<unknown> {
  let seen: unknown;
  const handler = (_context: unknown, req: { body: unknown }): Promise<void> => {
    seen = req.body;
    return Promise.resolve();
  };
  const run = v3Handler(() => Promise.resolve({ default: handler }), { trigger: "req", reply: "res" });
  await run(httpRequest({ headers: { "content-type": type }, body }), {}, invocationContext());
  return seen;
}

const eAcute = Uint8Array.of(0x22, 0xe9, 0x22);

it.each([
  ["application/octet-stream", Buffer.from(eAcute)],
  ["image/png", Buffer.from(eAcute)],
  ["text/plain; charset=iso-8859-1", "é"],
  ["application/json; charset=iso-8859-1", "é"],
  ["application/xml; charset=iso-8859-1", "é"],
])("a body of %s is bytes, or text in its charset, parsed where it is JSON", async (type, expected) => {
  expect(await bodyOf(type, eAcute)).toEqual(expected);
});

it.each(["text/plain", "application/json"])("a body of %s that is not text is the caller's fault", async (type) => {
  await expect(bodyOf(type, eAcute)).rejects.toMatchObject({ code: "ERR_MALFORMED_REQUEST" });
});

it.each([
  ["application/x-www-form-urlencoded", '{"id":1}', { id: 1 }],
  ["text/plain", "42", 42],
  ["text/plain", "forty-two", "forty-two"],
  ["application/json", '{"id":', '{"id":'],
  ["application/octet-stream", '{"id":1}', Buffer.from('{"id":1}')],
  ["application/json", "", undefined],
])("parses what a caller sent as %s, as the worker does: %s", async (type, text, expected) => {
  expect(await bodyOf(type, Buffer.from(text))).toEqual(expected);
});

type V3 = Readonly<Record<string, unknown>> & { bindings: Record<string, unknown>; res: unknown };

/** What a handler answers and gives to an output `order`. */
async function ran(
  options: V3HandlerOptions,
  handler: (context: V3, input: never) => unknown,
  payload: unknown = httpRequest({}),
): Promise<{ readonly reply: unknown; readonly order: readonly unknown[] }> {
  const order: unknown[] = [];
  const collector = { addRequestBody: (value: unknown) => order.push(value) };
  const run = v3Handler(() => Promise.resolve({ default: handler }), options);
  return { reply: await run(payload, { order: collector }, invocationContext()), order };
}

it.each([
  [{ status: null, body: "x" }, { body: "x" }],
  [
    { status: 200, statusCode: 404, body: "x" },
    { status: 404, body: "x" },
  ],
  [
    { headers: { "x-count": 3, "x-none": null, "x-unknown": undefined }, body: "x" },
    { headers: { "x-count": 3 }, body: "x" },
  ],
  [
    { cookies: [{ name: "a", value: "b", maxAge: "60", domain: null }], body: "x" },
    { cookies: [{ name: "a", value: "b", maxAge: 60 }], body: "x" },
  ],
])("answers %j as the worker does", async (res, expected) => {
  const { reply } = await ran({ trigger: "req", reply: "res" }, (context) => Promise.resolve((context.res = res)));
  expect(reply).toEqual(expected);
});

it("reads no output out of what is returned to $return", async () => {
  const options = { trigger: "req", reply: "$return" };
  const result = await ran(options, (context) => {
    context.bindings["order"] = { value: 1 };
    return Promise.resolve({ status: 201, body: "x", order: { value: 2 } });
  });
  expect(result).toEqual({ reply: { status: 201, body: "x" }, order: [{ value: 1 }] });
});

it("hands bytes of an event over as Dapr delivers them, in data_base64", async () => {
  const event = { id: "1", source: "s", type: "t", specversion: "1.0", data: Buffer.from("hi") };
  const { order } = await ran(
    { trigger: "event" },
    (context, given) => {
      context.bindings["order"] = given;
      return Promise.resolve();
    },
    event,
  );
  expect(order).toEqual([{ id: "1", source: "s", type: "t", specversion: "1.0", data_base64: "aGk=" }]);
});

it.each([
  [{ "x-ms-client-principal": "", "x-ms-client-principal-id": "1" }, null],
  [
    { "x-ms-client-principal": btoa('{"a":1}'), "x-ms-client-principal-id": "1", "x-ms-client-principal-name": "n" },
    { type: "AppService", id: "1", username: "n", identityProvider: undefined, claimsPrincipalData: { a: 1 } },
  ],
  [
    { "x-ms-client-principal": btoa('{"identityProvider":"github","userId":"1","userDetails":"n"}') },
    {
      type: "StaticWebApps",
      id: "1",
      username: "n",
      identityProvider: "github",
      claimsPrincipalData: { identityProvider: "github", userId: "1", userDetails: "n" },
    },
  ],
])("says who is logged in by the headers %j", async (headers, user) => {
  const { order } = await ran(
    { trigger: "req", reply: "res" },
    (context, { user: seen }: never) => {
      context.bindings["order"] = { seen };
      return Promise.resolve();
    },
    httpRequest({ headers }),
  );
  expect(order).toEqual([{ seen: user }]);
});

const main = (): Promise<unknown> => Promise.resolve({ order: "main" });
const other = (): Promise<unknown> => Promise.resolve({ order: "other" });
const third = (): Promise<unknown> => Promise.resolve({ order: "third" });

it.each<[string, object, string | undefined, string]>([
  [
    "a function and its members, of CommonJS",
    { default: Object.assign(() => main(), { run: other }), run: other },
    undefined,
    "main",
  ],
  [
    "a function, whatever the entryPoint",
    { default: Object.assign(() => main(), { go: other }), go: other },
    "go",
    "main",
  ],
  ["a default and run of an ES module", { default: main, run: other }, undefined, "other"],
  ["a default and an entryPoint of an ES module", { default: main, go: other, run: third }, "go", "other"],
  ["a member of an object", { default: { go: other, run: main }, go: other, run: main }, "go", "other"],
  ["the only function", { default: { go: other }, go: other }, undefined, "other"],
])("calls of a module the function that the worker would: %s", async (_, loaded, entryPoint, expected) => {
  const order: unknown[] = [];
  const run = v3Handler(() => Promise.resolve(loaded), { trigger: "payload", entryPoint });
  await run(1, { order: { addRequestBody: (value: unknown) => order.push(value) } }, invocationContext());
  expect(order).toEqual([expected]);
});
