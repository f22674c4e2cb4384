import { randomBytes, randomUUID } from "node:crypto";
import { parseDuration, toRfc3339 } from "../values/go-values.js";

/**
 * A CloudEvent as its members' JSON texts, so that numbers keep the spelling in which they were published.
 *
 * @see https://docs.dapr.io/developing-applications/building-blocks/pubsub/pubsub-cloudevents/
 */
export type Envelope = ReadonlyMap<string, string>;

/** Who publishes where, and under which trace. */
export interface Publication {
  readonly appId: string;
  readonly pubsubName: string;
  readonly topic: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly traceParent: string;
  readonly traceState: string;
}

/**
 * Wraps published data as daprd does.
 *
 * @throws Error for an own CloudEvent that is not a JSON object.
 */
export function toEnvelope(data: Buffer, publication: Publication): Envelope {
  const envelope = isContentType(publication.contentType, "application/cloudevents+json")
    ? completeEvent(data, publication)
    : wrap(data, publication);
  const ttl = timeToLive(publication.metadata);
  if (ttl !== undefined) envelope.set("expiration", JSON.stringify(toRfc3339(Date.now() + ttl)));
  return envelope;
}

function wrap(data: Buffer, publication: Publication): Map<string, string> {
  const { appId, pubsubName, topic, metadata, contentType } = publication;
  const override = (name: string) =>
    Object.entries(metadata).find(([key]) => key.toLowerCase() === `cloudevent.${name}`)?.[1] || undefined;
  const traceParent = override("traceparent") ?? override("traceid") ?? publication.traceParent;
  const subject = override("subject");
  const [dataMember, dataText] = dataOf(data, contentType);
  return members({
    id: override("id") ?? randomUUID(),
    source: override("source") ?? (appId || "Dapr"),
    type: override("type") ?? "com.dapr.event.sent",
    specversion: "1.0",
    datacontenttype: contentType || "text/plain",
    topic,
    pubsubname: pubsubName,
    time: toRfc3339(Date.now()),
    traceid: traceParent,
    traceparent: traceParent,
    tracestate: override("tracestate") ?? publication.traceState,
    ...(subject !== undefined && { subject }),
  }).set(dataMember, dataText);
}

function dataOf(data: Buffer, contentType: string): readonly [member: string, json: string] {
  const text = data.toString("utf8");
  if (isContentType(contentType, "application/json") && isJson(text)) return ["data", text.trim()];
  if (
    ["application/octet-stream", "application/cloudevents+protobuf"].some((type) => isContentType(contentType, type))
  ) {
    return ["data_base64", JSON.stringify(data.toString("base64"))];
  }
  return ["data", JSON.stringify(text)];
}

function completeEvent(data: Buffer, { topic, pubsubName, traceParent, traceState }: Publication): Map<string, string> {
  const envelope = rawMembers(data.toString("utf8"));
  const fill = (name: string, value: string, isMissing: (text: string | undefined) => boolean) => {
    if (isMissing(envelope.get(name))) envelope.set(name, JSON.stringify(value));
  };
  const absent = (text: string | undefined) => text === undefined;
  const absentOrNull = (text: string | undefined) => text === undefined || text === "null";
  // Without a trace id of its own the event gets the request's, even in place of its traceparent.
  if (!envelope.has("traceid")) envelope.set("traceparent", JSON.stringify(traceParent));
  fill("traceid", traceParent, absent);
  fill("tracestate", traceState, absent);
  fill("time", toRfc3339(Date.now()), absent);
  fill("source", "Dapr", absentOrNull);
  fill("type", "com.dapr.event.sent", absentOrNull);
  fill("specversion", "1.0", absentOrNull);
  return envelope.set("topic", JSON.stringify(topic)).set("pubsubname", JSON.stringify(pubsubName));
}

/** What a raw subscription makes of a message: each delivery has an id of its own. */
export function wrapRaw(data: Buffer, topic: string, pubsubName: string): Envelope {
  return members({
    id: randomUUID(),
    specversion: "1.0",
    datacontenttype: "application/octet-stream",
    source: "Dapr",
    type: "com.dapr.event.sent",
    topic,
    pubsubname: pubsubName,
    data_base64: data.toString("base64"),
  });
}

export function envelopeText(envelope: Envelope): string {
  return `{${[...envelope].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
}

export function isContentType(contentType: string, expected: string): boolean {
  return contentType.toLowerCase().split(";")[0] === expected;
}

/** True for an event whose `expiration` has passed. */
export function hasExpired(event: Readonly<Record<string, unknown>>): boolean {
  const { expiration } = event;
  return typeof expiration === "string" && Date.parse(expiration) < Date.now();
}

/** A trace of its own for a request that brings none; not sampled. */
export function newTraceParent(): string {
  return `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-00`;
}

function members(values: Readonly<Record<string, string>>): Map<string, string> {
  return new Map(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]));
}

/** The members of a JSON object as they are written. */
function rawMembers(text: string): Map<string, string> {
  const value = JSON.parse(text) as unknown;
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("no JSON object");
  const { parseTree } = require("jsonc-parser") as typeof import("jsonc-parser");
  const properties = parseTree(text)?.children ?? [];
  return new Map(
    properties.flatMap(({ children }) => {
      const [name, content] = children ?? [];
      if (!name || !content) return [];
      return [[name.value as string, text.slice(content.offset, content.offset + content.length)]];
    }),
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Milliseconds; seconds as a whole number, or a Go duration. Other text, and a number below 0, means none. */
function timeToLive(metadata: Readonly<Record<string, string>>): number | undefined {
  const find = (name: string) => Object.entries(metadata).find(([key]) => key.toLowerCase() === name)?.[1];
  const text = find("ttl") ?? find("ttlinseconds") ?? "";
  const duration = parseDuration(text);
  if (duration !== undefined) return Math.max(0, duration);
  return /^\+?\d+$/.test(text) && Number(text) > 0 ? Number(text) * 1000 : undefined;
}
