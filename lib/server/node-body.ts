import type { IncomingMessage } from "node:http";
import { types } from "node:util";
import { isJsonType, readContentType } from "../invocation/read-payload.js";
import { headerOf } from "./node-call.js";

/**
 * How reading a body ended when it was not read: the limit was passed, the caller went away, or somebody had read it
 * before and left nothing of it.
 */
export type Unread = "too-large" | "aborted" | "gone";

const empty = Buffer.alloc(0);

/**
 * Reads a request's body to its end, whatever its verb: a sidecar sends an empty one as an empty chunked body.
 *
 * @param limit bytes; a body beyond it is not kept, and what is still to come of it is thrown away
 * @param done called once; `wasRead` says that a middleware read it before, which undoes its encodings too
 */
export function readBody(
  request: IncomingMessage,
  limit: number,
  done: (body: Buffer | Unread, wasRead?: true) => void,
): void {
  const declared = headerOf(request, "content-length");
  const hasNone = declared === undefined && headerOf(request, "transfer-encoding") === undefined;
  if (hasNone && request.httpVersionMajor < 2) return done(empty);
  if (declared !== undefined && Number(declared) > limit) return done("too-large");
  if (request.readableDidRead && request.readableEnded)
    return done(declared === "0" ? empty : earlierBody(request), true);
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let length = 0;
  let isDone = false;
  const finish = (body: Buffer | Unread): void => {
    if (isDone) return;
    isDone = true;
    first = more = undefined;
    done(body);
  };
  request.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length > limit) finish("too-large");
    else if (first === undefined) first = chunk;
    else (more ??= [first]).push(chunk);
  });
  request.on("end", () => finish(more === undefined ? (first ?? empty) : Buffer.concat(more, length)));
  request.on("close", () => finish("aborted"));
}

/** Where the body parsers of Express, NestJS and others leave what they have read. */
interface ParsedRequest {
  readonly body?: unknown;
  readonly rawBody?: unknown;
}

/** What a body parser made of the body, as bytes again: bytes and text as they are, and what JSON was made of. */
function earlierBody(request: IncomingMessage): Buffer | "gone" {
  const { body, rawBody } = request as ParsedRequest;
  const raw = [rawBody, body].find((content) => types.isUint8Array(content));
  if (raw !== undefined) return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  if (body === undefined) return "gone";
  const type = headerOf(request, "content-type");
  if (isJsonType(readContentType(type).type)) return Buffer.from(JSON.stringify(body));
  return typeof body === "string" ? Buffer.from(body) : "gone";
}
