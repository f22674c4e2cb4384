import type { AppReply } from "./app-channel.js";
import { JsonObject, jsonList, parseJson } from "../api/json-body.js";
import { parseBool } from "../values/go-values.js";
import type { Rule } from "./rules.js";

/** One topic that the app listens to: as it answered `GET /dapr/subscribe`, or as a file declares. */
export interface Subscription {
  readonly pubsubName: string;
  readonly topic: string;
  /** In the order in which they are tried; a default comes last. */
  readonly rules: readonly Rule[];
  /** Empty without one. */
  readonly deadLetterTopic: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Undefined when the app wants its events one by one. */
  readonly bulk: { readonly maxMessagesCount: number; readonly maxAwaitDurationMs: number } | undefined;
  readonly type: "PROGRAMMATIC" | "DECLARATIVE";
}

/** True when a subscription takes messages as they are, without an envelope. */
export function isRaw({ metadata }: Subscription): boolean {
  return parseBool(metadata["rawPayload"] ?? "") ?? false;
}

/**
 * Reads the app's answer. An entry without a route is left out with a warning; of several for one topic the last
 * counts, as in daprd.
 *
 * @throws Error when the answer is not a list of subscriptions.
 * @see https://docs.dapr.io/reference/api/pubsub_api/#provide-a-route-for-dapr-to-discover-topic-subscriptions
 */
export function readSubscriptions(reply: AppReply, warn: (message: string) => void): readonly Subscription[] {
  if (reply.status === 404 || reply.body.length === 0) return [];
  if (reply.status !== 200) {
    warn(`the app answered ${reply.status} to GET /dapr/subscribe, so it gets no events`);
    return [];
  }
  const subscriptions = new Map<string, Subscription>();
  for (const item of jsonList(parseJson(reply.body), "[]pubsub.SubscriptionJSON")) {
    const subscription = readSubscription(new JsonObject(item, "pubsub.SubscriptionJSON"));
    const { pubsubName, topic, rules } = subscription;
    if (rules.length === 0) warn(`topic ${topic} of ${pubsubName} has no route, so it is left out`);
    else subscriptions.set(JSON.stringify([pubsubName, topic]), subscription);
  }
  return [...subscriptions.values()];
}

function readSubscription(item: JsonObject): Subscription {
  const bulk = item.object("bulkSubscribe", "pubsub.BulkSubscribeJSON");
  return {
    pubsubName: item.text("pubsubname") ?? "",
    topic: item.text("topic") ?? "",
    rules: readRules(item),
    deadLetterTopic: item.text("deadLetterTopic") ?? "",
    metadata: item.textMap("metadata") ?? {},
    bulk:
      bulk.value("enabled") === true
        ? {
            maxMessagesCount: positive(bulk.value("maxMessagesCount")) ?? 100,
            maxAwaitDurationMs: positive(bulk.value("maxAwaitDurationMs")) ?? 1000,
          }
        : undefined,
    type: "PROGRAMMATIC",
  };
}

function readRules(item: JsonObject): readonly Rule[] {
  const routes = item.object("routes", "pubsub.RoutesJSON");
  const rules = (routes.list("rules", "[]*pubsub.RuleJSON") ?? []).map((value) => {
    const rule = new JsonObject(value, "pubsub.RuleJSON");
    return { match: (rule.text("match") ?? "").trim(), path: rule.text("path") ?? "" };
  });
  const last = routes.text("default") || item.text("route");
  return last ? [...rules, { match: "", path: last }] : rules;
}

function positive(value: unknown): number | undefined {
  return typeof value === "number" && value > 0 ? value : undefined;
}
