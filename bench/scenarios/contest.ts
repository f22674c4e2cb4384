import type { Bench, Figures, Numbers } from "../bench.js";
import { cpuSecondsOf, runLoad, type App, type LoadOptions, type Stub } from "../processes.js";
import { Rounds } from "../rounds.js";

/** One who takes part in a contest: a name, the app that runs it, and where it is asked. */
export interface Entrant {
  readonly app: App;
  /** Of a real sidecar, whose processor time is measured too. */
  readonly sidecarPid?: number;
  /** Instead of the app's own port: that of the sidecar which calls it. */
  readonly port?: number;
  /** Instead of the contest's own path. */
  readonly path?: string;
  /** Instead of the contest's own body and number of items. */
  readonly body?: string;
  readonly itemsPerRequest?: number;
}

export interface Contest extends LoadOptions {
  readonly scenario: string;
  readonly rounds: number;
  /** How long one contestant runs in one round. */
  readonly seconds: number;
  /** Requests before the first round, so that what is measured is compiled; 5,000 unless given. */
  readonly warmUp?: number;
  /** The sidecar that serves all of them, whose processor time shows that it does not hold them up. */
  readonly stub?: Stub;
  /** What one request does, where that is more than one thing. */
  readonly itemsPerRequest?: number;
}

/** Throughput, latency, processor time and memory of contestants that do the same job. */
export async function compete<Name extends string>(
  bench: Bench,
  entrants: Readonly<Record<Name, Entrant>>,
  contest: Contest,
): Promise<Rounds<Name, Numbers>> {
  bench.progress(contest.scenario);
  const names = Object.keys(entrants) as Name[];
  const { seconds: _, warmUp = 5000, ...load } = contest;
  for (const name of names) {
    const { app, path = load.path, body = load.body, itemsPerRequest = load.itemsPerRequest } = entrants[name];
    const all = (warmUp * (load.itemsPerRequest ?? 1)) / (itemsPerRequest ?? 1);
    // The SDK is slow enough for a quarter to take as long.
    const requests = Math.ceil(app.name === "dapr-sdk" || app.name === "express" ? all / 4 : all);
    await runLoad(bench, entrants[name].port ?? app.port, { ...load, path, body, requests });
  }
  return await Rounds.interleave(names, contest.rounds, (name) => measure(bench, entrants[name], contest));
}

async function measure(bench: Bench, entrant: Entrant, contest: Contest): Promise<Numbers> {
  const { stub } = contest;
  const { app, sidecarPid, path = contest.path, body = contest.body } = entrant;
  const itemsPerRequest = entrant.itemsPerRequest ?? contest.itemsPerRequest ?? 1;
  const sidecarSeconds = () => (sidecarPid === undefined ? undefined : cpuSecondsOf(sidecarPid));
  const [before, stubBefore, sidecarBefore] = [await app.usage(), await stub?.usage(), sidecarSeconds()];
  const load = await runLoad(bench, entrant.port ?? app.port, { ...contest, path, body });
  const [after, stubAfter, sidecarAfter] = [await app.usage(), await stub?.usage(), sidecarSeconds()];
  const microseconds = (seconds: number): number => (seconds * 1e6) / load.requests / itemsPerRequest;
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  const stubSeconds = (stubAfter?.cpuSeconds ?? 0) - (stubBefore?.cpuSeconds ?? 0);
  return {
    perSecond: load.perSecond * itemsPerRequest,
    cpuMicroseconds: microseconds(cpuSeconds),
    ...(sidecarAfter !== undefined && { daprdMicroseconds: microseconds(sidecarAfter - sidecarBefore!) }),
    p50: load.p50,
    p99: load.p99,
    rssMegabytes: after.rss / 1e6,
    // How much of their processors the two sides used: the app is what was measured only where its own is the full one.
    appBusy: cpuSeconds / load.seconds,
    driverBusy: (stubSeconds + load.cpuSeconds) / load.seconds,
  };
}

/** Ours by each of the others, in what the bars are about. */
export function ratiosToOthers<Name extends string>(
  rounds: Rounds<Name, Numbers>,
  ours: Name,
  others: readonly Name[],
): Figures["ratios"] {
  const numbers = { throughput: "perSecond", cpu: "cpuMicroseconds", p99: "p99" } as const;
  const ratios = others.flatMap((other) =>
    Object.entries(numbers).map(([what, number]) => [`${what} / ${other}`, rounds.ratio(number, ours, other)] as const),
  );
  return Object.fromEntries(ratios);
}
