// `npm run bench [-- --quick] [-- SCENARIO …]`: a full run writes bench/results.json, bench/chart.svg and
// the figures of docs/performance.md; a quick one, or one of some scenarios, only prints. `-- --profile JOB` profiles one job.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { consumerProject } from "../spec/support/packed.js";
import { judge } from "./bars.js";
import type { Bench, Figures, Scenario } from "./bench.js";
import { buildLoad } from "./processes.js";
import { profile } from "./profile.js";
import { writePage } from "./report/page.js";
import { resultsOf } from "./report/results.js";
import { tableOf } from "./report/table.js";
import { checkSameRequests } from "./same-requests.js";
import { add } from "./scenarios/add.js";
import { cores } from "./scenarios/cores.js";
import { onDaprd } from "./scenarios/daprd.js";
import { entries } from "./scenarios/entries.js";
import { fanOut } from "./scenarios/fan-out.js";
import { large } from "./scenarios/large.js";
import { observers } from "./scenarios/observers.js";
import { outputs } from "./scenarios/outputs.js";
import { payload } from "./scenarios/payload.js";
import { soak } from "./scenarios/soak.js";
import { coldStart, generate, manyFunctions } from "./scenarios/start.js";
import { watch } from "./scenarios/watch.js";
import { throughput } from "./scenarios/throughput.js";

const scenarios: Readonly<Record<string, Scenario>> = {
  throughput,
  entries,
  "fan-out": fanOut,
  outputs,
  large,
  payload,
  observers,
  cores,
  daprd: onDaprd,
  functions: manyFunctions,
  start: coldStart,
  generate,
  watch,
  add,
  soak,
};

async function main(): Promise<void> {
  const root = resolve(__dirname, "..", "..");
  const only = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
  if (process.argv.includes("--profile")) return await profile((quick) => prepare(root, quick), only);
  const unknown = only.find((name) => !(name in scenarios));
  if (unknown !== undefined) {
    throw new Error(`there is no scenario "${unknown}"; there are ${Object.keys(scenarios).join(", ")}`);
  }
  const bench = prepare(root, process.argv.includes("--quick"));
  await checkSameRequests(bench);
  const figures: Figures[] = [];
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (only.length === 0 || only.includes(name)) figures.push(...(await scenario(bench)));
  }
  const judged = judge(figures);
  console.log(tableOf(figures, judged));
  if (!bench.quick && only.length === 0) {
    const file = join(root, "bench", "results.json");
    writeFileSync(file, JSON.stringify(resultsOf(root, figures, judged)));
    execFileSync(join(root, "node_modules", ".bin", "prettier"), ["--log-level", "warn", "--write", file]);
    writePage(root);
  }
}

/** Packs the library into a project of its own and puts the contestants beside it, who can reach nothing else. */
function prepare(root: string, quick: boolean): Bench {
  process.env.DAPR_FUNCTIONS_RUN ??= mkdtempSync(join(tmpdir(), "dapr-functions-bench-"));
  const run = process.env.DAPR_FUNCTIONS_RUN;
  process.once("exit", () => rmSync(run, { recursive: true, force: true }));
  const peers = ["@dapr/dapr", "class-transformer", "class-validator"];
  const telemetry = readdirSync(join(root, "node_modules", "@opentelemetry")).map((name) => `@opentelemetry/${name}`);
  const frameworks = ["undici", "fastify", "hono", "@hono/node-server", "express"];
  const folder = consumerProject({ packages: [...frameworks, ...telemetry, ...peers] });
  for (const name of ["contestants", "probes", "bodies.js"]) {
    cpSync(join(root, ".build", "bench", name), join(folder, name), { recursive: true });
  }
  // Where spec/support/daprd.ts, compiled, looks for what says which daprd belongs to this tree.
  const daprd = join(root, ".build", "spec", "daprd");
  if (!existsSync(daprd)) symlinkSync(join(root, "spec", "daprd"), daprd);
  const begin = performance.now();
  const progress = (what: string): void => {
    process.stderr.write(`${((performance.now() - begin) / 1e3).toFixed(0).padStart(4)} s  ${what}\n`);
  };
  return { root, load: buildLoad(root), folder, quick, progress };
}

void main().catch((error: unknown) => {
  console.error(error);
  // Not left to the end of the event loop: contestants may still be running, and end with this process's channel.
  process.exit(1);
});
