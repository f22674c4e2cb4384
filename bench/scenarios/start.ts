import { mkdtempSync, writeFileSync } from "node:fs";
import nodeModule from "node:module";
import { join } from "node:path";
import type { Bench, Figures } from "../bench.js";
import { App, appCpu, outputOf, pinned, runProbe, Stub } from "../processes.js";
import { median, Rounds } from "../rounds.js";
import { compete } from "./contest.js";

type Import = Record<"milliseconds" | "cpuMilliseconds" | "megabytes" | "heapMegabytes", number>;
const steps = ["import", "classes", "serve", "first request", "ready", "readFunctions"] as const;
type Serve = Record<
  (typeof steps)[number] | "cpuMilliseconds" | "heapMegabytes" | "sinceStart" | "cpuSinceStart",
  number
>;

/** Loading the library beside loading @dapr/dapr, and all that it takes to answer, each in fresh processes. */
export async function coldStart(bench: Bench): Promise<Figures[]> {
  const stub = await Stub.start(bench.load);
  try {
    const begin = "cold start";
    bench.progress(begin);
    const names = [
      "import dapr-functions",
      "require @dapr/dapr",
      "ready with 100 functions",
      "the same with a payload class",
    ] as const;
    const serves: Serve[] = [];
    const rounds = await Rounds.interleave(
      names,
      bench.quick ? 5 : 15,
      async (name): Promise<Record<string, number>> => {
        if (name === "import dapr-functions") return await runProbe<Import>(bench, "import", "dapr-functions");
        if (name === "require @dapr/dapr") return await runProbe<Import>(bench, "import", "@dapr/dapr");
        const checked = name === "the same with a payload class" ? ["checked"] : [];
        const serve = await runProbe<Serve>(bench, "serve", "100", String(stub.port), ...checked);
        if (checked.length === 0) serves.push(serve);
        return { milliseconds: serve.ready, cpuMilliseconds: serve.cpuMilliseconds };
      },
    );
    const ratios = {
      "import / @dapr/dapr": rounds.ratio("milliseconds", names[0], names[1]),
      "import, megabytes": rounds.medians()[names[0]]!["megabytes"]!,
      "ready / @dapr/dapr": rounds.ratio("milliseconds", names[2], names[1]),
      "ready with a payload class / without": rounds.ratio("milliseconds", names[3], names[2]),
    };
    return [
      { scenario: begin, contestants: rounds.medians(), ratios },
      {
        scenario: "cold start, 100 functions step by step",
        contestants: {
          milliseconds: Object.fromEntries(steps.map((step) => [step, median(serves.map((serve) => serve[step]))])),
        },
        ratios: {},
      },
      await waysToLoad(bench, stub),
    ];
  } finally {
    stub.close();
  }
}

/** Where the modules of an app come from, each without and with a payload class. */
async function waysToLoad(bench: Bench, stub: Stub): Promise<Figures> {
  const scenario = "cold start, ways to load an app";
  bench.progress(scenario);
  const script = join(bench.folder, "probes", "serve.js");
  const bundle = join(bench.folder, "bundle.cjs");
  const externals = ["@azure/functions", "@dapr/dapr", "@opentelemetry/api"].map((name) => `--external:${name}`);
  const esbuild = join(bench.root, "node_modules", ".bin", "esbuild");
  // A snapshot's entry has no `exports`.
  const options = ["--format=iife", "--platform=node", "--target=node20", "--log-level=error"];
  const bundling = [script, "--bundle", ...options, ...externals];
  await outputOf("esbuild", esbuild, [...bundling, `--outfile=${bundle}`], bench.folder);
  const snapshotOf = async (name: string, env: NodeJS.ProcessEnv): Promise<string> => {
    const blob = join(bench.folder, `${name}.blob`);
    const args = ["--snapshot-blob", blob, "--build-snapshot", bundle];
    await outputOf("a snapshot", process.execPath, args, bench.folder, env);
    return blob;
  };
  const plainBlob = await snapshotOf("plain", {});
  const checkedBlob = await snapshotOf("checked", { PROBE_CHECKED: "true" });
  const cache = { NODE_COMPILE_CACHE: join(bench.folder, "compile-cache") };
  const hasCache = "enableCompileCache" in nodeModule;
  const ways: Record<string, { args: readonly string[]; checkedArgs?: readonly string[]; env?: NodeJS.ProcessEnv }> = {
    packages: { args: [script] },
    bundled: { args: [bundle] },
    ...(hasCache && { "bundled, compile cache": { args: [bundle], env: cache } }),
    "start-up snapshot": {
      args: ["--snapshot-blob", plainBlob, bundle],
      checkedArgs: ["--snapshot-blob", checkedBlob, bundle],
    },
  };
  const withClass = (name: string): string => `${name}, payload class`;
  const names = Object.keys(ways).flatMap((name) => [name, withClass(name)]);
  const measure = async (name: string): Promise<Record<string, number>> => {
    if (name === validator) return await runProbe<Import>(bench, "import", validator);
    const [way] = Object.entries(ways).find(([each]) => name === each || name === withClass(each))!;
    const { args, checkedArgs = args, env = {} } = ways[way]!;
    const isChecked = name !== way;
    const all = [...(isChecked ? checkedArgs : args), "1", String(stub.port), ...(isChecked ? ["checked"] : [])];
    const [command, pinnedArgs] = pinned(appCpu, process.execPath, all);
    const { sinceStart, cpuSinceStart } = JSON.parse(
      await outputOf(name, command, pinnedArgs, bench.folder, env),
    ) as Serve;
    return { milliseconds: sinceStart, cpuMilliseconds: cpuSinceStart };
  };
  if (hasCache) for (const name of names) await measure(name);
  const rounds = await Rounds.interleave([...names, validator], bench.quick ? 3 : 9, measure);
  const medians = rounds.medians();
  const cpuOf = (name: string): number => medians[name]!["cpuMilliseconds"]!;
  const ofAClass = Object.keys(ways).map(
    (name) => [`a payload class, ms of CPU, ${name}`, cpuOf(withClass(name)) - cpuOf(name)] as const,
  );
  return {
    scenario,
    contestants: medians,
    ratios: {
      "bundled / packages": rounds.ratio("milliseconds", "bundled", "packages"),
      "start-up snapshot / packages": rounds.ratio("milliseconds", "start-up snapshot", "packages"),
      ...Object.fromEntries(ofAClass),
      "the same, without the import of class-validator": ofAClass[0]![1] - cpuOf(validator),
    },
    ...(!hasCache && { note: `the compile cache, which Node ${process.version} does not have` }),
  };
}

const validator = "class-validator";

const counts = [1, 100, 10_000] as const;

/** One function among many: how fast it is found, what each costs at start and in memory. */
export async function manyFunctions(bench: Bench): Promise<Figures[]> {
  const stub = await Stub.start(bench.load);
  const apps: App[] = [];
  try {
    const entrants: Record<string, { app: App; path: string }> = {};
    for (const count of counts) {
      const app = await App.start(bench, { name: "ours-many", sidecarPort: stub.port, argument: String(count) });
      apps.push(app);
      entrants[`${count}`] = { app, path: `/f${count - 1}` };
    }
    const scenario = "one function among 1, 100 and 10,000";
    const length = bench.quick ? { rounds: 3, seconds: 0.4 } : { rounds: 7, seconds: 0.5 };
    const contest = { scenario, path: "", body: '{"id":"a"}', connections: 32, stub, ...length };
    const calls = await compete(bench, entrants, contest);
    bench.progress("start with 1, 100 and 10,000 functions");
    const names = counts.map(String);
    const starts = await Rounds.interleave(names, bench.quick ? 1 : 3, (count) =>
      runProbe<Serve>(bench, "serve", count, String(stub.port)),
    );
    const ratios = {
      "throughput of 10,000 / 1": calls.ratio("perSecond", "10000", "1"),
      "cpu of 10,000 / 1": calls.ratio("cpuMicroseconds", "10000", "1"),
    };
    return [
      { scenario, contestants: calls.medians(), ratios },
      {
        scenario: "start with 1, 100 and 10,000 functions",
        contestants: starts.medians(),
        ratios: { "kilobytes per function": kilobytesPerFunction(starts.medians()) },
      },
    ];
  } finally {
    for (const app of apps) await app.close();
    stub.close();
  }
}

function kilobytesPerFunction(starts: Figures["contestants"]): number {
  const heapOf = (count: number): number => starts[String(count)]!["heapMegabytes"]!;
  return ((heapOf(10_000) - heapOf(1)) * 1e3) / (10_000 - 1);
}

/** `dapr-functions generate` for a module of a thousand functions, the whole command. */
export async function generate(bench: Bench): Promise<Figures[]> {
  if (bench.quick) return [];
  const scenario = "generate for 1,000 functions";
  bench.progress(scenario);
  const cli = join(bench.folder, "node_modules", "dapr-functions", "dist", "cli", "main.js");
  const app = mkdtempSync(join(bench.folder, "app-"));
  writeFileSync(join(app, "functions.js"), moduleOf(1000));
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", main: "functions.js" }));
  const run = async (...args: readonly string[]): Promise<{ milliseconds: number }> => {
    const [command, all] = pinned(appCpu, process.execPath, [cli, ...args]);
    const begin = performance.now();
    await outputOf(args[0]!, command, all, app);
    return { milliseconds: performance.now() - begin };
  };
  const out = () => mkdtempSync(join(app, "out-"));
  const names = ["generate", "generate again, nothing to change"] as const;
  const last = out();
  await run("generate", "functions.js", "--out", last);
  const rounds = await Rounds.interleave(names, 3, (name) =>
    run("generate", "functions.js", "--out", name === "generate" ? out() : last),
  );
  return [{ scenario, contestants: rounds.medians(), ratios: {} }];
}

/** What a compiler makes of classes with a hundred functions each. */
function moduleOf(functions: number): string {
  const lines = ['const { DaprServiceInvocationTrigger, DaprStateOutput } = require("dapr-functions");'];
  for (let first = 0; first < functions; first += 100) {
    const name = `Functions${first / 100}`;
    const methods = Array.from({ length: 100 }, (_, index) => `f${first + index}`);
    lines.push(`class ${name} {`);
    for (const method of methods) lines.push(`  ${method}(payload, { order }) { order.add(payload); }`);
    lines.push("}");
    for (const method of methods) {
      const decorated = `(${name}.prototype, "${method}", Object.getOwnPropertyDescriptor(${name}.prototype, "${method}"));`;
      lines.push(`DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })${decorated}`);
      lines.push(`DaprServiceInvocationTrigger()${decorated}`);
    }
    lines.push(`exports.${name} = ${name};`);
  }
  return lines.join("\n");
}
