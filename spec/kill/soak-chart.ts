import type { Victim } from "./rig.js";

/** One second of the app: bytes, and milliseconds by which its event loop was late. */
export interface Sample {
  readonly at: number;
  readonly pid: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly delayP99: number;
  readonly delayMost: number;
}

export interface Fault {
  readonly at: number;
  readonly kind: "kill" | "pause";
  readonly victim: Victim;
}

const width = 720;
const left = 60;
const plotted = 120;
const panelHeight = plotted + 60;

const colours: Readonly<Record<Victim, string>> = { app: "#cf222e", daprd: "#8250df", redis: "#bf8700" };

const panels = [
  {
    title: "memory of the app in MB: resident, heap",
    limit: Infinity,
    lines: [
      { colour: "#0d6efd", of: ({ rss }: Sample) => rss / 1e6 },
      { colour: "#57606a", of: ({ heapUsed }: Sample) => heapUsed / 1e6 },
    ],
  },
  {
    title: "delay of its event loop in ms: most, 99th percentile (cut off at 200)",
    // A pause of the app itself would flatten the rest.
    limit: 200,
    lines: [
      { colour: "#0d6efd", of: ({ delayMost }: Sample) => delayMost },
      { colour: "#57606a", of: ({ delayP99 }: Sample) => delayP99 },
    ],
  },
] as const;

/** Samples over time as an SVG, a vertical line for each fault; a new process begins a new line. */
export function chartOf(samples: readonly Sample[], faults: readonly Fault[]): string {
  const times = [...samples, ...faults].map(({ at }) => at);
  const from = Math.min(...times);
  const span = Math.max(...times, from + 1_000) - from;
  const x = (at: number): number => round(left + ((at - from) / span) * (width - left - 20));
  const height = panels.length * panelHeight + 30;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" rx="6" fill="#ffffff"/>`,
    ...panels.flatMap((panel, index) => panelOf(panel, samples, faults, x, index * panelHeight)),
    ...Object.entries(colours).map(
      ([victim, colour], index) =>
        `<text x="${left + index * 80}" y="${height - 12}" fill="${colour}">${victim}</text>`,
    ),
    `<text x="${left + 240}" y="${height - 12}" fill="#57606a">killed; dashed: paused; ${Math.round(span / 1_000)} s</text>`,
    "</svg>",
    "",
  ].join("\n");
}

function panelOf(
  { title, limit, lines }: (typeof panels)[number],
  samples: readonly Sample[],
  faults: readonly Fault[],
  x: (at: number) => number,
  top: number,
): string[] {
  const most = Math.min(Math.max(...samples.flatMap((sample) => lines.map(({ of }) => of(sample))), 1), limit);
  const bottom = top + 40 + plotted;
  const y = (value: number): number => round(bottom - (Math.min(value, most) / most) * plotted);
  const pids = [...new Set(samples.map(({ pid }) => pid))];
  return [
    `<text x="16" y="${top + 28}" font-weight="600" fill="#1f2328">${title}</text>`,
    `<text x="${left - 8}" y="${top + 50}" text-anchor="end" fill="#57606a">${round(most)}</text>`,
    `<text x="${left - 8}" y="${bottom}" text-anchor="end" fill="#57606a">0</text>`,
    ...faults.map(({ at, kind, victim }) => {
      const dashes = kind === "pause" ? ' stroke-dasharray="3 3"' : "";
      return `<line x1="${x(at)}" x2="${x(at)}" y1="${top + 40}" y2="${bottom}" stroke="${colours[victim]}"${dashes}/>`;
    }),
    ...lines.flatMap(({ colour, of }) =>
      pids.map((pid) => {
        const points = samples
          .filter((sample) => sample.pid === pid)
          .map((sample) => `${x(sample.at)},${y(of(sample))}`);
        return `<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
      }),
    ),
  ];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
