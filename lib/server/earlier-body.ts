import type { IncomingMessage } from "node:http";
import { types } from "node:util";
import { isJsonType, readContentType, toText } from "../invocation/read-payload.js";
import { headerOf, type HeaderList } from "./node-call.js";

/** Where the body parsers of Express, NestJS and others leave what they have read. */
interface ParsedRequest {
  readonly body?: unknown;
  readonly rawBody?: unknown;
}

/** What a body parser made of a body, as the bytes that it had: bytes and text as they are, and what JSON was made of. */
export function earlierBody(request: IncomingMessage, headers: HeaderList = request.rawHeaders): Buffer | "gone" {
  const { body, rawBody } = request as ParsedRequest;
  const raw = [rawBody, body].find((content) => types.isUint8Array(content));
  if (raw !== undefined) return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const { type, charset } = readContentType(headerOf(headers, "content-type"));
  if (typeof rawBody === "string") return ofText(rawBody, charset, lengthOf(request));
  if (isJsonType(type)) {
    return typeof body === "string" ? ofJsonText(body, charset, lengthOf(request)) : ofValue(body, charset);
  }
  return typeof body === "string" ? ofText(body, charset, lengthOf(request)) : "gone";
}

/** Bytes of the body that a parser read; undefined where nothing says them. */
function lengthOf(request: IncomingMessage): number | undefined {
  const declared = headerOf(request.rawHeaders, "content-length");
  return declared !== undefined && headerOf(request.rawHeaders, "content-encoding") === undefined
    ? Number(declared)
    : undefined;
}

/** @returns "gone" where the text holds what bytes that are no text were replaced by */
function ofText(text: string, charset: string | undefined, length: number | undefined): Buffer | "gone" {
  const bytes = inCharset(text, charset);
  return bytes.length !== length && text.includes("\ufffd") ? "gone" : bytes;
}

/**
 * Text in the place of JSON is the body itself where a text parser took it, and what a string in the body says where a JSON
 * parser did. That string is longer than what it says.
 */
function ofJsonText(text: string, charset: string | undefined, length: number | undefined): Buffer | "gone" {
  const bytes = inCharset(text, charset);
  if (length !== undefined) return bytes.length === length ? bytes : ofValue(text, charset);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return ofValue(text, charset);
  }
  // JSON parsers give objects and lists unless they are told otherwise; of "41" nothing says whether it was 41.
  return typeof value === "object" && value !== null ? bytes : "gone";
}

/** What JSON a parser made a value of, but for blanks. */
function ofValue(value: unknown, charset: string | undefined): Buffer | "gone" {
  try {
    const text = JSON.stringify(value) as string | undefined;
    return text === undefined ? "gone" : inCharset(text, charset);
  } catch {
    return "gone";
  }
}

/** Bytes that are read as this text under the label of the request. */
function inCharset(text: string, charset: string | undefined): Buffer | "gone" {
  if (charset === undefined) return Buffer.from(text);
  const plain = text.replace(/^\ufeff/, "");
  const encodings = ["utf8", "utf16le", "latin1"] as const;
  return encodings.map((each) => Buffer.from(text, each)).find((bytes) => toText(bytes, charset) === plain) ?? "gone";
}
