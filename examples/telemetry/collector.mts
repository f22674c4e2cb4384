import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";

/** What this example shows of a span. */
export interface CollectedSpan {
  readonly service: string;
  readonly name: string;
  readonly kind: string | undefined;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** Milliseconds since 1970. */
  readonly start: number;
  /** The code of what failed; undefined of what went well. */
  readonly error: string | undefined;
}

/** Stands in for a collector: keeps the spans that the applications send. */
export async function startCollector() {
  const spans: CollectedSpan[] = [];
  const waiting = new Map<string, () => void>();
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (text: string) => (body += text));
    request.on("end", () => {
      spans.push(...(JSON.parse(body) as CollectedSpan[]));
      for (const { name } of spans) waiting.get(name)?.();
      response.writeHead(204).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    /** Resolves once a span of this name is here. */
    received: (name: string): Promise<void> => {
      if (spans.some((span) => span.name === name)) return Promise.resolve();
      return new Promise((resolve) => waiting.set(name, resolve));
    },
    close: (): void => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The spans of one trace, each below the one that caused it, in the order in which they began. */
export function treeOf(spans: readonly CollectedSpan[]): string {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const below = (parent: CollectedSpan | undefined): readonly CollectedSpan[] =>
    spans
      .filter(({ parentSpanId }) =>
        parent === undefined ? parentSpanId === undefined || !known.has(parentSpanId) : parentSpanId === parent.spanId,
      )
      .sort((one, other) => one.start - other.start);
  const lines: string[] = [];
  const write = (span: CollectedSpan, indent: string, branch: string): void => {
    const failed = span.error === undefined ? "" : `  ${span.error}`;
    lines.push(`${`${indent}${branch}${span.name}`.padEnd(32)}${span.service.padEnd(9)}${span.kind}${failed}`);
    const children = below(span);
    const inner = branch === "" ? indent : indent + (branch === "└─ " ? "   " : "│  ");
    children.forEach((child, index) => write(child, inner, index === children.length - 1 ? "└─ " : "├─ "));
  };
  for (const root of below(undefined)) write(root, "", "");
  return lines.join("\n");
}
