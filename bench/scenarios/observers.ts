import type { Bench, Figures, Numbers } from "../bench.js";
import { order } from "../bodies.js";
import { App, Stub } from "../processes.js";
import type { Rounds } from "../rounds.js";
import { compete } from "./contest.js";

const kinds = ["none", "idle", "log line", "log line on the console", "OpenTelemetry", "inspector"] as const;
const byHand = ["by hand", "by hand, OpenTelemetry"] as const;
type Kind = (typeof kinds)[number] | (typeof byHand)[number];

/** What watching costs an invocation with one state item: observers, log lines, spans, the inspector's recorder. */
export async function observers(bench: Bench): Promise<Figures[]> {
  const stub = await Stub.start(bench.load);
  const scenario = "state, watched, 32 connections";
  const round = async (): Promise<Rounds<Kind, Numbers>> => {
    const apps: App[] = [];
    try {
      const entrants = {} as Record<Kind, { app: App }>;
      for (const kind of [...kinds, ...byHand]) {
        const [name, argument] = kind.startsWith("by hand")
          ? (["bare-observed", kind.split(", ")[1] ?? ""] as const)
          : (["ours-observed", kind] as const);
        const app = await App.start(bench, { name, sidecarPort: stub.port, argument });
        apps.push(app);
        entrants[kind] = { app };
      }
      return await compete(bench, entrants, {
        scenario,
        path: "/save-order",
        body: JSON.stringify(order),
        connections: 32,
        rounds: 5,
        seconds: 0.4,
        warmUp: bench.quick ? 10_000 : 20_000,
        stub,
      });
    } finally {
      for (const app of apps) await app.close();
    }
  };
  try {
    // A process keeps for life what the compiler made of it, and these differ by little.
    const all = await round();
    for (let process = 1; process < (bench.quick ? 1 : 3); process++) all.add(await round());
    const cpu = "cpuMicroseconds";
    const medians = all.medians();
    const ratios = Object.fromEntries(
      kinds.slice(1).map((kind) => [`cpu, ${kind} / none`, all.ratio(cpu, kind, "none")] as const),
    );
    // Microseconds for each of 1,000 a second are thousandths of a core.
    const ofACore = (medians["inspector"]![cpu]! - medians["none"]![cpu]!) / 1000;
    return [
      {
        scenario,
        contestants: medians,
        ratios: {
          ...ratios,
          "cpu, by hand: OpenTelemetry / none": all.ratio(cpu, "by hand, OpenTelemetry", "by hand"),
          "cpu, OpenTelemetry / by hand": all.ratio(cpu, "OpenTelemetry", "by hand, OpenTelemetry"),
          "inspector at 1,000/s, of a core": ofACore,
        },
      },
    ];
  } finally {
    stub.close();
  }
}
