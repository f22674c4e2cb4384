import { setTimeout as wait } from "node:timers/promises";
import { startApp, type Answer, type Received, type RecordingApp } from "./app.js";
import { call, component, contract, type Contender, type Reply } from "./harness.js";

function resiliency(name: string, spec: object, more: object = {}): string {
  return JSON.stringify({ apiVersion: "dapr.io/v1alpha1", kind: "Resiliency", metadata: { name }, spec, ...more });
}

/** Keeps no process alive when its spec has ended. */
const delay = (milliseconds: number): Promise<void> => wait(milliseconds, undefined, { ref: false });

const thrice = { policy: "constant", duration: "10ms", maxRetries: 2 };
const json = (body: unknown, status = 200): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const numberOf = (event: unknown): unknown => (event as { data?: { n?: number } } | undefined)?.data?.n;
const requestsTo = (app: RecordingApp, path: string): Received[] => app.requests.filter((r) => r.path === path);

contract("resiliency of deliveries", (start) => {
  let app: RecordingApp;
  let sidecar: Contender;
  /** What the app answers on a path, one attempt after the other; the last for all that follow. */
  const script = new Map<string, (Answer | "hang")[]>();
  const topics = ["retried", "matched", "slow", "broken", "recovers", "lots", "default"] as const;
  const pubsubs = ["retried", "matched", "slow", "broken", "recovers", "lots", "default"] as const;

  beforeAll(async () => {
    const answer = async ({ path }: Received): Promise<Answer | undefined> => {
      const answers = script.get(path);
      if (!answers) return undefined;
      const next = answers.length > 1 ? answers.shift()! : answers[0]!;
      if (next !== "hang") return next;
      await delay(5_000);
      return {};
    };
    app = await startApp({
      subscriptions: topics.flatMap((topic) => [
        {
          pubsubname: topic,
          topic,
          route: `/${topic}`,
          deadLetterTopic: "dead",
          ...(topic === "lots" && {
            bulkSubscribe: { enabled: true, maxMessagesCount: 10, maxAwaitDurationMs: 10 },
          }),
        },
        { pubsubname: topic, topic: "dead", route: `/dead/${topic}` },
      ]),
      answer,
    });
    const inbound = (policies: object): object => ({ inbound: policies });
    sidecar = await start({
      app,
      components: {
        ...Object.fromEntries(pubsubs.map((name) => [name, component(name, "pubsub.in-memory")])),
        policies: resiliency("policies", {
          policies: {
            timeouts: { short: "500ms", number: "150" },
            retries: {
              thrice,
              matched: { ...thrice, matching: { httpStatusCodes: "429,502-504" } },
              often: { policy: "exponential", maxInterval: "5ms", maxRetries: 5 },
            },
            // Long enough for the event that comes next to find it open on a busy machine.
            circuitBreakers: { quick: { maxRequests: 1, timeout: "3s", trip: "consecutiveFailures >= 2" } },
          },
          targets: {
            components: {
              retried: inbound({ retry: "thrice" }),
              matched: inbound({ retry: "matched" }),
              slow: inbound({ retry: "thrice", timeout: "short" }),
              broken: inbound({ retry: "thrice", circuitBreaker: "quick" }),
              recovers: inbound({ retry: "often" }),
              lots: inbound({ retry: "thrice" }),
            },
          },
        }),
        defaults: resiliency("defaults", {
          policies: { retries: { DefaultPubsubComponentInboundRetryPolicy: { ...thrice, maxRetries: 1 } } },
        }),
      },
    });
  });
  afterAll(async () => {
    await sidecar.close();
    await app.close();
  });

  const publish = (topic: string, body: unknown): Promise<Reply> =>
    call(sidecar.url, "POST", `/v1.0/publish/${topic}/${topic}`, { body });
  /** The attempts at one event until it was dead-lettered. */
  const attemptsUntilDead = async (topic: string, answers: (Answer | "hang")[]): Promise<number> => {
    script.set(`/${topic}`, answers);
    const before = { attempts: requestsTo(app, `/${topic}`).length, dead: requestsTo(app, `/dead/${topic}`).length };
    await publish(topic, { n: 1 });
    await app.received(({ path }) => path === `/dead/${topic}`, before.dead + 1);
    return requestsTo(app, `/${topic}`).length - before.attempts;
  };

  it.each([
    ["500", { status: 500 }],
    ["RETRY", json({ status: "RETRY" })],
    ["a word that Dapr does not know", json({ status: "LATER" })],
    ["a cut connection", { cut: true }],
  ] as [string, Answer][])("an event answered with %s is tried anew, then dead-lettered", async (_, answer) => {
    expect(await attemptsUntilDead("retried", [answer])).toBe(3);
  });

  it.each([
    ["404", { status: 404 }],
    ["DROP", json({ status: "DROP" })],
  ] as [string, Answer][])("an event answered with %s is not tried anew", async (_, answer) => {
    expect(await attemptsUntilDead("retried", [answer])).toBe(1);
  });

  it("an event that succeeds later is done", async () => {
    script.set("/recovers", [{ status: 500 }, { status: 500 }, { status: 500 }, {}]);
    await publish("recovers", { n: 1 });
    await app.received(({ path }) => path === "/recovers", 4);
    script.set("/recovers", [{}]);
    await publish("recovers", { n: 2 });
    const requests = await app.received(({ path }) => path === "/recovers", 5);
    expect(requests.map((request) => (request.json as { data: { n: number } }).data.n)).toEqual([1, 1, 1, 1, 2]);
    expect(requestsTo(app, "/dead/recovers")).toEqual([]);
  });

  it.each([
    [500, 1],
    [429, 3],
    [502, 3],
    [504, 3],
    [505, 1],
  ])("of a policy for some statuses, %s is tried %s times", async (status, attempts) => {
    expect(await attemptsUntilDead("matched", [{ status }])).toBe(attempts);
  });

  it("a policy for some statuses repeats what has no status", async () => {
    expect(await attemptsUntilDead("matched", [{ cut: true }])).toBe(3);
    expect(await attemptsUntilDead("matched", [json({ status: "RETRY" })])).toBe(3);
  });

  it("an app that takes longer than the time-out is tried anew", async () => {
    expect(await attemptsUntilDead("slow", ["hang"])).toBe(3);
  });

  it("an open circuit breaker keeps events from the app", async () => {
    script.set("/broken", [{ status: 500 }]);
    await publish("broken", { n: 1 });
    await app.received(({ path }) => path === "/broken", 2);
    await publish("broken", { n: 2 });
    script.set("/broken", [{}]);
    const arrived = app.received(({ path, json: event }) => path === "/broken" && numberOf(event) === 3);
    let isOpen = true;
    void arrived.then(() => (isOpen = false));
    for (; isOpen; await delay(20)) await publish("broken", { n: 3 });
    const numbers = requestsTo(app, "/broken").map((request) => numberOf(request.json));
    expect(numbers.slice(0, 3)).toEqual([1, 1, 3]);
  });

  it("default policies count where a target has none of its own", async () => {
    expect(await attemptsUntilDead("default", [{ status: 500 }])).toBe(2);
  });

  it("a bulk is tried anew", async () => {
    expect(await attemptsUntilDead("lots", [{ status: 500 }])).toBe(3);
  });
});

contract("resiliency of invocations", (start) => {
  let app: RecordingApp;
  let sidecar: Contender;
  let status = 200;

  beforeEach(async () => {
    status = 200;
    app = await startApp({
      answer: async ({ path }) => {
        if (path === "/hang") await delay(5_000);
        return path.startsWith("/dapr") ? undefined : { status, body: "the body" };
      },
    });
  });
  afterEach(async () => {
    await sidecar.close();
    await app.close();
  });

  const begin = async (policies: object, more: object = {}): Promise<void> => {
    // The app's id is known only to the sidecar, so the policies are the defaults of apps.
    sidecar = await start({ app, components: { policies: resiliency("policies", { policies, targets: {} }, more) } });
  };
  const invoke = (method: string, verb = "POST"): Promise<Reply> =>
    call(sidecar.url, verb, `/v1.0/invoke/${sidecar.appId}/method/${method}`, {
      body: verb === "POST" ? { n: 1 } : undefined,
    });

  it.each([
    ["POST", [{ n: 1 }, { n: 1 }, { n: 1 }]],
    ["GET", [undefined, undefined, undefined]],
  ])("%s is tried anew, and the last answer passed on", async (verb, bodies) => {
    await begin({ retries: { DefaultAppRetryPolicy: thrice } });
    status = 503;
    expect(await invoke("m", verb)).toMatchObject({ status: 503, text: "the body" });
    expect(requestsTo(app, "/m").map((request) => request.json)).toEqual(bodies);
  });

  it.each([
    [400, 1],
    [502, 3],
  ])("of a policy for some statuses, %s is tried %s times", async (code, attempts) => {
    await begin({ retries: { DefaultRetryPolicy: { ...thrice, matching: { httpStatusCodes: "502-504" } } } });
    status = code;
    expect(await invoke("m")).toMatchObject({ status: code });
    expect(requestsTo(app, "/m")).toHaveLength(attempts);
  });

  it("a time-out ends the wait", async () => {
    await begin({ timeouts: { DefaultAppTimeoutPolicy: "100ms" } });
    const reply = await invoke("hang");
    expect(reply).toMatchObject({ status: 500, json: { errorCode: "ERR_DIRECT_INVOKE" } });
    expect((reply.json as { message: string }).message).toContain("context deadline exceeded");
  });

  it("a circuit breaker opens for one method, and lets calls through again once it works", async () => {
    await begin({
      circuitBreakers: { DefaultAppCircuitBreakerPolicy: { timeout: "3s", trip: "consecutiveFailures > 1" } },
    });
    status = 500;
    expect(await invoke("m")).toMatchObject({ status: 500, text: "the body" });
    expect(await invoke("m")).toMatchObject({ status: 500, text: "the body" });
    const refused = await invoke("m");
    expect(refused).toMatchObject({ status: 500, json: { errorCode: "ERR_DIRECT_INVOKE" } });
    expect((refused.json as { message: string }).message).toContain("circuit breaker is open");
    expect(requestsTo(app, "/m")).toHaveLength(2);
    expect(await invoke("other")).toMatchObject({ status: 500, text: "the body" });
    status = 200;
    while ((await invoke("m")).status !== 200) await delay(20);
    expect(await invoke("m")).toMatchObject({ status: 200 });
  });

  it("without a trip expression a circuit breaker opens at the sixth failure", async () => {
    await begin({ circuitBreakers: { DefaultAppCircuitBreakerPolicy: { timeout: "1h" } } });
    status = 500;
    for (let n = 0; n < 8; n++) await invoke("m");
    expect(requestsTo(app, "/m")).toHaveLength(6);
  });

  it("policies for other apps do not count", async () => {
    await begin({ retries: { DefaultAppRetryPolicy: thrice } }, { scopes: ["nobody-of-this-name"] });
    status = 503;
    await invoke("m");
    expect(requestsTo(app, "/m")).toHaveLength(1);
  });

  it("an app that is not there is tried anew", async () => {
    await begin({ retries: { DefaultAppRetryPolicy: { ...thrice, duration: "1ms" } } });
    const reply = await call(sidecar.url, "POST", "/v1.0/invoke/nobody/method/m", { body: {} });
    expect(reply).toMatchObject({ status: 500, json: { errorCode: "ERR_DIRECT_INVOKE" } });
  });
});
