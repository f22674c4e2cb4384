import type { OutputBinding, TriggerBinding } from "../../lib/model/bindings.js";
import { compileTemplate, type BindingData } from "../../lib/expressions/template.js";
import type { FunctionDefinition } from "../../lib/model/function-definition.js";
import { bindingDataOf, type RequestParts } from "../../lib/invocation/binding-data.js";

const onCall = { type: "daprServiceInvocationTrigger", direction: "in", name: "payload" } as const;

function fn(key: string, trigger: TriggerBinding = onCall): FunctionDefinition {
  const output: OutputBinding = { type: "daprState", direction: "out", name: "order", stateStore: "s", key };
  const target = class {};
  return {
    name: "keep-it",
    className: "Orders",
    methodName: "keep",
    target,
    trigger,
    inputs: [],
    outputs: [output],
    entries: [],
    clients: [],
  };
}

function dataOf(payload: unknown, key = "{id}"): BindingData {
  return bindingDataOf(fn(key))!.ofPayload(payload);
}

/** What an output's key becomes. */
function keyFor(payload: unknown, key: string, trigger?: TriggerBinding): string {
  return bind(key, bindingDataOf(fn(key, trigger))!.ofPayload(payload));
}

function bind(text: string, data: BindingData): string {
  return compileTemplate(text).bind(data);
}

function request(parts: {
  query?: string;
  params?: Record<string, string>;
  headers?: Record<string, string>;
  body?: unknown;
}) {
  const { query = "", params = {}, headers = {}, body } = parts;
  return { query: new URLSearchParams(query), params, headers: new Headers(headers), body } satisfies RequestParts;
}

function dataOfRequest(parts: Parameters<typeof request>[0]): BindingData {
  const trigger = { type: "httpTrigger", direction: "in", name: "req" } as const;
  return bindingDataOf(fn("{id}", trigger))!.ofRequest(request(parts));
}

describe("bindingDataOf", () => {
  it("has nothing to do for a function whose members are constant", () => {
    expect(bindingDataOf(fn("orders"))).toBeUndefined();
    expect(bindingDataOf(fn("{{id}}"))).toBeUndefined();
    expect(bindingDataOf(fn("{rand-guid}"))).toBeDefined();
  });
});

describe("the data of a Dapr trigger", () => {
  it("has the payload's text under the trigger's name, then its members, then sys", () => {
    const payload = { id: "o1", total: 2.5, paid: true, data: { a: [1] }, lines: [1], note: null };
    expect(Object.keys(dataOf(payload))).toEqual(["payload", "id", "total", "paid", "data", "lines", "sys"]);
    expect(keyFor(payload, "{payload}")).toBe(JSON.stringify(payload));
    expect(keyFor(payload, "{id} {total} {paid} {sys.methodname}")).toBe("o1 2.5 true keep-it");
  });

  it("does not write the payload as text unless that is asked for", () => {
    const payload = { id: "o1", toJSON: () => "written" };
    expect(keyFor(payload, "{id}")).toBe("o1");
    expect(keyFor(payload, "{PAYLOAD}")).toBe('"written"');
  });

  it.each([
    ["text that is a JSON object", '{"id":"o1"}'],
    ["bytes that are a JSON object", new TextEncoder().encode('{"id":"o1"}')],
  ])("reads the members of %s", (_, payload) => {
    expect(keyFor(payload, "{id} {payload}")).toBe('o1 {"id":"o1"}');
  });

  it.each([
    ["text", "plain", "plain"],
    ["broken JSON", "{id", "{id"],
    ["a number", 12, "12"],
    ["null", null, "null"],
    ["a list", [{ id: "o1" }], '[{"id":"o1"}]'],
    ["bytes", new TextEncoder().encode("é"), "é"],
    ["nothing", undefined, ""],
  ])("of %s is its text alone", (_, payload, text) => {
    expect(Object.keys(dataOf(payload))).toEqual(["payload", "sys"]);
    expect(keyFor(payload, "{payload}")).toBe(text);
    expect(() => keyFor(payload, "{payload.length}")).toThrow(expect.objectContaining({ kind: "no-member" }));
  });

  it("prefers a member to the payload's text and to sys", () => {
    expect(keyFor({ payload: "member", sys: "mine" }, "{payload}{sys}")).toBe("membermine");
    expect(keyFor({ payload: { id: "7" } }, "{payload.id}")).toBe("7");
    expect(Object.keys(dataOf({ Sys: "mine" }))).toEqual(["payload", "Sys"]);
  });

  it("of a topic is that of the whole event", () => {
    const trigger = { type: "daprTopicTrigger", direction: "in", name: "event", pubSubName: "bus" } as const;
    const event = { id: "e1", type: "t", topic: "orders", data: { orderId: 7 } };
    expect(keyFor(event, "{data.orderId} {id} {type} {topic}", trigger)).toBe("7 e1 t orders");
    expect(keyFor(event, "{event}", trigger)).toBe(JSON.stringify(event));
  });

  it("keeps for outputs what was there before the method changed the payload", () => {
    const key = "{id}-{Data.depot.name}-{data.id}-{payload}";
    const payload = { id: "o1", data: { depot: { name: "north" }, id: 1 } };
    const text = JSON.stringify(payload);
    const data = dataOf(payload, key);
    payload.id = "changed";
    payload.data.depot.name = "changed";
    payload.data.id = 2;
    expect(bind(key, data)).toBe(`o1-north-1-${text}`);
  });

  it("takes any member's name as data, prototypes untouched", () => {
    const payload = JSON.parse(
      '{"__proto__":{"id":"p","__proto__":{"x":"deep"}},"constructor":"c","data":{"__proto__":{"polluted":"y"}}}',
    ) as unknown;
    const key = "{__proto__.id} {__proto__.__proto__.x} {constructor} {data.__proto__.polluted}";
    expect(keyFor(payload, key)).toBe("p deep c y");
    for (const name of ["id", "toString", "hasOwnProperty", "polluted"]) {
      expect(() => keyFor(payload, `{${name}}`)).toThrow(expect.objectContaining({ kind: "no-value" }));
    }
    expect(() => keyFor({ id: "1" }, "{constructor}")).toThrow(expect.objectContaining({ kind: "no-value" }));
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("the data of an HTTP request", () => {
  it("has the body's members, the query, and the route, later ones winning, then query, headers and sys", () => {
    const data = dataOfRequest({
      body: '{"a":"body","b":"body","c":"body","list":[1],"n":1}',
      query: "b=query&c=query&code=key&b=last",
      params: { c: "route" },
      headers: { "X-Id": "7" },
    });
    expect(Object.keys(data)).toEqual(["a", "b", "c", "list", "n", "query", "headers", "sys"]);
    expect(bind("{a} {b} {c} {n}", data)).toBe("body last route 1");
    expect(bind("{query.c} {query.code} {headers.x-id} {sys.methodname}", data)).toBe("query key 7 keep-it");
  });

  it("leaves query, headers and sys to whoever has these names", () => {
    const data = dataOfRequest({ body: { Headers: "body" }, query: "sys=mine", params: { query: "route" } });
    expect(bind("{headers} {query} {sys}", data)).toBe("body route mine");
  });

  it.each([undefined, "", "text", "[1]", "{broken"])("has no members of the body %s", (body) => {
    expect(Object.keys(dataOfRequest({ body }))).toEqual(["query", "headers", "sys"]);
  });

  it("takes hostile names as data", () => {
    const data = dataOfRequest({ query: "__proto__=q&constructor=c", params: { id: "1" } });
    expect(bind("{__proto__} {constructor} {query.__proto__}", data)).toBe("q c q");
  });
});
