import type { DaprPublish as PublishBinding, DaprTopicTrigger as TopicTrigger } from "../model/bindings.js";
import type { PayloadType } from "../model/payload-type.js";
import { recording, type OptionsOf, type TriggerOptionsOf } from "./recording.js";
import type { OutputDecorator, TriggerDecorator } from "./signatures.js";
import { expandTopic, isTyped, type WithTopic } from "./topic.js";

export type DaprTopicTrigger = TopicTrigger;
export type DaprPublish = PublishBinding;

/** What `@DaprTopicTrigger` takes. Texts may hold `%setting%`. */
export type DaprTopicTriggerOptions<P extends PayloadType = PayloadType> = TriggerOptionsOf<TopicTrigger, "payload"> & {
  /** Class, `[Class]` or Standard Schema of the event's `data`. */
  readonly payload?: P | undefined;
  readonly dataType?: "string" | "binary" | undefined;
};

/**
 * The function receives the events of a topic, one at a time, each as a whole `CloudEvent`. Returning nothing means
 * success; `{ status: "RETRY" }` asks for the event again, `{ status: "DROP" }` gives it up; a method that throws gets
 * the event again.
 *
 * Functions on the same pubsub and topic are one subscription: those with `match` are its rules, by `priority`, and one
 * without is its default.
 *
 * Takes a {@link topic} for its options, or as the option `topic`.
 *
 * @see https://docs.dapr.io/reference/api/pubsub_api/#provide-a-route-for-dapr-to-discover-topic-subscriptions
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-dapr-trigger-topic
 * @example
 * class Orders {
 *   // `@DaprTopicTrigger({ pubSubName: "messagebus", topic: "orders" })`
 *   printOrder(event: CloudEvent<Order>, _: unknown, context: InvocationContext): void {
 *     context.log(event.data.id);
 *   }
 * }
 */
export function DaprTopicTrigger<P extends PayloadType = never>(
  options: DaprTopicTriggerOptions<P> | WithTopic<DaprTopicTriggerOptions, P>,
): TriggerDecorator<"topic", P> {
  return recording("DaprTopicTrigger", expandTopic("DaprTopicTrigger", options, "payload"));
}

/** What `@DaprPublish` takes. What is left out each item gives. */
export type DaprPublishOptions<N extends string = string, V extends PayloadType = PayloadType> = OptionsOf<
  PublishBinding,
  "name" | "dataType" | "valueType"
> & {
  /** The property of the method's second parameter: a letter, then letters and digits. */
  readonly name: N;
  /** Class, `[Class]` or Standard Schema that each item is checked against when it is added. */
  readonly valueType?: V | undefined;
};

/**
 * The function publishes events, one for each item it adds. The method gets a `PublishCollector`; an item may override
 * `pubSubName`, `topic`, `metadata` and `contentType`. A {@link topic} as the option `topic` says `pubSubName` and
 * `valueType`, too.
 *
 * @see https://docs.dapr.io/reference/api/pubsub_api/#publish-a-message-to-a-given-topic
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-dapr-output-publish
 * @example
 * class Orders {
 *   // `@DaprTopicTrigger({ pubSubName: "messagebus", topic: "A" })`
 *   // `@DaprPublish({ name: "copies", pubSubName: "messagebus", topic: "B" })`
 *   transfer(event: CloudEvent<Order>, { copies }: { copies: Collector<Order> }): void {
 *     copies.add(event.data);
 *   }
 * }
 */
export function DaprPublish<N extends string, V extends PayloadType = never, P extends PayloadType = never>(
  options: DaprPublishOptions<N, V> | WithTopic<DaprPublishOptions<N>, P>,
): OutputDecorator<N, "publish", V, P> {
  return recording("DaprPublish", expandTopic("DaprPublish", options, "valueType"), isTyped(options));
}
