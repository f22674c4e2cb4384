import type { Figures } from "../bench.js";
import { shown } from "./table.js";

const labels: Readonly<Record<string, string>> = {
  ours: "dapr-functions",
  bare: "node:http + undici",
  fastify: "fastify + undici",
  "dapr-sdk": "@dapr/dapr",
};

const panels = [
  {
    title: "invocations per second, each saves one state item",
    scenario: "state, 32 connections",
    number: "perSecond",
  },
  { title: "processor time of one, in microseconds", scenario: "state, 32 connections", number: "cpuMicroseconds" },
  { title: "invocations per second, each answers its payload", scenario: "echo, 32 connections", number: "perSecond" },
] as const;

const width = 720;
const left = 160;
const row = 24;
const panelHeight = 44 + Object.keys(labels).length * row;

/** The main figures as an SVG that reads on light and dark pages alike. */
export function chartOf(results: readonly Figures[]): string {
  const drawn = panels.flatMap(({ title, scenario, number }, index) => {
    const contestants = results.find((figures) => figures.scenario === scenario)?.contestants ?? {};
    return panelOf(title, contestants, number, index * panelHeight);
  });
  const height = panels.length * panelHeight + 12;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" rx="6" fill="#ffffff"/>`,
    ...drawn,
    "</svg>",
    "",
  ].join("\n");
}

function panelOf(title: string, contestants: Figures["contestants"], number: string, top: number): string[] {
  const values = Object.keys(labels).map((name) => ({ name, value: contestants[name]?.[number] ?? 0 }));
  const longest = Math.max(...values.map(({ value }) => value), 1);
  const lines = [`<text x="16" y="${top + 28}" font-weight="600" fill="#1f2328">${title}</text>`];
  values.forEach(({ name, value }, index) => {
    const y = top + 40 + index * row;
    const length = Math.round((value / longest) * (width - left - 90));
    const colour = name === "ours" ? "#0d6efd" : "#9aa4af";
    lines.push(
      `<text x="${left - 10}" y="${y + 13}" text-anchor="end" fill="#1f2328">${labels[name]}</text>`,
      `<rect x="${left}" y="${y}" width="${length}" height="17" rx="2" fill="${colour}"/>`,
      `<text x="${left + length + 8}" y="${y + 13}" fill="#57606a">${shown(value)}</text>`,
    );
  });
  return lines;
}
