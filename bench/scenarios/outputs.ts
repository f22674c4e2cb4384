import type { Bench, Figures } from "../bench.js";
import { order } from "../bodies.js";
import { App, Stub } from "../processes.js";
import { compete } from "./contest.js";

const milliseconds = 10;

/** Three outputs of one request each on a sidecar that takes its time: one after the other, and side by side. */
export async function outputs(bench: Bench): Promise<Figures[]> {
  const stub = await Stub.start(bench.load, milliseconds);
  const app = await App.start(bench, { name: "ours-outputs", sidecarPort: stub.port });
  try {
    const results: Figures[] = [];
    for (const connections of bench.quick ? [1] : [1, 32]) {
      const scenario = `outputs, a sidecar of ${milliseconds} ms, ${connections} connection${connections === 1 ? "" : "s"}`;
      const rounds = await compete(
        bench,
        {
          "one output": { app, path: "/one" },
          "three, ordered": { app, path: "/three-ordered" },
          "three, parallel": { app, path: "/three-parallel" },
        },
        {
          scenario,
          path: "/one",
          body: JSON.stringify(order),
          connections,
          rounds: bench.quick ? 3 : 5,
          seconds: 0.8,
          warmUp: connections * 60,
          stub,
        },
      );
      const ratios = {
        "time of three, parallel / one": rounds.ratio("p50", "three, parallel", "one output"),
        "time of three, ordered / one": rounds.ratio("p50", "three, ordered", "one output"),
        "cpu of three, parallel / ordered": rounds.ratio("cpuMicroseconds", "three, parallel", "three, ordered"),
      };
      results.push({ scenario, contestants: rounds.medians(), ratios });
    }
    return results;
  } finally {
    await app.close();
    stub.close();
  }
}
