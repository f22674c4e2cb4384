import type { Bench, Figures } from "../bench.js";
import { order } from "../bodies.js";
import { App, Stub } from "../processes.js";
import { compete } from "./contest.js";

/** What a payload class costs: the same order, validated and made an instance, or taken as it is. */
export async function payload(bench: Bench): Promise<Figures[]> {
  if (bench.quick) return [];
  const stub = await Stub.start(bench.load);
  const off = await App.start(bench, { name: "ours", sidecarPort: stub.port });
  const on = await App.start(bench, { name: "ours-checked", sidecarPort: stub.port });
  try {
    const scenario = "state, payload class on and off";
    const rounds = await compete(
      bench,
      { on: { app: on }, off: { app: off } },
      { scenario, path: "/save-order", body: JSON.stringify(order), connections: 32, rounds: 5, seconds: 0.8, stub },
    );
    const ratios = {
      "throughput on / off": rounds.ratio("perSecond", "on", "off"),
      "cpu on / off": rounds.ratio("cpuMicroseconds", "on", "off"),
    };
    return [{ scenario, contestants: rounds.medians(), ratios }];
  } finally {
    await off.close();
    await on.close();
    stub.close();
  }
}
