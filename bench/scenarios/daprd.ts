import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "redis";
import type { Daprd } from "../../spec/support/daprd.js";
import type { Bench, Figures, Numbers } from "../bench.js";
import { itemsOf, order, orderEvent } from "../bodies.js";
import { App, cpuSecondsOf, freePort, runLoad, Stub } from "../processes.js";
import { Rounds } from "../rounds.js";
import { compete, ratiosToOthers, type Entrant } from "./contest.js";

// Loaded here and not above: they look for daprd in the source tree's spec/, which the runner makes reachable first.
const support = () => require("../../spec/support/daprd.js") as typeof import("../../spec/support/daprd.js");
const redisSupport = () => require("../../spec/support/redis.js") as typeof import("../../spec/support/redis.js");

interface Beside extends Entrant {
  readonly daprd: Daprd;
  readonly sidecarPid: number;
}

/**
 * An app with a daprd of its own, once daprd has asked it what it wants.
 *
 * @param protocol what the two talk
 */
async function startBeside(
  bench: Bench,
  name: string,
  components: Readonly<Record<string, object>>,
  protocol: "http" | "grpc" = "http",
): Promise<Beside> {
  const resources = mkdtempSync(join(bench.folder, "components-"));
  for (const [component, spec] of Object.entries(components)) {
    const text = { apiVersion: "dapr.io/v1alpha1", kind: "Component", metadata: { name: component }, spec };
    writeFileSync(join(resources, `${component}.yaml`), JSON.stringify(text));
  }
  const [http, grpc, internal, port] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const argument = protocol === "grpc" ? { sidecarPort: grpc, argument: protocol } : { sidecarPort: http };
  const starting = App.start(bench, { name, port, ...argument });
  const daprd = await support().startDaprd({
    appId: `bench-${port}`,
    appPort: port,
    resources: [resources],
    ports: { http, grpc, internal },
    flags: [`--app-protocol=${protocol}`],
  });
  const app = await starting;
  await daprd.ready;
  return { app, daprd, sidecarPid: daprd.pid };
}

const componentOf = (type: string, metadata: Readonly<Record<string, string>> = {}): object => ({
  type,
  version: "v1",
  metadata: Object.entries(metadata).map(([name, value]) => ({ name, value })),
});

const inMemory = { statestore: componentOf("state.in-memory"), bus: componentOf("pubsub.in-memory") };

/** Gives work an app beside a daprd of its own. @returns why it was not done; undefined when it was */
export async function besideDaprd(
  bench: Bench,
  name: string,
  work: (app: App) => Promise<void>,
): Promise<string | undefined> {
  if (support().findDaprd() === undefined) return noDaprd;
  const beside = await startBeside(bench, name, inMemory);
  try {
    await work(beside.app);
  } finally {
    await end(beside);
  }
  return undefined;
}

const noDaprd = "there is no daprd; npm run daprd builds it";

/** Real Dapr: what one request for many items and many events saves, and events from a topic to another. */
export async function onDaprd(bench: Bench): Promise<Figures[]> {
  if (support().findDaprd() === undefined) {
    return [{ scenario: "on daprd", contestants: {}, ratios: {}, note: noDaprd }];
  }
  return [
    ...(await invocationOnDaprd(bench)),
    ...(await fanOutOnDaprd(bench)),
    ...(await relayOnDaprd(bench)),
    ...(await bulkOnDaprd(bench)),
  ];
}

/** A call of the app through daprd, and what it saves through daprd: all that one invocation costs in use. */
async function invocationOnDaprd(bench: Bench): Promise<Figures[]> {
  const scenario = "daprd: service invocation → state, 32 connections";
  const besides: Beside[] = [];
  const start = async (name: string, protocol: "http" | "grpc" = "http"): Promise<Beside> => {
    const beside = await startBeside(bench, name, inMemory, protocol);
    besides.push(beside);
    const { http } = beside.daprd.ports;
    return { ...beside, port: http, path: `/v1.0/invoke/bench-${beside.app.port}/method/save-order` };
  };
  try {
    const entrants = {
      ours: await start("ours"),
      bare: await start("bare"),
      "DaprServer, HTTP": await start("dapr-sdk"),
      "DaprServer, gRPC": await start("dapr-sdk", "grpc"),
    };
    const load = { scenario, path: "", body: JSON.stringify(order), connections: 32 };
    const length = bench.quick ? { rounds: 3, seconds: 0.5, warmUp: 4000 } : { rounds: 7, seconds: 1, warmUp: 20_000 };
    const rounds = await compete(bench, entrants, { ...load, ...length });
    const ratios = ratiosToOthers(rounds, "ours", ["bare", "DaprServer, HTTP", "DaprServer, gRPC"]);
    const { cpuMicroseconds, daprdMicroseconds } = rounds.medians()["ours"]!;
    const daprdShare =
      daprdMicroseconds === undefined ? NaN : daprdMicroseconds / (daprdMicroseconds + cpuMicroseconds!);
    return [
      { scenario, contestants: rounds.medians(), ratios: { ...ratios, "daprd's share of the CPU, ours": daprdShare } },
    ];
  } finally {
    await end(...besides);
  }
}

async function fanOutOnDaprd(bench: Bench): Promise<Figures[]> {
  const stub = await Stub.start(bench.load);
  const ledger = componentOf("bindings.http", { url: `http://127.0.0.1:${stub.port}/v1.0/bindings/ledger` });
  const components = { ...inMemory, ledger };
  const ours = await startBeside(bench, "ours", components);
  const bare = await startBeside(bench, "bare", components);
  const contest = {
    path: "",
    connections: 1,
    ...(bench.quick ? { rounds: 3, seconds: 0.3 } : { rounds: 5, seconds: 1 }),
  };
  const one = { body: itemsOf(1), itemsPerRequest: 1 };
  const thousand = { ...contest, body: itemsOf(1000), itemsPerRequest: 1000, warmUp: 3 };
  try {
    const state = await compete(
      bench,
      {
        "ours, one request": { ...ours, path: "/save-items" },
        "bare, one request": { ...bare, path: "/save-items" },
        "bare, one by one": { ...bare, path: "/save-items-singly" },
        "ours, an invocation each": { ...ours, path: "/save-items", ...one },
      },
      { ...thousand, scenario: "daprd: one invocation → 1,000 state items" },
    );
    const publish = await compete(
      bench,
      {
        "ours, bulk": { ...ours, path: "/publish-items-bulk" },
        "bare, bulk": { ...bare, path: "/publish-items-bulk" },
        "ours, one by one": { ...ours, path: "/publish-items" },
        "bare, one by one": { ...bare, path: "/publish-items" },
        "ours, an invocation each": { ...ours, path: "/publish-items", ...one },
      },
      { ...thousand, scenario: "daprd: one invocation → 1,000 publish items" },
    );
    const figures: Figures[] = [
      {
        scenario: "daprd: one invocation → 1,000 state items",
        contestants: state.medians(),
        ratios: {
          "items per second / one by one": state.ratio("perSecond", "ours, one request", "bare, one by one"),
          "items per second / an invocation each": state.ratio(
            "perSecond",
            "ours, one request",
            "ours, an invocation each",
          ),
          "items per second / bare, one request": state.ratio("perSecond", "ours, one request", "bare, one request"),
        },
      },
      {
        scenario: "daprd: one invocation → 1,000 publish items",
        contestants: publish.medians(),
        ratios: {
          "items per second, bulk / one by one": publish.ratio("perSecond", "ours, bulk", "ours, one by one"),
          "items per second, bulk / an invocation each": publish.ratio(
            "perSecond",
            "ours, bulk",
            "ours, an invocation each",
          ),
          "items per second, bulk / bare, bulk": publish.ratio("perSecond", "ours, bulk", "bare, bulk"),
        },
      },
    ];
    if (bench.quick) return figures;
    const binding = await compete(
      bench,
      { ours, bare },
      {
        ...contest,
        path: "/call-binding-items",
        body: itemsOf(100),
        itemsPerRequest: 100,
        warmUp: 20,
        scenario: "daprd: one invocation → 100 binding items",
      },
    );
    const ratios = { "throughput / bare": binding.ratio("perSecond", "ours", "bare") };
    return [
      ...figures,
      { scenario: "daprd: one invocation → 100 binding items", contestants: binding.medians(), ratios },
    ];
  } finally {
    await end(ours, bare);
    stub.close();
  }
}

/** Events published to daprd, delivered by it, and published again by the app. */
async function relayOnDaprd(bench: Bench): Promise<Figures[]> {
  if (bench.quick) return [];
  const scenario = "daprd: topic → publish";
  const names = ["ours", "bare", "dapr-sdk"] as const;
  type Name = (typeof names)[number];
  const besides: Beside[] = [];
  try {
    const apps = {} as Record<Name, Beside>;
    for (const name of names) besides.push((apps[name] = await startBeside(bench, name, inMemory)));
    bench.progress(scenario);
    const deliver = (name: Name, events: number) => {
      const { daprd } = apps[name];
      const load = { path: "/v1.0/publish/bus/relay", body: JSON.stringify(order), connections: 8, requests: events };
      return handled(apps[name], events, () => runLoad(bench, daprd.ports.http, load));
    };
    for (const name of names) await deliver(name, 300);
    const rounds = await Rounds.interleave(names, 5, (name) => deliver(name, 1000));
    const ratios = Object.fromEntries(
      (["bare", "dapr-sdk"] as const).flatMap((other) => [
        [`throughput / ${other}`, rounds.ratio("perSecond", "ours", other)],
        [`cpu / ${other}`, rounds.ratio("cpuMicroseconds", "ours", other)],
      ]),
    );
    return [{ scenario, contestants: rounds.medians(), ratios }];
  } finally {
    await end(...besides);
  }
}

/** Puts events into a stream at a cost that is no part of what is measured. */
const produce = `for i = 1, tonumber(ARGV[2]) do redis.call("XADD", KEYS[1], "*", "data", ARGV[1]) end`;

/**
 * The same events singly and in bulk. In Redis: daprd's in-memory broker waits for each event before the next. They are
 * put there past daprd, so that publishing them takes none of its time.
 */
async function bulkOnDaprd(bench: Bench): Promise<Figures[]> {
  const scenario = "daprd: topic events in bulk";
  const { findRedis, startRedis } = redisSupport();
  if (findRedis() === undefined) {
    const note = "needs redis-server on the PATH: a broker that hands over several events at once";
    return [{ scenario, contestants: {}, ratios: {}, note }];
  }
  const redis = await startRedis();
  const client = createClient({ url: `redis://${redis.host}` });
  await client.connect();
  // Several times what a bulk request takes: the next one fills while one is handled.
  const metadata = { redisHost: redis.host, concurrency: "1000", queueDepth: "4000" };
  const components = { ...inMemory, broker: componentOf("pubsub.redis", metadata) };
  const besides: Beside[] = [];
  bench.progress(scenario);
  try {
    const ours = await startBeside(bench, "ours-events", components);
    besides.push(ours);
    const bare = await startBeside(bench, "bare-events", components);
    besides.push(bare);
    const topics = ["single", "bulk", "single-outputs", "bulk-outputs", "bare-single", "bare-bulk"] as const;
    const deliver = (topic: (typeof topics)[number], events: number) =>
      handled(topic.startsWith("bare") ? bare : ours, events, () =>
        client.eval(produce, { keys: [topic], arguments: [orderEvent, String(events)] }),
      );
    for (const topic of topics) await deliver(topic, 1000);
    const rounds = await Rounds.interleave(topics, bench.quick ? 3 : 7, (topic) =>
      deliver(topic, bench.quick ? 2000 : 5000),
    );
    return [
      {
        scenario,
        contestants: rounds.medians(),
        ratios: {
          "events per second, bulk / single": rounds.ratio("perSecond", "bulk", "single"),
          "the same, each event → publish and state": rounds.ratio("perSecond", "bulk-outputs", "single-outputs"),
          "the same, bare": rounds.ratio("perSecond", "bare-bulk", "bare-single"),
          "bulk / bare, bulk": rounds.ratio("perSecond", "bulk", "bare-bulk"),
        },
      },
    ];
  } finally {
    await end(...besides);
    client.destroy();
    await redis.close();
  }
}

/** Sends events and waits until the app's functions have had all of them. */
async function handled({ app, sidecarPid }: Beside, events: number, send: () => Promise<unknown>): Promise<Numbers> {
  const before = await app.usage();
  const daprdBefore = cpuSecondsOf(sidecarPid);
  const begin = performance.now();
  await send();
  let after = await app.usage();
  for (; after.events - before.events < events; after = await app.usage()) {
    if (performance.now() - begin > 60_000) throw new Error(`${app.name}: some of ${events} events are missing`);
    await delay(2);
  }
  const seconds = (performance.now() - begin) / 1e3;
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  const daprdAfter = cpuSecondsOf(sidecarPid);
  return {
    perSecond: events / seconds,
    cpuMicroseconds: (cpuSeconds * 1e6) / events,
    ...(daprdAfter !== undefined && { daprdMicroseconds: ((daprdAfter - daprdBefore!) * 1e6) / events }),
    appBusy: cpuSeconds / seconds,
  };
}

async function end(...besides: readonly Beside[]): Promise<void> {
  for (const { app, daprd } of besides) {
    await daprd.kill();
    await app.close();
  }
}
