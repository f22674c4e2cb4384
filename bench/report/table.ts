import type { Judged } from "../bars.js";
import type { Figures } from "../bench.js";

/** Figures and bars as text, for a terminal. */
export function tableOf(results: readonly Figures[], judged: readonly Judged[]): string {
  return [...results.map(blockOf), blockOfBars(judged)].join("\n\n");
}

function blockOf({ scenario, contestants, ratios, note }: Figures): string {
  const rows = Object.entries(contestants);
  const columns = [...new Set(rows.flatMap(([, numbers]) => Object.keys(numbers)))];
  const cells = rows.map(([name, numbers]) => [name, ...columns.map((column) => shown(numbers[column]))]);
  const lines = [scenario, ...aligned([["", ...columns.map(headOf)], ...cells])];
  const pairs = Object.entries(ratios);
  if (pairs.length > 0) lines.push(...aligned(pairs.map(([name, value]) => [name, shown(value)])));
  if (note !== undefined) lines.push(`  not measured: ${note}`);
  return lines.join("\n");
}

function blockOfBars(judged: readonly Judged[]): string {
  const rows = judged.map(({ what, bar, measured, met }) => [
    what,
    bar,
    shown(measured),
    met === undefined ? "not run" : met ? "met" : "MISSED",
  ]);
  return ["bars", ...aligned(rows)].join("\n");
}

const heads: Readonly<Record<string, string>> = {
  perSecond: "per s",
  cpuMicroseconds: "CPU µs",
  daprdMicroseconds: "daprd µs",
  cpuMilliseconds: "CPU ms",
  p50: "p50 ms",
  p99: "p99 ms",
  rssMegabytes: "RSS MB",
  heapMegabytes: "heap MB",
  megabytes: "MB",
  peakMegabytes: "peak MB more",
  milliseconds: "ms",
  nanoseconds: "ns",
  appBusy: "app busy",
  driverBusy: "driver busy",
};

const headOf = (column: string): string => heads[column] ?? column;

/** Three digits are what such measurements are worth. */
export function shown(value: number | undefined): string {
  if (value === undefined) return "";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join("  ")}`.trimEnd(),
  );
}
