import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "./bench.js";
import { itemsOf, order } from "./bodies.js";
import { App, runLoad, Stub } from "./processes.js";
import { sharesOf, type CpuProfile, type Share } from "./report/shares.js";
import { aligned } from "./report/table.js";
import { jobs, type Job } from "./scenarios/throughput.js";

interface Profiled extends Job {
  /** The contestant that does it, instead of `ours`. */
  readonly contestant?: string;
  /** What one request does, where that is many things. */
  readonly items?: number;
}

const json = JSON.stringify(order);
const thousand = { body: itemsOf(1000), items: 1000 };

const profiled: Readonly<Record<string, Profiled>> = {
  ...jobs,
  entry: { job: "state entry", path: "/entry", body: json, contestant: "ours-entries" },
  payload: { job: "echo of a payload class", path: "/echo", body: json, contestant: "ours-checked" },
  "fan-out": { job: "1,000 state items", path: "/save-items", ...thousand },
  "fan-out-publish": { job: "1,000 publish items", path: "/publish-items", ...thousand },
  "fan-out-bulk": { job: "1,000 publish items, bulk", path: "/publish-items-bulk", ...thousand },
};

/** Profiles one job under load once it is compiled, writes the profile, and prints whose processor time it was. */
export async function profile(prepare: (quick: boolean) => Bench, names: readonly string[]): Promise<void> {
  const [name = ""] = names;
  const found = profiled[name];
  if (found === undefined || names.length > 1) {
    throw new Error(`--profile takes one job; there are ${Object.keys(profiled).join(", ")}`);
  }
  const bench = prepare(false);
  const folder = join(bench.root, ".build", "profiles");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.cpuprofile`);
  const stub = await Stub.start(bench.load);
  const app = await App.start(bench, { name: found.contestant ?? "ours", sidecarPort: stub.port });
  try {
    const { items = 1, topic } = found;
    const path = topic === undefined ? found.path : await app.routeOf(topic);
    const load = { ...found, path, connections: items === 1 ? 32 : 1 };
    bench.progress(`warm-up: ${found.job}`);
    await runLoad(bench, app.port, { ...load, requests: Math.ceil(30_000 / Math.min(items, 100)) });
    bench.progress(`profile: ${found.job}`);
    const before = await app.usage(false, "start");
    const { requests } = await runLoad(bench, app.port, { ...load, seconds: 5 });
    const after = await app.usage(false, file);
    const microseconds = ((after.cpuSeconds - before.cpuSeconds) * 1e6) / requests / items;
    const shares = sharesOf(JSON.parse(readFileSync(file, "utf8")) as CpuProfile);
    console.log(textOf(found.job, microseconds, shares, items));
    console.log(`\n${file}: for the performance panel of Chrome's developer tools, or speedscope.app`);
  } finally {
    await app.close();
    stub.close();
  }
}

function textOf(job: string, microseconds: number, { kinds, files }: ReturnType<typeof sharesOf>, items: number) {
  const of = items === 1 ? "an invocation" : "an item";
  const block = (title: string, shares: readonly Share[]): string[] => [
    title,
    ...aligned(
      shares.map(({ name, share }) => [
        name,
        `${(share * 100).toFixed(1)} %`,
        `${(share * microseconds).toFixed(2)} µs of ${of}`,
      ]),
    ),
  ];
  return [
    `${job}: ${microseconds.toFixed(2)} µs of processor time ${of}, the profiler's own included`,
    "",
    ...block("by whose code it is", kinds),
    "",
    ...block("the library's, by file", files.slice(0, 20)),
  ].join("\n");
}
