import { isUtf8 } from "node:buffer";
import { randomUUID } from "node:crypto";
import type { DaprTopicTrigger } from "../model/bindings.js";
import { PayloadError } from "../model/errors.js";
import type { CloudEvent } from "../model/invocation.js";
import { decodedAs } from "../payload/decode.js";
import { isJsonType, readContentType, toBytes, toText, toTextOrBytes, undecodableAs } from "./read-payload.js";
import type { TriggeringRequest } from "./trigger-invocation.js";

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
  /** What the broker says of the message: Kafka's key and headers, properties of Service Bus. */
  readonly metadata?: unknown;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The body of a delivery; `undefined` when it is not JSON in UTF-8, which {@link readEvent} refuses. */
export function parseDelivery(body: Buffer): unknown {
  if (!isUtf8(body)) return undefined;
  try {
    return JSON.parse(toText(body, undefined));
  } catch {
    return undefined;
  }
}

/**
 * A CloudEvent with its `data` decoded by its content type and by what the trigger declares; a message that is none is
 * wrapped as daprd wraps raw messages.
 *
 * @param isRaw true for a raw subscription, whose events get a new id at each delivery
 * @throws PayloadError `ERR_MALFORMED_REQUEST` when it is not a JSON object or its `data_base64` not base64
 * @see https://docs.dapr.io/developing-applications/building-blocks/pubsub/pubsub-raw/
 */
export function readEvent(delivered: unknown, trigger: DaprTopicTrigger, topic: string, isRaw: boolean): TopicEvent {
  const message = objectOf(delivered);
  if (!("specversion" in message)) {
    return { event: wrap(message, "application/json", trigger, topic), hasStableId: false };
  }
  const event = message as CloudEvent;
  const hasStableId = !isRaw && isName(event.id) && isName(event.source);
  return { event: withDecodedData(event, trigger), hasStableId };
}

/** `data_base64: null` counts as absent: serialisers write it beside `data`. */
function withDecodedData(event: CloudEvent, trigger: DaprTopicTrigger): CloudEvent {
  const { data_base64: base64 } = event;
  const given: unknown = base64 == null ? event.data : decodedData(base64, event.datacontenttype);
  const data = declared(base64 == null ? labelled(given, event.datacontenttype) : given, trigger);
  if (base64 === undefined && data === given) return event;
  const { data_base64: _, ...rest } = event;
  return (base64 === null && !("data" in event) ? rest : { ...rest, data }) as CloudEvent;
}

/**
 * Data as JSON where its label says so. daprd takes `application/json` alone for JSON: under `application/…+json` or
 * `text/json` it delivers the JSON text. Only what must be JSON is parsed: a text such as `41` may be one that somebody
 * put into an event of their own.
 *
 * @see https://github.com/dapr/components-contrib/blob/v1.18.4/contenttype/utils.go
 */
function labelled(data: unknown, datacontenttype: unknown): unknown {
  if (typeof data !== "string" || typeof datacontenttype !== "string" || !/^\s*[[{"]/.test(data)) return data;
  const { type } = readContentType(datacontenttype);
  if (type === "application/json" || !isJsonType(type)) return data;
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}

function declared(data: unknown, { payload }: DaprTopicTrigger): unknown {
  return payload === undefined ? data : decodedAs(payload, data);
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/** The event of one entry of a bulk request; that of a raw subscription is the base64 text of its message. */
export function readBulkEvent(entry: BulkEntry, trigger: DaprTopicTrigger, topic: string, isRaw: boolean): TopicEvent {
  const { event, contentType } = entry;
  if (typeof event !== "string") return readEvent(event, trigger, topic, isRaw);
  const type = typeof contentType === "string" ? contentType : "application/octet-stream";
  return { event: wrap(declared(decodedData(event, type), trigger), type, trigger, topic), hasStableId: false };
}

const traceNames: readonly string[] = ["traceparent", "tracestate", "baggage"];

/**
 * What an entry would have come with alone: its own metadata as headers, and no trace but the event's own. The trace of a
 * bulk request is that of its last entry.
 *
 * @see https://github.com/dapr/dapr/blob/v1.18.1/pkg/runtime/subscription/postman/http/http.go
 */
export function requestOfEntry({ metadata }: BulkEntry, request: TriggeringRequest): TriggeringRequest {
  const own = new Map<string, string | undefined>(traceNames.map((name) => [name, undefined]));
  if (typeof metadata === "object" && metadata !== null) {
    for (const [name, value] of Object.entries(metadata)) {
      if (typeof value === "string") own.set(name.toLowerCase(), value);
    }
  }
  return {
    header: (name) => (own.has(name) ? own.get(name) : request.header(name)),
    onGone: (listener) => request.onGone?.(listener) ?? (() => {}),
    get incoming() {
      return request.incoming;
    },
    get headers() {
      const headers = new Headers(request.headers);
      for (const [name, value] of own) setHeader(headers, name, value);
      return headers;
    },
  };
}

/** A broker may name its metadata as no header may be named, and write into it what no header holds. */
function setHeader(headers: Headers, name: string, value: string | undefined): void {
  try {
    if (value === undefined) headers.delete(name);
    else headers.set(name, value);
  } catch {
    // Only `triggerMetadata` could show it, and that is made of headers.
  }
}

/** What daprd calls a bulk request, which is no event of that type. */
const bulkType = "com.dapr.event.sent.bulk";

/**
 * The entries of a bulk request; `undefined` where a sidecar delivered a single event after all.
 *
 * @param isExpected false where the trigger asked for none: a subscription in a file of resources may ask for it, too
 */
export function bulkEntriesOf(delivered: unknown, isExpected: boolean): BulkEntry[] | undefined {
  if (typeof delivered !== "object" || delivered === null || "specversion" in delivered) return undefined;
  const { entries, type } = delivered as { entries?: unknown; type?: unknown };
  if (!Array.isArray(entries) || !(isExpected || type === bulkType)) return undefined;
  return entries.filter(isEntry);
}

function isEntry(entry: unknown): entry is BulkEntry {
  return typeof entry === "object" && entry !== null && typeof (entry as Partial<BulkEntry>).entryId === "string";
}

function objectOf(value: unknown): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw invalid("the event is not a JSON object");
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

/** JSON that does not parse is text, as daprd takes it when it is published; what is not text as its label says is bytes. */
function decodedData(text: unknown, contentType: unknown): unknown {
  if (typeof text !== "string" || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw invalid("its data is not base64");
  }
  const data = Buffer.from(text, "base64");
  const { type, charset } = readContentType(typeof contentType === "string" ? contentType : undefined);
  const isJson = isJsonType(type);
  if (!isJson && type?.startsWith("text/") !== true) return toBytes(data);
  if (undecodableAs(data, charset) !== undefined) return toBytes(data);
  if (!isJson) return toText(data, charset);
  try {
    return JSON.parse(toText(data, charset));
  } catch {
    return toTextOrBytes(data);
  }
}

function invalid(message: string): PayloadError {
  return new PayloadError("ERR_MALFORMED_REQUEST", message);
}
