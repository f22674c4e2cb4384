import type { Figures } from "./bench.js";

/** What the library promises of a ratio that a scenario measures. */
export interface Bar {
  readonly what: string;
  readonly scenario: string;
  readonly ratio: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

const at32 = (job: string): string => `${job}, 32 connections`;
const state = at32("state");
const checked = at32("echo of a payload class");
const http = at32("HTTP trigger with {id} → state");
const ways = "cold start, ways to load an app";
const watched = at32("state, watched");
const soak = "soak → one state item";

/** Beside the same by hand, in jobs of which the library's own part is small. */
function besideBare(what: string, scenario: string): Bar[] {
  return [
    { what: `${what}: throughput / by hand`, scenario, ratio: "throughput / bare", atLeast: 0.98 },
    { what: `${what}: p99 / by hand`, scenario, ratio: "p99 / bare", atMost: 1.15 },
  ];
}

/** What daprd alone decides is judged beside the bare limit on the same daprd: a miss is then the library's. */
export const bars: readonly Bar[] = [
  ...besideBare("one state item", state),
  ...besideBare("one state input", at32("state input")),
  ...besideBare("echo", at32("echo")),
  ...besideBare("one invoke item", at32("invoke")),
  ...besideBare("one binding item", at32("binding")),
  ...besideBare("topic event → publish", at32("topic → publish")),
  { what: "one state item: throughput / @dapr/dapr", scenario: state, ratio: "throughput / dapr-sdk", atLeast: 3 },
  { what: "one state item: CPU / @dapr/dapr", scenario: state, ratio: "cpu / dapr-sdk", atMost: 0.33 },
  {
    what: "HTTP trigger with {id} → state: throughput / by hand",
    scenario: http,
    ratio: "throughput / bare",
    atLeast: 0.92,
  },
  { what: "HTTP trigger with {id} → state: CPU / by hand", scenario: http, ratio: "cpu / bare", atMost: 1.1 },
  {
    what: "HTTP route parameters: throughput / by hand",
    scenario: at32("HTTP route parameters"),
    ratio: "throughput / bare",
    atLeast: 0.92,
  },
  ...["state items", "publish items", "publish items, bulk"].map((items) => ({
    what: `1,000 ${items}: CPU / by hand`,
    scenario: `one invocation → 1,000 ${items}`,
    ratio: "cpu / bare",
    atMost: 1.1,
  })),
  {
    what: "a state entry: CPU / input and output",
    scenario: at32("state read and written"),
    ratio: "cpu / input and output",
    atMost: 1.15,
  },
  { what: "a payload class: CPU / the same checks by hand", scenario: checked, ratio: "cpu / by hand", atMost: 0.55 },
  ...["100", "1,000"].map((count) => ({
    what: `a payload class among ${count} others: CPU / alone`,
    scenario: checked,
    ratio: `cpu among ${count} / alone`,
    atMost: 1.05,
  })),
  {
    what: "a body of awkward size blocks the process: longest / its JSON.parse",
    scenario: "bodies of awkward sizes under a payload class",
    ratio: "longest / JSON.parse",
    atMost: 10,
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
    what: "1,000 state items on daprd: items per second / by hand",
    scenario: "daprd: one invocation → 1,000 state items",
    ratio: "items per second / bare, one request",
    atLeast: 0.95,
  },
  {
    what: "bulk publish on daprd: items per second / by hand",
    scenario: "daprd: one invocation → 1,000 publish items",
    ratio: "items per second, bulk / bare, bulk",
    atLeast: 0.95,
  },
  {
    what: "bulk events on daprd: events per second / by hand",
    scenario: "daprd: topic events in bulk",
    ratio: "bulk / bare, bulk",
    atLeast: 0.95,
  },
  {
    what: "three outputs in parallel: time / one output's",
    scenario: "outputs, a sidecar of 10 ms, 1 connection",
    ratio: "time of three, parallel / one",
    atMost: 1.15,
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
  {
    what: "run --watch: ms from a save to its first answer",
    scenario: "run --watch, from a save to its first answer",
    ratio: "slower of them, ms",
    atMost: 2000,
  },
  {
    what: "a payload class at cold start: ms of CPU more",
    scenario: ways,
    ratio: "a payload class, ms of CPU, packages",
    atMost: 60,
  },
  {
    what: "a payload class at cold start, bundled: ms of CPU more",
    scenario: ways,
    ratio: "a payload class, ms of CPU, bundled",
    atMost: 60,
  },
  { what: "import / require @dapr/dapr", scenario: "cold start", ratio: "import / @dapr/dapr", atMost: 1 / 6 },
  { what: "import: megabytes of memory", scenario: "cold start", ratio: "import, megabytes", atMost: 15 },
  {
    what: "ready with 100 functions / require @dapr/dapr",
    scenario: "cold start",
    ratio: "ready / @dapr/dapr",
    atMost: 0.6,
  },
  { what: "soak: growth of the heap / by hand", scenario: soak, ratio: "growth of heap / bare", atMost: 1.02 },
  { what: "soak: growth of resident memory / by hand", scenario: soak, ratio: "growth of rss / bare", atMost: 1.02 },
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
