import { parseSetCookie, stringifySetCookie } from "cookie";
import { InvocationError } from "../../model/errors.js";
import { placeOf, type FunctionDefinition } from "../../model/function-definition.js";
import type { Cookie, InvocationContext } from "../../model/invocation.js";
import { setOwn } from "../../model/values.js";
import { andThen, type MaybePromise } from "../../model/maybe-promise.js";
import { isStream, pieceOf, type TopicOutcome, type WireReply } from "../../invocation/reply.js";

/** The reply of an HTTP function, as both programming models take it. */
export interface FunctionsHttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly Cookie[];
  readonly body?: string | Uint8Array | undefined;
}

/**
 * What of an answer the Functions host can pass on. Runs before the outputs are set, so that an answer which it cannot
 * sends nothing.
 *
 * @throws InvocationError `ERR_RETRY_REQUESTED` for an event that is to come again, `ERR_FUNCTION_FAILED` for a reply
 *   whose status the host cannot set, `ERR_REPLY_INVALID` for cookies that it cannot
 */
export function checkedForHost(
  answer: WireReply | TopicOutcome,
  definition: FunctionDefinition,
  context: InvocationContext,
): WireReply | TopicOutcome {
  const place = placeOf(definition);
  if (answer === "RETRY") {
    const message = `${place}: the function asked for the event again; Dapr delivers it once more`;
    throw new InvocationError("ERR_RETRY_REQUESTED", message);
  }
  if (answer === "DROP") {
    context.warn(`${place}: event dropped; the Functions host tells Dapr that it was handled`);
  }
  if (typeof answer === "object" && definition.trigger.type !== "httpTrigger" && answer.status >= 300) {
    const message = `${place}: the function replied ${answer.status}, and the Functions host can answer 200 or 500 only`;
    throw new InvocationError("ERR_FUNCTION_FAILED", message);
  }
  if (typeof answer === "object" && cookiesBeyondHost(answer).length > 1) {
    const message =
      `${place}: of a reply's set-cookie headers the Functions host passes on one that is written otherwise than it ` +
      "writes cookies, as with Partitioned or a value that is not percent-encoded; give the others in cookies";
    throw new InvocationError("ERR_REPLY_INVALID", message);
  }
  return answer;
}

function cookiesBeyondHost({ headers }: WireReply): readonly unknown[] {
  return headers.filter(([name, value]) => name.toLowerCase() === "set-cookie" && !isHostsOwn(value));
}

/** What a handler gives the worker, once a stream has been read to its end. */
export function toHandlerResult(answer: WireReply | TopicOutcome, isHttp: boolean): MaybePromise<unknown> {
  if (typeof answer === "string") return undefined;
  const { body } = answer;
  return andThen(isStream(body) ? gathered(body) : body, (whole) =>
    isHttp ? toHttpResponse(answer, whole) : toDaprResult(whole),
  );
}

/**
 * Several headers of one name become one, but for cookies, which only the host's own list of them keeps apart. One that the
 * host would write otherwise goes as a header.
 */
function toHttpResponse({ status, headers }: WireReply, body: string | Uint8Array | undefined): FunctionsHttpResponse {
  const record: Record<string, string> = {};
  const cookies: Cookie[] = [];
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    if (key === "set-cookie" && isHostsOwn(value)) cookies.push(toCookie(value));
    else setOwn(record, key, Object.hasOwn(record, key) ? `${record[key]}, ${value}` : value);
  }
  return { status, headers: record, cookies, ...(body !== undefined && { body }) };
}

/** Whether the host writes a cookie of its list as it is written here: the order and the case of attributes aside. */
function isHostsOwn(line: string): boolean {
  const { partitioned: _partitioned, priority: _priority, ...cookie } = parseSetCookie(line);
  try {
    return partsOf(stringifySetCookie(cookie)) === partsOf(line);
  } catch {
    return false;
  }
}

function partsOf(line: string): string {
  const [pair, ...attributes] = line.split(";").map((part) => part.trim());
  const written = attributes.map((attribute) => {
    const [name = "", ...value] = attribute.split("=");
    const key = name.toLowerCase();
    return [key, ...(key === "samesite" ? value.map((text) => text.toLowerCase()) : value)].join("=");
  });
  return [pair, ...written.filter((part) => part !== "").sort()].join("; ");
}

/** The value without its percent encoding, which the host adds. */
function toCookie(line: string): Cookie {
  const { sameSite, value = "", expires, ...cookie } = parseSetCookie(line);
  return {
    ...cookie,
    value,
    ...(typeof sameSite === "string" && { sameSite: sameSites[sameSite] }),
    // The worker takes 0, with which cookies are deleted, for no time at all; a millisecond later is the same second.
    ...(expires !== undefined && { expires: new Date(Math.max(1, expires.getTime())) }),
  };
}

const sameSites = { strict: "Strict", lax: "Lax", none: "None" } as const;

/**
 * Bytes, because the v3 library drops falsy results and reads a returned object by output name, the host spreads a
 * returned JSON object over the outputs, and the extension may lose the leaves of nested JSON. A DataView rather than a
 * Buffer, because it inherits the fewest names that an output could have.
 */
function toDaprResult(body: string | Uint8Array | undefined): DataView | undefined {
  if (body === undefined) return undefined;
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

async function gathered(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(pieceOf(piece));
  return Buffer.concat(pieces);
}
