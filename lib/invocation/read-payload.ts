import { isUtf8 } from "node:buffer";
import { PayloadError } from "../model/errors.js";

/** A media type in lower case and the charset beside it; a header that is absent or blank has none. */
export interface ContentType {
  readonly type: string | undefined;
  readonly charset: string | undefined;
}

const json: ContentType = { type: "application/json", charset: undefined };
const none: ContentType = { type: undefined, charset: undefined };

export function readContentType(header: string | undefined): ContentType {
  if (header === "application/json") return json;
  if (header === undefined) return none;
  const [type = "", ...parameters] = header.split(";");
  const charset = parameters.map((text) => /^\s*charset\s*=\s*"?([^\s"]+)/i.exec(text)?.[1]).find(Boolean);
  return { type: type.trim().toLowerCase() || undefined, charset: charset?.toLowerCase() };
}

/** Also of the names that JSON had before it was registered. */
export function isJsonType(type: string | undefined): boolean {
  return type !== undefined && (type === "application/json" || type.endsWith("+json") || olderNames.has(type));
}

const olderNames: ReadonlySet<string> = new Set(["text/json", "text/x-json", "application/x-json"]);

/**
 * What a service invocation's body is by its content type: JSON parsed once, text, or bytes; an empty one is
 * `undefined`.
 *
 * @throws PayloadError `ERR_MALFORMED_REQUEST` when the body is labelled JSON and is none, or text and cannot be decoded
 */
export function readPayload(body: Buffer, header: string | undefined): unknown {
  if (body.length === 0) return undefined;
  const content = readContentType(header);
  if (isJsonType(content.type)) return parseJson(toJsonText(body, content.charset));
  return readUnlabelled(body, content);
}

/**
 * What an input binding's body is: as above, but a body that is not JSON is text or bytes, since a sidecar labels every
 * event `application/json`.
 */
export function readBindingPayload(body: Buffer, header: string | undefined): unknown {
  if (body.length === 0) return undefined;
  const content = readContentType(header);
  if (isJsonType(content.type)) return readGuessed(body, toTextOrBytes);
  // Events are never refused for their label: who sent them is not told.
  return undecodableAs(body, content.charset) === undefined ? readUnlabelled(body, content) : toBytes(body);
}

function readUnlabelled(body: Buffer, content: ContentType): unknown {
  if (content.type === undefined) return readGuessed(body, toBytes);
  if (!content.type.startsWith("text/")) return toBytes(body);
  refuseUndecodable(body, content.charset, "text");
  return toText(body, content.charset);
}

function readGuessed(body: Buffer, otherwise: (body: Buffer) => unknown): unknown {
  if (!isUtf8(body)) return toBytes(body);
  try {
    return JSON.parse(toText(body, undefined));
  } catch {
    return otherwise(body);
  }
}

/** Says where the JSON is wrong without quoting it: a parser's own message quotes the body. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed("the body is not valid JSON; send JSON");
  }
}

/** The caller's fault: what was sent cannot be read. */
export function malformed(message: string, cause?: unknown): PayloadError {
  return new PayloadError("ERR_MALFORMED_REQUEST", message, { cause });
}

/** @throws PayloadError as {@link refuseUndecodable} */
function toJsonText(body: Buffer, charset: string | undefined): string {
  refuseUndecodable(body, charset);
  return toText(body, charset);
}

/**
 * Refuses JSON and text that cannot be decoded. RFC 8259 knows UTF-8 alone, and a byte that is none would become U+FFFD
 * in what is stored; a charset that the label names is believed.
 *
 * @throws PayloadError `ERR_MALFORMED_REQUEST` when it is not text in that charset
 */
export function refuseUndecodable(body: Uint8Array, charset: string | undefined, what = "JSON"): void {
  const named = undecodableAs(body, charset);
  if (named !== undefined) throw malformed(`the body is ${what} that is not ${named}; send it in UTF-8`);
}

/** The charset in which a body would be read, UTF-8 unless it is one that is known, where the body is not text in it. */
export function undecodableAs(body: Uint8Array, charset: string | undefined): string | undefined {
  const named = isUtf8Name(charset) || !isKnown(charset) ? "UTF-8" : charset;
  return (named === "UTF-8" ? isUtf8(body) : isTextIn(body, named)) ? undefined : named;
}

function isUtf8Name(charset: string | undefined): charset is "utf-8" | "utf8" | undefined {
  return charset === undefined || charset === "utf-8" || charset === "utf8";
}

function isKnown(charset: string): boolean {
  return isTextIn(Buffer.alloc(0), charset);
}

function isTextIn(body: Uint8Array, charset: string): boolean {
  try {
    new TextDecoder(ordered(charset, body), { fatal: true }).decode(body);
    return true;
  } catch {
    return false;
  }
}

/** Which UTF-16 it is, its byte order mark decides: https://encoding.spec.whatwg.org/#decode */
function ordered(charset: string, bytes: Uint8Array): string {
  return charset.startsWith("utf-16") && bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : charset;
}

/** The charset that a content type names where text, which is sent in UTF-8, would be read as other text by it. */
export function misnamedCharset(contentType: string | undefined, text: string): string | undefined {
  if (contentType === undefined || !/charset/i.test(contentType)) return undefined;
  const { charset } = readContentType(contentType);
  return isUtf8Name(charset) || toText(Buffer.from(text), charset) === text ? undefined : charset;
}

/** Text in the charset given, UTF-8 unless it is one that is known; a byte order mark is not part of it. */
export function toText(bytes: Uint8Array, charset: string | undefined): string {
  if (!isUtf8Name(charset)) {
    try {
      const decoder = new TextDecoder(ordered(charset, bytes));
      return decoder.encoding === "windows-1252" ? windowsText(bytes) : decoder.decode(bytes);
    } catch {
      // An unknown charset: UTF-8 is the best guess.
    }
  }
  const body = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.toString("utf8", 3) : body.toString("utf8");
}

/**
 * Node up to 22 takes windows-1252, of which latin1 is another name on the web, for ISO 8859-1, and so a euro for a control
 * character: https://github.com/nodejs/node/issues/56542
 */
function windowsText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  return text.replace(/[\x80-\x9f]/g, (char) => windowsOnly[char.charCodeAt(0) - 0x80]!);
}

/** What windows-1252 has from 0x80 to 0x9f; five of them are what they are in ISO 8859-1. */
const windowsOnly = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

export function toTextOrBytes(body: Buffer): string | Uint8Array {
  return isUtf8(body) ? toText(body, undefined) : toBytes(body);
}

/** Bytes as functions get them: a plain Uint8Array, so that they compare and print as one. */
export function toBytes(body: Buffer): Uint8Array {
  return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
}
