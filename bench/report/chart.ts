import type { Figures } from "../bench.js";

const scenario = "state, 32 connections";

/** Each beside `bare`, which is the line at 1. */
const rows = [
  ["dapr-functions", "ours"],
  ["fastify + undici", "fastify"],
  ["Hono + undici", "hono"],
  ["Express 5 + @dapr/dapr", "express"],
  ["DaprServer of @dapr/dapr", "dapr-sdk"],
] as const;

const otherJobs = [
  ["echo", "echo, 32 connections"],
  ["state input", "state input, 32 connections"],
  ["invoke", "invoke, 32 connections"],
  ["binding", "binding, 32 connections"],
  ["topic → publish", "topic → publish, 32 connections"],
  ["HTTP trigger → state", "HTTP trigger with {id} → state, 32 connections"],
] as const;

const width = 760;
const left = 215;
const top = 96;
const row = 34;
/** Pixels of hand-written code's length, so that one that is a fifth longer still fits. */
const one = 430;

/** Throughput by that of hand-written code, as an SVG that follows the reader's light or dark scheme. */
export function chartOf(results: readonly Figures[]): string {
  const ratiosOf = (name: string): Figures["ratios"] =>
    results.find((figures) => figures.scenario === name)?.ratios ?? {};
  const state = ratiosOf(scenario);
  const ours = state["throughput / bare"] ?? 0;
  const values = rows.flatMap(([label, name]) => {
    // Ratios of single rounds are of ours to the others.
    const toOurs = name === "ours" ? 1 : state[`throughput / ${name}`];
    return toOurs === undefined ? [] : [{ label, name, value: ours / toOurs }];
  });
  const others = otherJobs.flatMap(([label, name]) => {
    const value = ratiosOf(name)["throughput / bare"];
    return value === undefined ? [] : [`${label} ${value.toFixed(2)}`];
  });
  const bottom = top + values.length * row;
  const height = bottom + 74;
  const x = (ratio: number): number => Math.round(left + ratio * one);
  const said = values.map(({ label, value }) => `${label} ${value.toFixed(2)}`).join(", ");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    "<title>Throughput beside hand-written code</title>",
    `<desc>Invocations per second, each saves one state item, by those of node:http and undici by hand: ${said}.</desc>`,
    "<style>",
    "text { font: 14px system-ui, sans-serif; fill: #1b1f24 } .title { font-size: 16px; font-weight: 600 }",
    ".detail { font-size: 12px; fill: #57606a } .back { fill: #fff } .bar { fill: #9aa4af } .ours { fill: #0969da }",
    ".value { font-weight: 600 } line { stroke: #d0d7de } .hand { stroke: #1b1f24; stroke-width: 2; stroke-dasharray: 5 4 }",
    "@media (prefers-color-scheme: dark) {",
    "text { fill: #e6edf3 } .detail { fill: #9198a1 } .back { fill: #0d1117 } .bar { fill: #59636e } .ours { fill: #4493f8 }",
    "line { stroke: #30363d } .hand { stroke: #e6edf3 }",
    "}",
    "</style>",
    `<rect class="back" width="${width}" height="${height}" rx="6"/>`,
    `<text class="title" x="20" y="30">Throughput, as a share of hand-written code</text>`,
    `<text class="detail" x="20" y="50">one invocation that saves one state item; longer is faster; linear scale</text>`,
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((tick) => [
      `<line x1="${x(tick)}" y1="${top - 6}" x2="${x(tick)}" y2="${bottom}"/>`,
      `<text class="detail" x="${x(tick)}" y="${bottom + 16}" text-anchor="middle">${tick}</text>`,
    ]),
    ...values.flatMap(({ label, name, value }, index) => {
      const y = top + index * row;
      const text = `<text x="${left - 10}" y="${y + 18}" text-anchor="end">${label}</text>`;
      const bar = `<rect class="${name === "ours" ? "ours" : "bar"}" x="${left}" y="${y}" width="${x(value) - left}" height="24" rx="3"/>`;
      // Past the line at 1, so that the two do not cross.
      const at = x(value) > x(1) - 50 && x(value) < x(1) ? x(1) : x(value);
      return [text, bar, `<text class="value" x="${at + 8}" y="${y + 18}">${value.toFixed(2)} ×</text>`];
    }),
    `<line class="hand" x1="${x(1)}" y1="${top - 10}" x2="${x(1)}" y2="${bottom}"/>`,
    `<text class="detail" x="${x(1)}" y="${top - 18}" text-anchor="middle">node:http + undici by hand</text>`,
    `<text class="detail" x="20" y="${bottom + 46}">dapr-functions in other jobs: ${others.slice(0, 3).join(", ")},</text>`,
    `<text class="detail" x="20" y="${bottom + 62}">${others.slice(3).join(", ")}</text>`,
    "</svg>",
    "",
  ].join("\n");
}
