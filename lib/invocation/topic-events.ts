import { randomUUID } from "node:crypto";
import type { DaprTopicTrigger } from "../model/bindings.js";
import { PayloadError } from "../model/errors.js";
import type { CloudEvent } from "../model/invocation.js";
import { isJsonType, readContentType, toBytes, toText, toTextOrBytes } from "./read-payload.js";

/** An event as its function gets it. */
export interface TopicEvent {
  readonly event: CloudEvent;
  /** True when a redelivery of the event has the same id: raw messages get a new one each time. */
  readonly hasStableId: boolean;
}

/** One event of a bulk request. */
export interface BulkEntry {
  readonly entryId: string;
  readonly event: unknown;
  readonly contentType: unknown;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The body of a delivery; `undefined` when it is no JSON, which {@link readEvent} refuses. */
export function parseDelivery(body: Buffer): unknown {
  try {
    return JSON.parse(toText(body, undefined));
  } catch {
    return undefined;
  }
}

/**
 * A CloudEvent with its `data` decoded; a message that is none is wrapped as daprd wraps raw messages.
 *
 * @param isRaw true for a raw subscription, whose events get a new id at each delivery
 * @throws PayloadError `ERR_MALFORMED_REQUEST` when it is no JSON object or its `data_base64` not base64
 * @see https://docs.dapr.io/developing-applications/building-blocks/pubsub/pubsub-raw/
 */
export function readEvent(delivered: unknown, trigger: DaprTopicTrigger, topic: string, isRaw: boolean): TopicEvent {
  const message = objectOf(delivered);
  if (!("specversion" in message)) {
    return { event: wrap(message, "application/json", trigger, topic), hasStableId: false };
  }
  const event = message as CloudEvent;
  const hasStableId = !isRaw && isName(event.id) && isName(event.source);
  if (message["data_base64"] === undefined) return { event, hasStableId };
  const { data_base64: text, ...rest } = event;
  return { event: { ...rest, data: decodedData(text, event.datacontenttype) } as CloudEvent, hasStableId };
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/** The event of one entry of a bulk request; that of a raw subscription is the base64 text of its message. */
export function readBulkEvent(entry: BulkEntry, trigger: DaprTopicTrigger, topic: string, isRaw: boolean): TopicEvent {
  const { event, contentType } = entry;
  if (typeof event !== "string") return readEvent(event, trigger, topic, isRaw);
  const type = typeof contentType === "string" ? contentType : "application/octet-stream";
  return { event: wrap(decodedData(event, type), type, trigger, topic), hasStableId: false };
}

/** The entries of a bulk request; `undefined` where a sidecar delivered a single event after all. */
export function bulkEntriesOf(delivered: unknown): BulkEntry[] | undefined {
  if (typeof delivered !== "object" || delivered === null || "specversion" in delivered) return undefined;
  const { entries } = delivered as { entries?: unknown };
  if (!Array.isArray(entries)) return undefined;
  return entries.filter(isEntry);
}

function isEntry(entry: unknown): entry is BulkEntry {
  return typeof entry === "object" && entry !== null && typeof (entry as Partial<BulkEntry>).entryId === "string";
}

function objectOf(value: unknown): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw invalid("the event is no JSON object");
}

function wrap(data: unknown, datacontenttype: string, trigger: DaprTopicTrigger, topic: string): CloudEvent {
  return {
    id: randomUUID(),
    specversion: "1.0",
    type: "com.dapr.event.sent",
    source: "Dapr",
    datacontenttype,
    topic,
    pubsubname: trigger.pubSubName,
    data,
  };
}

/** JSON that does not parse is text, as daprd takes it when it is published. */
function decodedData(text: unknown, contentType: unknown): unknown {
  if (typeof text !== "string" || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw invalid("its data is not base64");
  }
  const data = Buffer.from(text, "base64");
  const { type, charset } = readContentType(typeof contentType === "string" ? contentType : undefined);
  if (isJsonType(type)) {
    try {
      return JSON.parse(toText(data, charset));
    } catch {
      return toTextOrBytes(data);
    }
  }
  return type?.startsWith("text/") === true ? toText(data, charset) : toBytes(data);
}

function invalid(message: string): PayloadError {
  return new PayloadError("ERR_MALFORMED_REQUEST", message);
}
