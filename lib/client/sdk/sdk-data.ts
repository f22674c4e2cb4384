import { JsonText } from "../../model/json.js";
import type { StateOptions } from "../../model/collector.js";
import type { MessageBody, StateItem } from "../dapr-client.js";
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

/** Options as the package takes them; none for none. */
export function sdkOptions(options: StateOptions | undefined): object | undefined {
  if (options === undefined) return undefined;
  return {
    consistency: consistency[options.consistency ?? ""],
    concurrency: concurrency[options.concurrency ?? ""],
  };
}

/** A new object, since the package writes into it. Over gRPC it takes text for the bytes to store, so that is JSON. */
export function sdkStateItem(item: StateItem, isGrpc: boolean): object {
  const { key, value, etag, metadata, options, contentType } = item;
  const text = jsonOf(value);
  const sent: Record<string, unknown> = { key, value: isGrpc ? text : new JsonText(text) };
  if (etag !== undefined) sent["etag"] = etag;
  if (metadata !== undefined) sent["metadata"] = metadata;
  if (options !== undefined) sent["options"] = sdkOptions(options);
  if (contentType !== undefined) sent["contentType"] = contentType;
  return sent;
}
