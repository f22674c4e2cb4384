/** Trace context as an event carries it; members of any other kind are ignored. */
export interface TraceAttributes {
  readonly traceparent?: unknown;
  readonly tracestate?: unknown;
  readonly baggage?: unknown;
}

/**
 * The headers that put the requests of an invocation into its trigger's trace: the request's own, else the event's.
 * A `traceparent` of zeros, which daprd sends when tracing is off, counts as none, and then `tracestate` means nothing.
 *
 * @see https://www.w3.org/TR/trace-context/
 */
export function traceHeadersOf(
  header: (name: string) => string | undefined,
  attributes: TraceAttributes = {},
): Readonly<Record<string, string>> | undefined {
  const own = { traceparent: header("traceparent"), tracestate: header("tracestate") };
  const parent = isTraceParent(own.traceparent) ? own : attributes;
  const ownBaggage = header("baggage");
  const baggage = isHeaderText(ownBaggage) ? ownBaggage : attributes.baggage;
  const result: Record<string, string> = {};
  if (isTraceParent(parent.traceparent)) {
    result["traceparent"] = parent.traceparent;
    if (isHeaderText(parent.tracestate)) result["tracestate"] = parent.tracestate;
  }
  if (isHeaderText(baggage)) result["baggage"] = baggage;
  return Object.keys(result).length === 0 ? undefined : result;
}

/** False for one of zeros, too: daprd sends it when tracing is off. */
export function isTraceParent(value: unknown): value is string {
  return isHeaderText(value) && !/^[\da-f]{2}-0{32}-/i.test(value);
}

/** An event's attributes come from whoever published it: what could break a header is not passed on. */
function isHeaderText(value: unknown): value is string {
  return typeof value === "string" && /^[\t\x20-\x7e]+$/.test(value);
}
