import { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { isStream, type WireReply } from "../invocation/reply.js";

/**
 * Writes a reply, in one go unless it is a stream; to a caller that has gone nothing is written.
 *
 * @returns resolves when a stream has been sent, rejects when it fails or the caller leaves; `undefined` for other replies
 */
export function writeReply(response: ServerResponse, { status, headers, body }: WireReply): Promise<void> | undefined {
  if (response.destroyed || response.writableEnded) return isStream(body) ? body.cancel() : undefined;
  const isSized = !isStream(body) && status !== 204 && status !== 304;
  // A reply with one of these statuses has no body by their definition, and so no length.
  const length = isSized ? String(body === undefined ? 0 : Buffer.byteLength(body)) : undefined;
  const isAscii = writeHead(response, status, headers, length);
  if (isStream(body)) {
    // Its reader learns at once that it has begun, however long the first piece takes.
    response.flushHeaders();
    return pipeline(Readable.fromWeb(body as NodeReadableStream), response);
  }
  // Node writes headers in the encoding of a body that is text, and callers read them in latin1.
  response.end(isAscii || typeof body !== "string" ? body : Buffer.from(body));
  return undefined;
}

/**
 * Writes status and headers.
 *
 * @param length of the body; undefined for a reply that says none
 * @returns false where a header is more than ASCII
 */
function writeHead(
  response: ServerResponse,
  status: number,
  headers: WireReply["headers"],
  length: string | undefined,
): boolean {
  const lines: string[] = [];
  let isAscii = true;
  for (const [name, value] of headers) {
    lines.push(name, value);
    isAscii &&= !/[\x80-\xff]/.test(value);
  }
  if (length !== undefined) lines.push("content-length", length);
  if (takesLines(response)) response.writeHead(status, lines);
  else {
    setHeaders(response, lines);
    response.writeHead(status);
  }
  return isAscii;
}

/**
 * Whether a list of headers is written line by line. After a header was set before, Node sets those of the list, too, each
 * over the one before it; so does HTTP/2, and what stands before us may have put anything in the place of `writeHead`.
 */
function takesLines(response: ServerResponse): boolean {
  return response.writeHead === ServerResponse.prototype.writeHead && response.getHeaderNames().length === 0;
}

/** What who answers adds to rather than says anew: a middleware's session cookie is not the function's to lose. */
const added: ReadonlySet<string> = new Set(["set-cookie", "vary"]);

/** Sets headers beside those that are set already, several of one name together. */
function setHeaders(response: ServerResponse, lines: readonly string[]): void {
  const values = new Map<string, [name: string, ...values: string[]]>();
  for (let index = 0; index < lines.length; index += 2) {
    const [name, value] = [lines[index]!, lines[index + 1]!];
    const key = name.toLowerCase();
    const earlier = values.get(key);
    if (earlier !== undefined) earlier.push(value);
    else values.set(key, [name, ...(added.has(key) ? textsOf(response.getHeader(key)) : []), value]);
  }
  // Of another body than the one that is sent.
  if (!values.has("content-length") && response.hasHeader("content-length")) response.removeHeader("content-length");
  for (const [name, ...texts] of values.values()) response.setHeader(name, texts.length === 1 ? texts[0]! : texts);
}

function textsOf(header: number | string | readonly string[] | undefined): readonly string[] {
  return header === undefined ? [] : Array.isArray(header) ? (header as readonly string[]) : [String(header)];
}
