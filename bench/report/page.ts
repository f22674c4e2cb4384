import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Figures } from "../bench.js";
import { chartOf } from "./chart.js";
import type { Results } from "./results.js";
import { shown } from "./table.js";

/** Puts the figures of bench/results.json into docs/performance.md, between its markers, and draws the chart of them. */
export function writePage(root: string): void {
  const results = JSON.parse(readFileSync(join(root, "bench", "results.json"), "utf8")) as Results;
  writeFileSync(join(root, "bench", "chart.svg"), chartOf(results.figures));
  const file = join(root, "docs", "performance.md");
  let text = readFileSync(file, "utf8");
  for (const [name, sectionOf] of Object.entries(sections)) {
    const [begin, end] = [`<!-- bench: ${name} -->`, `<!-- /bench: ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from === -1 || to < from) throw new Error(`${file} has no ${begin} … ${end}`);
    text = [text.slice(0, from) + begin, "", ...sectionOf(results), "", text.slice(to)].join("\n");
  }
  writeFileSync(file, text);
}

const sections: Readonly<Record<string, (results: Results) => string[]>> = {
  jobs,
  daprd,
  costs,
  parallel,
  bars,
  machine,
};

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const head = (first: string, rest: readonly string[]): string[] => [
  line([first, ...rest]),
  line(["---", ...rest.map(() => "--:")]),
];

function figuresOf({ figures }: Results, scenario: string): Figures {
  return figures.find((each) => each.scenario === scenario) ?? { scenario, contestants: {}, ratios: {} };
}

const barred = [
  ["one state item", "state"],
  ["one state input, answered", "state input"],
  ["one service invocation", "invoke"],
  ["one output binding", "binding"],
  ["its payload as the reply", "echo"],
  ["a topic event, published again", "topic → publish"],
  ["an HTTP trigger's `{id}` → one state item", "HTTP trigger with {id} → state"],
  ["an HTTP trigger's parameters as the reply", "HTTP route parameters"],
] as const;

const columns = [
  ["dapr-functions", "ours"],
  ["`node:http`, undici", "bare"],
  ["fastify, undici", "fastify"],
  ["Hono, undici", "hono"],
  ["Express 5, `@dapr/dapr`", "express"],
  ["`DaprServer`", "dapr-sdk"],
] as const;

function jobs(results: Results): string[] {
  return [
    ...head(
      "an invocation →",
      columns.map(([title]) => title),
    ),
    ...barred.map(([title, job]) => {
      const { contestants } = figuresOf(results, `${job}, 32 connections`);
      const cells = columns.map(([, name]) => {
        const numbers = contestants[name];
        return numbers === undefined ? "–" : `${shown(numbers["perSecond"])} (${shown(numbers["cpuMicroseconds"])} µs)`;
      });
      return line([title, ...cells]);
    }),
  ];
}

function daprd(results: Results): string[] {
  const { contestants } = figuresOf(results, "daprd: service invocation → state, 32 connections");
  return [
    ...head("", ["per second", "app, µs", "daprd, µs", "daprd's part"]),
    ...Object.entries(contestants).map(([name, { perSecond, cpuMicroseconds: app = 0, daprdMicroseconds }]) => {
      const part =
        daprdMicroseconds === undefined ? "–" : `${shown((daprdMicroseconds / (daprdMicroseconds + app)) * 100)} %`;
      const title = columns.find(([, each]) => each === name)?.[0] ?? name.replace("DaprServer", "`DaprServer`");
      return line([title, shown(perSecond), shown(app), shown(daprdMicroseconds), part]);
    }),
  ];
}

/** What one thing more takes, in microseconds of the app's processor time, each from one scenario. */
function costs(results: Results): string[] {
  const cpu = (scenario: string, name = "ours"): number | undefined =>
    figuresOf(results, scenario).contestants[name]?.["cpuMicroseconds"];
  const at32 = (job: string, name?: string) => cpu(`${job}, 32 connections`, name);
  const more = (a: number | undefined, b: number | undefined): number | undefined =>
    a === undefined || b === undefined ? undefined : a - b;
  const echo = at32("echo");
  const item = (what: string): number | undefined => cpu(`one invocation → ${what}`);
  const checked = (name: string) =>
    more(at32("echo of a payload class", name), at32("echo of a payload class", "ours, unchecked"));
  // By the ratios of single rounds where the two compared differ by little.
  const over = (job: string, name: string, base: string): number | undefined => {
    const ratio = figuresOf(results, `${job}, 32 connections`).ratios[name];
    const value = at32(job, base);
    return ratio === undefined || value === undefined ? undefined : (ratio - 1) * value;
  };
  const watched = (name: string) => over("state, watched", `cpu, ${name} / none`, "none");
  const rows: readonly (readonly [string, number | undefined])[] = [
    ["an invocation that answers its payload, 200 bytes of JSON", echo],
    ["a state item, a request of its own", more(at32("state"), echo)],
    ["a state input, a request of its own", more(at32("state input"), echo)],
    ["a service invocation or a binding item", more(at32("invoke"), echo)],
    [
      "a state entry, beside an input and an output of the same key",
      over("state read and written", "cpu / input and output", "input and output"),
    ],
    ["one more state item in the same invocation", item("1,000 state items")],
    ["one more publish item, singly: a request that the next one waits for", item("1,000 publish items")],
    ["one more publish item with `bulk: true`", item("1,000 publish items, bulk")],
    ["one more binding item, likewise", item("100 binding items")],
    ["a payload class: an order with a customer and two lines", checked("ours")],
    ["the same among 1,000 other classes with rules", checked("ours among 1,000")],
    [
      "the same by hand, class-transformer and class-validator",
      more(at32("echo of a payload class", "by hand"), at32("echo of a payload class", "by hand, unchecked")),
    ],
    ["a log line", watched("log line")],
    ["OpenTelemetry: two spans, recorded and batched", watched("OpenTelemetry")],
    [
      "being one of 10,000 functions",
      more(cpu("one function among 1, 100 and 10,000", "10000"), cpu("one function among 1, 100 and 10,000", "1")),
    ],
  ];
  return [
    ...head("what", ["µs"]),
    ...rows.flatMap(([what, value]) => (value === undefined ? [] : [line([what, shown(value)])])),
  ];
}

function parallel(results: Results): string[] {
  const { contestants } = figuresOf(results, "outputs, a sidecar of 10 ms, 1 connection");
  return [
    ...head("outputs", ["ms"]),
    ...Object.entries(contestants).map(([name, { p50 }]) => line([name, shown(p50)])),
  ];
}

function bars({ bars: judged }: Results): string[] {
  const measured = judged.filter((bar) => bar.measured !== undefined);
  return [
    ...head("what is promised", ["bar", "measured"]),
    ...measured.map((bar) => line([bar.what, bar.bar, `${shown(bar.measured)}${bar.met === true ? "" : " (missed)"}`])),
  ];
}

function machine({ machine: of, versions, date }: Results): string[] {
  const names = ["@dapr/dapr", "fastify", "hono", "express", "undici"].filter((name) => name in versions);
  return [
    `Measured on ${date} on ${of["cores"]} cores (${of["processor"]}), Node ${versions["node"]}, ` +
      `${names.map((name) => `${name} ${versions[name]}`).join(", ")}, daprd ${versions["daprd"]}.`,
  ];
}
