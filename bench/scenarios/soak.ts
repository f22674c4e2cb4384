import type { Bench, Figures, Numbers } from "../bench.js";
import { order } from "../bodies.js";
import { App, runLoad, Stub, type Name } from "../processes.js";

/** Memory after many invocations, beside memory after a tenth of them, both after garbage collections. */
export async function soak(bench: Bench): Promise<Figures[]> {
  const invocations = bench.quick ? 50_000 : 1_000_000;
  const scenario = "soak → one state item";
  bench.progress(`${scenario}: ${invocations} invocations`);
  const stub = await Stub.start(bench.load);
  try {
    const ours = await memory(bench, "ours", invocations, stub);
    const bare = bench.quick ? undefined : await memory(bench, "bare", invocations, stub);
    return [
      {
        scenario,
        contestants: {
          "ours, at 10 %": ours.early,
          "ours, at 100 %": ours.late,
          ...(bare !== undefined && { "bare, at 10 %": bare.early, "bare, at 100 %": bare.late }),
        },
        ratios: {
          "heap at 100 % / 10 %": ours.growth("heapMegabytes"),
          "rss at 100 % / 10 %": ours.growth("rssMegabytes"),
          ...(bare !== undefined && {
            "heap at 100 % / 10 %, bare": bare.growth("heapMegabytes"),
            "rss at 100 % / 10 %, bare": bare.growth("rssMegabytes"),
          }),
        },
      },
    ];
  } finally {
    stub.close();
  }
}

interface Memory {
  readonly early: Numbers;
  readonly late: Numbers;
  growth(number: "heapMegabytes" | "rssMegabytes"): number;
}

async function memory(bench: Bench, name: Name, invocations: number, stub: Stub): Promise<Memory> {
  const app = await App.start(bench, { name, sidecarPort: stub.port });
  const load = { path: "/save-order", body: JSON.stringify(order), connections: 32 };
  // Over new connections every now and then, so that what they cost is in both figures.
  const tenth = async (): Promise<void> => {
    for (let part = 0; part < 5; part++) await runLoad(bench, app.port, { ...load, requests: invocations / 50 });
  };
  const settled = async (done: number): Promise<Numbers> => {
    // A first collection runs what still waits to be finalised, the second one frees it.
    await app.usage(true);
    const { heapUsed, rss } = await app.usage(true);
    return { invocations: done, heapMegabytes: heapUsed / 1e6, rssMegabytes: rss / 1e6 };
  };
  try {
    await tenth();
    const early = await settled(invocations / 10);
    for (let done = 20; done <= 100; done += 10) {
      await tenth();
      bench.progress(`${name}: ${done} %`);
    }
    const late = await settled(invocations);
    return { early, late, growth: (number) => late[number]! / early[number]! };
  } finally {
    await app.close();
  }
}
