import { messageOf } from "../../model/thrown.js";
import { ApiError, noContent, queryMetadata, route, type ApiReply, type ApiRequest, type Route } from "./api.js";
import { readBulkEntries } from "./bulk-publish.js";
import { envelopeText, newTraceParent, toEnvelope, type Publication } from "./cloud-events.js";
import { parseBool } from "../values/go-values.js";
import type { InMemoryBus, Message } from "../components/in-memory-bus.js";
import type { TopicScopes } from "../app/topic-scopes.js";

/** One pubsub component: its bus, and who may use which topic. */
export interface PubSub {
  readonly bus: InMemoryBus;
  readonly scopes: TopicScopes;
}

interface Target {
  readonly pubsub: PubSub;
  readonly pubsubName: string;
  readonly topic: string;
}

/** @see https://docs.dapr.io/reference/api/pubsub_api/ */
export function pubsubRoutes(pubsubs: ReadonlyMap<string, PubSub>, appId: string): readonly Route[] {
  const targetOf = ({ pubsubName, topic }: { readonly pubsubName: string; readonly topic: string }): Target => {
    const pubsub = pubsubs.get(pubsubName);
    if (!pubsub) throw new ApiError(404, "ERR_PUBSUB_NOT_FOUND", `pubsub ${pubsubName} is not found`);
    return { pubsub, pubsubName, topic };
  };
  const bulk = (parts: { readonly pubsubName: string; readonly topic: string }, request: ApiRequest) =>
    publishBulk(targetOf(parts), request, appId);
  return [
    route(["POST", "PUT"], "/v1.0/publish/bulk/{pubsubName}/{topic*}", (parts, request) => bulk(parts, request)),
    route(["POST", "PUT"], "/v1.0-alpha1/publish/bulk/{pubsubName}/{topic*}", (parts, request) => bulk(parts, request)),
    route(["POST", "PUT"], "/v1.0/publish/{pubsubName}/{topic*}", (parts, request) =>
      publish(targetOf(parts), request, appId),
    ),
  ];
}

function publish(target: Target, request: ApiRequest, appId: string): ApiReply {
  const { pubsubName, topic } = target;
  let data: Buffer;
  try {
    data = request.body();
  } catch (error) {
    const message = `error when publishing to topic ${topic} in pubsub ${pubsubName}: ${messageOf(error)}`;
    throw new ApiError(500, "ERR_PUBSUB_PUBLISH_MESSAGE", message);
  }
  const metadata = queryMetadata(request);
  const contentType = request.headers["content-type"] ?? "";
  const message = isRawPayload(metadata)
    ? { data, metadata }
    : wrap(data, { ...publicationOf(target, request, appId), contentType, metadata });
  send(target, appId, [message]);
  return noContent;
}

function publishBulk(target: Target, request: ApiRequest, appId: string): ApiReply {
  const query = queryMetadata(request);
  const raw = isRawPayload(query);
  const entries = readBulkEntries(request, target);
  const publication = publicationOf(target, request, appId);
  const messages = entries.map(({ data, contentType, metadata }) => {
    // The query's metadata reaches only entries that have metadata of their own (as in daprd).
    const own = metadata ? { ...query, ...metadata } : {};
    return raw ? { data, metadata: own } : wrap(data, { ...publication, contentType, metadata: own });
  });
  send(target, appId, messages);
  return noContent;
}

function isRawPayload(metadata: Readonly<Record<string, string>>): boolean {
  const text = metadata["rawPayload"];
  if (!text) return false;
  const raw = parseBool(text);
  if (raw === undefined) {
    const message = `rawPayload value must be a valid boolean: actual is '${text}'`;
    throw new ApiError(400, "ERR_PUBSUB_REQUEST_METADATA", `failed deserializing metadata. Error: ${message}`);
  }
  return raw;
}

function publicationOf({ pubsubName, topic }: Target, { headers }: ApiRequest, appId: string) {
  const { traceparent, tracestate } = headers;
  return {
    appId,
    pubsubName,
    topic,
    traceParent: typeof traceparent === "string" ? traceparent : newTraceParent(),
    traceState: typeof tracestate === "string" ? tracestate : "",
  };
}

function wrap(data: Buffer, publication: Publication): Message {
  try {
    return { data: Buffer.from(envelopeText(toEnvelope(data, publication))), metadata: publication.metadata };
  } catch {
    throw new ApiError(500, "ERR_PUBSUB_CLOUD_EVENTS_SER", "cannot create cloudevent");
  }
}

function send({ pubsub, topic }: Target, appId: string, messages: readonly Message[]): void {
  if (!pubsub.scopes.mayPublish(topic)) {
    throw new ApiError(403, "ERR_PUBSUB_FORBIDDEN", `topic ${topic} is not allowed for app id ${appId}`);
  }
  for (const message of messages) pubsub.bus.publish(topic, message);
}
