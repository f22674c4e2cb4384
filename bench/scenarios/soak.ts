import type { Bench, Figures } from "../bench.js";
import { order } from "../bodies.js";
import { App, runLoad, Stub } from "../processes.js";

/** Memory after many invocations, beside memory after a tenth of them, both after garbage collections. */
export async function soak(bench: Bench): Promise<Figures[]> {
  const invocations = bench.quick ? 50_000 : 1_000_000;
  const scenario = "soak → one state item";
  bench.progress(`${scenario}: ${invocations} invocations`);
  const stub = await Stub.start(bench.load);
  const app = await App.start(bench, { name: "ours", sidecarPort: stub.port });
  const load = { path: "/save-order", body: JSON.stringify(order), connections: 32 };
  // Over new connections every now and then, so that what they cost is in both figures.
  const tenth = async (): Promise<void> => {
    for (let part = 0; part < 5; part++) await runLoad(bench, app.port, { ...load, requests: invocations / 50 });
  };
  const settled = async (done: number): Promise<Readonly<Record<string, number>>> => {
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
      bench.progress(`${scenario}: ${done} %`);
    }
    const late = await settled(invocations);
    return [
      {
        scenario,
        contestants: { "at 10 %": early, "at 100 %": late },
        ratios: {
          "heap at 100 % / 10 %": late["heapMegabytes"]! / early["heapMegabytes"]!,
          "rss at 100 % / 10 %": late["rssMegabytes"]! / early["rssMegabytes"]!,
        },
      },
    ];
  } finally {
    await app.close();
    stub.close();
  }
}
