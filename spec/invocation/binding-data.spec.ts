import type { OutputBinding, TriggerBinding } from "../../lib/model/bindings.js";
import { compileTemplate, type BindingData } from "../../lib/expressions/template.js";
import type { FunctionDefinition } from "../../lib/model/function-definition.js";
import { bindingDataOf } from "../../lib/invocation/binding-data.js";

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

interface Parts {
  readonly query?: string;
  readonly params?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

function dataOfRequest({ query = "", params = {}, headers = {}, body }: Parts, key: string): BindingData {
  const trigger = { type: "httpTrigger", direction: "in", name: "req" } as const;
  const request = { query: new URLSearchParams(query), params, headers: new Headers(headers) };
  return bindingDataOf(fn(key, trigger))!.ofRequest(request, () => body);
}

/** What an output's key becomes of a request. */
function keyOf(parts: Parts, key: string): string {
  return bind(key, dataOfRequest(parts, key));
}

/** The names that the message of a missing value lists. */
function namesIn(data: BindingData): string[] {
  return Object.keys(data);
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
    expect(namesIn(dataOf(payload, "{missing}"))).toEqual(["id", "total", "paid", "data", "lines", "payload", "sys"]);
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
    expect(namesIn(dataOf(payload))).toEqual(["payload", "sys"]);
    expect(keyFor(payload, "{payload}")).toBe(text);
    expect(() => keyFor(payload, "{payload.length}")).toThrow(expect.objectContaining({ kind: "no-member" }));
  });

  it("of bytes that are not text is nothing", () => {
    for (const payload of [Uint8Array.of(0xe9), Buffer.from('{"id":"\xe9"}', "latin1")]) {
      expect(() => keyFor(payload, "{id}")).toThrow(expect.objectContaining({ kind: "no-value" }));
      expect(() => keyFor(payload, "{payload}")).toThrow(expect.objectContaining({ kind: "no-value" }));
    }
  });

  it("prefers a member to the payload's text and to sys", () => {
    expect(keyFor({ payload: "member", sys: "mine" }, "{payload}{sys}")).toBe("membermine");
    expect(keyFor({ payload: { id: "7" } }, "{payload.id}")).toBe("7");
    expect(namesIn(dataOf({ Sys: "mine" }))).toEqual(["Sys", "payload"]);
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

describe("the data of a service invocation", () => {
  const request = (query: string, params = {}) => ({ query: new URLSearchParams(query), params });
  const keyOfCall = (payload: unknown, key: string, query = "", params = {}) =>
    bind(key, bindingDataOf(fn(key))!.ofPayload(payload, request(query, params)));

  it("is of the route first, then of the query, then of the payload", () => {
    const payload = { a: "payload", b: "payload", c: "payload" };
    expect(keyOfCall(payload, "{a} {b} {c}", "a=query&b=query", { a: "route" })).toBe("route query payload");
    expect(keyOfCall(payload, "{A}", "", { a: "route" })).toBe("route");
    expect(keyOfCall(undefined, "{id}-{query.id}-{params.id}", "id=q", { id: "r" })).toBe("r-q-r");
    expect(keyOfCall({ query: { id: "payload" } }, "{query.id}", "id=q")).toBe("payload");
    expect(keyOfCall(undefined, "{code}", "code=mine")).toBe("mine");
  });

  it("has no query and no route for what a component sends", () => {
    expect(() => keyFor({ id: "1" }, "{query.id}")).toThrow(
      '"{query.id}" has no value in this invocation; it has id, payload, sys',
    );
  });
});

describe("the data of an HTTP request", () => {
  const parts = {
    body: '{"a":"body","b":"body","c":"body","list":[1],"n":1}',
    query: "b=query&c=query&code=key&b=last",
    params: { c: "route" },
    headers: { "X-Id": "7" },
  };

  it("is of the route, then of the query, then of the body, then query, headers, params and sys", () => {
    expect(namesIn(dataOfRequest(parts, "{missing}"))).toEqual([
      "c",
      "b",
      "a",
      "list",
      "n",
      "query",
      "headers",
      "params",
      "sys",
    ]);
    expect(keyOf(parts, "{a} {b} {c} {n}")).toBe("body last route 1");
    expect(keyOf(parts, "{query.c} {query.code} {headers.x-id} {params.c} {sys.methodname}")).toBe(
      "query key 7 route keep-it",
    );
    expect(() => keyOf(parts, "{code}")).toThrow("no value");
  });

  it("leaves query, headers and sys to whoever has these names", () => {
    const named = { body: { Headers: "body" }, query: "sys=mine", params: { query: "route" } };
    expect(keyOf(named, "{headers} {query} {sys}")).toBe("body route mine");
  });

  it.each([undefined, "", "text", "[1]", "{broken"])("has no members of the body %s", (body) => {
    expect(namesIn(dataOfRequest({ body }, "{id}"))).toEqual(["query", "headers", "params", "sys"]);
  });

  it("takes hostile names as data", () => {
    const named = { query: "__proto__=q&constructor=c", params: { id: "1" } };
    expect(keyOf(named, "{__proto__} {constructor} {query.__proto__}")).toBe("q c q");
  });

  it("reads nothing that no expression asks for", () => {
    const trigger = { type: "httpTrigger", direction: "in", name: "req" } as const;
    const asked: string[] = [];
    const request = {
      params: { id: "1" },
      get query() {
        asked.push("query");
        return new URLSearchParams("q=2");
      },
      get headers() {
        asked.push("headers");
        return new Headers({ "x-id": "3" });
      },
    };
    const read = (key: string) => {
      asked.length = 0;
      const data = bindingDataOf(fn(key, trigger))!.ofRequest(request, () => {
        asked.push("body");
        return '{"b":4}';
      });
      return [bind(key, data), ...new Set(asked)];
    };
    expect(read("{id}")).toEqual(["1"]);
    expect(read("{id}{q}")).toEqual(["12", "query"]);
    expect(read("{b}")).toEqual(["4", "query", "body"]);
    expect(read("{headers.x-id}")).toEqual(["3", "query", "body", "headers"]);
  });

  it("takes as long as it should of a body with many names", () => {
    const body = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`name${index}`, index]));
    expect(namesIn(dataOfRequest({ body }, "{missing}"))).toHaveLength(50_004);
  });
});

describe("the system's own data", () => {
  it("has another value at each use, in an output as well", () => {
    const data = dataOf({ id: "41" }, "{sys.randguid}");
    const [first, second] = [bind("{sys.randguid}", data), bind("{sys.randguid}", data)];
    expect(first).toMatch(/^[\da-f]{8}-[\da-f-]{27}$/);
    expect(second).not.toBe(first);
    expect(keyFor({ id: "41" }, "{sys.utcnow:yyyy}")).toMatch(/^\d{4}$/);
    expect(keyFor({ sys: { randguid: "own" } }, "{sys.randguid}")).toBe("own");
  });
});
