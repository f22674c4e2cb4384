import { JsonText } from "../../model/json.js";
import type { MessageBody, PublishBulkRequest, StateItem, StateOperation, StateRemoval } from "../dapr-client.js";

/*
 * Request bodies as JSON text. Values arrive as JsonText and are put in as they are: each is serialised once.
 */

/** JSON text of a value; a JsonText's own. */
export function jsonOf(value: unknown): string {
  return value instanceof JsonText ? value.text : (JSON.stringify(value) ?? "null");
}

/** An entry of a state request: key, value, etag, metadata, options. */
export function stateItem(entry: StateItem): string {
  let text = `{"key":${JSON.stringify(entry.key)}`;
  if (entry.value !== undefined) text += `,"value":${jsonOf(entry.value)}`;
  if (entry.etag !== undefined) text += `,"etag":${JSON.stringify(entry.etag)}`;
  if (entry.metadata !== undefined) text += `,"metadata":${JSON.stringify(entry.metadata)}`;
  if (entry.options !== undefined) text += `,"options":${JSON.stringify(entry.options)}`;
  if (entry.contentType !== undefined) text += `,"contentType":${JSON.stringify(entry.contentType)}`;
  return `${text}}`;
}

/** An operation of a state transaction. */
export function stateOperation(operation: StateOperation): string {
  const request = operation.operation === "upsert" ? stateItem(operation.request) : removalText(operation.request);
  return `{"operation":"${operation.operation}","request":${request}}`;
}

function removalText({ key, etag, metadata, options }: StateRemoval): string {
  return JSON.stringify({ key, etag, metadata, options });
}

/** An entry of a bulk publish; its id is its position. */
export function bulkEntry(entry: PublishBulkRequest["entries"][number], position: number): string {
  const { contentType, content } = entry.payload;
  // Text of a type that is bytes to Dapr has to be base64 as well.
  const bytes = content instanceof Uint8Array || (typeof content === "string" && isBinary(contentType));
  const event = bytes ? JSON.stringify(Buffer.from(content).toString("base64")) : jsonOf(content);
  const metadata = entry.metadata === undefined ? "" : `,"metadata":${JSON.stringify(entry.metadata)}`;
  // Of nearly all entries, of which there may be very many.
  const type = contentType === "application/json" ? '"application/json"' : JSON.stringify(contentType);
  return `{"entryId":"${position}","event":${event},"contentType":${type}${metadata}}`;
}

function isBinary(contentType: string): boolean {
  return /^\s*application\/octet-stream\s*(?:;|$)/i.test(contentType);
}

/** True where a content type is JSON: `application/json`, `+json`, any parameters. */
export function isJsonType(contentType: string): boolean {
  return contentType === "application/json" || /^\s*(?:application\/json|[^;\s]+\+json)\s*(?:;|$)/i.test(contentType);
}

/** A body as it is sent: JSON text, text or bytes. */
export function bodyContent(body: MessageBody): string | Uint8Array {
  const { content } = body;
  if (content instanceof Uint8Array) return content;
  return typeof content === "string" && !isJsonType(body.contentType) ? content : jsonOf(content);
}
