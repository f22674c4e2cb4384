import { hash } from "node:crypto";
import type { DaprClient, MessageBody, MetadataMap } from "../client/dapr-client.js";
import { badItem } from "../collectors/message.js";
import { outputTypes } from "../model/binding-table.js";
import type { DaprPublish } from "../model/bindings.js";
import { SidecarError } from "../model/errors.js";
import { JsonText } from "../model/json.js";
import { WriteError, type Invocation, type OutputWriter } from "../invocation/binding-host.js";
import { callOptions, compileItemOption, type BindingPlace } from "./options.js";
import { asError, messageBody } from "./values.js";

interface PublishMessage {
  readonly pubSubName: string;
  readonly topic: string;
  readonly payload: MessageBody;
  readonly metadata: MetadataMap | undefined;
  /** True where a bulk request cannot carry it. */
  readonly alone: boolean;
}

export function publishWriter(client: DaprClient, place: BindingPlace<DaprPublish>): OutputWriter<PublishMessage> {
  const { binding, definition, where } = place;
  const rules = outputTypes.daprPublish.overrides;
  const pubSubNameOf = compileItemOption(place, "pubSubName", binding.pubSubName, rules.pubSubName.missing);
  const topicOf = compileItemOption(place, "topic", binding.topic, rules.topic.missing);
  return {
    toMessage(item, invocation, index) {
      const pubSubName = pubSubNameOf(item, invocation);
      const topic = topicOf(item, invocation);
      const contentType = item.overrides["contentType"] as string | undefined;
      const payload = messageBody(item.value, contentType, where, "payload");
      const given = item.overrides["metadata"] as MetadataMap | undefined;
      const mediaType = mediaTypeOf(payload.contentType);
      const isOwnEvent = mediaType === "application/cloudevents+json";
      if (isOwnEvent) checkOwnEvent(payload.content, where);
      const isRaw = given !== undefined && Object.entries(given).some(isRawPayload);
      const id = isOwnEvent || isRaw ? undefined : eventId(invocation, definition.name, binding.name, index, given);
      return {
        pubSubName,
        topic,
        payload,
        metadata: id === undefined ? given : { ...given, "cloudevent.id": id },
        alone: isOwnEvent || isRaw || !isBulkType(mediaType),
      };
    },
    async write(messages, invocation) {
      const { binding: name, daprAddress, signal, traceHeaders } = callOptions(place, invocation);
      // In order, each after the one before; the extension publishes them side by side.
      for (let first = 0, end; first < messages.length; first = end) {
        end = binding.bulk === true ? endOfGroup(messages, first) : first + 1;
        const entries = messages.slice(first, end);
        const { pubSubName, topic, payload, metadata } = entries[0]!;
        try {
          if (entries.length === 1) {
            const request = { pubSubName, topic, payload, metadata, binding: name, daprAddress, signal, traceHeaders };
            await client.publish(request);
          } else {
            const request = { pubSubName, topic, entries, binding: name, daprAddress, signal, traceHeaders };
            await client.publishBulk(request);
          }
        } catch (error) {
          throw writeError(first, error);
        }
      }
    },
  };
}

/** The end of the items that go into one request: consecutive ones for one topic. */
function endOfGroup(messages: readonly PublishMessage[], first: number): number {
  const { pubSubName, topic, alone } = messages[first]!;
  let end = first + 1;
  if (alone) return end;
  for (; end < messages.length; end++) {
    const next = messages[end]!;
    if (next.alone || next.pubSubName !== pubSubName || next.topic !== topic) break;
  }
  return end;
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
  const shown = positions.slice(0, 20).map((position) => position + 1);
  const more = positions.length > shown.length ? ` and ${positions.length - shown.length} more` : "";
  return new WriteError(first + accepted, positions[0]!, error, `failed: items ${shown.join(", ")}${more}`);
}

function mediaTypeOf(contentType: string): string {
  if (contentType === "application/json") return contentType;
  return contentType.split(";")[0]!.trim().toLowerCase();
}

/** Content types that Dapr takes in a bulk request; any other would have the whole request refused. */
function isBulkType(mediaType: string): boolean {
  return mediaType === "application/json" || mediaType === "application/octet-stream" || mediaType.startsWith("text/");
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
function eventId(
  { event }: Invocation,
  functionName: string,
  outputName: string,
  index: number,
  metadata: MetadataMap | undefined,
): string | undefined {
  if (event === undefined) return undefined;
  if (metadata !== undefined && Object.keys(metadata).some((name) => name.toLowerCase() === "cloudevent.id")) {
    return undefined;
  }
  return hash("sha256", JSON.stringify([event.source, event.id, functionName, outputName, index])).slice(0, 32);
}
