import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Results } from "./results.js";
import { shown } from "./table.js";

const begin = "<!-- bench -->";
const end = "<!-- /bench -->";

const rows = [
  ["one state item", "state, 32 connections"],
  ["one service invocation", "invoke, 32 connections"],
  ["one output binding", "binding, 32 connections"],
  ["its payload as the reply", "echo, 32 connections"],
  ["a topic event, published again", "topic → publish, 32 connections"],
] as const;

const columns = [
  ["dapr-functions", "ours"],
  ["`node:http` and undici by hand", "bare"],
  ["fastify and undici", "fastify"],
  ["`@dapr/dapr`", "dapr-sdk"],
] as const;

/** Puts the figures of bench/results.json into docs/performance.md, between its two markers. */
export function writePage(root: string): void {
  const file = join(root, "docs", "performance.md");
  const results = JSON.parse(readFileSync(join(root, "bench", "results.json"), "utf8")) as Results;
  const section = [begin, "", ...sectionOf(results), "", end].join("\n");
  const text = readFileSync(file, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${file} has no ${begin} … ${end}`);
  writeFileSync(file, text.slice(0, from) + section + text.slice(to + end.length));
  execFileSync(join(root, "node_modules", ".bin", "prettier"), ["--log-level", "warn", "--write", file]);
}

function sectionOf({ machine, versions, date, figures, bars }: Results): string[] {
  const valueOf = (scenario: string, name: string, number: string): string =>
    shown(figures.find((each) => each.scenario === scenario)?.contestants[name]?.[number]);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const measured = bars.filter((bar) => bar.measured !== undefined);
  return [
    "![Throughput and processor time beside other ways to write the same app](../bench/chart.svg)",
    "",
    "Invocations per second at 32 connections, and microseconds of processor time for each:",
    "",
    line(["an invocation →", ...columns.map(([title]) => title)]),
    line(["---", ...columns.map(() => "--:")]),
    ...rows.map(([title, scenario]) =>
      line([
        title,
        ...columns.map(
          ([, name]) => `${valueOf(scenario, name, "perSecond")} (${valueOf(scenario, name, "cpuMicroseconds")} µs)`,
        ),
      ]),
    ),
    "",
    line(["what is promised", "bar", "measured"]),
    line(["---", "--:", "--:"]),
    ...measured.map((bar) => line([bar.what, bar.bar, `${shown(bar.measured)}${bar.met === true ? "" : " (missed)"}`])),
    "",
    `Measured on ${date} on ${machine["cores"]} cores (${machine["processor"]}), Node ${versions["node"]}, ` +
      `@dapr/dapr ${versions["@dapr/dapr"]}, fastify ${versions["fastify"]}, undici ${versions["undici"]}, ` +
      `daprd ${versions["daprd"]}. All figures are in [bench/results.json](../bench/results.json); ` +
      "[bench/README.md](../bench/README.md) says how they are made.",
  ];
}
