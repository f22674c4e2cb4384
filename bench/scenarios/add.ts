import type { Bench, Figures } from "../bench.js";
import { runProbe, Stub } from "../processes.js";
import { median } from "../rounds.js";

/** An item's `add` beside JSON.stringify of the same value, in nanoseconds. */
export async function add(bench: Bench): Promise<Figures[]> {
  const scenario = "add of one item, 2,000 in an invocation";
  bench.progress(scenario);
  const stub = await Stub.start(bench.load);
  try {
    const rounds = bench.quick ? 30 : 150;
    const times = await runProbe<Record<string, number>[]>(bench, "add", String(stub.port), String(rounds));
    const kinds = Object.keys(times[0]!);
    const base = "JSON.stringify";
    const ratios = kinds
      .filter((kind) => kind !== base)
      .map((kind) => [`${kind} / ${base}`, median(times.map((time) => time[kind]! / time[base]!))] as const);
    const slowest = Math.max(...ratios.map(([, ratio]) => ratio));
    return [
      {
        scenario,
        contestants: Object.fromEntries(
          kinds.map((kind) => [kind, { nanoseconds: median(times.map((time) => time[kind]!)) }]),
        ),
        ratios: { ...Object.fromEntries(ratios), [`slowest / ${base}`]: slowest },
      },
    ];
  } finally {
    stub.close();
  }
}
