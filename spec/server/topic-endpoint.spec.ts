import { IsNumber } from "class-validator";
import {
  DaprPublish,
  DaprStateOutput,
  DaprTopicTrigger,
  PayloadError,
  Reply,
  SidecarError,
  type CloudEvent,
  type Collector,
  type InvocationContext,
} from "../../lib/index.js";
import { deliver, json, post, send, serving } from "../serve/support.js";

type Handler = (event: CloudEvent, context: InvocationContext) => unknown;

/** One function on topic "orders" of "bus" that does what is given with its events. */
function onOrders(handler: Handler, options: { deadLetterTopic?: string; metadata?: Record<string, string> } = {}) {
  class Topic {
    @DaprTopicTrigger({ pubSubName: "bus", topic: "orders", ...options })
    relay(event: CloudEvent, _bindings: object, context: InvocationContext): never {
      return handler(event, context) as never;
    }
  }
  return serving([Topic]);
}

async function received(message: object, headers?: Record<string, string>): Promise<CloudEvent> {
  let event: CloudEvent | undefined;
  const { app } = await onOrders((given) => void (event = given));
  await deliver(app, "/orders", message, headers);
  return event!;
}

describe("an event", () => {
  it("arrives whole, extensions included", async () => {
    expect(await received({ data: { a: 1 }, traceid: "", mine: [1] })).toEqual({
      id: "e-77",
      source: "shop",
      type: "com.dapr.event.sent",
      specversion: "1.0",
      datacontenttype: "application/json",
      topic: "orders",
      pubsubname: "bus",
      data: { a: 1 },
      traceid: "",
      mine: [1],
    });
  });

  it.each<[string, string | undefined, string | Uint8Array, unknown]>([
    ["JSON", "application/json", '{"a":1}', { a: 1 }],
    ["JSON that does not parse, as daprd takes it", "application/json", "{oops", "{oops"],
    ["text", "text/plain; charset=utf-8", "é", "é"],
    ["bytes", "image/png", "AB", new Uint8Array([65, 66])],
    ["bytes of no type", undefined, "AB", new Uint8Array([65, 66])],
    ["text in its charset", "text/plain; charset=iso-8859-1", Uint8Array.of(0x5a, 0xeb), "Zë"],
    ["text that is not UTF-8", "text/plain", Uint8Array.of(0x5a, 0xeb), Uint8Array.of(0x5a, 0xeb)],
    ["JSON that is not UTF-8", "application/json", Uint8Array.of(0x22, 0xeb, 0x22), Uint8Array.of(0x22, 0xeb, 0x22)],
    ["JSON in its charset", "text/json; charset=latin1", Uint8Array.of(0x22, 0xeb, 0x22), "ë"],
  ])("has its data_base64 decoded: %s", async (_case, datacontenttype, content, data) => {
    const event = await received({ datacontenttype, data_base64: Buffer.from(content).toString("base64") });
    expect(event.data).toEqual(data);
    expect("data_base64" in event).toBe(false);
  });

  it("counts a data_base64 of null as absent", async () => {
    const event = await received({ data: { a: 1 }, data_base64: null });
    expect(event.data).toEqual({ a: 1 });
    expect("data_base64" in event).toBe(false);
  });

  it.each<[string, unknown, unknown]>([
    ["application/vnd.shop+json", '{"a":1}', { a: 1 }],
    ["text/json; charset=utf-8", "[1]", [1]],
    ["application/x-json", '"text"', "text"],
    ["application/vnd.shop+json", "{oops", "{oops"],
    ["application/vnd.shop+json", "89e7073266", "89e7073266"],
    ["application/json", '{"a":1}', '{"a":1}'],
    ["text/plain", '{"a":1}', '{"a":1}'],
    [null as unknown as string, '{"a":1}', '{"a":1}'],
  ])("has JSON text under a label that daprd does not know parsed: %s, %j", async (datacontenttype, data, expected) => {
    expect((await received({ datacontenttype, data })).data).toEqual(expected);
  });

  it.each([
    ["no JSON", "{oops"],
    ["no UTF-8", Buffer.from('{"specversion":"1.0","id":"e-9","data":"\xeb"}', "latin1")],
    ["empty", ""],
    ["a scalar", "5"],
    ["not base64", '{"specversion":"1.0","id":"e-9","data_base64":"*"}'],
    ["base64 that is cut off", '{"specversion":"1.0","id":"e-9","data_base64":"QUI"}'],
  ])("that is invalid is logged once, with its id: %s", async (_case, body) => {
    const handler = jest.fn();
    const { app, log } = await onOrders(handler);
    const answer = await send(app, "POST", "/orders", { headers: json, body });
    expect([answer.status, answer.body]).toEqual([200, '{"status":"RETRY"}']);
    expect(handler).not.toHaveBeenCalled();
    const said = log.lines.filter((line) => line.startsWith("warn"));
    expect(said).toEqual([expect.stringMatching(/^warn relay failed on event ("e-9"|without id): ERR_MALFORMED/)]);
  });

  it("that the method finds invalid goes to the dead letter topic, and else is kept", async () => {
    const refuse = () => {
      throw new PayloadError("ERR_PAYLOAD_INVALID", "no such order");
    };
    const dropped = await onOrders(refuse, { deadLetterTopic: "dead" });
    expect((await deliver(dropped.app, "/orders", { data: 1 })).body).toBe('{"status":"DROP"}');
    const kept = await onOrders(refuse);
    expect((await deliver(kept.app, "/orders", { data: 1 })).body).toBe('{"status":"RETRY"}');
  });

  it("that lacks what an expression needs is invalid", async () => {
    class Topic {
      @DaprTopicTrigger({ pubSubName: "bus", deadLetterTopic: "dead" })
      @DaprStateOutput({ name: "order", stateStore: "store", key: "{data.id}" })
      orders(event: CloudEvent, { order }: { order: Collector<unknown> }): void {
        order.add(event.data);
      }
    }
    const { app, sidecar } = await serving([Topic]);
    expect((await deliver(app, "/orders", { data: {} })).body).toBe('{"status":"DROP"}');
    expect(sidecar.requests).toEqual([]);
    expect((await deliver(app, "/orders", { data: { id: "a" } })).status).toBe(200);
    expect(sidecar.lines).toEqual(['POST /v1.0/state/store [{"key":"a","value":{"id":"a"}}]']);
  });

  it("whose data does not fit its payload class is invalid", async () => {
    class Order {
      @IsNumber() total!: number;
    }
    class Topic {
      @DaprTopicTrigger({ pubSubName: "bus", deadLetterTopic: "dead", payload: Order })
      orders(event: CloudEvent<Order>): void {
        if (!(event.data instanceof Order)) throw new Error("not an Order");
      }
    }
    const { app } = await serving([Topic]);
    expect((await deliver(app, "/orders", { data: { total: "x" } })).body).toBe('{"status":"DROP"}');
    const fine = await deliver(app, "/orders", { data: { total: 3 } });
    expect([fine.status, fine.body]).toEqual([200, ""]);
  });

  it("is not taken for invalid when another service finds a payload of ours invalid", async () => {
    const callee = () => {
      const operation = "POST /v1.0/invoke/tax/method/rate";
      const target = "http://127.0.0.1:3500";
      throw new SidecarError({ status: 400, errorCode: "ERR_PAYLOAD_INVALID", message: "no", operation, target });
    };
    const { app } = await onOrders(callee, { deadLetterTopic: "dead" });
    const answer = await deliver(app, "/orders", { data: 1 });
    expect([answer.status, answer.json]).toEqual([500, expect.objectContaining({ errorCode: "ERR_PAYLOAD_INVALID" })]);
  });
});

describe("the trace of an event", () => {
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

  /** What the function sees, and what its requests bring, where the event and the delivery have these. */
  async function traces(event: object, headers: Record<string, string> = {}): Promise<unknown[]> {
    let seen: unknown;
    class Traced {
      @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
      @DaprPublish({ name: "copies", pubSubName: "bus", topic: "copies" })
      relay(_event: CloudEvent, { copies }: { copies: Collector<number> }, { traceContext }: InvocationContext): void {
        seen = traceContext;
        copies.add(1);
      }
    }
    const { app, sidecar } = await serving([Traced]);
    await deliver(app, "/orders", { data: 1, ...event }, headers);
    const { headers: sent } = sidecar.requests[0]!;
    return [seen, { traceparent: sent.traceparent, tracestate: sent.tracestate, baggage: sent["baggage"] }];
  }

  it("is handed on, baggage included", async () => {
    expect(await traces({ traceparent, tracestate: "a=1", baggage: "user=41" })).toEqual([
      { traceParent: traceparent, traceState: "a=1", attributes: { baggage: "user=41" } },
      { traceparent, tracestate: "a=1", baggage: "user=41" },
    ]);
  });

  it("is handed on beside the trace of the delivery, which comes first", async () => {
    const own = traceparent.replace("00f0", "11f0");
    expect(await traces({ traceparent, baggage: "user=41" }, { traceparent: own })).toEqual([
      { traceParent: own, traceState: undefined, attributes: { baggage: "user=41" } },
      { traceparent: own, tracestate: undefined, baggage: "user=41" },
    ]);
  });
});

describe("what a topic function returns", () => {
  it.each<[unknown, number]>([
    [undefined, 1],
    [{ status: "DROP" }, 1],
    [{ status: "RETRY" }, 0],
    ["RETRY", 0],
    ["DROP", 1],
    [Buffer.from("RETRY"), 0],
    [new Error("no"), 0],
  ])("%j sends %j of what was added", async (returned, sent) => {
    class Relay {
      @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
      @DaprPublish({ name: "copies", pubSubName: "bus", topic: "copies" })
      relay(_event: CloudEvent, { copies }: { copies: Collector<number> }): unknown {
        copies.add(1);
        return returned;
      }
    }
    const { app, sidecar } = await serving([Relay]);
    await deliver(app, "/orders", { data: 1 });
    expect(sidecar.requests).toHaveLength(sent);
  });

  it.each<[unknown, string]>([
    [undefined, ""],
    [{ status: "SUCCESS" }, ""],
    [{ status: "success" }, ""],
    [{ status: "DROP" }, '{"status":"DROP"}'],
    [{ status: "Retry", more: 1 }, '{"status":"RETRY"}'],
    ["RETRY", '{"status":"RETRY"}'],
    ["drop", '{"status":"DROP"}'],
    ["done", ""],
    [null, ""],
    [new Reply({ status: 299, body: { status: "RETRY" } }), '{"status":"RETRY"}'],
  ])("%j is answered 200 %j", async (returned, body) => {
    const { app } = await onOrders(() => returned);
    const answer = await deliver(app, "/orders", { data: 1 });
    expect([answer.status, answer.body]).toEqual([200, body]);
  });

  it("never is a status when it throws: any failure is 500", async () => {
    const { app, log } = await onOrders(() => {
      throw Object.assign(new Error("gone"), { status: 404, code: "ENOENT" });
    });
    const answer = await deliver(app, "/orders", { data: 1 });
    expect([answer.status, answer.json]).toEqual([
      500,
      { errorCode: "ERR_FUNCTION_FAILED", message: "gone", functionName: "relay", invocationId: expect.any(String) },
    ]);
    expect(log.lines.filter((line) => line.startsWith("error"))).toEqual([
      expect.stringContaining('relay failed on event "e-77": ERR_FUNCTION_FAILED: Error: gone'),
    ]);
  });
});

describe("ids of published events", () => {
  class Relay {
    @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
    @DaprPublish({ name: "copies", pubSubName: "bus", topic: "copies" })
    Relay(_event: CloudEvent, { copies }: { copies: Collector<number> }): void {
      copies.add(1);
    }
  }
  const published = "?metadata.cloudevent.id=ffb10aea45b8264b728772ddc1b4caf2";

  it("come from the triggering event, the same at each delivery", async () => {
    const { app, sidecar } = await serving([Relay]);
    for (let i = 0; i < 2; i++) await deliver(app, "/orders", { data: 1 });
    expect(sidecar.requests.map(({ path }) => path)).toEqual(Array(2).fill(`/v1.0/publish/bus/copies${published}`));
  });

  it("are left to the sidecar for raw subscriptions, whose ids are new at each delivery", async () => {
    const { app, sidecar } = await serving([Relay]);
    await deliver(app, "/orders", { data: 1 }, { rawpayload: "true" });
    await post(app, "/orders", { bare: "message" });
    expect(sidecar.requests.map(({ path }) => path)).toEqual(Array(2).fill("/v1.0/publish/bus/copies"));
  });
});

describe("a bulk request", () => {
  const bulk = (entries: readonly unknown[]) => ({
    entries,
    id: "b",
    metadata: { pubsubName: "bus" },
    pubsubname: "bus",
    topic: "orders",
    type: "com.dapr.event.sent.bulk",
  });
  const event = (id: string) => ({ specversion: "1.0", id, source: "s", type: "t", data: id });

  it("runs its entries one after another, in order, each an invocation of its own", async () => {
    const seen: string[] = [];
    const ids = new Set<string>();
    class Topic {
      @DaprTopicTrigger({ pubSubName: "bus", bulk: { maxMessagesCount: 10 } })
      async orders({ id }: CloudEvent, _bindings: object, { invocationId }: InvocationContext): Promise<void> {
        seen.push(`>${id}`);
        ids.add(invocationId);
        await new Promise(setImmediate);
        seen.push(`<${id}`);
      }
    }
    const { app } = await serving([Topic]);
    await post(app, "/orders", bulk(["1", "2", "3"].map((entryId) => ({ entryId, event: event(entryId) }))));
    expect(seen).toEqual([">1", "<1", ">2", "<2", ">3", "<3"]);
    expect(ids.size).toBe(3);
  });

  it("is one also where only the subscription, in a file of resources, asks for it", async () => {
    const seen: unknown[] = [];
    const { app } = await onOrders(({ data }) => void seen.push(data));
    const entries = ["1", "2"].map((entryId) => ({ entryId, event: event(entryId) }));
    const { json } = await post(app, "/orders", bulk(entries));
    expect(seen).toEqual(["1", "2"]);
    expect(json).toEqual({ statuses: entries.map(({ entryId }) => ({ entryId, status: "SUCCESS" })) });
    // What has entries and another type, or none, is a message of somebody's own.
    const message = { entries: [1] };
    await post(app, "/orders", message);
    expect(seen[2]).toEqual(message);
  });

  it("gives an entry the metadata and the trace that it would have come with alone", async () => {
    const seen: unknown[] = [];
    class Topic {
      @DaprTopicTrigger({ pubSubName: "bus", bulk: true })
      @DaprPublish({ name: "copies", pubSubName: "bus", topic: "copies" })
      orders({ id }: CloudEvent, { copies }: { copies: Collector<string> }, context: InvocationContext): void {
        const { __key: key, "x-shared": shared, bad } = context.triggerMetadata;
        seen.push([id, key, shared, bad, context.traceContext?.traceParent]);
        copies.add(id);
      }
    }
    const traceOf = (digit: string) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`;
    const { app, sidecar } = await serving([Topic]);
    const entries = [
      {
        entryId: "1",
        event: { ...event("1"), traceparent: traceOf("1") },
        metadata: { __Key: "k1", "x-shared": "own" },
      },
      { entryId: "2", event: { ...event("2"), traceparent: "" }, metadata: { bad: "line\nbreak", "no header": "x" } },
      { entryId: "3", event: { ...event("3"), traceparent: traceOf("3") }, metadata: null },
      { entryId: "4", event: event("4") },
      { entryId: "5", event: { ...event("5"), traceid: traceOf("5") }, metadata: { traceparent: traceOf("6") } },
    ];
    const headers = { traceparent: traceOf("3"), tracestate: "a=1", baggage: "b=2", "x-shared": "all" };
    await post(app, "/orders", bulk(entries), headers);
    expect(seen).toEqual([
      ["1", "k1", "own", undefined, traceOf("1")],
      ["2", undefined, "all", undefined, undefined],
      ["3", undefined, "all", undefined, traceOf("3")],
      ["4", undefined, "all", undefined, undefined],
      ["5", undefined, "all", undefined, traceOf("6")],
    ]);
    const sent = sidecar.requests.map(({ headers: { traceparent, tracestate, baggage } }) => [
      traceparent,
      tracestate,
      baggage,
    ]);
    expect(sent).toEqual(
      ["1", undefined, "3", undefined, "6"].map((digit) => [digit && traceOf(digit), undefined, undefined]),
    );
  });

  it.each(["at once", "after an await"])(
    "lets others have a turn between its entries, which end %s",
    async (ending) => {
      let count = 0;
      let turned: number | undefined;
      class Topic {
        @DaprTopicTrigger({ pubSubName: "bus", bulk: true })
        orders(): void | Promise<void> {
          if (count++ === 0) setImmediate(() => (turned = count));
          if (ending !== "at once") return Promise.resolve();
        }
      }
      const { app } = await serving([Topic]);
      const entries = Array.from({ length: 1000 }, (_, index) => ({ entryId: String(index), event: event("e") }));
      expect((await post(app, "/orders", bulk(entries))).status).toBe(200);
      expect([count, turned! < 1000]).toEqual([1000, true]);
    },
  );

  it("runs as many side by side as its concurrency says, and answers in order", async () => {
    let running = 0;
    let most = 0;
    class Topic {
      @DaprTopicTrigger({ pubSubName: "bus", bulk: { concurrency: 2 } })
      async orders({ id }: CloudEvent): Promise<{ status: "DROP" } | void> {
        most = Math.max(most, ++running);
        await new Promise(setImmediate);
        running--;
        if (id === "3") return { status: "DROP" };
      }
    }
    const { app } = await serving([Topic]);
    const answer = await post(
      app,
      "/orders",
      bulk(["1", "2", "3", "4", "5"].map((entryId) => ({ entryId, event: event(entryId) }))),
    );
    expect(most).toBe(2);
    expect((answer.json as { statuses: unknown[] }).statuses).toEqual(
      ["1", "2", "3", "4", "5"].map((entryId) => ({ entryId, status: entryId === "3" ? "DROP" : "SUCCESS" })),
    );
  });

  it("decodes raw messages and sorts out invalid entries", async () => {
    const seen: unknown[] = [];
    class Topic {
      @DaprTopicTrigger({ pubSubName: "bus", bulk: true, deadLetterTopic: "dead" })
      orders({ data, topic }: CloudEvent): void {
        seen.push([data, topic]);
      }
    }
    const { app } = await serving([Topic]);
    const raw = { entryId: "raw", event: "AQL/", contentType: "application/octet-stream" };
    const entries = [
      raw,
      { entryId: "list", event: [1] },
      { entryId: "bare", event: { n: 1 } },
      { event: event("x") },
      7,
    ];
    const answer = await post(app, "/orders", bulk(entries));
    expect(answer.body).toBe(
      '{"statuses":[{"entryId":"raw","status":"SUCCESS"},{"entryId":"list","status":"DROP"},{"entryId":"bare","status":"SUCCESS"}]}',
    );
    expect(seen).toEqual([
      [new Uint8Array([1, 2, 255]), "orders"],
      [{ n: 1 }, "orders"],
    ]);
  });

  it("may be a single event after all", async () => {
    class Topic {
      @DaprTopicTrigger({ pubSubName: "bus", bulk: true })
      orders(_event: CloudEvent): { status: "RETRY" } {
        return { status: "RETRY" };
      }
    }
    const { app } = await serving([Topic]);
    expect((await deliver(app, "/orders", { data: 1 })).body).toBe('{"status":"RETRY"}');
    expect((await post(app, "/orders", bulk([]))).body).toBe('{"statuses":[]}');
  });
});
