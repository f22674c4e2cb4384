import type { Bench, Figures } from "../bench.js";
import { order } from "../bodies.js";
import { App, Stub } from "../processes.js";
import { compete } from "./contest.js";

/** What it costs that no update is lost, where nobody contends: a state entry, or an input and an output of its key. */
export async function entries(bench: Bench): Promise<Figures[]> {
  const stub = await Stub.start(bench.load);
  const scenario = "state read and written, 32 connections";
  let all: Awaited<ReturnType<typeof round>> | undefined;
  const round = async () => {
    // One process for both: two would differ by what the compiler made of them.
    const app = await App.start(bench, { name: "ours-entries", sidecarPort: stub.port });
    try {
      return await compete(
        bench,
        { entry: { app, path: "/entry" }, "input and output": { app, path: "/pair" } },
        {
          scenario,
          path: "/entry",
          body: JSON.stringify(order),
          connections: 32,
          rounds: bench.quick ? 5 : 7,
          seconds: 0.5,
          warmUp: bench.quick ? 10_000 : 20_000,
          stub,
        },
      );
    } finally {
      await app.close();
    }
  };
  try {
    for (let process = 0; process < (bench.quick ? 1 : 3); process++) {
      const rounds = await round();
      if (all === undefined) all = rounds;
      else all.add(rounds);
    }
    const ratios = {
      "throughput / input and output": all!.ratio("perSecond", "entry", "input and output"),
      "cpu / input and output": all!.ratio("cpuMicroseconds", "entry", "input and output"),
      "p99 / input and output": all!.ratio("p99", "entry", "input and output"),
    };
    return [{ scenario, contestants: all!.medians(), ratios }];
  } finally {
    stub.close();
  }
}
