import { messageOf } from "../../model/thrown.js";
import type { AppChannel, AppReply } from "./app-channel.js";
import { envelopeText, hasExpired, wrapRaw } from "../api/cloud-events.js";
import type { Message, Subscriber } from "../components/in-memory-bus.js";
import type { RuleEvaluator } from "./rules.js";
import { CutShort, StatusError } from "../resiliency/retries.js";
import type { PolicyRunner } from "../resiliency/resiliency.js";
import { isRaw, type Subscription } from "./subscriptions.js";

/** What a subscription needs to deliver its messages. */
export interface DeliveryOptions {
  readonly app: AppChannel;
  readonly rules: RuleEvaluator;
  /** How often, and for how long, an event is tried. */
  readonly policy: PolicyRunner;
  /** Publishes to another topic of the same pubsub component. */
  readonly publish: (topic: string, message: Message) => void;
  /** Told about each event that is lost. */
  readonly onLoss: (message: string) => void;
}

/** A message that has not been delivered when its subscription ends. */
export interface Undelivered {
  readonly message: Message;
  /** To be called where no other subscription takes it. */
  readonly giveUp: () => void;
}

/** A subscriber with deliveries under way. */
export interface Delivering extends Subscriber {
  /**
   * Begins no further delivery, nor another attempt of one; resolves when those begun have ended, with the messages that
   * are left, in order.
   */
  stop(): Promise<readonly Undelivered[]>;
}

/** An event on its way to the app. */
export interface RoutedEvent {
  readonly message: Message;
  readonly event: Readonly<Record<string, unknown>>;
  readonly path: string;
}

/** What becomes of an event: done, given up on the app's word, without a route in the app, or failed. */
export type Outcome = "done" | "dropped" | "unrouted" | { readonly failed: string };

/** Delivers the messages of one subscription, one after another. */
export function deliverSingly(subscription: Subscription, options: DeliveryOptions): Delivering {
  const ending = new AbortController();
  const left: Undelivered[] = [];
  let last = Promise.resolve();
  const deliver = async (message: Message) => {
    if (ending.signal.aborted) {
      left.push({ message, giveUp: () => undefined });
      return;
    }
    const routed = await routeMessage(message, subscription, options);
    if (!routed) return;
    const outcome = await deliverEvent(routed, subscription, options, ending.signal);
    if (outcome instanceof CutShort) left.push(cutShort(outcome, message, subscription, options));
    else settle(outcome, message, subscription, options);
  };
  return {
    topic: subscription.topic,
    receive: (message) => void (last = last.then(() => deliver(message))),
    stop: () => {
      ending.abort();
      return last.then(() => left);
    },
  };
}

/** Finds the route of a message; undefined when the message has ended here: expired, unreadable, without a route. */
export async function routeMessage(
  message: Message,
  subscription: Subscription,
  options: DeliveryOptions,
): Promise<RoutedEvent | undefined> {
  try {
    const event = readEvent(message, subscription);
    const rule = hasExpired(event) ? undefined : await options.rules.firstMatch(subscription.rules, event);
    if (rule) return { message, event, path: rule.path };
    settle("dropped", message, subscription, options);
  } catch (error) {
    settle({ failed: messageOf(error) }, message, subscription, options);
  }
  return undefined;
}

function readEvent({ data }: Message, subscription: Subscription): Readonly<Record<string, unknown>> {
  const { topic, pubsubName } = subscription;
  const text = isRaw(subscription) ? envelopeText(wrapRaw(data, topic, pubsubName)) : data.toString("utf8");
  const event = JSON.parse(text) as unknown;
  if (typeof event !== "object" || event === null || Array.isArray(event)) {
    throw new Error("the message is not a JSON object, and the subscription is not a raw one");
  }
  return event as Record<string, unknown>;
}

async function deliverEvent(
  { message, event, path }: RoutedEvent,
  subscription: Subscription,
  { app, policy }: DeliveryOptions,
  ending: AbortSignal,
): Promise<Outcome | CutShort> {
  // As published, so that numbers keep their spelling; only a raw message has got an envelope here.
  const body = isRaw(subscription) ? JSON.stringify(event) : message.data;
  const metadata = { ...message.metadata, pubsubname: subscription.pubsubName };
  const trace = event["traceparent"] ?? event["traceid"];
  const traceParent = typeof trace === "string" ? trace : undefined;
  try {
    return await policy(async (signal) => {
      const type = "application/cloudevents+json";
      const reply = await app.deliverEvent(path, body, type, metadata, { traceParent, signal });
      const outcome = outcomeOf(reply);
      if (typeof outcome === "string") return outcome;
      // A word of the app fails an attempt whatever the status, which was 2xx then.
      throw isSuccess(reply.status) ? new Error(outcome.failed) : new StatusError(reply.status, reply, outcome.failed);
    }, ending);
  } catch (error) {
    return error instanceof CutShort ? error : { failed: failureOf(error) };
  }
}

/** What is left of a message of which another attempt would have come. */
export function cutShort(
  { last }: CutShort,
  message: Message,
  subscription: Subscription,
  options: DeliveryOptions,
): Undelivered {
  return { message, giveUp: () => settle({ failed: failureOf(last) }, message, subscription, options) };
}

/** Why the last attempt failed. */
export function failureOf(error: unknown): string {
  const message = messageOf(error);
  return error instanceof StatusError || message.startsWith("the app ")
    ? message
    : `it did not reach the app: ${message}`;
}

function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

function outcomeOf({ status, body }: AppReply): Outcome {
  if (status === 404) return "unrouted";
  if (!isSuccess(status)) return { failed: `the app answered ${status}` };
  const word = statusWord(body);
  if (word === "" || word === "SUCCESS") return "done";
  return word === "DROP" ? "dropped" : { failed: `the app answered ${word}` };
}

/** The `status` of a reply's JSON, whatever its content type; empty where there is none, or where it is not text. */
function statusWord(body: Buffer): string {
  try {
    const reply = JSON.parse(body.toString("utf8")) as unknown;
    if (typeof reply !== "object" || reply === null) return "";
    const status = Object.entries(reply).findLast(([name]) => name.toLowerCase() === "status")?.[1] as unknown;
    return typeof status === "string" ? status : "";
  } catch {
    return "";
  }
}

/**
 * Sends a message that was not done to the dead letter topic. Without one it is lost, and a line says so unless the app
 * asked for that.
 */
export function settle(
  outcome: Outcome,
  { data, metadata }: Message,
  { pubsubName, topic, deadLetterTopic }: Subscription,
  { publish, onLoss }: DeliveryOptions,
): void {
  if (outcome === "done") return;
  if (deadLetterTopic !== "") publish(deadLetterTopic, { data, metadata });
  else if (outcome !== "dropped") {
    const reason = outcome === "unrouted" ? "the app answered 404, so it has no such route" : outcome.failed;
    onLoss(`an event of topic ${topic} of ${pubsubName} is lost: ${reason}`);
  }
}
