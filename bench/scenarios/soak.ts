import type { Bench, Figures } from "../bench.js";
import { order } from "../bodies.js";
import { App, runLoad, Stub } from "../processes.js";

/**
 * Memory after many invocations, beside memory after a tenth of them, both after garbage collections; the bare limit in
 * turns with ours, because what grows is mostly what V8 makes of Node's and undici's code.
 */
export async function soak(bench: Bench): Promise<Figures[]> {
  const invocations = bench.quick ? 50_000 : 1_000_000;
  const scenario = "soak → one state item";
  bench.progress(`${scenario}: ${invocations} invocations`);
  const stub = await Stub.start(bench.load);
  const ours = await App.start(bench, { name: "ours", sidecarPort: stub.port });
  const bare = await App.start(bench, { name: "bare", sidecarPort: stub.port });
  try {
    const early: Memories = await tenthOfBoth();
    for (let done = 20; done < 100; done += 10) {
      await tenthOfBoth();
      bench.progress(`soak: ${done} %`);
    }
    const late: Memories = await tenthOfBoth();
    const growth = (name: keyof Memories, number: keyof Memory): number => late[name][number] / early[name][number];
    return [
      {
        scenario,
        contestants: {
          "ours, at 10 %": early.ours,
          "ours, at 100 %": late.ours,
          "bare, at 10 %": early.bare,
          "bare, at 100 %": late.bare,
        },
        ratios: {
          "growth of heap": growth("ours", "heapMegabytes"),
          "growth of heap, bare": growth("bare", "heapMegabytes"),
          "growth of heap / bare": growth("ours", "heapMegabytes") / growth("bare", "heapMegabytes"),
          "growth of rss": growth("ours", "rssMegabytes"),
          "growth of rss, bare": growth("bare", "rssMegabytes"),
          "growth of rss / bare": growth("ours", "rssMegabytes") / growth("bare", "rssMegabytes"),
        },
      },
    ];
  } finally {
    await ours.close();
    await bare.close();
    stub.close();
  }

  async function tenthOfBoth(): Promise<Memories> {
    return { ours: await tenth(ours), bare: await tenth(bare) };
  }

  async function tenth(app: App): Promise<Memory> {
    const load = { path: "/save-order", body: JSON.stringify(order), connections: 32, requests: invocations / 50 };
    // Over new connections every now and then, so that what they cost is in both figures.
    for (let part = 0; part < 5; part++) await runLoad(bench, app.port, load);
    // A first collection runs what still waits to be finalised, the second one frees it.
    await app.usage(true);
    const { heapUsed, rss } = await app.usage(true);
    return { heapMegabytes: heapUsed / 1e6, rssMegabytes: rss / 1e6 };
  }
}

type Memory = Readonly<Record<"heapMegabytes" | "rssMegabytes", number>>;
type Memories = Readonly<Record<"ours" | "bare", Memory>>;
