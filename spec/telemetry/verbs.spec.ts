import {
  INVALID_SPAN_CONTEXT,
  trace,
  type Attributes,
  type SpanOptions,
  type TracerProvider,
} from "@opentelemetry/api";
import { DaprServiceInvocationTrigger, DaprTopicTrigger, HttpTrigger } from "../../lib/index.js";
import { readFunctions } from "../../lib/metadata/functions.js";
import { openTelemetryObserver } from "../../lib/telemetry/open-telemetry.js";

class Orders {
  @HttpTrigger({ route: "orders" })
  list(): void {}
  @DaprServiceInvocationTrigger()
  create(): void {}
  @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
  print(): void {}
}

describe("the verb of an invocation's span", () => {
  let started: SpanOptions[];

  beforeEach(() => {
    started = [];
    const startSpan = (_: string, options: SpanOptions) => {
      started.push(options);
      return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    };
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) } as unknown as TracerProvider);
  });
  afterEach(() => trace.disable());

  function attributesOf(method: string, verbs: readonly string[]): Attributes[] {
    const observer = openTelemetryObserver()!;
    const definition = readFunctions([Orders]).find(({ methodName }) => methodName === method)!;
    for (const verb of verbs) observer.start({ definition, id: "1", context: { request: { method: verb } } } as never);
    return started.map(({ attributes }) => attributes!);
  }

  it.each(["list", "create"])(
    "is the request's, of %s, and one name for what is no verb that a function has",
    (method) => {
      const verbs = ["GET", "HEAD", "POST", "GET", "BREW", "get", "__proto__", "MKCOL"];
      const attributes = attributesOf(method, verbs);
      expect(attributes.map((one) => one["http.request.method"])).toEqual([
        "GET",
        "HEAD",
        "POST",
        "GET",
        "_OTHER",
        "_OTHER",
        "_OTHER",
        "_OTHER",
      ]);
      // Made once for each, whatever callers send.
      expect(new Set(attributes).size).toBe(4);
    },
  );

  it("is none of an event's", () => {
    expect(attributesOf("print", ["POST"])[0]).not.toHaveProperty("http.request.method");
  });
});
