import type { IncomingMessage } from "node:http";
import { headerOf } from "./node-call.js";

/** How reading a body ended when it was not read: the limit was passed, or the caller went away. */
export type Unread = "too-large" | "aborted";

const empty = Buffer.alloc(0);

/**
 * Reads a request's body to its end, whatever its verb: a sidecar sends an empty one as an empty chunked body.
 *
 * @param limit bytes; a body beyond it is not kept, and what is still to come of it is thrown away
 * @param done called once
 */
export function readBody(request: IncomingMessage, limit: number, done: (body: Buffer | Unread) => void): void {
  const declared = headerOf(request, "content-length");
  if (declared === undefined && headerOf(request, "transfer-encoding") === undefined) return done(empty);
  if (declared !== undefined && Number(declared) > limit) return done("too-large");
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
