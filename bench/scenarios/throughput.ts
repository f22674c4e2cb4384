import type { Bench, Figures, Numbers } from "../bench.js";
import { order, orderEvent, orderOf } from "../bodies.js";
import { App, names, runLoad, Stub, type Name } from "../processes.js";
import { Rounds } from "../rounds.js";
import { compete, ratiosToOthers, type Entrant } from "./contest.js";

const json = JSON.stringify(order);

export interface Job {
  readonly job: string;
  readonly path: string;
  /** Instead of the path: wherever the contestant wants the events of this topic. */
  readonly topic?: string;
  readonly body: string;
  readonly contentType?: string;
  readonly warmUp?: number;
  /** The contestant that cannot do it. */
  readonly except?: Name;
}

/** One invocation that does one thing: what the bars are about, at 32 connections. */
export const jobs = {
  state: { job: "state", path: "/save-order", body: json },
  "state-input": { job: "state input", path: "/read-order", body: json },
  echo: { job: "echo", path: "/echo", body: json },
  invoke: { job: "invoke", path: "/invoke-other", body: json },
  binding: { job: "binding", path: "/call-binding", body: json },
  topic: {
    job: "topic → publish",
    path: "",
    topic: "relay",
    body: orderEvent,
    contentType: "application/cloudevents+json",
  },
  "http-state": { job: "HTTP trigger with {id} → state", path: "/api/orders/41", body: json, except: "dapr-sdk" },
  route: { job: "HTTP route parameters", path: "/api/orders/41/lines/7", body: json, except: "dapr-sdk" },
} as const satisfies Readonly<Record<string, Job>>;

/** At other loads and of other sizes; large bodies last because of the memory they leave. */
const others: readonly (Job & { readonly connections: readonly number[] })[] = [
  { ...jobs.state, connections: [1, 256] },
  { ...jobs.echo, connections: [1, 256] },
  { job: "state, 10 KB", path: "/save-order", body: orderOf(10_000), connections: [32] },
  { job: "state, 1 MB", path: "/save-order", body: orderOf(1_000_000), connections: [4], warmUp: 50 },
];

const barred = ["ours", "bare"] as const;
const atOtherLoads = ["ours", "bare", "fastify", "dapr-sdk"] as const;

const scenarioOf = ({ job }: Job, connections: number): string =>
  `${job}, ${connections} ${connections === 1 ? "connection" : "connections"}`;

/** Every job beside every contestant, then the same at other loads and of other sizes. */
export async function throughput(bench: Bench): Promise<Figures[]> {
  const stub = await Stub.start(bench.load);
  try {
    const results: Figures[] = bench.quick ? [] : [await driver(bench, stub)];
    for (const job of Object.values(jobs)) results.push(await barredJob(bench, job, stub));
    if (!bench.quick) results.push(...(await otherJobs(bench, stub)));
    return results;
  } finally {
    stub.close();
  }
}

/**
 * All contestants first, then ours and the bare limit, which the bars are about, in two more processes each: two
 * processes of one program differ by more than two rounds of one process, by what the compiler made of them.
 */
async function barredJob(bench: Bench, job: Job, stub: Stub): Promise<Figures> {
  const scenario = scenarioOf(job, 32);
  const length = bench.quick
    ? { rounds: 5, seconds: 0.4, warmUp: 10_000 }
    : { rounds: 6, seconds: 0.5, warmUp: 20_000 };
  const generations: (readonly Name[])[] = bench.quick
    ? [barred]
    : [names.filter((name) => name !== job.except), barred, barred];
  let all: Rounds<Name, Numbers> | undefined;
  for (const taking of generations) {
    const rounds = await among(bench, taking, stub, async (entrants) =>
      compete(bench, await asked(entrants, job), { ...job, ...length, scenario, connections: 32, stub }),
    );
    if (all === undefined) all = rounds;
    else all.add(rounds);
  }
  const others = generations[0]!.filter((name) => name !== "ours");
  return { scenario, contestants: all!.medians(), ratios: ratiosToOthers(all!, "ours", others) };
}

async function otherJobs(bench: Bench, stub: Stub): Promise<Figures[]> {
  const results: Figures[] = [];
  await among(bench, atOtherLoads, stub, async (entrants) => {
    for (const job of others) {
      for (const connections of job.connections) {
        const scenario = scenarioOf(job, connections);
        const length = { rounds: 3, seconds: 0.5 };
        const rounds = await compete(bench, entrants, { ...job, ...length, scenario, connections, stub });
        const ratios = ratiosToOthers(rounds, "ours", atOtherLoads.slice(1));
        results.push({ scenario, contestants: rounds.medians(), ratios });
      }
    }
  });
  return results;
}

/** Contestants in processes of their own, as long as the work goes on. */
async function among<T>(
  bench: Bench,
  taking: readonly Name[],
  stub: Stub,
  work: (entrants: Record<Name, Entrant>) => Promise<T>,
): Promise<T> {
  const entrants = {} as Record<Name, Entrant>;
  try {
    for (const name of taking) entrants[name] = { app: await App.start(bench, { name, sidecarPort: stub.port }) };
    return await work(entrants);
  } finally {
    for (const { app } of Object.values(entrants)) await app.close();
  }
}

/** With each contestant's own path where the job is a topic's. */
async function asked(entrants: Record<Name, Entrant>, { topic }: Job): Promise<Record<Name, Entrant>> {
  if (topic === undefined) return entrants;
  const result = { ...entrants };
  for (const [name, { app }] of Object.entries(entrants)) {
    result[name as Name] = { app, path: await app.routeOf(topic) };
  }
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
