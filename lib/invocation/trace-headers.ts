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
 * Tracing never fails the work: daprd answers 400 to baggage that it cannot parse and 431 to headers that are too long,
 * so what does not parse, or does not fit, is not sent.
 *
 * @see https://www.w3.org/TR/trace-context/
 * @see https://www.w3.org/TR/baggage/
 */
export function traceHeadersOf(
  header: (name: string) => string | undefined,
  attributes: TraceAttributes = {},
): Readonly<Record<string, string>> | undefined {
  const traceparent = header("traceparent");
  const ownBaggage = header("baggage");
  // Nearly every request where nothing traces.
  if ((traceparent ?? ownBaggage ?? attributes.traceparent ?? attributes.baggage) === undefined) return undefined;
  const parent = isTraceParent(traceparent) ? { traceparent, tracestate: header("tracestate") } : attributes;
  const baggage = isBaggage(ownBaggage) ? ownBaggage : attributes.baggage;
  const result: Record<string, string> = {};
  let room = mostBytes;
  if (isTraceParent(parent.traceparent)) {
    result["traceparent"] = parent.traceparent;
    if (isTraceState(parent.tracestate)) {
      result["tracestate"] = parent.tracestate;
      room -= parent.tracestate.length;
    }
  }
  if (isBaggage(baggage) && baggage.length <= room) result["baggage"] = baggage;
  return Object.keys(result).length === 0 ? undefined : result;
}

const traceNames: ReadonlySet<string> = new Set(["traceparent", "tracestate", "baggage"]);

/** Headers of an item, of whose own trace context what cannot be sent is left out, as of an invocation's. */
export function withSendableTrace(
  headers: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> | undefined {
  if (headers === undefined) return undefined;
  const own = Object.entries(headers);
  const trace = new Map<string, string>();
  for (const [name, value] of own) if (traceNames.has(name.toLowerCase())) trace.set(name.toLowerCase(), value);
  if (trace.size === 0) return headers;
  const rest = own.filter(([name]) => !traceNames.has(name.toLowerCase()));
  return { ...Object.fromEntries(rest), ...traceHeadersOf((name) => trace.get(name)) };
}

/**
 * Bytes of `tracestate` and `baggage` together. daprd takes 8 KiB of headers in all unless its `--read-buffer-size` is
 * raised; the rest is for the path and the other headers.
 */
const mostBytes = 6 * 1024;

const traceParent = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}(-[\x21-\x7e]*)?$/;

/** False for one of zeros, too: daprd sends it when tracing is off. A version later than 00 may have more members. */
function isTraceParent(value: unknown): value is string {
  const match = typeof value === "string" && value.length <= 512 ? traceParent.exec(value) : null;
  if (match === null || match[1] === "ff" || (match[1] === "00" && match[4] !== undefined)) return false;
  return /[^0]/.test(match[2]!) && /[^0]/.test(match[3]!);
}

const stateMember = /^(?:[a-z\d][a-z\d_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,256})?$/;
const spaceAround = /^[\t ]+|(?<![\t ])[\t ]+$/g;

function isTraceState(value: unknown): value is string {
  if (typeof value !== "string" || value.length > mostBytes) return false;
  const members = value.split(",");
  return (
    members.length <= 32 &&
    members.every((member) => stateMember.test(member.replace(spaceAround, ""))) &&
    /[^\t ,]/.test(value)
  );
}

// A key, octets of which "%" begins an escape, and properties of the same form whose value may be missing.
const token = "[\\t ]*[!#$%&'*+\\-.^_`|~\\dA-Za-z]+[\\t ]*";
const octets = "[\\t ]*(?:(?:[!#$&-+\\--:<-[\\]-~]|%[\\dA-Fa-f]{2})+[\\t ]*)?";
const baggageMember = new RegExp(`^${token}=${octets}(?:;${token}(?:=${octets})?)*$`);

function isBaggage(value: unknown): value is string {
  if (typeof value !== "string" || value.length > mostBytes) return false;
  const members = value.split(",");
  return members.length <= 64 && members.every((member) => baggageMember.test(member));
}
