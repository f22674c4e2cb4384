import type { Bench, Figures } from "../bench.js";
import { order, orderEvent, orderOf } from "../bodies.js";
import { App, names, runLoad, Stub, type Name } from "../processes.js";
import { Rounds } from "../rounds.js";
import { compete, ratiosToOthers, type Entrant } from "./contest.js";

const json = JSON.stringify(order);

interface Job {
  readonly job: string;
  readonly path: string;
  /** Instead of the path: wherever the contestant wants the events of this topic. */
  readonly topic?: string;
  readonly body: string;
  readonly contentType?: string;
  readonly connections: readonly number[];
  readonly warmUp?: number;
}

/** One invocation that does one thing, at several loads; then large bodies, last because of the memory they leave. */
const jobs: readonly Job[] = [
  { job: "state", path: "/save-order", body: json, connections: [32, 1, 256] },
  { job: "echo", path: "/echo", body: json, connections: [32, 1, 256] },
  { job: "invoke", path: "/invoke-other", body: json, connections: [32, 1, 256] },
  { job: "binding", path: "/call-binding", body: json, connections: [32, 1, 256] },
  {
    job: "topic → publish",
    path: "",
    topic: "relay",
    body: orderEvent,
    contentType: "application/cloudevents+json",
    connections: [32],
  },
  { job: "state, 10 KB", path: "/save-order", body: orderOf(10_000), connections: [32] },
  { job: "state, 1 MB", path: "/save-order", body: orderOf(1_000_000), connections: [4], warmUp: 50 },
];

/** The jobs that have bars, which get the most rounds and are all of a quick run. */
const barred = new Set(["state, 32 connections", "echo, 32 connections"]);

const scenarioOf = ({ job }: Job, connections: number): string =>
  `${job}, ${connections} ${connections === 1 ? "connection" : "connections"}`;

/** One invocation → one state item, one invoke, one binding, nothing; an event → one publish. */
export async function throughput(bench: Bench): Promise<Figures[]> {
  const stub = await Stub.start(bench.load);
  const apps: App[] = [];
  try {
    const entrants = {} as Record<Name, Entrant>;
    for (const name of names) {
      const app = await App.start(bench, { name, sidecarPort: stub.port });
      apps.push(app);
      entrants[name] = { app };
    }
    const results: Figures[] = bench.quick ? [] : [await driver(bench, stub)];
    for (const job of jobs) {
      for (const connections of job.connections) {
        const scenario = scenarioOf(job, connections);
        const length = lengthOf(bench, scenario);
        if (length === undefined) continue;
        const asked = job.topic === undefined ? entrants : await subscribers(entrants, job.topic);
        const rounds = await compete(bench, asked, { ...job, ...length, scenario, connections, stub });
        const ratios = ratiosToOthers(rounds, "ours", ["bare", "fastify", "dapr-sdk"]);
        results.push({ scenario, contestants: rounds.medians(), ratios });
      }
    }
    return results;
  } finally {
    for (const app of apps) await app.close();
    stub.close();
  }
}

function lengthOf({ quick }: Bench, scenario: string): { rounds: number; seconds: number } | undefined {
  if (barred.has(scenario)) return quick ? { rounds: 5, seconds: 0.4 } : { rounds: 15, seconds: 0.5 };
  return quick ? undefined : { rounds: 5, seconds: 0.4 };
}

async function subscribers(entrants: Record<Name, Entrant>, topic: string): Promise<Record<Name, Entrant>> {
  const result = { ...entrants };
  for (const name of names) result[name] = { ...entrants[name], path: await entrants[name].app.routeOf(topic) };
  return result;
}

/** The generator on the stub, with no app between: both together take far less than an app does. */
async function driver(bench: Bench, stub: Stub): Promise<Figures> {
  const scenario = "generator → stub, no app between";
  bench.progress(scenario);
  const kinds = { "1 connection": 1, "32 connections": 32, "256 connections": 256 } as const;
  const rounds = await Rounds.interleave(Object.keys(kinds) as (keyof typeof kinds)[], 3, async (kind) => {
    const load = { path: "/v1.0/state/statestore", body: json, connections: kinds[kind], seconds: 0.8 };
    const before = await stub.usage();
    const { perSecond, p50, p99, seconds, cpuSeconds } = await runLoad(bench, stub.port, load);
    const after = await stub.usage();
    return { perSecond, p50, p99, driverBusy: (cpuSeconds + after.cpuSeconds - before.cpuSeconds) / seconds };
  });
  return { scenario, contestants: rounds.medians(), ratios: {} };
}
