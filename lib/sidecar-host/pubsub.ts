import { hash, randomUUID } from "node:crypto";
import { types } from "node:util";
import type { CallOptions, DaprClient, MessageBody, MetadataMap } from "../client/dapr-client.js";
import { changesWhenParsed } from "../collectors/json-value.js";
import { badItem, refuseHalfPairs } from "../collectors/message.js";
import { outputTypes } from "../model/binding-table.js";
import type { DaprPublish } from "../model/bindings.js";
import { SidecarError } from "../model/errors.js";
import { isJsonText, JsonText } from "../model/json.js";
import { readContentType, toText, undecodableAs } from "../invocation/read-payload.js";
import { WriteError, type Invocation, type OutputWriter } from "../invocation/binding-host.js";
import { callOptions, compileItemOption, type BindingPlace } from "./options.js";
import { cutBySize, mostBytesOfMap, refuseTooLarge, type Cut } from "./request-size.js";
import { messageBody, sendInOrder } from "./values.js";
import { asError, listed } from "../model/values.js";
import { bodyContent, bulkEntry, isJsonType } from "../client/http/json-text.js";

/** A class, as `StateEntry` of `state.ts` says. */
class PublishMessage {
  /** @param alone true where a bulk request cannot carry it */
  constructor(
    readonly pubSubName: string,
    readonly topic: string,
    readonly payload: MessageBody,
    readonly metadata: MetadataMap | undefined,
    readonly alone: boolean,
  ) {}
}

/** @param limit bytes of a request that the sidecar takes */
export function publishWriter(
  client: DaprClient,
  place: BindingPlace<DaprPublish>,
  limit: number,
): OutputWriter<PublishMessage> {
  const { binding, definition, where } = place;
  const rules = outputTypes.daprPublish.overrides;
  const pubSubNameOf = compileItemOption(place, "pubSubName", binding.pubSubName, rules.pubSubName.missing);
  const topicOf = compileItemOption(place, "topic", binding.topic, rules.topic.missing);
  const eventId = compileEventId(definition.name, binding.name);
  const warnOfIgnored = compileIgnored(where);
  return {
    toMessage(item, invocation, index) {
      const pubSubName = pubSubNameOf(item, invocation);
      const topic = topicOf(item, invocation);
      const contentType = item.overrides["contentType"] as string | undefined;
      const given = item.overrides["metadata"] as MetadataMap | undefined;
      const isRaw = given !== undefined && Object.entries(given).some(isRawPayload);
      const body = messageBody(item.value, contentType, where, "payload");
      const payload = isRaw ? body : readable(body, where);
      const mediaType = mediaTypeOf(payload.contentType);
      const isOwnEvent = mediaType === "application/cloudevents+json";
      if (isOwnEvent && !isRaw) checkOwnEvent(payload.content, where);
      if (given !== undefined) warnOfIgnored(given, isOwnEvent || isRaw, invocation);
      const id = isOwnEvent || isRaw ? undefined : eventId(invocation, index, given);
      const metadata = id === undefined ? given : { ...given, "cloudevent.id": id };
      const alone =
        isOwnEvent || isRaw || !isBulkType(mediaType) || (binding.bulk === true && isRespelt(payload, item.value));
      const isAsIs = isRaw || !(payload.content instanceof Uint8Array) || isBinaryType(mediaType);
      const message = isAsIs
        ? new PublishMessage(pubSubName, topic, payload, metadata, alone)
        : new PublishMessage(pubSubName, topic, eventOfBytes(payload, metadata), metadata, true);
      refuseTooLarge(where, "payload", limit, mostBytes(message), bytesOf, message);
      return message;
    },
    // In order, each after the one before; the extension publishes them side by side.
    write(messages, invocation) {
      return binding.bulk === true
        ? sendGroups(messages, invocation)
        : sendInOrder(messages, place, invocation, publish);
    },
  };

  function publish({ pubSubName, topic, payload, metadata }: PublishMessage, call: CallOptions): Promise<void> {
    const { binding: name, daprAddress, signal, traceHeaders } = call;
    return client.publish({ pubSubName, topic, payload, metadata, binding: name, daprAddress, signal, traceHeaders });
  }

  async function sendGroups(messages: readonly PublishMessage[], invocation: Invocation): Promise<void> {
    const call = callOptions(place, invocation);
    for (const { first, end } of groupsOf(messages, limit)) {
      const entries = messages.slice(first, end);
      const { pubSubName, topic } = entries[0]!;
      try {
        if (entries.length === 1) await publish(entries[0]!, call);
        else await client.publishBulk({ pubSubName, topic, entries, ...call });
      } catch (error) {
        throw writeError(first, error);
      }
    }
  }
}

/** The items of each request: consecutive ones for one topic, as many as the sidecar takes. */
function* groupsOf(messages: readonly PublishMessage[], limit: number): Iterable<Cut> {
  for (let first = 0, end; first < messages.length; first = end) {
    const { pubSubName, topic, alone } = messages[first]!;
    end = first + 1;
    for (; !alone && end < messages.length; end++) {
      const next = messages[end]!;
      if (next.alone || next.pubSubName !== pubSubName || next.topic !== topic) break;
    }
    for (const cut of cutBySize(messages.slice(first, end), limit, mostBytes, sizeOf, 2)) {
      yield { first: first + cut.first, end: first + cut.end };
    }
  }
}

/** Bytes that an item has at most, in a request of its own or among others. */
function mostBytes({ payload: { content, contentType }, metadata }: PublishMessage): number {
  const around = 256 + 6 * contentType.length + mostBytesOfMap(metadata);
  if (content instanceof Uint8Array) return around + 1.4 * content.length;
  // Text of its own is a JSON string among others.
  return around + (content instanceof JsonText ? 3 * content.text.length : 6 * String(content).length);
}

/** Bytes of an item among others. */
function sizeOf(message: PublishMessage, index: number): number {
  return Buffer.byteLength(bulkEntry(message, index)) + 1;
}

/** Bytes of an item in a request of its own; metadata is in the query there. */
function bytesOf({ payload }: PublishMessage): number {
  const content = bodyContent(payload);
  return typeof content === "string" ? Buffer.byteLength(content) : content.length;
}

function writeError(first: number, error: unknown): WriteError {
  if (!(error instanceof SidecarError)) return new WriteError(first, first, asError(error));
  const { accepted, details } = error;
  const failed = (details as { failedEntries?: readonly { entryId: string }[] } | undefined)?.failedEntries;
  const positions = (Array.isArray(failed) ? failed : [])
    .map(({ entryId }) => first + Number(entryId))
    .filter(Number.isInteger)
    .sort((a, b) => a - b);
  if (positions.length === 0) return new WriteError(first + accepted, first + accepted, error);
  const hint = `failed: items ${listed(positions, (position) => String(position + 1))}`;
  return new WriteError(first + accepted, positions[0]!, error, hint);
}

function mediaTypeOf(contentType: string): string {
  if (contentType === "application/json") return contentType;
  return contentType.split(";")[0]!.trim().toLowerCase();
}

/** Content types whose data Dapr takes for bytes; that of any other is JSON or text to it. */
function isBinaryType(mediaType: string): boolean {
  return mediaType === "application/octet-stream" || mediaType === "application/cloudevents+protobuf";
}

/**
 * Bytes of a type that is JSON or text as what they say, since Dapr reads them so.
 *
 * @throws InvocationError `ERR_DAPR_BAD_REQUEST` for bytes that do not say it
 */
function readable(body: MessageBody, where: string): MessageBody {
  const { contentType, content } = body;
  if (!(content instanceof Uint8Array)) return body;
  const isJson = isJsonType(contentType);
  if (!isJson && !/^\s*text\//i.test(contentType)) return body;
  const { charset } = readContentType(contentType);
  const named = undecodableAs(content, charset);
  const text = named === undefined ? toText(content, charset) : undefined;
  if (text !== undefined && !isJson) return { contentType, content: text };
  if (text !== undefined && isJsonText(text)) {
    // daprd reads and writes it anew, and would put U+FFFD for the half.
    refuseHalfPairs(text, where, "payload");
    return { contentType, content: new JsonText(text) };
  }
  throw badItem(
    where,
    "payload",
    `the bytes are not ${isJson ? "JSON" : `text in ${named ?? "UTF-8"}`}, as ${contentType} says; give application/octet-stream, ` +
      "the content type that they have, or rawPayload",
  );
}

/**
 * Bytes of a type that Dapr takes for text (an image, a protobuf message …) as an event of our own, which says that they
 * are bytes: in the envelope that Dapr makes they would arrive as text, what is not UTF-8 replaced.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md#31-handling-of-data
 */
function eventOfBytes({ contentType, content }: MessageBody, metadata: MetadataMap | undefined): MessageBody {
  const named = new Map(Object.entries(metadata ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const event = {
    specversion: "1.0",
    id: named.get("cloudevent.id") ?? randomUUID(),
    // What is left out Dapr fills.
    source: named.get("cloudevent.source"),
    type: named.get("cloudevent.type"),
    subject: named.get("cloudevent.subject"),
    traceparent: named.get("cloudevent.traceparent"),
    traceid: named.get("cloudevent.traceparent") ?? named.get("cloudevent.traceid"),
    tracestate: named.get("cloudevent.tracestate"),
    datacontenttype: contentType,
    data_base64: Buffer.from(content as Uint8Array).toString("base64"),
  };
  return { contentType: "application/cloudevents+json", content: new JsonText(JSON.stringify(event)) };
}

/** Only raw JSON, of a text or as newer Nodes let a value have it, spells numbers as `JSON.stringify` would not. */
const mayHoldRawJson = "rawJSON" in JSON;

/** True for JSON that a bulk request would spell anew: Dapr reads its numbers as floating point there, and only there. */
function isRespelt({ content }: MessageBody, value: unknown): boolean {
  const isWritten = value instanceof JsonText || types.isUint8Array(value) || types.isAnyArrayBuffer(value);
  if (!isWritten && !mayHoldRawJson) return false;
  return content instanceof JsonText && changesWhenParsed(content);
}

/** Content types that Dapr takes in a bulk request; any other would have the whole request refused. */
function isBulkType(mediaType: string): boolean {
  return mediaType === "application/json" || mediaType === "application/octet-stream" || mediaType.startsWith("text/");
}

/**
 * Members of an event that metadata sets where Dapr makes the event, as `cloudevent.<name>`. It ignores all others.
 *
 * @see https://docs.dapr.io/developing-applications/building-blocks/pubsub/pubsub-cloudevents/#override-cloudevents-properties
 */
const settable: ReadonlySet<string> = new Set(
  ["id", "source", "type", "subject", "traceid", "traceparent", "tracestate"].map((name) => `cloudevent.${name}`),
);

/** Says once of each name that it changes nothing. */
function compileIgnored(where: string) {
  const said = new Set<string>();
  return (metadata: MetadataMap, hasNoEnvelope: boolean, { context }: Invocation): void => {
    const ignored = Object.keys(metadata).filter((name) => {
      const folded = name.toLowerCase();
      return folded.startsWith("cloudevent.") && (hasNoEnvelope || !settable.has(folded)) && !said.has(name);
    });
    // Names come from items: no more of them than anybody means are kept.
    if (ignored.length === 0 || said.size >= 100) return;
    for (const name of ignored) said.add(name);
    const why = hasNoEnvelope
      ? "Dapr sets nothing in an event of your own or a raw message; write it into the payload"
      : `Dapr takes ${[...settable].join(", ")}; for others give an event of your own as application/cloudevents+json`;
    context.warn(`${where}: metadata ${listed(ignored, JSON.stringify)} is ignored: ${why}`);
  };
}

/** Dapr fills what an own event lacks, but not its id, without which no consumer can tell a redelivery. */
function checkOwnEvent(content: unknown, where: string): void {
  let event: unknown;
  try {
    event = JSON.parse(content instanceof JsonText ? content.text : String(content));
  } catch {
    event = undefined;
  }
  const id = typeof event === "object" && event !== null ? (event as { id?: unknown }).id : undefined;
  if (typeof id !== "string" || id === "" || Array.isArray(event)) {
    throw badItem(where, "payload", "an own CloudEvent must be an object with a non-empty id; give it one");
  }
}

function isRawPayload([name, value]: readonly [string, string]): boolean {
  return name.toLowerCase() === "rawpayload" && /^(?:y|yes|t|true|on|1)$/i.test(value.trim());
}

/**
 * The id of an event that answers an event: the same whenever the same event is answered with the same items, so that
 * consumers can drop what a redelivery published again. Undefined where the event is to have another id.
 */
function compileEventId(functionName: string, outputName: string) {
  const names = `${JSON.stringify(functionName)},${JSON.stringify(outputName)}`;
  return ({ event }: Invocation, index: number, metadata: MetadataMap | undefined): string | undefined => {
    if (event === undefined) return undefined;
    if (metadata !== undefined && Object.keys(metadata).some((name) => name.toLowerCase() === "cloudevent.id")) {
      return undefined;
    }
    const parts = `[${JSON.stringify(event.source)},${JSON.stringify(event.id)},${names},${index}]`;
    return hash("sha256", parts).slice(0, 32);
  };
}
