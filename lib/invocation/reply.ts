import { validateHeaderName, validateHeaderValue } from "node:http";
import { types } from "node:util";
import { stringifySetCookie, type SetCookie } from "cookie";
import { InvocationError } from "../model/errors.js";
import { placeOf, type FunctionDefinition } from "../model/function-definition.js";
import type { RoutedTrigger } from "../model/paths.js";
import { memberOf } from "../model/thrown.js";
import { isReply, type Cookie, type HttpResponse, type InvocationContext, type Reply } from "../model/invocation.js";
import { LostInJson, stringify } from "../collectors/json-value.js";
import { isJsonType, misnamedCharset, readContentType } from "./read-payload.js";

/** What a function answers, ready to be written by any host: nothing about it can fail any more but a stream. */
export interface WireReply {
  readonly status: number;
  /** A header that comes several times, as `set-cookie` may, stands there several times. The length is the host's. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Text, bytes, or nothing; JSON is text under its content type. */
  readonly body: string | Uint8Array | ReadableStream<Uint8Array> | undefined;
  /** Called by a host that sends a stream as it comes, when that has ended: sent, failed or given up. */
  readonly whenSent?: (() => void) | undefined;
}

/** What becomes of an event: Dapr forgets it, delivers it again, or puts it on the dead-letter topic. */
export type TopicOutcome = "SUCCESS" | "RETRY" | "DROP";

/** Makes what a host sends of what a method returned. */
export type ReplyReader = (returned: unknown, context: InvocationContext) => WireReply | TopicOutcome;

/**
 * How the replies of a function are read, by its trigger.
 *
 * @returns throws InvocationError `ERR_REPLY_INVALID` for what cannot be sent, `ERR_FUNCTION_FAILED` where a topic
 *   function says that it failed
 */
export function replyReader(definition: FunctionDefinition): ReplyReader {
  const { trigger } = definition;
  if (trigger.generic === true) return () => "SUCCESS";
  const place = placeOf(definition);
  const read = readerFor(trigger.type, place);
  return (returned, context) => {
    try {
      return read(returned, context);
    } catch (error) {
      if (error instanceof InvocationError) throw error;
      // A getter or a proxy of the application's own.
      throw invalid(place, "what the function returned throws when it is read; return plain data", error);
    }
  };
}

function readerFor(type: RoutedTrigger["type"], place: string): ReplyReader {
  switch (type) {
    case "daprServiceInvocationTrigger":
      return (returned) => serviceReply(returned, place);
    case "daprBindingTrigger":
      return (returned) => bindingReply(returned, place);
    case "httpTrigger":
      return (returned) => httpReply(returned, place);
    case "daprTopicTrigger":
      return topicReader(place);
  }
}

const jsonHeaders: WireReply["headers"] = [["content-type", "application/json"]];

/** A reply without a body. */
export function emptyReply(status: number, headers: WireReply["headers"] = []): WireReply {
  return { status, headers, body: undefined };
}

/** 200 without a body, which is success to every trigger. */
export const success: WireReply = emptyReply(200);

/** A reply with a value as JSON. */
export function jsonReply(status: number, value: unknown, headers: WireReply["headers"] = []): WireReply {
  return {
    status,
    headers: headers.length === 0 ? jsonHeaders : [...jsonHeaders, ...headers],
    body: JSON.stringify(value),
  };
}

/** What answers a request that waits for it: of an event, what becomes of it. */
export function wireReplyOf(answer: WireReply | TopicOutcome): WireReply {
  if (typeof answer === "object") return answer;
  return answer === "SUCCESS" ? success : jsonReply(200, { status: answer });
}

function serviceReply(returned: unknown, place: string): WireReply {
  if (returned === undefined) return success;
  if (typeof returned === "object" && returned !== null) {
    if (isReply(returned)) return assemble(returned, returned.body, isTextByType, place);
    if (isRaw(returned)) return assemble({}, returned, isTextByType, place);
  }
  return { status: 200, headers: jsonHeaders, body: jsonOf(returned, place) };
}

/** An input binding must be answered 200: with an inbound retry policy a sidecar repeats events answered otherwise. */
function bindingReply(returned: unknown, place: string): WireReply {
  const reply = serviceReply(returned, place);
  if (reply.status === 200) return reply;
  throw invalid(place, `an input binding is answered 200, not ${reply.status}; throw to have the event repeated`);
}

const httpMembers: ReadonlySet<string> = new Set<keyof HttpResponse>([
  "status",
  "headers",
  "body",
  "jsonBody",
  "cookies",
]);

/** What people mean who know these members from elsewhere: v3, AWS, Express, fetch. */
const likelyMeanings: Readonly<Record<string, keyof HttpResponse>> = {
  statuscode: "status",
  code: "status",
  json: "jsonBody",
  data: "jsonBody",
  jsonbody: "jsonBody",
  text: "body",
  content: "body",
  header: "headers",
  cookie: "cookies",
};

function httpReply(returned: unknown, place: string): WireReply {
  if (returned === undefined || returned === null) return emptyReply(204);
  if (typeof returned === "string" || isRaw(returned)) return assemble({}, returned, always, place);
  if (typeof returned !== "object" || Array.isArray(returned) || isError(returned)) {
    const what =
      typeof returned === "object" && isError(returned)
        ? "an Error; throw it"
        : `${nameOf(returned)}; put JSON into jsonBody`;
    throw invalid(place, `${httpReplies}, not ${what}`);
  }
  if (isReply(returned)) return assemble(returned, returned.body, always, place);
  const unknown = Object.keys(returned).find((name) => !httpMembers.has(name));
  if (unknown !== undefined) throw unknownMember(unknown, place);
  if (!isPlain(returned) && ![...httpMembers].some((name) => name in returned)) {
    throw invalid(place, `${httpReplies}, not ${describe(returned)}; put JSON into jsonBody`);
  }
  const { body, jsonBody, cookies } = returned as HttpResponse;
  const setCookies = cookiesOf(cookies, place);
  return jsonBody === undefined
    ? assemble(returned, body ?? undefined, always, place, setCookies)
    : assemble(returned, jsonBody, never, place, setCookies);
}

const httpReplies = "an HTTP function returns an HttpResponse, a Reply, text, bytes or nothing";

/** False for what has a meaning of its own, as a Date or a Map: without members of an HttpResponse it would say nothing. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // Of any realm: the objects of a test runner are of another one.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function unknownMember(name: string, place: string): InvocationError {
  const meant = likelyMeanings[name.toLowerCase()];
  const remedy = meant === undefined ? "to send an object, put it into jsonBody" : `write ${meant}`;
  const members = [...httpMembers].join(", ");
  return invalid(place, `an HttpResponse has no member ${JSON.stringify(name)}; ${remedy} (its members: ${members})`);
}

/**
 * What a topic function returns is never sent as it is: a sidecar reads `status` in any body, and repeats what it cannot
 * read.
 */
function topicReader(place: string): ReplyReader {
  let hasWarned = false;
  return function outcomeOf(given, context): TopicOutcome {
    const returned = types.isBoxedPrimitive(given) ? given.valueOf() : given;
    if (returned === undefined) return "SUCCESS";
    if (typeof returned === "number" || typeof returned === "bigint") {
      throw invalid(place, `${topicReplies}, not the number ${returned}`);
    }
    if (typeof returned === "string" || isBytes(returned)) {
      const word = wordIn(returned, place);
      if (word !== undefined) return word;
    } else if (typeof returned === "object" && returned !== null) {
      if (isReply(returned)) return outcomeOfReply(returned, context);
      if (isError(returned)) {
        throw failed(place, `the function returned an Error: ${returned.message}`, returned);
      }
      const name = Object.keys(returned).find((key) => statusNames.has(key.toLowerCase()));
      if (name !== undefined || "status" in returned) return outcomeFrom(returned, name ?? "status", place);
      if (holdsOutcome(returned)) {
        const what = Array.isArray(returned) ? "a list" : describe(returned);
        throw invalid(place, `${topicReplies}, for the one event that it is given, not ${what} of them`);
      }
    }
    if (!hasWarned) {
      hasWarned = true;
      context.warn(`${place}: what it returns for an event is ignored; return nothing or { status: "RETRY" | "DROP" }`);
    }
    return "SUCCESS";
  };

  function outcomeOfReply({ status = 200, body }: Reply, context: InvocationContext): TopicOutcome {
    if (statusOf(status, place) >= 300) throw failed(place, `the function replied ${status}`);
    return topicReader(place)(body, context) as TopicOutcome;
  }
}

const topicReplies = 'a topic function returns nothing or { status: "SUCCESS" | "RETRY" | "DROP" }';

/** What says how an event went here, elsewhere in an HTTP reply, and in Dapr's answer to many events at once. */
const statusNames: ReadonlySet<string> = new Set(["status", "statuscode", "statuses"]);

/**
 * The word alone, as `@dapr/dapr` has it in `DaprPubSubStatusEnum`. A word that is spelt for another reader, in blanks,
 * quotes, JSON or bytes, was meant to say something, too.
 */
function wordIn(returned: string | Uint8Array | ArrayBuffer, place: string): TopicOutcome | undefined {
  const isText = typeof returned === "string";
  // Longer than any spelling of a word, so that data is not searched.
  if ((isText ? returned.length : returned.byteLength) > 100) return undefined;
  const text = isText ? returned : Buffer.from(toBytes(returned, place)).toString();
  const word = text.toUpperCase();
  if (isText && isOutcome(word)) return word;
  if (!/^(?:\W*STATUS)?\W*(?:SUCCESS|RETRY|DROP)\W*$/.test(word)) return undefined;
  throw invalid(place, `${topicReplies}, not ${isText ? "the text" : "bytes that say"} ${JSON.stringify(text)}`);
}

/** Whether a list, a Set or a Map has RETRY or DROP among what is in it, or what has that as its status. */
function holdsOutcome(returned: object): boolean {
  const entries = types.isMap(returned) || types.isSet(returned) ? [...returned.values()] : returned;
  // More than anybody has words to say, so that data is not searched.
  if (!Array.isArray(entries) || entries.length > 100) return false;
  return entries.some((entry: unknown) => {
    const word = typeof entry === "object" && entry !== null && "status" in entry ? entry.status : entry;
    return typeof word === "string" && ["RETRY", "DROP"].includes(word.toUpperCase());
  });
}

function isOutcome(word: string | undefined): word is TopicOutcome {
  return word === "SUCCESS" || word === "RETRY" || word === "DROP";
}

function outcomeFrom(returned: object, name: string, place: string): TopicOutcome {
  const status = (returned as Record<string, unknown>)[name];
  const word = name === "status" && typeof status === "string" ? status.toUpperCase() : undefined;
  if (isOutcome(word)) return word;
  const given = typeof status === "string" ? JSON.stringify(status) : nameOf(status);
  throw invalid(place, `${topicReplies}, not { ${name}: ${given} }`);
}

/** Whether text is sent as it is rather than as a JSON string, by the content type that the reply gives. */
type IsText = (contentType: string | undefined) => boolean;

const always: IsText = () => true;
const never: IsText = () => false;
const isTextByType: IsText = (contentType) =>
  contentType !== undefined && !isJsonType(readContentType(contentType).type);

function assemble(
  init: { status?: unknown; headers?: unknown },
  body: unknown,
  isText: IsText,
  place: string,
  setCookies: WireReply["headers"] = [],
): WireReply {
  const status = statusOf(init.status ?? 200, place);
  const given = headersOf(init.headers, place);
  const headers = setCookies.length === 0 ? given : [...given, ...setCookies];
  const contentType = headers.find(([name]) => name.toLowerCase() === "content-type")?.[1];
  const isEmpty = body === undefined || (body === "" && isText(contentType));
  if (isEmpty || status === 204 || status === 205 || status === 304) {
    if (isStream(body)) giveUp(body, new Error(`a reply of status ${status} has no body`));
    return emptyReply(status, headers);
  }
  const withBody = (type: string, content: NonNullable<WireReply["body"]>): WireReply => ({
    status,
    headers: contentType === undefined ? [...headers, ["content-type", type]] : headers,
    body: content,
  });
  if (isBytes(body)) return withBody("application/octet-stream", toBytes(body, place));
  if (isStream(body)) {
    if (body.locked) throw invalid(place, "the stream of the reply is read by somebody already; give one that is not");
    return withBody("application/octet-stream", body);
  }
  if (typeof body === "string" && isText(contentType)) {
    if (!body.isWellFormed()) {
      throw invalid(place, "the text of the reply holds half of a surrogate pair; give well-formed text");
    }
    return withBody("text/plain; charset=utf-8", inUtf8(body, contentType, place));
  }
  return withBody("application/json", inUtf8(jsonOf(body, place), contentType, place));
}

/** Text goes out in UTF-8, which is what a content type has to say of it. */
function inUtf8(text: string, contentType: string | undefined, place: string): string {
  const charset = misnamedCharset(contentType, text);
  if (charset === undefined) return text;
  const remedy = "leave the charset out of its content type, or return bytes";
  throw invalid(place, `the text of the reply is sent in UTF-8, not in ${charset}; ${remedy}`);
}

function statusOf(status: unknown, place: string): number {
  if (typeof status === "number" && Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw invalid(place, `the status of a reply is an integer from 200 to 599, not ${textOf(status)}`);
}

/** Headers that say how the message is framed, which only the server knows: a relayed reply may well have them. */
const framing = new Set(["connection", "content-length", "keep-alive", "trailer", "transfer-encoding", "upgrade"]);

function headersOf(headers: unknown, place: string): WireReply["headers"] {
  if (headers === undefined || headers === null) return [];
  if (typeof headers !== "object") throw invalid(place, "the headers of a reply are an object of text by name");
  const pairs: [string, string][] = [];
  const entries = isIterable(headers) ? headers : Object.entries(headers);
  for (const entry of entries as Iterable<unknown>) {
    const [name, value] = pairOf(entry, place);
    if (value === undefined || framing.has(name.toLowerCase())) continue;
    for (const each of Array.isArray(value) ? (value as unknown[]) : [value]) {
      pairs.push([name, headerText(name, each, place)]);
    }
  }
  return pairs;
}

function pairOf(entry: unknown, place: string): readonly [name: string, value: unknown] {
  if (Array.isArray(entry) && typeof entry[0] === "string") return entry as [string, unknown];
  throw invalid(place, "the headers of a reply are text by name, or pairs of a name and its text");
}

function headerText(name: string, value: unknown, place: string): string {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
    throw invalid(place, `the header ${JSON.stringify(name)} of a reply is not text`);
  }
  const text = String(value);
  try {
    validateHeaderName(name);
    validateHeaderValue(name, text);
  } catch (cause) {
    throw invalid(place, `the header ${JSON.stringify(name)} of a reply holds characters that no header can`, cause);
  }
  return text;
}

/** `Headers` of Node or of another library, or pairs. */
function isIterable(headers: object): headers is Iterable<[string, unknown]> {
  return Symbol.iterator in headers;
}

/** Written as the Functions host writes them: the value in percent encoding. */
function cookiesOf(cookies: HttpResponse["cookies"], place: string): WireReply["headers"] {
  if (cookies === undefined || cookies === null) return [];
  if (!Array.isArray(cookies)) throw invalid(place, "the cookies of a reply are a list of { name, value }");
  return (cookies as readonly Cookie[]).map((cookie) => ["set-cookie", setCookieOf(cookie, place)] as const);
}

function setCookieOf(cookie: Cookie, place: string): string {
  try {
    const { name, value, domain, path, secure, httpOnly, maxAge, sameSite, expires, ...others } = cookie;
    const unknown = Object.entries(others).find(([, member]) => member !== undefined);
    if (unknown !== undefined) {
      throw new TypeError(
        `it has no member ${JSON.stringify(unknown[0])}; check the spelling, or give a set-cookie header`,
      );
    }
    if (typeof name !== "string" || typeof value !== "string") throw new TypeError("name and value must be text");
    return stringifySetCookie({
      name,
      value,
      domain,
      path,
      secure,
      httpOnly,
      maxAge,
      ...(sameSite && { sameSite: sameSite.toLowerCase() as "lax" | "strict" | "none" }),
      ...(expires !== undefined && expires !== null && { expires: new Date(expires) }),
    } as SetCookie);
  } catch (cause) {
    throw invalid(place, `a cookie of a reply cannot be sent: ${(cause as Error).message}`, cause);
  }
}

type Raw = Uint8Array | ArrayBuffer | ReadableStream<Uint8Array>;

function isRaw(value: unknown): value is Raw {
  return isBytes(value) || isStream(value);
}

function isBytes(value: unknown): value is Uint8Array | ArrayBuffer {
  return types.isUint8Array(value) || types.isAnyArrayBuffer(value);
}

/**
 * A copy, as of all else that is returned: a method may reuse its buffer before the outputs are sent and a slow caller has
 * read all. It costs half a millisecond a megabyte; a stream costs none.
 */
function toBytes(value: Uint8Array | ArrayBuffer, place: string): Uint8Array {
  try {
    const bytes = types.isUint8Array(value) ? value : new Uint8Array(value);
    // Only this constructor says of bytes without a length whether they were taken away.
    return bytes.length === 0 ? new Uint8Array(bytes) : Buffer.from(bytes);
  } catch (cause) {
    const message = "the bytes of the reply are gone, as their buffer was transferred or shrunk; return a copy of them";
    throw invalid(place, message, cause);
  }
}

/** A piece of a stream as bytes: text and every view of bytes, as Node's own responses take them. */
export function pieceOf(piece: ArrayBufferView | string): Uint8Array {
  if (typeof piece === "string") return Buffer.from(piece);
  const isView = ArrayBuffer.isView(piece) && !types.isUint8Array(piece);
  return isView ? new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength) : (piece as Uint8Array);
}

/** A web stream of any realm. */
export function isStream(value: unknown): value is ReadableStream<Uint8Array> {
  return (
    typeof value === "object" && value !== null && typeof (value as { getReader?: unknown }).getReader === "function"
  );
}

/** The stream that a method returned, by itself or as the body of its reply. */
export function streamIn(returned: unknown): ReadableStream<Uint8Array> | undefined {
  if (isStream(returned)) return returned;
  const body = memberOf(returned, "body");
  return isStream(body) ? body : undefined;
}

/** Tells the source of a stream that nobody will read it: what it holds open is its own to close. */
export function giveUp(stream: ReadableStream<Uint8Array> | undefined, reason: unknown): void {
  if (stream === undefined || stream.locked) return;
  new Promise((resolve) => resolve(stream.cancel(reason))).catch(() => undefined);
}

function jsonOf(value: unknown, place: string): string {
  let text: string | undefined;
  try {
    text = stringify(value);
  } catch (cause) {
    if (cause instanceof LostInJson)
      throw invalid(place, `what the function returned cannot be sent: ${cause.message}`);
    const reason = cause instanceof Error ? cause.message.split("\n", 1)[0] : "it refuses";
    throw invalid(place, `what the function returned cannot be written as JSON: ${reason}`, cause);
  }
  if (text !== undefined) return text;
  throw invalid(place, `what the function returned, a ${typeof value}, cannot be written as JSON`);
}

/** Of any realm. */
function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** The class of an object, as messages name it. */
function describe(value: object): string {
  const { name } = (value.constructor as { name?: unknown } | undefined) ?? {};
  return typeof name === "string" && name !== "" ? `a ${name}` : "an object";
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A number as it is; of anything else, what it is. */
function textOf(value: unknown): string {
  return typeof value === "number" ? String(value) : nameOf(value);
}

function invalid(place: string, message: string, cause?: unknown): InvocationError {
  return new InvocationError("ERR_REPLY_INVALID", `${place}: ${message}`, { cause });
}

function failed(place: string, message: string, cause?: unknown): InvocationError {
  return new InvocationError("ERR_FUNCTION_FAILED", `${place}: ${message}`, { cause });
}
