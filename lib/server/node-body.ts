import type { IncomingMessage } from "node:http";
import { earlierBody } from "./earlier-body.js";
import { headerOf, type HeaderList } from "./node-call.js";

/**
 * How reading a body ended when it was not read: the limit was passed, the caller went away, or somebody had read it, or
 * part of it, before and did not leave it.
 */
export type Unread = "too-large" | "aborted" | "gone";

const empty = Buffer.alloc(0);

/**
 * Reads a request's body to its end, whatever its verb: a sidecar sends an empty one as an empty chunked body.
 *
 * @param limit bytes; a body beyond it is not kept, and what is still to come of it is thrown away
 * @param headers as far as they are not about how the body is framed, which only what was received says
 * @param done called once; `wasRead` says that a middleware read it before, which undoes its encodings too
 */
export function readBody(
  request: IncomingMessage,
  headers: HeaderList,
  limit: number,
  done: (body: Buffer | Unread, wasRead?: true) => void,
): void {
  // Requests that an adapter has made, rather than Node's own parser, have no others.
  const received = request.rawHeaders.length === 0 ? headers : request.rawHeaders;
  const declared = headerOf(received, "content-length");
  const hasNone = declared === undefined && headerOf(received, "transfer-encoding") === undefined;
  if (hasNone && request.httpVersionMajor < 2) return done(empty);
  if (declared !== undefined && Number(declared) > limit) return done("too-large");
  // Its end is not told again, whether or not something was read before it.
  if (request.readableEnded) return done(request.readableDidRead ? earlierBody(request, headers) : empty, true);
  if (request.destroyed) return done("aborted");
  if (request.readableDidRead) return done("gone");
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
  request.on("data", (given: Buffer | string) => {
    const chunk = typeof given === "string" ? Buffer.from(given, request.readableEncoding ?? "utf8") : given;
    length += chunk.length;
    if (length > limit) finish("too-large");
    else if (first === undefined) first = chunk;
    else (more ??= [first]).push(chunk);
  });
  request.on("end", () => finish(more === undefined ? (first ?? empty) : Buffer.concat(more, length)));
  request.on("close", () => finish("aborted"));
  // Who paused it to do something first has handed it on.
  if (request.isPaused()) request.resume();
}
