import { metrics, type MetricOptions } from "@opentelemetry/api";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { openTelemetryObserver } from "../../lib/telemetry/open-telemetry.js";
import { compileFolder } from "../support/app-process.js";

const root = join(__dirname, "../..");
const example = join(root, "examples/telemetry");

const tree = `
CreateNewOrder                  orders   SERVER
├─ call billing                 orders   CLIENT
│  └─ charge                    billing  SERVER
│     └─ send receipt           billing  CLIENT
├─ send kept                    orders   CLIENT
└─ send created                 orders   CLIENT
   └─ sendInvoice               billing  CONSUMER
      └─ read receipt           billing  CLIENT
`;

describe("examples/telemetry", () => {
  it("prints the trace of one order through two applications", async () => {
    const compiled = compileFolder(example, ["@opentelemetry/api", "@opentelemetry/sdk-trace-node"]);
    const { stdout } = await promisify(execFile)(process.execPath, [join(compiled, "main.mjs")], { cwd: root });
    expect(stdout).toContain('answer: 200 "3 for order 41"\n');
    expect(stdout).toContain("invoice of order 41: 3 for order 41\n");
    expect(stdout.slice(stdout.indexOf("\ntrace 4bf92f3577b34da6a3ce929d0e0e4736\n") + 39)).toBe(tree);
  }, 120_000);

  it("shows that tree in its README", () => {
    expect(readFileSync(join(example, "README.md"), "utf8")).toContain(tree);
  });
});

describe("the dashboard of examples/telemetry", () => {
  interface Panel {
    readonly title: string;
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  }
  const text = readFileSync(join(example, "grafana.json"), "utf8");
  const { panels } = JSON.parse(text) as { panels: readonly Panel[] };
  const queries = panels.flatMap(({ targets }) => targets);
  const instruments = new Map<string, MetricOptions & { readonly kind: "counter" | "histogram" }>();

  beforeAll(() => {
    const meter = metrics.getMeterProvider().getMeter("none");
    const kept = Object.assign(Object.create(meter) as typeof meter, {
      createCounter: (name: string, options: MetricOptions = {}) => {
        instruments.set(name, { ...options, kind: "counter" });
        return meter.createCounter(name);
      },
      createHistogram: (name: string, options: MetricOptions = {}) => {
        instruments.set(name, { ...options, kind: "histogram" });
        return meter.createHistogram(name);
      },
    });
    metrics.setGlobalMeterProvider({ getMeter: () => kept });
    openTelemetryObserver();
    metrics.disable();
  });

  /** @see https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/ */
  const prometheusNames = (): string[] =>
    [...instruments].flatMap(([name, { kind, unit }]) => {
      const spelt = name.replaceAll(".", "_") + (unit === "s" ? "_seconds" : "");
      return kind === "counter" ? [`${spelt}_total`] : ["bucket", "sum", "count"].map((part) => `${spelt}_${part}`);
    });

  it("asks only for metrics that exist", () => {
    const asked = new Set(text.match(/\w+(?=\{faas_name=)|(?<=label_values\()\w+/g));
    expect(asked.size).toBeGreaterThan(6);
    expect([...asked].filter((name) => !prometheusNames().includes(name))).toEqual([]);
  });

  it("shows every metric", () => {
    for (const [name] of instruments) {
      const spelt = name.replaceAll(".", "_");
      expect([name, queries.some(({ expr }) => expr.includes(`${spelt}_`))]).toEqual([name, true]);
    }
    expect(instruments.size).toBe(7);
  });

  it("groups by attributes that the metrics have", () => {
    const attributes = ["faas_name", "faas_trigger", "error_type", "dapr_binding_name", "le"];
    const grouped = queries.flatMap(({ expr }) =>
      [...expr.matchAll(/by \(([^)]+)\)/g)].flatMap(([, by]) => by!.split(", ")),
    );
    const shown = queries.flatMap(({ legendFormat }) =>
      [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name),
    );
    expect([...grouped, ...shown].filter((name) => !attributes.includes(name!))).toEqual([]);
    const source = readFileSync(join(root, "lib/telemetry/open-telemetry.ts"), "utf8");
    for (const name of attributes.slice(0, -1)) expect(source).toContain(`"${name.replaceAll("_", ".")}"`);
  });

  it("has buckets in which durations of milliseconds differ", () => {
    const { advice } = instruments.get("faas.invoke_duration")!;
    expect(advice?.explicitBucketBoundaries).toContain(0.005);
  });
});
