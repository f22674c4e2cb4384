import type { Manifest, ManifestObject } from "../components/manifests.js";
import type { Rule } from "./rules.js";
import type { Subscription } from "./subscriptions.js";

/** What a file of kind `Subscription` says. */
export interface DeclaredSubscription extends Subscription {
  readonly name: string;
  /** The app ids that it is for; all unless given. */
  readonly scopes: readonly string[] | undefined;
  readonly source: string;
}

/**
 * Reads a Subscription file, of either version.
 *
 * @throws Error naming what is not as Dapr's schema has it
 * @see https://docs.dapr.io/reference/resource-specs/subscription-schema/
 */
export function toDeclaredSubscription({ apiVersion, value, source }: Manifest): DeclaredSubscription {
  const spec = value.object("spec");
  const pubsubName = spec?.text("pubsubname");
  const topic = spec?.text("topic");
  if (!spec || !pubsubName || !topic) {
    throw new Error("the subscription names no topic; give it spec.pubsubname and spec.topic");
  }
  const rules = apiVersion === "dapr.io/v1alpha1" ? rulesOf(spec, "route") : rulesOf(spec.object("routes"), "default");
  if (rules.length === 0) {
    const member = apiVersion === "dapr.io/v1alpha1" ? "spec.route" : "spec.routes.default";
    throw new Error(`the subscription to topic ${topic} has no route; give it ${member}`);
  }
  const bulk = spec.object("bulkSubscribe");
  return {
    name: value.object("metadata")?.text("name") ?? "",
    pubsubName,
    topic,
    rules,
    deadLetterTopic: spec.text("deadLetterTopic") ?? "",
    metadata: spec.textMap("metadata"),
    bulk:
      bulk?.flag("enabled") === true
        ? {
            maxMessagesCount: bulk.whole("maxMessagesCount") || 100,
            maxAwaitDurationMs: bulk.whole("maxAwaitDurationMs") || 1000,
          }
        : undefined,
    type: "DECLARATIVE",
    scopes: value.texts("scopes"),
    source,
  };
}

function rulesOf(routes: ManifestObject | undefined, fallback: "route" | "default"): readonly Rule[] {
  const rules = fallback === "default" ? (routes?.objects("rules") ?? []) : [];
  const last = routes?.text(fallback);
  return [
    ...rules.map((rule) => ({ match: (rule.text("match") ?? "").trim(), path: rule.text("path") ?? "" })),
    ...(last ? [{ match: "", path: last }] : []),
  ];
}

/**
 * What an app listens to: of two declarations of one topic the first, and what the app itself says before either, as in
 * daprd.
 */
export function mergeSubscriptions(
  declared: readonly DeclaredSubscription[],
  programmatic: readonly Subscription[],
): readonly Subscription[] {
  const merged = new Map<string, Subscription>();
  const key = ({ pubsubName, topic }: Subscription) => JSON.stringify([pubsubName, topic]);
  for (const subscription of declared) {
    if (!merged.has(key(subscription))) merged.set(key(subscription), subscription);
  }
  for (const subscription of programmatic) merged.set(key(subscription), subscription);
  return [...merged.values()];
}
