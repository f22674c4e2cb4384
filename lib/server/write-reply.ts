import { validateHeaderName, validateHeaderValue, type ServerResponse } from "node:http";
import { types } from "node:util";
import { InvocationError } from "../model/errors.js";
import { isReply } from "../model/invocation.js";
import { isJsonType, readContentType } from "../invocation/read-payload.js";

/** A reply ready to be written: nothing about it can fail any more. */
export interface WireReply {
  readonly status: number;
  /** Names and values in turn, with the length of the body. */
  readonly headers: string[];
  readonly body: string | Uint8Array | undefined;
}

/** A reply without a body. */
export function emptyReply(status: number, headers: readonly string[] = []): WireReply {
  // These have no body by their definition, and so no length.
  const length = status === 204 || status === 304 ? [] : ["content-length", "0"];
  return { status, headers: [...headers, ...length], body: undefined };
}

/** 200 without a body, which is success to every trigger. */
export const success: WireReply = emptyReply(200);

/** A reply with a value as JSON. */
export function jsonReply(status: number, value: unknown): WireReply {
  return jsonTextReply(status, JSON.stringify(value));
}

function jsonTextReply(status: number, text: string): WireReply {
  const length = String(Buffer.byteLength(text));
  return { status, headers: ["content-type", "application/json", "content-length", length], body: text };
}

/**
 * What a service invocation answers.
 *
 * @throws InvocationError `ERR_REPLY_INVALID`, as all of these
 */
export function toServiceReply(returned: unknown): WireReply {
  if (returned === undefined) return success;
  if (typeof returned === "object" && returned !== null) {
    if (isReply(returned)) return assemble(returned, returned.body, isTextByType);
    if (isBytes(returned)) return assemble({}, returned, isTextByType);
  }
  return jsonTextReply(200, stringify(returned));
}

/** An input binding must be answered 200: with an inbound retry policy a sidecar repeats events answered otherwise. */
export function toBindingReply(returned: unknown): WireReply {
  const reply = toServiceReply(returned);
  if (reply.status === 200) return reply;
  throw invalid(`an input binding is answered 200, not ${reply.status}; throw to have the event repeated`);
}

/** What an HTTP function answers: an HttpResponse or a Reply, text, bytes, or nothing. */
export function toHttpReply(returned: unknown): WireReply {
  if (returned === undefined || returned === null) return emptyReply(204);
  if (typeof returned === "string" || isBytes(returned)) return assemble({}, returned, always);
  if (typeof returned !== "object" || Array.isArray(returned)) {
    throw invalid("an HTTP function returns an HttpResponse, a Reply, text, bytes or nothing; put JSON into jsonBody");
  }
  if (isReply(returned)) return assemble(returned, returned.body, always);
  const { body, jsonBody } = returned as Record<string, unknown>;
  return jsonBody === undefined ? assemble(returned, body, always) : assemble(returned, jsonBody, never);
}

/** Writes a reply in one go; to a caller that has gone nothing is written. */
export function writeReply(response: ServerResponse, { status, headers, body }: WireReply): void {
  if (response.destroyed || response.writableEnded) return;
  response.writeHead(status, headers).end(body);
}

/** Whether text is sent as it is rather than as a JSON string, by the content type that the reply gives. */
type IsText = (contentType: string | undefined) => boolean;

const always: IsText = () => true;
const never: IsText = () => false;
const isTextByType: IsText = (contentType) =>
  contentType !== undefined && !isJsonType(readContentType(contentType).type);

function assemble(init: { status?: unknown; headers?: unknown }, body: unknown, isText: IsText): WireReply {
  const status = statusOf(init.status ?? 200);
  const { lines, contentType } = headersOf(init.headers);
  if (
    body === undefined ||
    (body === "" && isText(contentType)) ||
    status === 204 ||
    status === 205 ||
    status === 304
  ) {
    return emptyReply(status, lines);
  }
  const withBody = (type: string, content: string | Uint8Array): WireReply => {
    const ownType = contentType === undefined ? ["content-type", type] : [];
    const length = String(Buffer.byteLength(content));
    return { status, headers: [...lines, ...ownType, "content-length", length], body: content };
  };
  if (isBytes(body)) return withBody("application/octet-stream", toBytes(body));
  if (typeof body === "string" && isText(contentType)) return withBody("text/plain; charset=utf-8", body);
  return withBody("application/json", stringify(body));
}

function statusOf(status: unknown): number {
  if (typeof status === "number" && Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw invalid(`the status of a reply is an integer from 200 to 599, not ${String(status)}`);
}

/** Headers that say how the message is framed, which only the server knows: a relayed reply may well have them. */
const framing = new Set(["connection", "content-length", "keep-alive", "trailer", "transfer-encoding", "upgrade"]);

function headersOf(headers: unknown): { readonly lines: readonly string[]; readonly contentType: string | undefined } {
  if (headers === undefined || headers === null) return { lines: [], contentType: undefined };
  if (typeof headers !== "object") throw invalid("the headers of a reply are an object of text by name");
  const lines: string[] = [];
  let contentType: string | undefined;
  const entries = isIterable(headers) ? [...headers] : Object.entries(headers);
  for (const [name, value] of entries) {
    if (value === undefined || framing.has(name.toLowerCase())) continue;
    const text = headerText(name, value);
    lines.push(name, text);
    if (name.toLowerCase() === "content-type") contentType = text;
  }
  return { lines, contentType };
}

function headerText(name: string, value: unknown): string {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
    throw invalid(`the header ${JSON.stringify(name)} of a reply is no text`);
  }
  try {
    validateHeaderName(name);
    validateHeaderValue(name, String(value));
  } catch (cause) {
    throw invalid(`the header ${JSON.stringify(name)} of a reply holds characters that no header can`, cause);
  }
  return String(value);
}

/** Azure's own `Headers` are taken too. */
function isIterable(headers: object): headers is Iterable<[string, unknown]> {
  return Symbol.iterator in headers;
}

function isBytes(value: unknown): value is Uint8Array | ArrayBuffer {
  return types.isUint8Array(value) || types.isAnyArrayBuffer(value);
}

function toBytes(value: Uint8Array | ArrayBuffer): Uint8Array {
  return types.isUint8Array(value) ? value : new Uint8Array(value);
}

function stringify(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n", 1)[0] : "it refuses";
    throw invalid(`what the function returned cannot be written as JSON: ${reason}`, cause);
  }
  if (text === undefined) throw invalid(`what the function returned, a ${typeof value}, cannot be written as JSON`);
  return text;
}

function invalid(message: string, cause?: unknown): InvocationError {
  return new InvocationError("ERR_REPLY_INVALID", message, { cause });
}
