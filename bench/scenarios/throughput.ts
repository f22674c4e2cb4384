import { order, orderEvent, orderOf } from "../bodies.js";
import { App, names, runLoad, Stub, type Load, type Name, type Usage } from "../processes.js";
import { interleave, median } from "../rounds.js";
import type { Bench, Figures } from "../bench.js";

interface Job {
  readonly job: string;
  readonly path: string;
  readonly body: string;
  readonly contentType?: string;
  readonly connections: number;
}

const json = JSON.stringify(order);

/** One invocation that does one thing, at several loads; bodies of several sizes. */
const jobs: readonly Job[] = [
  { job: "state, 32 connections", path: "/save-order", body: json, connections: 32 },
  { job: "echo, 32 connections", path: "/echo", body: json, connections: 32 },
  { job: "invoke, 32 connections", path: "/invoke-other", body: json, connections: 32 },
  { job: "binding, 32 connections", path: "/call-binding", body: json, connections: 32 },
  {
    job: "topic → publish, 32 connections",
    path: "/relay",
    body: orderEvent,
    contentType: "application/cloudevents+json",
    connections: 32,
  },
  { job: "state, 1 connection", path: "/save-order", body: json, connections: 1 },
  { job: "state, 256 connections", path: "/save-order", body: json, connections: 256 },
  { job: "state, 10 KB", path: "/save-order", body: orderOf(10_000), connections: 32 },
  { job: "state, 1 MB", path: "/save-order", body: orderOf(1_000_000), connections: 4 },
];

const quickJobs = jobs.slice(0, 2);

interface Sample extends Load {
  readonly cpu: number;
}

/** Medians and ratios of each job, over interleaved rounds. */
export async function throughput(bench: Bench): Promise<Figures[]> {
  const stub = await Stub.start(bench.load);
  const apps = new Map<Name, App>();
  try {
    for (const name of names) apps.set(name, await App.start(bench.folder, name, stub.port));
    const results: Figures[] = [];
    for (const job of bench.quick ? quickJobs : jobs) {
      bench.progress(job.job);
      results.push(await measure(bench, job, apps));
    }
    return results;
  } finally {
    for (const app of apps.values()) app.close();
    stub.close();
  }
}

async function measure(bench: Bench, job: Job, apps: ReadonlyMap<Name, App>): Promise<Figures> {
  const sample = async (name: Name, seconds: number): Promise<Sample> => {
    const app = apps.get(name)!;
    const before = await app.usage();
    const load = await runLoad(bench.load, app, { ...job, seconds });
    return { ...load, cpu: cpuOf(before, await app.usage(), load) };
  };
  for (const name of names) await sample(name, bench.quick ? 1 : 1.5);
  const samples = await interleave(names, bench.quick ? 3 : 5, (name) => sample(name, bench.quick ? 1 : 2));
  const figures = (name: Name) => ({
    perSecond: median(samples.get(name)!.map((each) => each.perSecond)),
    cpuMicroseconds: median(samples.get(name)!.map((each) => each.cpu)),
    p50: median(samples.get(name)!.map((each) => each.p50)),
    p99: median(samples.get(name)!.map((each) => each.p99)),
  });
  const contestants = Object.fromEntries(names.map((name) => [name, figures(name)]));
  const ratio = (other: Name, of: (each: Sample) => number) =>
    median(samples.get("ours")!.map((ours, round) => of(ours) / of(samples.get(other)![round]!)));
  return {
    scenario: job.job,
    contestants,
    ratios: Object.fromEntries(
      names
        .filter((name) => name !== "ours")
        .flatMap((name) => [
          [`throughput / ${name}`, ratio(name, (each) => each.perSecond)],
          [`cpu / ${name}`, ratio(name, (each) => each.cpu)],
          [`p99 / ${name}`, ratio(name, (each) => each.p99)],
        ]),
    ),
  };
}

const cpuOf = (before: Usage, after: Usage, load: Load): number =>
  (after.cpuMicroseconds - before.cpuMicroseconds) / load.requests;
