import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appWith, call, closeAll, Lines, sidecarWith, type AppAnswer, type AppCall } from "../support.js";

const bus = { name: "bus", type: "pubsub.in-memory" };
const tick = { name: "tick", type: "bindings.cron", metadata: { schedule: "@hourly" } };

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "next-app-"))));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file with a policy that repeats for ever what is delivered, each time after an hour. */
function endless(): string {
  const file = join(folder, "resiliency.yaml");
  const spec = {
    policies: { retries: { endless: { policy: "constant", duration: "1h", maxRetries: -1 } } },
    targets: {
      components: { bus: { inbound: { retry: "endless" } }, tick: { inbound: { retry: "endless" } } },
    },
  };
  const manifest = { apiVersion: "dapr.io/v1alpha1", kind: "Resiliency", metadata: { name: "endless" }, spec };
  writeFileSync(file, JSON.stringify(manifest));
  return file;
}

/** An answer that its test holds back. */
function held(answer: AppAnswer = {}) {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { give, answer: () => given.then(() => answer) };
}

describe.each([
  ["one by one", undefined],
  ["in bulk", { enabled: true, maxMessagesCount: 1, maxAwaitDurationMs: 60_000 }],
] as const)("events that are not delivered when the sidecar turns away from an app: %s", (_, bulkSubscribe) => {
  afterEach(closeAll);

  const appOf = (
    answers: Readonly<Record<string, AppAnswer | ((call: AppCall) => AppAnswer | Promise<AppAnswer>)>>,
    deadLetterTopic = "",
  ) =>
    appWith({
      "GET /dapr/subscribe": {
        body: [
          { pubsubname: "bus", topic: "t", route: "/t", bulkSubscribe, deadLetterTopic },
          { pubsubname: "bus", topic: "dead", route: "/dead" },
        ],
      },
      "POST /dead": {},
      ...answers,
    });
  const numbersIn = ({ body }: AppCall): unknown[] => {
    const { data, entries } = JSON.parse(body) as { data: unknown; entries?: { event: { data: unknown } }[] };
    return entries?.map(({ event }) => event.data) ?? [data];
  };
  /** What an app that takes all of it answers. */
  const taking = ({ body }: AppCall): AppAnswer => {
    const { entries = [] } = JSON.parse(body) as { entries?: { entryId: string }[] };
    return { body: { statuses: entries.map(({ entryId }) => ({ entryId, status: "SUCCESS" })) } };
  };

  async function start(...args: Parameters<typeof appOf>) {
    const log = new Lines();
    const app = await appOf(...args);
    const sidecar = await sidecarWith([bus, endless()], { log });
    await sidecar.connect(app);
    const publish = (n: number) =>
      call(sidecar, "POST /v1.0/publish/bus/t", { headers: { "content-type": "application/json" }, body: n });
    return { app, sidecar, publish, log };
  }

  it("go to the next app, before those that are published during the turn", async () => {
    const first = held();
    const { app, sidecar, publish } = await start({
      "POST /t": async (given) => ({ ...taking(given), ...(await first.answer()) }),
    });
    for (const n of [1, 2, 3]) await publish(n);
    await app.received("POST /t");
    const asked = held({ status: 404 });
    const next = await appOf({ "POST /t": taking, "GET /dapr/config": asked.answer });
    const connecting = sidecar.connect(next);
    // Until it has turned away.
    while ("subscriptions" in ((await call(sidecar, "GET /v1.0/metadata")).json as object));
    first.give();
    await next.received("GET /dapr/config");
    await publish(4);
    asked.give();
    await connecting;
    expect((await next.received("POST /t", 3)).flatMap(numbersIn)).toEqual([2, 3, 4]);
    expect(app.calls.filter(({ path }) => path === "/t").flatMap(numbersIn)).toEqual([1]);
  });

  it("go to the next app, too, when they wait for another attempt", async () => {
    const { app, sidecar, publish, log } = await start({ "POST /t": { status: 500 } });
    for (const n of [1, 2]) await publish(n);
    await app.received("POST /t");
    const next = await appOf({ "POST /t": taking });
    await sidecar.connect(next);
    expect((await next.received("POST /t", 2)).flatMap(numbersIn)).toEqual([1, 2]);
    expect(log.all.filter((line) => line.includes("is lost"))).toEqual([]);
  });

  it("wait for the app after a next one that cannot be connected", async () => {
    const { app, sidecar, publish } = await start({ "POST /t": { status: 500 } });
    await publish(1);
    await app.received("POST /t");
    const broken = await appWith({ "GET /dapr/subscribe": { body: "{" } });
    await expect(sidecar.connect(broken)).rejects.toThrow(/cannot be connected/);
    const next = await appOf({ "POST /t": taking });
    await sidecar.connect(next);
    expect((await next.received("POST /t")).flatMap(numbersIn)).toEqual([1]);
  });

  it("are given up when it is told to disconnect, and said where one was tried", async () => {
    const { app, sidecar, publish, log } = await start({ "POST /t": { status: 500 } });
    for (const n of [1, 2]) await publish(n);
    await app.received("POST /t");
    await sidecar.disconnect();
    expect(log.all.filter((line) => line.includes("is lost"))).toEqual([
      "an event of topic t of bus is lost: the app answered 500",
    ]);
  });

  it("do not keep the next app waiting where one is never answered, and follow it later", async () => {
    const never = held();
    const { app, sidecar, publish } = await start({
      "POST /t": async (given) => ({ ...taking(given), ...(await never.answer()) }),
    });
    for (const n of [1, 2]) await publish(n);
    await app.received("POST /t");
    const next = await appOf({ "POST /t": taking });
    jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask", "setImmediate", "performance", "Date"] });
    try {
      let isConnected = false;
      const connecting = sidecar.connect(next).then(() => (isConnected = true));
      while (!isConnected) {
        jest.advanceTimersByTime(10_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await connecting;
    } finally {
      jest.useRealTimers();
    }
    await publish(3);
    await next.received("POST /t");
    never.give();
    expect((await next.received("POST /t", 2)).flatMap(numbersIn)).toEqual([3, 2]);
  });
});

describe("an event of an input binding that waits for another attempt", () => {
  afterEach(closeAll);

  it("is given up when the sidecar turns away from the app, and said", async () => {
    const log = new Lines();
    const app = await appWith({ "OPTIONS /tick": {}, "POST /tick": { status: 500 } });
    const sidecar = await sidecarWith([{ ...tick, metadata: { schedule: "@every 1s" } }, endless()], { log });
    await sidecar.connect(app);
    await app.received("POST /tick");
    await sidecar.disconnect();
    expect(log.all.filter((line) => line.includes("tick"))).toEqual([
      'binding "tick": the app answered 500, the event is lost',
    ]);
  });
});
