import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { consumerProject } from "../spec/support/packed.js";
import type { Bench, Figures } from "./bench.js";
import { buildLoad } from "./processes.js";
import { checkSameRequests } from "./same-requests.js";
import { throughput } from "./scenarios/throughput.js";

const root = resolve(__dirname, "..", "..");
const quick = process.argv.includes("--quick");
const only = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));

const scenarios = { throughput } satisfies Record<string, (bench: Bench) => Promise<Figures[]>>;

void (async () => {
  process.env.DAPR_FUNCTIONS_RUN ??= mkdtempSync(join(tmpdir(), "dapr-functions-bench-"));
  const folder = consumerProject({ packages: ["undici", "fastify", "@dapr/dapr"] });
  cpSync(join(root, ".build", "bench", "contestants"), join(folder, "contestants"), { recursive: true });
  const bench: Bench = {
    load: buildLoad(root),
    folder,
    quick,
    progress: (what) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${what}\n`),
  };
  await checkSameRequests(bench);
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (only.length > 0 && !only.includes(name)) continue;
    for (const figures of await scenario(bench)) console.log(JSON.stringify(figures, null, 1));
  }
  rmSync(process.env.DAPR_FUNCTIONS_RUN, { recursive: true, force: true });
})();
