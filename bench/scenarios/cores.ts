import type { Bench, Figures } from "../bench.js";
import { order } from "../bodies.js";
import { App, cpuSecondsOf, runLoad, Stub } from "../processes.js";
import { Rounds } from "../rounds.js";

const workers = ["1 worker", "2 workers"] as const;
const jobs = [
  { what: "a state item", path: "/save-order" },
  { what: "half a millisecond of computing", path: "/compute" },
] as const;

/** One app of one and of two workers behind one port. Generator and stub need a processor too: `driver busy` is what they take. */
export async function cores(bench: Bench): Promise<Figures[]> {
  if (bench.quick) return [];
  const stub = await Stub.start(bench.load);
  const apps = {} as Record<(typeof workers)[number], App>;
  try {
    for (const name of workers) {
      const argument = name.split(" ")[0]!;
      apps[name] = await App.start(bench, {
        name: "ours-cluster",
        sidecarPort: stub.port,
        argument,
        isPinned: false,
      });
    }
    const results: Figures[] = [];
    for (const { what, path } of jobs) {
      const scenario = `cores: ${what}, 1 and 2 workers`;
      bench.progress(scenario);
      const load = { path, body: JSON.stringify(order), connections: 32 };
      for (const name of workers) await runLoad(bench, apps[name].port, { ...load, seconds: 1 });
      const rounds = await Rounds.interleave(workers, 5, async (name) => {
        const [before, stubBefore] = [busyOf(apps[name]), await stub.usage()];
        const { perSecond, p50, p99, seconds, cpuSeconds } = await runLoad(bench, apps[name].port, {
          ...load,
          seconds: 0.8,
        });
        const [after, stubAfter] = [busyOf(apps[name]), await stub.usage()];
        return {
          perSecond,
          p50,
          p99,
          appBusy: (after - before) / seconds,
          driverBusy: (cpuSeconds + stubAfter.cpuSeconds - stubBefore.cpuSeconds) / seconds,
        };
      });
      results.push({
        scenario,
        contestants: rounds.medians(),
        ratios: { "throughput, 2 workers / 1": rounds.ratio("perSecond", "2 workers", "1 worker") },
      });
    }
    return results;
  } finally {
    for (const app of Object.values(apps)) await app.close();
    stub.close();
  }
}

/** Processor time of all processes of an app; nothing where the machine does not tell. */
function busyOf(app: App): number {
  return app.pids().reduce((sum, pid) => sum + (cpuSecondsOf(pid) ?? 0), 0);
}
