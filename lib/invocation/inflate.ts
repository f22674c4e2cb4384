import { brotliDecompress, gunzip, inflate, inflateRaw, type ZlibOptions } from "node:zlib";
import type { FunctionDefinition } from "../model/function-definition.js";
import { refusal } from "./refusal.js";
import type { WireReply } from "./reply.js";

/** Bytes that a body may have unless somebody says otherwise. */
export const defaultMaxBodySize = 30_000_000;

/** Why a body was not inflated: it is larger than the limit then, it is not what it is labelled as, or nobody knows that label. */
export type NotInflated = "too-large" | "damaged" | { readonly unknown: string };

type Inflate = (body: Buffer, options: ZlibOptions, done: (error: Error | null, result: Buffer) => void) => void;

const encodings: Readonly<Record<string, Inflate>> = {
  gzip: gunzip,
  "x-gzip": gunzip,
  br: brotliDecompress,
  // Some senders leave out the header that tells zlib's format from the bare one.
  deflate: (body, options, done) => ((body[0]! & 0x0f) === 8 ? inflate : inflateRaw)(body, options, done),
};

/**
 * Undoes the encodings of a body, the last first.
 *
 * @param contentEncoding the header: `gzip`, `br, gzip`
 * @param limit bytes; what grows beyond it is given up there
 */
export async function inflateBody(body: Buffer, contentEncoding: string, limit: number): Promise<Buffer | NotInflated> {
  const names = contentEncoding
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
  const unknown = names.find((name) => !Object.hasOwn(encodings, name));
  if (unknown !== undefined) return { unknown };
  // Each costs time and memory of its own, and nobody means it.
  if (names.length > 2) return { unknown: names.join(", ") };
  let inflated = body;
  for (const name of names.reverse()) {
    if (inflated.length === 0) return inflated;
    const next = await inflateOnce(encodings[name]!, inflated, limit);
    if (typeof next === "string") return next;
    inflated = next;
  }
  return inflated;
}

/** What answers a body that was not inflated, whichever host received it. */
export function refusalOf(
  why: NotInflated,
  { contentEncoding, limit }: { readonly contentEncoding: string; readonly limit: number },
  definition: FunctionDefinition | undefined,
  invocationId?: string,
): WireReply {
  const refuse = (status: number, code: string, message: string, headers?: WireReply["headers"]): WireReply =>
    refusal(status, code, message, definition, headers, invocationId);
  if (why === "too-large") return refuse(413, "ERR_PAYLOAD_TOO_LARGE", tooLarge(limit));
  if (why === "damaged") {
    const message = `the body is not what its content-encoding says, ${contentEncoding}; send it as it is labelled`;
    return refuse(400, "ERR_MALFORMED_REQUEST", message);
  }
  const message = `the content-encoding "${why.unknown}" is not known; send gzip, deflate, br or none`;
  return refuse(415, "ERR_CONTENT_ENCODING", message, [["accept-encoding", "gzip, deflate, br"]]);
}

export function tooLarge(limit: number): string {
  return `the body exceeds ${limit} bytes`;
}

function inflateOnce(undo: Inflate, body: Buffer, limit: number): Promise<Buffer | "too-large" | "damaged"> {
  return new Promise((resolve) => {
    undo(body, { maxOutputLength: Math.max(limit, 1) }, (error, result) => {
      if (error === null) return resolve(result);
      resolve((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? "too-large" : "damaged");
    });
  });
}
