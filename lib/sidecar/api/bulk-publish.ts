import { messageOf } from "../../model/thrown.js";
import { ApiError, type ApiRequest } from "./api.js";
import { isContentType } from "./cloud-events.js";
import { JsonObject, jsonList, parseJson } from "./json-body.js";

export interface BulkEntry {
  readonly data: Buffer;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>> | undefined;
}

/**
 * The entries of a bulk publish request. One bad entry refuses the request, so nothing is published.
 *
 * @throws ApiError 400 `ERR_PUBSUB_EVENTS_SER`
 * @see https://docs.dapr.io/reference/api/pubsub_api/#publish-multiple-messages-to-a-given-topic
 */
export function readBulkEntries(
  request: ApiRequest,
  { pubsubName, topic }: { readonly pubsubName: string; readonly topic: string },
): readonly BulkEntry[] {
  const place = `for topic ${topic} pubsub ${pubsubName}`;
  const refuse = (message: string) => new ApiError(400, "ERR_PUBSUB_EVENTS_SER", message);
  let items: readonly ReturnType<typeof readItem>[];
  try {
    items = jsonList(parseJson(request.body()), "[]http.bulkPublishMessageEntry").map(readItem);
  } catch (error) {
    throw refuse(`error when unmarshaling the request ${place}: ${messageOf(error)}`);
  }
  const ids = new Set<string>();
  return items.map(({ entryId, event, contentType, metadata }) => {
    let data: Buffer;
    try {
      data = toBytes(event, contentType);
    } catch (error) {
      throw refuse(`error when marshalling cloud event envelope ${place}: ${messageOf(error)}`);
    }
    if (entryId === "" || ids.has(entryId)) {
      const reason = "entryId is duplicated or not present for entry";
      throw refuse(`error marshaling events to bytes ${place}. error: ${reason}`);
    }
    ids.add(entryId);
    return { data, contentType, metadata };
  });
}

function readItem(value: unknown) {
  const item = new JsonObject(value, "http.bulkPublishMessageEntry");
  return {
    entryId: item.text("entryId") ?? "",
    event: item.raw("event") ?? null,
    contentType: item.text("contentType") ?? "",
    metadata: item.textMap("metadata"),
  };
}

/** The bytes that an entry's event stands for under its content type. */
function toBytes(event: unknown, contentType: string): Buffer {
  const is = (expected: string) => isContentType(contentType, expected);
  if (is("application/json") || is("application/cloudevents+json")) return Buffer.from(JSON.stringify(event));
  const isText = contentType.toLowerCase().startsWith("text/") || is("application/xml");
  if (typeof event !== "string" || !(isText || is("application/octet-stream"))) {
    throw new Error("error: mismatch between contentType and event");
  }
  if (isText) return Buffer.from(event);
  const unbroken = event.replaceAll(/[\r\n]/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(unbroken)) {
    throw new Error("error: unable to decode base64 application/octect-stream data: illegal base64 data");
  }
  return Buffer.from(unbroken, "base64");
}
