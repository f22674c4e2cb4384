import {
  context,
  INVALID_SPAN_CONTEXT,
  metrics,
  trace,
  type MeterProvider,
  type SpanContext,
  type TracerProvider,
} from "@opentelemetry/api";
import {
  DaprServiceInvocationTrigger,
  DaprState,
  DaprStateOutput,
  type Collector,
  type StateEntry,
} from "../../lib/index.js";
import { readFunctions } from "../../lib/metadata/functions.js";
import { openTelemetryObserver } from "../../lib/telemetry/open-telemetry.js";
import { post, send, serving } from "../serve/support.js";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const callers = `00-${traceId}-00f067aa0ba902b7-01`;

class Orders {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "out", stateStore: "s", key: "k" })
  save(_payload: unknown, { out }: { out: Collector<unknown> }): void {
    out.add(1);
  }
}

/** Spans are what a provider of the program makes of them. */
function register(spanContext: SpanContext): void {
  const startSpan = () => trace.wrapSpanContext(spanContext);
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) } as unknown as TracerProvider);
}

describe("the trace that goes out with requests", () => {
  afterEach(() => trace.disable());

  const own: SpanContext = { traceId, spanId: "b7ad6b7169203331", traceFlags: 0 };

  it.each<[string, SpanContext, string | undefined, string | undefined]>([
    ["that of the span", own, callers, `00-${traceId}-b7ad6b7169203331-00`],
    ["the caller's where there is no span", INVALID_SPAN_CONTEXT, callers, callers],
    ["none where neither is there", INVALID_SPAN_CONTEXT, undefined, undefined],
    ["the caller's where a provider makes no valid id", { ...own, traceId: "1" }, callers, callers],
  ])("is %s", async (_what, spanContext, given, sent) => {
    register(spanContext);
    const { app, sidecar } = await serving([Orders]);
    await send(app, "POST", "/save", { headers: given === undefined ? {} : { traceparent: given } });
    expect(sidecar.requests.map(({ headers }) => headers["traceparent"])).toEqual([sent]);
  });

  it("is that of the invocation where the active span is none", () => {
    register(own);
    const observer = openTelemetryObserver()!;
    const watch = observer.start({ definition: readFunctions([Orders])[0]!, id: "1", context: {} } as never)!;
    const active = trace.setSpan(context.active(), trace.wrapSpanContext(INVALID_SPAN_CONTEXT));
    const headers = context.with(active, () => watch.headers!());
    expect(headers).toEqual({ traceparent: `00-${traceId}-b7ad6b7169203331-00` });
  });
});

describe("the invocations that wait", () => {
  /** How many wait, by function, and who is told of each change. */
  let waiting: Record<string, number>;
  let changed: () => void;

  beforeEach(() => {
    waiting = {};
    changed = () => {};
    const counter = (name: string) => ({
      record: () => {},
      add(change: number, attributes: Record<string, string>) {
        if (name !== "dapr.invocations.waiting") return;
        const fn = attributes["faas.name"]!;
        waiting[fn] = (waiting[fn] ?? 0) + change;
        changed();
      },
    });
    const meter = { createCounter: counter, createUpDownCounter: counter, createHistogram: counter };
    metrics.setGlobalMeterProvider({ getMeter: () => meter } as unknown as MeterProvider);
  });
  afterEach(() => metrics.disable());

  it.each(["bounded", "free", "entry"])("are counted until they go on, or leave: %s", async (name) => {
    let goOn = (): void => {};
    const held = new Promise<void>((resolve) => (goOn = resolve));
    class Slow {
      @DaprServiceInvocationTrigger({ concurrency: 1 })
      async bounded(): Promise<void> {
        await held;
      }
      @DaprServiceInvocationTrigger()
      async free(): Promise<void> {
        await held;
      }
      @DaprServiceInvocationTrigger()
      @DaprState({ name: "entry", stateStore: "s", key: "k" })
      async entry(_payload: unknown, _bindings: { entry: StateEntry<unknown> }): Promise<void> {
        await held;
      }
    }
    const { app } = await serving([Slow], name === "free" ? { maxConcurrency: 1 } : {});
    const reached = (count: number) =>
      new Promise<void>((resolve) => {
        changed = () => waiting[name] === count && resolve();
        changed();
      });
    const calls = [post(app, `/${name}`, {}), post(app, `/${name}`, {}), post(app, `/${name}`, {})];
    await reached(2);
    goOn();
    await Promise.all(calls);
    expect(waiting[name]).toBe(0);
  });
});
