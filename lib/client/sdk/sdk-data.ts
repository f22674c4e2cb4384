import { JsonText } from "../../model/json.js";
import type { MessageBody, StateEntry } from "../dapr-client.js";
import { bodyContent, jsonOf } from "../http/json-text.js";

/* Data in the forms in which @dapr/dapr sends them whole. */

/**
 * A body as the package's serialisers leave it alone: they drop what is falsy, and write as JSON only what is a plain
 * object by the name of its constructor.
 */
export function sdkData(body: MessageBody): object {
  const content = bodyContent(body);
  const isWritten = body.contentType === "application/json" || body.contentType === "application/cloudevents+json";
  if (!isWritten || typeof content !== "string") return Buffer.from(content);
  return { toJSON: (): unknown => JSON.parse(content) };
}

/** The bytes of a reply that the package parsed if it could. */
export function replyBytes(reply: unknown): Uint8Array {
  if (reply === undefined) return new Uint8Array();
  return Buffer.from(typeof reply === "string" ? reply : JSON.stringify(reply));
}

/* Of the package's StateConsistencyEnum and StateConcurrencyEnum; it takes no other form. */
const consistency: Readonly<Record<string, number>> = { eventual: 1, strong: 2 };
const concurrency: Readonly<Record<string, number>> = { "first-write": 1, "last-write": 2 };

/** A new object, since the package writes into it. Over gRPC it takes text for the bytes to store, so that is JSON. */
export function sdkStateEntry({ key, value, etag, metadata, options }: StateEntry, isGrpc: boolean): object {
  const text = jsonOf(value);
  const entry: Record<string, unknown> = { key, value: isGrpc ? text : new JsonText(text) };
  if (etag !== undefined) entry["etag"] = etag;
  if (metadata !== undefined) entry["metadata"] = metadata;
  if (options !== undefined) {
    entry["options"] = {
      consistency: consistency[options.consistency ?? ""],
      concurrency: concurrency[options.concurrency ?? ""],
    };
  }
  return entry;
}
