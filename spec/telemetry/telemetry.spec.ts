import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { built, write } from "../cli/app.js";
import { consumerProject } from "../support/packed.js";

const packages = [
  "@opentelemetry/api",
  "@opentelemetry/sdk-trace-node",
  "@opentelemetry/sdk-metrics",
  "@opentelemetry/instrumentation-http",
  "@opentelemetry/instrumentation-undici",
];

const source = `
import { DaprApp, DaprBindingOutput, DaprPublish, DaprServiceInvocationTrigger, DaprStateInput, DaprStateOutput, DaprTopicTrigger, FunctionName, HttpTrigger,
  type AppClient, type Collector } from "dapr-functions";
class Billing { @DaprServiceInvocationTrigger() charge(order: { id: string }): string { return order.id; } }
export class Orders {
  @FunctionName("CreateNewOrder")
  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "before", stateStore: "statestore", key: "{id}" })
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  @DaprPublish({ name: "created", pubSubName: "messagebus", topic: "orders" })
  create(payload: { id: string }, { order, created }: { before: unknown; order: Collector<unknown>; created: Collector<unknown> }): object {
    order.add(payload);
    created.add(payload);
    return payload;
  }
  @DaprTopicTrigger({ pubSubName: "messagebus", topic: "orders" })
  @DaprStateOutput({ name: "seen", stateStore: "statestore", key: "seen" })
  print(_event: unknown, { seen }: { seen: Collector<unknown> }): void { seen.add(1); }
  @HttpTrigger({ route: "orders/{id}", methods: ["GET"] })
  find(): void { throw new Error("no"); }
  @DaprServiceInvocationTrigger()
  @DaprBindingOutput({ name: "mail", bindingName: "mail", operation: "create" })
  lose(_payload: unknown, { mail }: { mail: Collector<unknown> }): void { mail.add(1); }
  @DaprServiceInvocationTrigger()
  @DaprApp({ name: "billing", appId: "billing", of: Billing })
  async pay(payload: { id: string }, { billing }: { billing: AppClient<Billing> }): Promise<unknown> { return await billing.charge(payload); }
}
`;

/** Runs the functions with the SDK, on a sidecar that answers all; prints the spans and metrics when it is asked to end. */
const main = `
const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-node");
const { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } = require("@opentelemetry/sdk-metrics");
const api = require("@opentelemetry/api");
const spans = new InMemorySpanExporter();
const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: metrics });
if (process.env.SDK === "metrics") api.metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
if (process.env.SDK === "on") {
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  provider.register();
  api.metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  if (process.env.INSTRUMENTED === "yes") {
    const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");
    const { UndiciInstrumentation } = require("@opentelemetry/instrumentation-undici");
    const ignoreIncomingRequestHook = () => process.env.IGNORED === "yes";
    for (const instrumentation of [new HttpInstrumentation({ ignoreIncomingRequestHook }), new UndiciInstrumentation()]) {
      instrumentation.setTracerProvider(provider);
      instrumentation.enable();
    }
  }
}
const { serve } = require("dapr-functions");
const { Orders } = require("./functions.js");
serve([Orders], { port: 0, daprUrl: process.env.SIDECAR, log: {} }).then((app) => {
  console.log(JSON.stringify({ url: app.url }));
  process.stdin.on("end", async () => {
    await app.close();
    if (process.env.SDK === "on") await reader.forceFlush();
    const loaded = Object.keys(require.cache).filter((file) => /dapr-functions.dist.telemetry.open-telemetry/.test(file));
    console.log(JSON.stringify({
      loaded: loaded.length,
      spans: spans.getFinishedSpans().map((span) => ({
        name: span.name, kind: api.SpanKind[span.kind], trace: span.spanContext().traceId, id: span.spanContext().spanId,
        parent: span.parentSpanContext?.spanId, attributes: span.attributes, status: span.status.code, links: span.links.map(({ context }) => context.spanId),
      })),
      metrics: metrics.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics).flatMap(({ metrics: all }) => all)
        .flatMap(({ descriptor, dataPoints }) => dataPoints.map(({ attributes, value }) => ({ name: descriptor.name, attributes, value: value.count ?? value }))),
    }));
    process.exit(0);
  }).resume();
});
`;

interface Span {
  readonly name: string;
  readonly kind: string;
  readonly trace: string;
  readonly id: string;
  readonly parent?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly links: readonly string[];
}

interface Report {
  readonly loaded: number;
  readonly spans: readonly Span[];
  readonly metrics: readonly {
    readonly name: string;
    readonly attributes: Readonly<Record<string, unknown>>;
    readonly value: number;
  }[];
  /** The `traceparent` headers of each request to the sidecar, by what it asks for. */
  readonly requests: Readonly<Record<string, readonly string[]>>;
}

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const caller = "00f067aa0ba902b7";
const traceparent = `00-${traceId}-${caller}-01`;

let project: string;

beforeAll(() => {
  project = consumerProject({ packages });
  write(project, { "functions.js": built(source).replace(/^import \{[^]*?dapr-functions";\n/m, ""), "main.cjs": main });
}, 180_000);

/** What the sidecar answers by path; 204 to all else. */
const answers: Readonly<Record<string, readonly [status: number, body: string]>> = {
  "/v1.0/invoke/billing/method/charge": [200, '"41"'],
  "/v1.0/bindings/mail": [500, '{"errorCode":"ERR_INVOKE_OUTPUT_BINDING","message":"no"}'],
};

async function run(env: Readonly<Record<string, string>>): Promise<Report> {
  const requests: Record<string, string[]> = {};
  const sidecar = createServer((request: IncomingMessage, response) => {
    const path = request.url!.split("?")[0]!;
    if (!path.includes("/healthz") && !path.includes("/metadata")) {
      const { rawHeaders } = request;
      requests[`${request.method} ${path}`] = rawHeaders.filter(
        (_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === "traceparent",
      );
    }
    request
      .resume()
      .on("end", () =>
        response.writeHead(answers[path]?.[0] ?? 204, { "content-type": "application/json" }).end(answers[path]?.[1]),
      );
  }).listen(0, "127.0.0.1");
  await once(sidecar, "listening");
  const child = spawn(process.execPath, [join(project, "main.cjs")], {
    cwd: project,
    env: { PATH: process.env["PATH"], SIDECAR: `http://127.0.0.1:${(sidecar.address() as AddressInfo).port}`, ...env },
  });
  let stderr = "";
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  const lines = child.stdout[Symbol.asyncIterator]();
  const read = async (): Promise<object> => {
    let text = "";
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(stderr);
      text += String(value);
      if (text.endsWith("\n")) return JSON.parse(text) as object;
    }
  };
  try {
    const { url } = (await read()) as { url: string };
    const post = (path: string, body: object, type = "application/json") =>
      fetch(`${url}${path}`, {
        method: "POST",
        headers: { "content-type": type, traceparent },
        body: JSON.stringify(body),
      });
    await post("/CreateNewOrder", { id: "41" });
    const event = {
      id: "e1",
      source: "s",
      type: "t",
      specversion: "1.0",
      topic: "orders",
      pubsubname: "messagebus",
      data: { id: "41" },
    };
    await post("/orders", event, "application/cloudevents+json");
    await fetch(`${url}/api/orders/41`);
    await post("/pay", { id: "41" });
    await post("/lose", {});
    child.stdin.end();
    return { ...((await read()) as Report), requests };
  } finally {
    child.kill();
    sidecar.close();
  }
}

describe.each([
  ["no instrumentation", "no"],
  ["http and undici instrumented", "yes"],
])("OpenTelemetry, with %s", (_name, instrumented) => {
  let report: Report;
  const named = (name: string): Span => report.spans.find((span) => span.name === name)!;

  beforeAll(async () => {
    report = await run({ SDK: "on", INSTRUMENTED: instrumented });
  });

  it("has a span for each invocation, which continues the trace of its trigger", () => {
    const create = named("CreateNewOrder");
    expect(create).toMatchObject({ kind: "SERVER", trace: traceId, status: 0 });
    // The instrumentation of http puts the request's own span in between.
    const server = report.spans.find(({ id }) => id === create.parent);
    expect(instrumented === "no" ? create.parent : server?.parent).toBe(caller);
    expect(create.attributes).toMatchObject({
      "faas.name": "CreateNewOrder",
      "faas.trigger": "http",
      "faas.invocation_id": expect.any(String),
      "code.function.name": "Orders.create",
      "http.route": "/CreateNewOrder",
      "http.request.method": "POST",
    });
  });

  it("links the span of an event to what published it", () => {
    expect(named("print")).toMatchObject({
      kind: "CONSUMER",
      trace: traceId,
      links: [caller],
      attributes: {
        "faas.trigger": "pubsub",
        "messaging.system": "dapr",
        "messaging.operation.type": "process",
        "messaging.destination.name": "orders",
        "messaging.message.id": "e1",
      },
    });
  });

  it("has a span for each input, output and call, below that of the invocation", () => {
    const steps = [
      ["read before", "CreateNewOrder"],
      ["send order", "CreateNewOrder"],
      ["send created", "CreateNewOrder"],
      ["send seen", "print"],
      ["call billing", "pay"],
    ] as const;
    for (const [step, invocation] of steps) {
      expect([step, named(step)]).toEqual([
        step,
        expect.objectContaining({ kind: "CLIENT", parent: named(invocation).id }),
      ]);
    }
    expect(named("send created").attributes).toMatchObject({
      "dapr.component": "messagebus",
      "messaging.operation.type": "send",
      "dapr.output.items": 1,
    });
  });

  it("sends the context of that span with the request, and no other", () => {
    const of = (name: string) => [`00-${traceId}-${named(name).id}-01`];
    expect(report.requests).toEqual({
      "GET /v1.0/state/statestore/41": of("read before"),
      "POST /v1.0/state/statestore": of("send seen"),
      "POST /v1.0/publish/messagebus/orders": of("send created"),
      "POST /v1.0/invoke/billing/method/charge": of("call billing"),
      "POST /v1.0/bindings/mail": of("send mail"),
    });
  });

  it("marks what failed, with its code", () => {
    expect(named("find")).toMatchObject({
      status: 2,
      attributes: { "error.type": "ERR_FUNCTION_FAILED", "http.route": "/api/orders/{id}" },
    });
    const failed = { status: 2, attributes: { "error.type": "ERR_INVOKE_OUTPUT_BINDING" } };
    expect([named("lose"), named("send mail")]).toMatchObject([failed, failed]);
  });

  it("counts invocations, failures by code, durations and items", () => {
    const value = (name: string, fn: string) =>
      report.metrics.filter((metric) => metric.name === name && metric.attributes["faas.name"] === fn);
    expect(value("faas.invocations", "CreateNewOrder")).toMatchObject([
      { value: 1, attributes: { "faas.trigger": "http" } },
    ]);
    expect(value("faas.errors", "find")).toMatchObject([
      { value: 1, attributes: { "error.type": "ERR_FUNCTION_FAILED" } },
    ]);
    expect(value("faas.invoke_duration", "print")).toMatchObject([{ value: 1 }]);
    expect(value("dapr.output.items", "print")).toMatchObject([
      { value: 1, attributes: { "dapr.binding.name": "seen" } },
    ]);
  });
});

it.each([
  ["with metrics alone", { SDK: "metrics" }],
  ["where an instrumentation ignores the request", { SDK: "on", INSTRUMENTED: "yes", IGNORED: "yes" }],
])("OpenTelemetry %s has no span of an invocation, and the trigger's context goes on as it is", async (_where, env) => {
  const { spans, requests } = await run(env);
  // The instrumentation of undici has spans of what the app asks when it starts.
  expect(spans.filter(({ kind }) => kind !== "CLIENT")).toEqual([]);
  expect(requests["GET /v1.0/state/statestore/41"]).toEqual([traceparent]);
  expect(requests["POST /v1.0/publish/messagebus/orders"]).toEqual([traceparent]);
});

it("OpenTelemetry that nobody registered loads nothing, and the trigger's context goes on as it is", async () => {
  const { loaded, spans, requests } = await run({ SDK: "off" });
  expect([loaded, spans]).toEqual([0, []]);
  expect(requests["GET /v1.0/state/statestore/41"]).toEqual([traceparent]);
});
