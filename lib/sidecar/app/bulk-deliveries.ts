import { randomUUID } from "node:crypto";
import type { AppReply } from "./app-channel.js";
import {
  cutShort,
  failureOf,
  routeMessage,
  settle,
  type Delivering,
  type DeliveryOptions,
  type Outcome,
  type RoutedEvent,
  type Undelivered,
} from "./deliveries.js";
import type { Message } from "../components/in-memory-bus.js";
import { JsonObject, parseJson } from "../api/json-body.js";
import { CutShort, StatusError } from "../resiliency/retries.js";
import { isRaw, type Subscription } from "./subscriptions.js";

interface Entry extends RoutedEvent {
  readonly entryId: string;
}

/**
 * Delivers the messages of one subscription several at a time: as many as have come when the first of them has waited
 * for `maxAwaitDurationMs`, at most `maxMessagesCount`.
 *
 * @see https://docs.dapr.io/reference/api/pubsub_api/#bulk-subscribe
 */
export function deliverInBulk(
  subscription: Subscription,
  bulk: NonNullable<Subscription["bulk"]>,
  options: DeliveryOptions,
): Delivering {
  let waiting: Message[] = [];
  let timer: NodeJS.Timeout | undefined;
  const ending = new AbortController();
  const left: Undelivered[] = [];
  let last = Promise.resolve();
  const keep = (batch: readonly Message[]): void => {
    left.push(...batch.map((message) => ({ message, giveUp: () => undefined })));
  };
  const flush = () => {
    clearTimeout(timer);
    const batch = waiting;
    waiting = [];
    last = last.then(async () => {
      if (ending.signal.aborted) keep(batch);
      else left.push(...(await deliverBatch(batch, subscription, options, ending.signal)));
    });
  };
  return {
    topic: subscription.topic,
    receive(message) {
      if (ending.signal.aborted) return;
      waiting.push(message);
      if (waiting.length >= bulk.maxMessagesCount) flush();
      else if (waiting.length === 1) timer = setTimeout(flush, bulk.maxAwaitDurationMs);
    },
    stop() {
      ending.abort();
      if (waiting.length > 0) flush();
      return last.then(() => left);
    },
  };
}

/** @returns what was cut short */
async function deliverBatch(
  batch: readonly Message[],
  subscription: Subscription,
  options: DeliveryOptions,
  ending: AbortSignal,
): Promise<readonly Undelivered[]> {
  const left: Undelivered[] = [];
  const byPath = new Map<string, Entry[]>();
  for (const message of batch) {
    const routed = await routeMessage(message, subscription, options);
    if (!routed) continue;
    const entries = byPath.get(routed.path) ?? [];
    byPath.set(routed.path, [...entries, { ...routed, entryId: randomUUID() }]);
  }
  for (const [path, entries] of byPath) {
    const outcomes = await deliverEntries(path, entries, subscription, options, ending);
    for (const [index, { message }] of entries.entries()) {
      const outcome = outcomes[index]!;
      if (outcome instanceof CutShort) left.push(cutShort(outcome, message, subscription, options));
      else settle(outcome, message, subscription, options);
    }
  }
  return left;
}

/** Only entries that failed are tried again. */
async function deliverEntries(
  path: string,
  entries: readonly Entry[],
  subscription: Subscription,
  { app, policy }: DeliveryOptions,
  ending: AbortSignal,
): Promise<readonly (Outcome | CutShort)[]> {
  const { pubsubName } = subscription;
  const outcomes = new Map<Entry, Outcome | CutShort>();
  const pending = () =>
    entries.filter((entry) => {
      const outcome = outcomes.get(entry);
      return outcome === undefined || typeof outcome === "object";
    });
  try {
    await policy(async (signal) => {
      const sent = pending();
      const body = JSON.stringify(toBulkEvent(sent, subscription));
      const reply = await app.deliverEvent(path, body, "application/json", { pubsubname: pubsubName }, { signal });
      const [failure] = outcomesOf(reply, sent).flatMap((outcome, index) => {
        outcomes.set(sent[index]!, outcome);
        return typeof outcome === "object" ? [outcome.failed] : [];
      });
      if (failure === undefined) return;
      const { status } = reply;
      throw status >= 200 && status <= 299 ? new Error(failure) : new StatusError(status, reply, failure);
    }, ending);
  } catch (error) {
    for (const entry of pending()) {
      if (error instanceof CutShort) outcomes.set(entry, error);
      else if (!outcomes.has(entry)) outcomes.set(entry, { failed: failureOf(error) });
    }
  }
  return entries.map((entry) => outcomes.get(entry)!);
}

function toBulkEvent(entries: readonly Entry[], subscription: Subscription): object {
  const { pubsubName, topic } = subscription;
  return {
    id: randomUUID(),
    type: "com.dapr.event.sent.bulk",
    topic,
    pubsubname: pubsubName,
    metadata: { pubsubName },
    entries: entries.map((entry) => toBulkEntry(entry, subscription)),
  };
}

function toBulkEntry({ entryId, event, message }: Entry, subscription: Subscription): object {
  const { metadata } = message;
  return isRaw(subscription)
    ? { entryId, event: message.data.toString("base64"), metadata, contentType: "application/octet-stream" }
    : { entryId, event, metadata, contentType: "application/cloudevents+json" };
}

function outcomesOf(reply: AppReply, entries: readonly Entry[]): readonly Outcome[] {
  // A bulk answered 404 is gone, dead letter topic or not (daprd counts its entries as done).
  if (reply.status === 404) return entries.map(() => "done");
  if (reply.status < 200 || reply.status > 299) {
    return entries.map(() => ({ failed: `the app answered ${reply.status}` }));
  }
  const statuses = readStatuses(reply.body);
  return entries.map(({ entryId }) => {
    const word = statuses.get(entryId) ?? "";
    if (word === "SUCCESS") return "done";
    return word === "DROP" ? "dropped" : { failed: `the app answered ${word || "nothing"} for the entry` };
  });
}

function readStatuses(body: Buffer): ReadonlyMap<string, string> {
  try {
    const statuses =
      new JsonObject(parseJson(body), "pubsub.AppBulkResponse").list("statuses", "[]pubsub.AppBulkResponseEntry") ?? [];
    return new Map(
      statuses.map((value) => {
        const status = new JsonObject(value, "pubsub.AppBulkResponseEntry");
        return [status.text("entryId") ?? "", status.text("status") ?? ""];
      }),
    );
  } catch {
    return new Map();
  }
}
