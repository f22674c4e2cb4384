import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type * as Api from "@opentelemetry/api";
import { Pool } from "undici";
import type { Contestant, Order } from "./contestant.js";
import { startTelemetry } from "./ours-observed.js";

/** Surrounds a step with a span. */
type Span = <T>(name: string, kind: number, attributes: Api.Attributes, step: () => Promise<T>) => Promise<T>;

/** One state item by hand; with the argument `OpenTelemetry` below a span of its own, and the request below another. */
export const contestant: Contestant = {
  start(sidecarPort, port, kind) {
    const pool = new Pool(`http://127.0.0.1:${sidecarPort}`, { connections: 256 });
    const { span, headers } = kind === "OpenTelemetry" ? spans() : plain;

    async function save(order: Order): Promise<void> {
      const body = `[{"key":${JSON.stringify(order.id)},"value":${JSON.stringify(order)}}]`;
      await span("send order", 2, stepAttributes, async () => {
        const path = "/v1.0/state/statestore";
        const answer = await pool.request({ method: "POST", path, headers: headers(), body });
        await answer.body.dump();
        if (answer.statusCode >= 300) throw new Error(`the sidecar answered ${answer.statusCode}`);
      });
    }

    const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const attributes = kind === "" ? {} : attributesOf(request.method!);
        span("saveOrder", 1, attributes, () => save(JSON.parse(Buffer.concat(chunks).toString()) as Order)).then(
          () => response.writeHead(200, { "content-length": 0 }).end(),
          () => response.writeHead(500, { "content-length": 0 }).end(),
        );
      });
    });
    return new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  },
};

/** Those that the library gives its spans. */
const stepAttributes = {
  "dapr.binding.type": "daprState",
  "dapr.binding.name": "order",
  "dapr.component": "statestore",
  "dapr.output.items": 1,
};

const attributesOf = (method: string): Api.Attributes => ({
  "faas.name": "saveOrder",
  "faas.trigger": "http",
  "code.function.name": "Orders.saveOrder",
  "http.route": "/save-order",
  "faas.invocation_id": randomUUID(),
  "http.request.method": method,
});

const json = { "content-type": "application/json" };

const plain: { readonly span: Span; readonly headers: () => Record<string, string> } = {
  span: (_, __, ___, step) => step(),
  headers: () => json,
};

function spans(): typeof plain {
  const { trace, context } = startTelemetry();
  const tracer = trace.getTracer("by hand");
  return {
    span: (name, kind, attributes, step) =>
      tracer.startActiveSpan(name, { kind, attributes }, async (span) => {
        try {
          return await step();
        } finally {
          span.end();
        }
      }),
    headers() {
      const { traceId, spanId } = trace.getSpanContext(context.active())!;
      return { ...json, traceparent: `00-${traceId}-${spanId}-01` };
    },
  };
}
