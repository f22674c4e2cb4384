import type { DaprTopicTrigger } from "../model/bindings.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { topicPathOf } from "../model/paths.js";

/**
 * One entry of `GET /dapr/subscribe`, members in the order in which they are sent.
 *
 * @see https://docs.dapr.io/reference/api/pubsub_api/#provide-a-route-for-dapr-to-discover-topic-subscriptions
 */
export interface Subscription {
  readonly pubsubname: string;
  readonly topic: string;
  readonly route?: string;
  readonly routes?: { readonly rules: readonly SubscriptionRule[]; readonly default?: string };
  readonly deadLetterTopic?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly bulkSubscribe?: {
    readonly enabled: true;
    readonly maxMessagesCount?: number;
    readonly maxAwaitDurationMs?: number;
  };
}

export interface SubscriptionRule {
  readonly match: string;
  readonly path: string;
}

interface Subscriber {
  readonly trigger: DaprTopicTrigger;
  readonly path: string;
}

/**
 * What the app subscribes to: one entry for each topic, in the order in which functions first name it. Functions on one
 * topic are its routing rules; that they agree on everything else is checked before.
 */
export function subscriptionsOf(definitions: readonly FunctionDefinition[]): Subscription[] {
  const topics = new Map<string, Subscriber[]>();
  for (const { trigger, name } of definitions) {
    if (trigger.generic === true || trigger.type !== "daprTopicTrigger") continue;
    const key = JSON.stringify([trigger.pubSubName, trigger.topic ?? name]);
    const subscribers = topics.get(key) ?? [];
    topics.set(key, [...subscribers, { trigger, path: topicPathOf(trigger, name) }]);
  }
  return [...topics].map(([key, subscribers]) => {
    const [pubsubname, topic] = JSON.parse(key) as [string, string];
    const { deadLetterTopic, metadata, bulk } = subscribers[0]!.trigger;
    return {
      pubsubname,
      topic,
      ...routingOf(subscribers),
      ...(deadLetterTopic === undefined ? {} : { deadLetterTopic }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(bulk === undefined ? {} : { bulkSubscribe: bulkSubscribeOf(bulk) }),
    };
  });
}

function routingOf(subscribers: readonly Subscriber[]): Pick<Subscription, "route" | "routes"> {
  const otherwise = subscribers.find(({ trigger }) => trigger.match === undefined);
  if (subscribers.length === 1 && otherwise !== undefined) return { route: otherwise.path };
  // A rule without priority comes after those that have one; sort() keeps the declared order of equals.
  const rules = subscribers
    .filter(({ trigger }) => trigger.match !== undefined)
    .sort((a, b) => priorityOf(a) - priorityOf(b))
    .map(({ trigger, path }) => ({ match: trigger.match!, path }));
  return { routes: { rules, ...(otherwise === undefined ? {} : { default: otherwise.path }) } };
}

function priorityOf({ trigger }: Subscriber): number {
  return trigger.priority ?? Number.MAX_VALUE;
}

function bulkSubscribeOf(bulk: NonNullable<DaprTopicTrigger["bulk"]>): NonNullable<Subscription["bulkSubscribe"]> {
  const { maxMessagesCount, maxAwaitDurationMs } = bulk === true ? {} : bulk;
  return {
    enabled: true,
    ...(maxMessagesCount === undefined ? {} : { maxMessagesCount }),
    ...(maxAwaitDurationMs === undefined ? {} : { maxAwaitDurationMs }),
  };
}
