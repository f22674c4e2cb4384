import type { Figures } from "./bench.js";

/** What the library promises of a ratio that a scenario measures. */
export interface Bar {
  readonly what: string;
  readonly scenario: string;
  readonly ratio: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

const state = "state, 32 connections";
const echo = "echo, 32 connections";
const http = "HTTP trigger with {id} → state, 32 connections";
const params = "HTTP route parameters, 32 connections";
const checked = "echo of a payload class, 32 connections";
const watched = "state, watched, 32 connections";
const soak = "soak → one state item";

export const bars: readonly Bar[] = [
  { what: "one state item: throughput / @dapr/dapr", scenario: state, ratio: "throughput / dapr-sdk", atLeast: 3 },
  { what: "one state item: throughput / bare", scenario: state, ratio: "throughput / bare", atLeast: 0.9 },
  { what: "one state item: CPU / @dapr/dapr", scenario: state, ratio: "cpu / dapr-sdk", atMost: 0.33 },
  { what: "one state item: CPU / bare", scenario: state, ratio: "cpu / bare", atMost: 1.12 },
  { what: "one state item: p99 / bare", scenario: state, ratio: "p99 / bare", atMost: 1.2 },
  {
    what: "a state entry: CPU / input and output",
    scenario: "state read and written, 32 connections",
    ratio: "cpu / input and output",
    atMost: 1.15,
  },
  { what: "echo: throughput / bare", scenario: echo, ratio: "throughput / bare", atLeast: 0.93 },
  { what: "echo: p99 / bare", scenario: echo, ratio: "p99 / bare", atMost: 1.2 },
  {
    what: "HTTP trigger → one state item: throughput / bare",
    scenario: http,
    ratio: "throughput / bare",
    atLeast: 0.92,
  },
  { what: "HTTP trigger → one state item: CPU / bare", scenario: http, ratio: "cpu / bare", atMost: 1.1 },
  { what: "HTTP route parameters: throughput / bare", scenario: params, ratio: "throughput / bare", atLeast: 0.92 },
  {
    what: "1,000 state items on daprd: one request / one by one",
    scenario: "daprd: one invocation → 1,000 state items",
    ratio: "items per second / one by one",
    atLeast: 20,
  },
  {
    what: "1,000 state items on daprd: one request / an invocation each",
    scenario: "daprd: one invocation → 1,000 state items",
    ratio: "items per second / an invocation each",
    atLeast: 20,
  },
  {
    what: "1,000 publish items on daprd: bulk / one by one",
    scenario: "daprd: one invocation → 1,000 publish items",
    ratio: "items per second, bulk / one by one",
    atLeast: 20,
  },
  {
    what: "1,000 publish items on daprd: bulk / an invocation each",
    scenario: "daprd: one invocation → 1,000 publish items",
    ratio: "items per second, bulk / an invocation each",
    atLeast: 20,
  },
  {
    what: "topic events on daprd: bulk / single",
    scenario: "daprd: topic events in bulk",
    ratio: "events per second, bulk / single",
    atLeast: 4,
  },
  {
    what: "add of an item / JSON.stringify, slowest output",
    scenario: "add of one item, 2,000 in an invocation",
    ratio: "slowest / JSON.stringify",
    atMost: 3,
  },
  {
    what: "one function among 10,000: CPU / alone",
    scenario: "one function among 1, 100 and 10,000",
    ratio: "cpu of 10,000 / 1",
    atMost: 1.1,
  },
  {
    what: "the checks of a payload class: CPU / the same by hand",
    scenario: checked,
    ratio: "cpu of the checks / by hand",
    atMost: 0.55,
  },
  {
    what: "a payload class among 1,000 others: CPU / alone",
    scenario: checked,
    ratio: "cpu among 1,000 / alone",
    atMost: 1.05,
  },
  {
    what: "a body blocks the process: longest / its JSON.parse",
    scenario: "bodies of awkward sizes under a payload class",
    ratio: "longest / JSON.parse",
    atMost: 10,
  },
  { what: "a log line: CPU / none", scenario: watched, ratio: "cpu, log line / none", atMost: 1.05 },
  {
    what: "OpenTelemetry: CPU / the same spans by hand",
    scenario: watched,
    ratio: "cpu, OpenTelemetry / by hand",
    atMost: 1.08,
  },
  {
    what: "inspector at 1,000/s, page closed: share of a core",
    scenario: watched,
    ratio: "inspector at 1,000/s, of a core",
    atMost: 0.03,
  },
  { what: "import / require @dapr/dapr", scenario: "cold start", ratio: "import / @dapr/dapr", atMost: 1 / 6 },
  { what: "import: megabytes of memory", scenario: "cold start", ratio: "import, megabytes", atMost: 15 },
  {
    what: "ready with 100 functions / require @dapr/dapr",
    scenario: "cold start",
    ratio: "ready / @dapr/dapr",
    atMost: 0.6,
  },
  { what: "soak: heap at 100 % / at 10 %", scenario: soak, ratio: "heap at 100 % / 10 %", atMost: 1.03 },
  { what: "soak: resident memory at 100 % / at 10 %", scenario: soak, ratio: "rss at 100 % / 10 %", atMost: 1.03 },
];

export interface Judged {
  readonly what: string;
  readonly bar: string;
  /** Absent where the scenario was not run. */
  readonly measured?: number;
  readonly met?: boolean;
}

/** Each bar with what was measured. A miss is told and not an error: the machine may have been busy. */
export function judge(results: readonly Figures[]): Judged[] {
  return bars.map(({ what, scenario, ratio, atLeast, atMost }) => {
    const bar = atLeast === undefined ? `at most ${round(atMost!)}` : `at least ${round(atLeast)}`;
    const measured = results.find((figures) => figures.scenario === scenario)?.ratios[ratio];
    if (measured === undefined) return { what, bar };
    return { what, bar, measured, met: atLeast === undefined ? measured <= atMost! : measured >= atLeast };
  });
}

const round = (value: number): string => String(Number(value.toFixed(3)));
