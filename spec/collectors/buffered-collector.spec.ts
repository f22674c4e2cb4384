import { BufferedCollector } from "../../lib/collectors/buffered-collector.js";
import type { OutputBinding } from "../../lib/model/bindings.js";
import type { OutputItem } from "../../lib/model/collector.js";
import type { FunctionDefinition } from "../../lib/model/function-definition.js";
import type { InvocationContext } from "../../lib/model/invocation.js";

const warnings: string[] = [];
const errors: string[] = [];
const context = {
  warn: (text: string) => warnings.push(text),
  error: (text: string) => errors.push(text),
} as unknown as InvocationContext;

beforeEach(() => {
  warnings.length = 0;
  errors.length = 0;
});

type Check = ConstructorParameters<typeof BufferedCollector>[3];

function collecting(output: Partial<OutputBinding> = { type: "daprPublish" }, check?: Check) {
  const binding = { direction: "out", name: "out", ...output } as OutputBinding;
  const definition = { className: "Orders", methodName: "create", outputs: [binding] } as unknown as FunctionDefinition;
  const writer = { toMessage: (item: OutputItem, _: unknown, index: number) => ({ index, ...item }) };
  const make = () => new BufferedCollector(binding, writer, { definition, context }, check);
  return Object.assign(make(), { again: make });
}

const values = (collector: BufferedCollector<{ value: unknown }>): unknown[] =>
  collector.messages.map(({ value }) => value);

describe("BufferedCollector", () => {
  it("keeps items in order, with their positions", () => {
    const out = collecting();
    out.add("a", { topic: "t" });
    out.addRequestBody([{ payload: "b" }, { payload: "c" }]);
    out.add(["d", "e"]);
    expect(out.messages.map(({ index, value, overrides }) => [index, value, overrides])).toEqual([
      [0, "a", { topic: "t" }],
      [1, "b", {}],
      [2, "c", {}],
      [3, ["d", "e"], {}],
    ]);
  });

  it.each(["add", "addRequestBody", "remove"] as const)("refuses %s once closed, and logs it", (verb) => {
    const out = collecting({ type: "daprState" });
    out.close();
    expect(() => out[verb]({})).toThrow(expect.objectContaining({ code: "ERR_COLLECTOR_CLOSED" }));
    expect(errors).toEqual([expect.stringContaining(`Orders.create, output "out": ${verb}()`)]);
    expect(out.messages).toEqual([]);
  });

  it("takes 500,000 items, and refuses the next in add", () => {
    const out = collecting();
    for (let index = 0; index < 499_999; index++) out.add(index);
    const refusal = 'Orders.create, output "out": one invocation sends at most 500000 items through an output; ';
    expect(() => out.addRequestBody([{ payload: "a" }, { payload: "b" }])).toThrow(refusal);
    expect(out.messages).toHaveLength(499_999);
    out.add("last");
    expect(() => out.add("one more")).toThrow(`${refusal}spread them over several invocations`);
    expect(out.messages).toHaveLength(500_000);
  });

  it("adds all items of a request body or none", () => {
    const out = collecting();
    expect(() => out.addRequestBody([{ payload: 1 }, { topic: "t" }])).toThrow("A 'payload' parameter is required");
    expect(out.messages).toEqual([]);
  });

  it.each([
    ["daprPublish", "add", undefined, true],
    ["daprPublish", "add", null, false],
    ["daprState", "add", undefined, true],
    ["daprState", "add", null, false],
    ["daprBinding", "add", undefined, false],
    ["daprInvoke", "add", undefined, false],
    ["daprPublish", "addRequestBody", {}, true],
    ["daprState", "addRequestBody", {}, true],
    ["daprState", "addRequestBody", { value: null }, false],
    ["daprBinding", "addRequestBody", {}, true],
    ["daprInvoke", "addRequestBody", {}, false],
  ] as const)("of %s: %s(%j) lacks a value: %s", (type, verb, value, refused) => {
    let message = "";
    try {
      collecting({ type })[verb](value);
    } catch (error) {
      ({ message } = error as Error);
    }
    expect(/A '\w+' parameter is required/.test(message)).toBe(refused);
  });

  it("names no more unknown properties than one can read, whatever their names hold", () => {
    const out = collecting();
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`"\n${index}${"x".repeat(100)}`, 1]));
    out.addRequestBody({ payload: 1, ...many });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]!.length).toBeLessThan(2000);
    expect(warnings[0]).toContain('"\\"\\n0xx');
    expect(warnings[0]).toContain(
      " and 980 more of an item are unknown to this output and dropped; check the spelling",
    );
  });

  it("warns of each unknown override and property once per function and output", () => {
    const out = collecting();
    out.add(1, { color: "red", topic: "t" });
    out.addRequestBody({ payload: 1, size: 2, color: 1 });
    out.again().add(1, { color: "red", ttlInSeconds: 1 });
    out.again().add(1, { ttlInSeconds: 1 });
    const what = "of an item is unknown to this output and dropped; check the spelling, or put it into metadata";
    expect(warnings).toEqual(
      ["color", "size", "ttlInSeconds"].map((name) => `Orders.create, output "out": "${name}" ${what}`),
    );
    expect(out.messages[0]!.overrides).toEqual({ topic: "t" });
  });

  it("keeps no more names than anybody means", () => {
    const out = collecting();
    for (let index = 0; index < 200; index++) out.again().add(1, { [`x${index}`]: 1 });
    expect(warnings).toHaveLength(100);
  });

  it("names all that is unknown of one request body together", () => {
    collecting().addRequestBody([
      { payload: 1, a: 1 },
      { payload: 1, b: 2 },
    ]);
    expect(warnings).toEqual([expect.stringContaining('"a", "b" of an item are unknown')]);
  });

  it.each([
    [{ topic: 5 }, "topic: must be text, not a number"],
    [{ topic: "" }, "topic: No topic information was found"],
    [{ metadata: { a: [] } }, 'metadata: "a" must be text'],
    ["t", "overrides must be an object"],
  ])("refuses the overrides %j", (overrides, message) => {
    expect(() => collecting().add(1, overrides as object)).toThrow(message);
  });

  it.each([
    [{ host: "x" }],
    [{ "Content-Length": "1" }],
    [{ "content-type": "a/b" }],
    [{ Connection: "close" }],
    [{ "transfer-encoding": "chunked" }],
    [{ "dapr-api-token": "t" }],
    [{ "a b": "1" }],
    [{ a: "x\r\ny: z" }],
    [{ a: 1 }],
    [new Headers({ a: "1" })],
    [new Map([["a", "1"]])],
    ["a: 1"],
  ])("refuses the headers %j", (headers) => {
    expect(() => collecting({ type: "daprInvoke" }).add(1, { headers })).toThrow('output "out", headers: ');
  });

  it("copies overrides, so that later changes are not sent", () => {
    const out = collecting({ type: "daprInvoke" });
    const headers = { "x-a": "1" };
    out.add(1, { headers });
    headers["x-a"] = "2";
    expect(out.messages[0]!.overrides).toEqual({ headers: { "x-a": "1" } });
  });

  it("takes of the overrides of a removal what a removal has", () => {
    const out = collecting({ type: "daprState" });
    out.remove({ stateStore: "s", key: "k", etag: "1", metadata: { a: 1 }, event: 1 } as object);
    expect(out.messages.map(({ verb, overrides }) => ({ verb, overrides }))).toEqual([
      { verb: "remove", overrides: { stateStore: "s", key: "k", etag: "1", metadata: { a: "1" } } },
    ]);
    expect(warnings).toEqual([expect.stringContaining('"event"')]);
  });

  it("has remove for state only", () => {
    expect(() => collecting().remove({ topic: "t" })).toThrow("only a state output has remove()");
  });

  it("gives generic outputs bare values", () => {
    const out = collecting({ generic: true, type: "queue" });
    out.add("a");
    out.addRequestBody(["b", { payload: 1 }]);
    out.addRequestBody("c");
    out.addRequestBody(null);
    expect(values(out)).toEqual(["a", "b", { payload: 1 }, "c"]);
    expect(() => out.add("a", { topic: "t" })).toThrow("takes no overrides");
  });
});

describe("a valueType", () => {
  const positive: Check = (value) =>
    typeof value === "number" && value > 0
      ? { value: value * 10 }
      : { issues: [{ path: "total", message: "must be positive", rule: "isPositive" }] };

  it("makes of each item what is sent", () => {
    const out = collecting({ type: "daprState" }, positive);
    out.add(1);
    out.addRequestBody({ value: 2 });
    expect(values(out)).toEqual([10, 20]);
  });

  it("refuses an item in add, with its position", () => {
    const out = collecting({ type: "daprState" }, positive);
    out.add(1);
    expect(() => out.add(-1)).toThrow(
      expect.objectContaining({
        name: "InvocationError",
        code: "ERR_DAPR_BAD_REQUEST",
        message: 'Orders.create, output "out": item 1 is not valid: total: must be positive',
      }),
    );
    expect(() => out.addRequestBody([{ value: 3 }, '{"value":0}'])).toThrow("item 2 is not valid");
    expect(values(out)).toEqual([10]);
  });

  it("looks at the text of a request body, which is sent as written", () => {
    const out = collecting({ type: "daprState" }, positive);
    out.addRequestBody('{"value":2.50}');
    expect(out.messages[0]!.value).toMatchObject({ text: "2.50" });
  });

  it("has no say where there is no value", () => {
    const out = collecting({ type: "daprInvoke" }, positive);
    out.add();
    out.addRequestBody({});
    expect(out.messages).toHaveLength(2);
  });

  it("that answers with a promise is refused, and its rejection harms nothing", async () => {
    const out = collecting({ type: "daprState" }, () => Promise.reject(new Error("late")));
    expect(() => out.add(1)).toThrow("its valueType answers with a promise");
    await new Promise((resolve) => setImmediate(resolve));
  });
});
