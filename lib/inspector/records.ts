import type { InvocationRecord, Preview } from "./page/wire.js";

const maxNodes = 2_000;
const maxText = 4 * 1024;
const maxPreview = 16 * 1024;

/** Costs no more than its bounds, whatever the size of the value. Never throws. */
export function previewOf(value: unknown): Preview {
  try {
    if (value === undefined) return { text: "", isCut: false };
    if (isBytes(value)) return { text: bytesText(value), isCut: true };
    // A replacer makes JSON.stringify several times slower.
    const [text, isCut] = nodesIn(value, maxNodes) <= maxNodes ? [JSON.stringify(value), false] : cutText(value);
    if (text === undefined) return { text: `<a ${typeof value}>`, isCut: true };
    if (text.length <= maxPreview) return { text, isCut };
    return { text: beginningOf(text, maxPreview), isCut: true };
  } catch (error) {
    return { text: `<not JSON: ${error instanceof Error ? error.message : "it throws"}>`, isCut: true };
  }
}

/** The beginning of a text, as a text of its own: a slice of it would keep the whole from the collector. */
export function beginningOf(text: string, length: number): string {
  const beginning = Buffer.from(text.slice(0, length)).toString();
  return text.length <= length ? beginning : `${beginning}…`;
}

/** As JSON, with what is beyond the bounds left out. */
function cutText(value: unknown): [text: string | undefined, isCut: boolean] {
  let nodes = 0;
  let isCut = false;
  const shorten = (text: string): string => {
    if (text.length <= maxText) return text;
    isCut = true;
    return `${text.slice(0, maxText)}…`;
  };
  const text = JSON.stringify(value, function (this: unknown, name: string, given: unknown) {
    if (++nodes > maxNodes) {
      isCut = true;
      return undefined;
    }
    // Before `toJSON` of a Buffer has made a list of numbers of it.
    const own = (this as Readonly<Record<string, unknown>>)[name];
    // Of a reply: JSON has nothing of them.
    if (own instanceof Headers) return headersOf(own);
    const member = isBytes(own) ? bytesText(own) : own instanceof ReadableStream ? "<a stream>" : given;
    if (member !== given) isCut = true;
    if (typeof member === "string") return shorten(member);
    return typeof member === "bigint" ? String(member) : member;
  }) as string | undefined;
  return [text, isCut];
}

function isBytes(value: unknown): value is ArrayBufferView | ArrayBuffer {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}

/** Cookies stay several. */
function headersOf(headers: Headers): Readonly<Record<string, unknown>> {
  const cookies = headers.getSetCookie();
  return { ...Object.fromEntries(headers), ...(cookies.length > 1 && { "set-cookie": cookies }) };
}

function bytesText({ byteLength }: ArrayBufferView | ArrayBuffer): string {
  return `<${byteLength} bytes>`;
}

/** How many values a value holds, itself counted; more than the limit where one of them is long or not plain JSON. */
function nodesIn(value: unknown, limit: number): number {
  if (typeof value === "string") return value.length <= maxText ? 1 : limit + 1;
  if (typeof value === "bigint") return limit + 1;
  if (typeof value !== "object" || value === null) return 1;
  if (isBytes(value) || value instanceof Headers || value instanceof ReadableStream) return limit + 1;
  let nodes = 1;
  if (Array.isArray(value)) {
    for (const element of value as readonly unknown[]) {
      if (nodes > limit) return nodes;
      nodes += nodesIn(element, limit - nodes);
    }
    return nodes;
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return limit + 1;
  for (const name in value) {
    if (nodes > limit) return nodes;
    nodes += nodesIn((value as Readonly<Record<string, unknown>>)[name], limit - nodes);
  }
  return nodes;
}

/** Characters of a record, about: what it costs to keep. */
export function sizeOf({ payload, request, reads, items, requests, reply, failure, log }: InvocationRecord): number {
  let size = 500 + lengthOf(payload) + lengthOf(reply);
  if (failure !== undefined) size += failure.message.length + (failure.cause?.length ?? 0);
  if (request !== undefined) {
    size += request.path.length + lengthOf(request.body);
    for (const name in request.headers) size += name.length + request.headers[name]!.length;
  }
  for (const { value, error = "" } of reads) size += lengthOf(value) + error.length;
  for (const { value } of items) size += lengthOf(value);
  for (const { value, error = "" } of requests) size += lengthOf(value) + error.length;
  for (const line of log) size += line.length;
  return size;
}

const lengthOf = (preview: Preview | undefined): number => preview?.text.length ?? 0;
