// Preloaded before an application (`node --import`), as the SDK of OpenTelemetry is in production: once a provider is
// registered, serve makes spans. Only the exporter is this example's own; @opentelemetry/exporter-trace-otlp-http takes
// its place where a real collector listens.
import { SpanKind } from "@opentelemetry/api";
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  type ReadableSpan,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-node";
import type { CollectedSpan } from "./collector.mjs";

const service = process.env.OTEL_SERVICE_NAME!;

const underWay = new Set<Promise<void>>();

const exporter: SpanExporter = {
  export: (spans, done) => {
    const sending = send(spans, done).finally(() => underWay.delete(sending));
    underWay.add(sending);
  },
  // The processor waits for what it sends now, not for what it began to send before.
  shutdown: async () => {
    await Promise.all(underWay);
  },
};

async function send(spans: readonly ReadableSpan[], done: Parameters<SpanExporter["export"]>[1]): Promise<void> {
  let failure: { readonly error: Error } | undefined;
  try {
    await fetch(process.env.COLLECTOR_URL!, { method: "POST", body: JSON.stringify(spans.map(toCollected)) });
  } catch (error) {
    failure = { error: error as Error };
  }
  done({ code: failure === undefined ? 0 : 1, ...failure });
}

function toCollected(span: ReadableSpan): CollectedSpan {
  const { traceId, spanId } = span.spanContext();
  const [seconds, nanoseconds] = span.startTime;
  return {
    service,
    name: span.name,
    kind: SpanKind[span.kind],
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId,
    start: seconds * 1e3 + nanoseconds / 1e6,
    error: span.attributes["error.type"]?.toString(),
  };
}

/** Its `shutdown` sends what was not sent yet. */
export const provider = new NodeTracerProvider({
  spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 50 })],
});
provider.register();
