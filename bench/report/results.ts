import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import type { Judged } from "../bars.js";
import type { Figures } from "../bench.js";

/** What a full run leaves behind, in bench/results.json. */
export interface Results {
  readonly date: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly bars: readonly Judged[];
  readonly figures: readonly Figures[];
}

export function resultsOf(root: string, figures: readonly Figures[], bars: readonly Judged[]): Results {
  const cores = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      processor: cores[0]?.model ?? "unknown",
      cores: cores.length,
      memoryGigabytes: Math.round(totalmem() / 1e9),
      system: `${platform()} ${release()} ${arch()}`,
    },
    versions: {
      "dapr-functions": versionIn(root),
      node: process.version,
      ...Object.fromEntries(
        ["@dapr/dapr", "fastify", "hono", "express", "undici"].map((name) => [
          name,
          versionIn(join(root, "node_modules", name)),
        ]),
      ),
      daprd: /github\.com\/dapr\/dapr v(\S+)/.exec(readFileSync(join(root, "spec", "daprd", "go.mod"), "utf8"))![1]!,
      go: execFileSync("go", ["env", "GOVERSION"]).toString().trim(),
    },
    bars,
    figures: figures.map((each) => ({ ...each, ratios: rounded(each.ratios), contestants: roundedAll(each) })),
  };
}

function versionIn(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version;
}

const roundedAll = ({ contestants }: Figures) =>
  Object.fromEntries(Object.entries(contestants).map(([name, numbers]) => [name, rounded(numbers)]));

const rounded = (numbers: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value.toPrecision(4))]));
