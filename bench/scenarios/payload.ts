import type { Bench, Figures } from "../bench.js";
import { order } from "../bodies.js";
import { App, runProbe, Stub } from "../processes.js";
import { compete } from "./contest.js";

const json = JSON.stringify(order);

/** What payload classes cost: beside none, beside the same checks called by hand, among others, and of awkward sizes. */
export async function payload(bench: Bench): Promise<Figures[]> {
  const stub = await Stub.start(bench.load);
  try {
    const results = [await byHand(bench, stub), await hostile(bench, stub)];
    return bench.quick ? results : [await onAndOff(bench, stub), ...results];
  } finally {
    stub.close();
  }
}

/** The same order, validated and made an instance, or taken as it is. */
async function onAndOff(bench: Bench, stub: Stub): Promise<Figures> {
  const off = await App.start(bench, { name: "ours", sidecarPort: stub.port });
  const on = await App.start(bench, { name: "ours-checked", sidecarPort: stub.port });
  try {
    const scenario = "state, payload class on and off";
    const rounds = await compete(
      bench,
      { on: { app: on }, off: { app: off } },
      { scenario, path: "/save-order", body: json, connections: 32, rounds: 5, seconds: 0.8, stub },
    );
    const ratios = {
      "throughput on / off": rounds.ratio("perSecond", "on", "off"),
      "cpu on / off": rounds.ratio("cpuMicroseconds", "on", "off"),
    };
    return { scenario, contestants: rounds.medians(), ratios };
  } finally {
    await off.close();
    await on.close();
  }
}

/** An order echoed under a payload class, alone and among other classes with rules. */
async function byHand(bench: Bench, stub: Stub): Promise<Figures> {
  const scenario = "echo of a payload class, 32 connections";
  const start = async (name: string, others: number) => ({
    app: await App.start(bench, { name, sidecarPort: stub.port, argument: String(others) }),
  });
  const entrants = {
    ours: await start("ours-checked", 0),
    "ours among 100": await start("ours-checked", 100),
    "ours among 1,000": await start("ours-checked", 1000),
    "by hand": await start("bare-checked", 0),
    "ours, unchecked": await start("ours", 0),
    "by hand, unchecked": await start("bare", 0),
    "by hand among 1,000": await start("bare-checked", 1000),
  };
  try {
    const rounds = await compete(bench, entrants, {
      scenario,
      path: "/echo",
      body: json,
      connections: 32,
      rounds: bench.quick ? 5 : 7,
      seconds: bench.quick ? 0.5 : 0.8,
      // With other classes it takes longer until everything is compiled.
      warmUp: bench.quick ? 10_000 : 20_000,
    });
    const cpu = "cpuMicroseconds";
    const medians = rounds.medians();
    const ofChecks = (name: "ours" | "by hand"): number => medians[name]![cpu]! - medians[`${name}, unchecked`]![cpu]!;
    return {
      scenario,
      contestants: medians,
      ratios: {
        "cpu of the checks / by hand": ofChecks("ours") / ofChecks("by hand"),
        "cpu / by hand": rounds.ratio(cpu, "ours", "by hand"),
        "throughput / by hand": rounds.ratio("perSecond", "ours", "by hand"),
        "cpu among 100 / alone": rounds.ratio(cpu, "ours among 100", "ours"),
        "cpu among 1,000 / alone": rounds.ratio(cpu, "ours among 1,000", "ours"),
        "cpu among 1,000 / by hand": rounds.ratio(cpu, "ours among 1,000", "by hand among 1,000"),
      },
    };
  } finally {
    for (const { app } of Object.values(entrants)) await app.close();
  }
}

/** How long one body blocks the app, by its JSON.parse. */
async function hostile(bench: Bench, stub: Stub): Promise<Figures> {
  const scenario = "bodies of awkward sizes under a payload class";
  bench.progress(scenario);
  const args = [String(stub.port), bench.quick ? "12" : "25"] as const;
  const found = await runProbe<Record<string, { blocked: number; parsing: number }>>(bench, "hostile", ...args);
  const ratios = Object.entries(found).map(([name, { blocked, parsing }]) => [name, blocked / parsing] as const);
  return {
    scenario,
    contestants: Object.fromEntries(
      Object.entries(found).map(([name, { blocked }]) => [name, { milliseconds: blocked }]),
    ),
    ratios: { ...Object.fromEntries(ratios), "longest / JSON.parse": Math.max(...ratios.map(([, ratio]) => ratio)) },
  };
}
