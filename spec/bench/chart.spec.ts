import { bars, judge } from "../../bench/bars.js";
import type { Figures } from "../../bench/bench.js";
import { chartOf } from "../../bench/report/chart.js";

function figures(scenario: string, ratios: Figures["ratios"]): Figures {
  return { scenario, contestants: {}, ratios };
}

/** The values beside the bars, from top to bottom. */
const valuesOf = (svg: string): readonly string[] =>
  [...svg.matchAll(/class="value"[^>]*>([\d.]+) ×</g)].map((found) => found[1]!);

describe("the benchmark's chart", () => {
  it("has each contestant by hand-written code, from ratios of ours to both", () => {
    const state = { "throughput / bare": 0.99, "throughput / fastify": 1.1, "throughput / dapr-sdk": 9 };
    const svg = chartOf([figures("state, 32 connections", state)]);
    expect(valuesOf(svg)).toEqual(["0.99", "0.90", "0.11"]);
    expect(svg).toContain("linear scale");
  });

  it("names ours in other jobs", () => {
    const svg = chartOf([
      figures("state, 32 connections", { "throughput / bare": 1 }),
      figures("echo, 32 connections", { "throughput / bare": 1.012 }),
    ]);
    expect(svg).toContain("echo 1.01");
  });
});

describe("a bar", () => {
  const bar = bars.find(({ atLeast }) => atLeast !== undefined)!;

  it.each([
    ["met at its limit", bar.atLeast!, true],
    ["missed below it", bar.atLeast! - 0.01, false],
  ])("is %s", (_, measured, met) => {
    const judged = judge([figures(bar.scenario, { [bar.ratio]: measured })]);
    expect(judged.find(({ what }) => what === bar.what)).toMatchObject({ measured, met });
  });

  it("is not judged where its scenario was not run", () => {
    expect(judge([]).every(({ met }) => met === undefined)).toBe(true);
  });

  it("is about one thing: no two have the same name", () => {
    const names = bars.map(({ what }) => what);
    expect(new Set(names).size).toBe(names.length);
  });
});
