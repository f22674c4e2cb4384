import { DaprTopicTrigger, serve, type CloudEvent } from "../../lib/index.js";
import { freePort } from "../support/daprd.js";
import { startApp, type Answer, type Received, type RecordingApp } from "./app.js";
import { call, component, contract, type Contender } from "./harness.js";

const bus = component("bus", "pubsub.in-memory");
const other = component("other", "pubsub.in-memory");

interface More {
  readonly spec?: object;
  readonly scopes?: readonly string[];
  readonly version?: string;
}

/** A Subscription file; `route` is for v1alpha1, `spec.routes` for v2alpha1. */
function subscription(name: string, topic: string, route: string, { spec, scopes, version }: More = {}): string {
  const isFirst = version === "v1alpha1";
  return JSON.stringify({
    apiVersion: `dapr.io/${version ?? "v2alpha1"}`,
    kind: "Subscription",
    metadata: { name },
    spec: { pubsubname: "bus", topic, ...(isFirst ? { route } : { routes: { default: route } }), ...spec },
    ...(scopes && { scopes }),
  });
}

contract("declared subscriptions", (start) => {
  let app: RecordingApp;
  let sidecar: Contender;
  const events = (path: string): Received[] => app.requests.filter((request) => request.path === path);
  const publish = (topic: string, body: unknown, query = ""): Promise<unknown> =>
    call(sidecar.url, "POST", `/v1.0/publish/bus/${topic}${query}`, { body });
  /** What arrives before the event that says "end", which comes last since the broker keeps their order. */
  const until = async (path: string): Promise<Received[]> => {
    await app.received(({ path: at, json }) => at === path && dataOf(json) === "end");
    return events(path).filter(({ json }) => dataOf(json) !== "end");
  };
  const dataOf = (event: unknown): unknown => (event as { data?: unknown } | undefined)?.data;

  beforeAll(async () => {
    app = await startApp({
      subscriptions: [{ pubsubname: "bus", topic: "both", route: "/both-programmatic" }],
      answer: ({ path }): Answer | undefined => (path === "/guarded" ? { status: 500 } : undefined),
    });
    sidecar = await start({
      app,
      components: {
        bus,
        other,
        a: subscription("a", "first", "/first", { version: "v1alpha1" }),
        b: subscription("b", "second", "/second"),
        c: subscription("c", "both", "/both-declared"),
        d: subscription("d", "twice", "/twice-first"),
        e: subscription("e", "twice", "/twice-last"),
        f: subscription("f", "scoped", "/scoped", { scopes: ["nobody-of-this-name"] }),
        g: subscription("g", "guarded", "/guarded", { spec: { deadLetterTopic: "dead" }, version: "v1alpha1" }),
        h: subscription("h", "dead", "/dead"),
        i: subscription("i", "raw", "/raw", { spec: { metadata: { rawPayload: "true" } } }),
        j: subscription("j", "ruled", "/ruled/default", {
          spec: { routes: { rules: [{ match: 'event.type == "v2"', path: "/ruled/v2" }], default: "/ruled/default" } },
        }),
        k: subscription("k", "bulk", "/bulk", {
          spec: { bulkSubscribe: { enabled: true, maxMessagesCount: 2, maxAwaitDurationMs: 10 } },
        }),
        l: subscription("l", "nowhere", "/nowhere", { spec: { pubsubname: "missing" } }),
        m: [subscription("m1", "many-1", "/many-1"), subscription("m2", "many-2", "/many-2")].join("\n---\n"),
      },
    });
  });
  afterAll(async () => {
    await sidecar.close();
    await app.close();
  });

  it.each(["first", "second", "many-1", "many-2"])("deliver the topic %s", async (topic) => {
    await publish(topic, { n: 1 });
    const [request] = await app.received(({ path }) => path === `/${topic}`);
    expect(request!.json).toMatchObject({ topic, pubsubname: "bus", data: { n: 1 } });
    expect(request!.headers["content-type"]).toBe("application/cloudevents+json");
  });

  it("give way to what the app itself subscribes to", async () => {
    await publish("both", 1);
    await publish("both", "end");
    expect(await until("/both-programmatic")).toHaveLength(1);
    expect(events("/both-declared")).toEqual([]);
  });

  it("of one topic count by the first", async () => {
    await publish("twice", 1);
    await publish("twice", "end");
    expect(await until("/twice-first")).toHaveLength(1);
    expect(events("/twice-last")).toEqual([]);
  });

  it("send what fails to the dead letter topic", async () => {
    await publish("guarded", "broken");
    const [letter] = await app.received(({ path }) => path === "/dead");
    expect(letter!.json).toMatchObject({ data: "broken", topic: "guarded" });
  });

  it("take raw messages", async () => {
    await publish("raw", { n: 1 }, "?metadata.rawPayload=true");
    const [request] = await app.received(({ path }) => path === "/raw");
    expect(request!.json).toMatchObject({ data_base64: Buffer.from('{"n":1}').toString("base64") });
  });

  it("go by their rules", async () => {
    await publish("ruled", 1, "?metadata.cloudevent.type=v2");
    await publish("ruled", 2, "?metadata.cloudevent.type=v3");
    expect(dataOf((await app.received(({ path }) => path === "/ruled/v2"))[0]!.json)).toBe(1);
    expect(dataOf((await app.received(({ path }) => path === "/ruled/default"))[0]!.json)).toBe(2);
  });

  it("deliver in bulk", async () => {
    await publish("bulk", { n: 1 });
    const [request] = await app.received(({ path }) => path === "/bulk");
    expect(request!.json).toMatchObject({ topic: "bulk", entries: [{ event: { data: { n: 1 } } }] });
  });

  it("are listed in the metadata, but those for other apps", async () => {
    const { json } = await call(sidecar.url, "GET", "/v1.0/metadata");
    const { subscriptions } = json as { subscriptions: { topic: string; type: string; rules: { path: string }[] }[] };
    const listed = subscriptions.map(({ topic, type, rules }) => `${topic} ${type} ${rules.map((r) => r.path).join()}`);
    expect(listed).toContain("first DECLARATIVE /first");
    expect(listed).toContain("both PROGRAMMATIC /both-programmatic");
    expect(listed).toContain("twice DECLARATIVE /twice-first");
    expect(listed).toContain("ruled DECLARATIVE /ruled/v2,/ruled/default");
    expect(listed.filter((line) => line.startsWith("scoped"))).toEqual([]);
  });
});

class Topics {
  readonly seen: unknown[] = [];
  told = (): void => undefined;

  /** That its subscription asks for bulk, its decorator does not say. */
  @DaprTopicTrigger({ pubSubName: "bus", topic: "elsewhere", route: "single" })
  single({ data }: CloudEvent): void {
    this.seen.push(data);
    this.told();
  }
}

contract("a declared subscription in bulk", (start) => {
  it("gives each event to a function that knows nothing of bulk", async () => {
    const topics = new Topics();
    const all = new Promise<void>((resolve) => (topics.told = () => void (topics.seen.length === 3 && resolve())));
    const port = await freePort();
    const spec = { bulkSubscribe: { enabled: true, maxMessagesCount: 3, maxAwaitDurationMs: 20 } };
    const components = { bus, a: subscription("a", "many", "/single", { spec }) };
    const sidecar = await start({ app: { port }, awaitApp: false, components });
    const log = { log() {}, info() {}, warn() {}, error() {}, debug() {} };
    const app = await serve([topics], { port, daprUrl: sidecar.url, log });
    try {
      await sidecar.ready;
      for (const n of [1, 2, 3]) await call(sidecar.url, "POST", "/v1.0/publish/bus/many", { body: { n } });
      await all;
      // Whichever came first: bulk requests may overtake each other.
      expect(new Set(topics.seen)).toEqual(new Set([{ n: 1 }, { n: 2 }, { n: 3 }]));
    } finally {
      await app.close();
      await sidecar.close();
    }
  });
});
