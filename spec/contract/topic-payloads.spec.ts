import { IsInt, IsString } from "class-validator";
import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprTopicTrigger,
  serve,
  type App,
  type CloudEvent,
  type InvocationContext,
  type PublishCollector,
} from "../../lib/index.js";
import { freePort } from "../support/daprd.js";
import { canRun } from "../support/not-run.js";
import { startRedis, type Redis } from "../support/redis.js";
import { call, component, contract, startOnDaprd, type Contender, type Start } from "./harness.js";

class Order {
  @IsString() id!: string;
  @IsInt() total!: number;
}

const bulk = { maxMessagesCount: 10, maxAwaitDurationMs: 20 };
const raw = { rawPayload: "true" };

/** The data that each function got, as it got it; whoever waits is told. */
const seen = new Map<string, unknown[]>();
let told: () => void = () => undefined;

function saw(name: string, data: unknown): void {
  seen.set(name, [...(seen.get(name) ?? []), data]);
  told();
}

async function next(name: string, count = 1): Promise<unknown[]> {
  while ((seen.get(name)?.length ?? 0) < count) await new Promise<void>((resolve) => (told = resolve));
  return seen.get(name)!.splice(0);
}

class Topics {
  @DaprTopicTrigger({ pubSubName: "bus", topic: "untyped" })
  untyped({ data }: CloudEvent): void {
    saw("untyped", data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "typed", payload: Order })
  typed({ data }: CloudEvent<Order>): void {
    saw("typed", data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "untyped-bulk", bulk })
  untypedBulk({ data }: CloudEvent): void {
    saw("untyped-bulk", data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "typed-bulk", payload: Order, bulk })
  typedBulk({ data }: CloudEvent<Order>): void {
    saw("typed-bulk", data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "raw-untyped", metadata: raw })
  rawUntyped({ data }: CloudEvent): void {
    saw("raw-untyped", data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "raw-typed", metadata: raw, payload: Order })
  rawTyped({ data }: CloudEvent<Order>): void {
    saw("raw-typed", data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "raw-untyped-bulk", metadata: raw, bulk })
  rawUntypedBulk({ data }: CloudEvent): void {
    saw("raw-untyped-bulk", data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "raw-typed-bulk", metadata: raw, payload: Order, bulk })
  rawTypedBulk({ data }: CloudEvent<Order>): void {
    saw("raw-typed-bulk", data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "raw-text", metadata: raw, payload: String })
  rawText({ data }: CloudEvent): void {
    saw("raw-text", data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "traced", bulk })
  traced({ data }: CloudEvent, _: unknown, { traceContext }: InvocationContext): void {
    saw("traced", [data, traceContext?.traceParent]);
  }

  @DaprServiceInvocationTrigger()
  @DaprPublish({ name: "single", pubSubName: "bus", topic: "{topic}" })
  publishRaw({ value }: { value: unknown }, { single }: { single: PublishCollector<unknown> }): void {
    single.add(value, { metadata: raw });
  }

  @DaprServiceInvocationTrigger()
  @DaprPublish({ name: "many", pubSubName: "bus", topic: "{topic}", bulk: true })
  publishRawInBulk({ values }: { values: unknown[] }, { many }: { many: PublishCollector<unknown> }): void {
    for (const value of values) many.add(value, { metadata: raw });
  }
}

const order = { id: "41", total: 2 };
const text = JSON.stringify(order);
const bytes = new Uint8Array(Buffer.from(text));
const own = "application/cloudevents+json";
const ownEvent = (members: object): string =>
  JSON.stringify({ specversion: "1.0", id: "e-1", source: "s", type: "t", ...members });
const base64 = Buffer.from(text).toString("base64");

/** How an order may be published, and what of it a function without a payload type gets. */
const ways: readonly [title: string, contentType: string | undefined, body: string | Buffer, untyped: unknown][] = [
  ["application/json", "application/json", text, order],
  ["application/json with a charset", "application/json; charset=utf-8", text, order],
  ["a type that ends with +json", "application/vnd.shop.order+json", text, order],
  ["text/json", "text/json", text, order],
  ["application/x-json", "application/x-json", text, order],
  ["text/plain", "text/plain", text, text],
  ["no content type", undefined, Buffer.from(text), text],
  ["application/octet-stream", "application/octet-stream", text, bytes],
  ["an event with data", own, ownEvent({ datacontenttype: "application/json", data: order }), order],
  [
    "an event with data_base64 of JSON",
    own,
    ownEvent({ datacontenttype: "application/json", data_base64: base64 }),
    order,
  ],
  ["an event with data_base64 of no type", own, ownEvent({ data_base64: base64 }), bytes],
  ["an event with data beside data_base64: null", own, ownEvent({ data: order, data_base64: null }), order],
];

function topicPayloads(start: Start, pubsub: { type: string; metadata: () => Record<string, string> }): void {
  let app: App;
  let sidecar: Contender;

  beforeAll(async () => {
    const port = await freePort();
    const components = { bus: component("bus", pubsub.type, pubsub.metadata()) };
    sidecar = await start({ app: { port }, awaitApp: false, components });
    const log = { log: () => 0, info: () => 0, debug: () => 0, warn: () => 0, error: () => 0 };
    app = await serve([Topics], { port, daprUrl: sidecar.url, log });
    await sidecar.ready;
  });
  afterAll(async () => {
    await sidecar.close();
    await app.close();
  });

  const publish = async (
    topic: string,
    contentType: string | undefined,
    body: string | Uint8Array,
    query = "",
  ): Promise<void> => {
    const headers: Record<string, string> = contentType === undefined ? {} : { "content-type": contentType };
    const reply = await call(sidecar.url, "POST", `/v1.0/publish/bus/${topic}${query}`, { body, headers });
    expect(reply).toMatchObject({ status: 204 });
  };
  const invoke = async (method: string, body: object): Promise<void> => {
    const reply = await call(sidecar.url, "POST", `/v1.0/invoke/${sidecar.appId}/method/${method}`, { body });
    expect(reply).toMatchObject({ status: 200 });
  };

  describe.each(["", "-bulk"])("an order on a topic%s, published as", (suffix) => {
    it.each(ways)("%s, is an order where one is declared, and what it is labelled where none is", async (...way) => {
      const [, contentType, body, untyped] = way;
      await publish(`typed${suffix}`, contentType, body);
      await publish(`untyped${suffix}`, contentType, body);
      expect(await next(`typed${suffix}`)).toEqual([Object.assign(new Order(), order)]);
      expect(await next(`untyped${suffix}`)).toEqual([untyped]);
    });

    it.each(["application/json", "text/plain", "application/octet-stream"])(
      "raw, under %s, is an order where one is declared, and bytes where none is",
      async (contentType) => {
        await publish(`raw-typed${suffix}`, contentType, text, "?metadata.rawPayload=true");
        await publish(`raw-untyped${suffix}`, contentType, text, "?metadata.rawPayload=true");
        expect(await next(`raw-typed${suffix}`)).toEqual([Object.assign(new Order(), order)]);
        expect(await next(`raw-untyped${suffix}`)).toEqual([bytes]);
      },
    );

    it("raw, by an output of ours, arrives alike, alone and in bulk", async () => {
      await invoke("publishRaw", { topic: `raw-typed${suffix}`, value: order });
      expect(await next(`raw-typed${suffix}`)).toEqual([Object.assign(new Order(), order)]);
      await invoke("publishRawInBulk", { topic: `raw-typed${suffix}`, values: [order, order] });
      expect(await next(`raw-typed${suffix}`, 2)).toEqual([order, order].map((o) => Object.assign(new Order(), o)));
      await invoke("publishRaw", { topic: `raw-untyped${suffix}`, value: order });
      expect(await next(`raw-untyped${suffix}`)).toEqual([bytes]);
    });
  });

  it("gives text as it is where text is declared, also what looks like JSON", async () => {
    await publish("raw-text", "text/plain", "89e7073266", "?metadata.rawPayload=true");
    expect(await next("raw-text")).toEqual(["89e7073266"]);
  });

  it("gives each event of a bulk delivery its own trace", async () => {
    const traces = ["a", "b", "c"].map((letter) => `00-${letter.repeat(32)}-${letter.repeat(16)}-01`);
    for (const [index, traceparent] of traces.entries()) {
      const headers = { "content-type": "application/json", traceparent };
      await call(sidecar.url, "POST", "/v1.0/publish/bus/traced", { body: String(index), headers });
    }
    const got = (await next("traced", 3)) as [number, string][];
    const traceIds = got.sort(([a], [b]) => a - b).map(([, traceparent]) => traceparent.split("-")[1]);
    expect(traceIds).toEqual(traces.map((traceparent) => traceparent.split("-")[1]));
  });
}

contract("payloads of topics", (start) => topicPayloads(start, { type: "pubsub.in-memory", metadata: () => ({}) }));

if (canRun("payloads of topics with Redis", "daprd", "redis-server")) {
  describe("payloads of topics [redis]", () => {
    let redis: Redis;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.close());
    // Each topic waits for events on a connection of its own, of which there are ten for each processor unless it says more.
    const metadata = () => ({ redisHost: redis.host, poolSize: "40" });
    topicPayloads(startOnDaprd, { type: "pubsub.redis", metadata });
  });
}
