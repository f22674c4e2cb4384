import type { ServerResponse } from "node:http";
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
  const lines: string[] = [];
  let isAscii = true;
  for (const [name, value] of headers) {
    lines.push(name, value);
    isAscii &&= !/[\x80-\xff]/.test(value);
  }
  if (isStream(body)) {
    response.writeHead(status, lines);
    // Its reader learns at once that it has begun, however long the first piece takes.
    response.flushHeaders();
    return pipeline(Readable.fromWeb(body as NodeReadableStream), response);
  }
  // A reply with one of these statuses has no body by their definition, and so no length.
  if (status !== 204 && status !== 304) {
    lines.push("content-length", String(body === undefined ? 0 : Buffer.byteLength(body)));
  }
  // Node writes headers in the encoding of a body that is text, and callers read them in latin1.
  response.writeHead(status, lines).end(isAscii || typeof body !== "string" ? body : Buffer.from(body));
  return undefined;
}
