import { checkOf, show } from "../metadata/members.js";
import type { Named } from "../model/names.js";
import { DefinitionError, type ProblemCode } from "../model/errors.js";
import type { PayloadType } from "../model/payload-type.js";
import { isRecord } from "../model/values.js";

/** A topic that publishers and subscribers share. `P` is the type of its payload, as the decorators take it. */
export interface Topic<P extends PayloadType = PayloadType> {
  /** Name of the pubsub component; may hold `%setting%`. */
  readonly pubSubName: Named<"pubSubName">;
  /** The topic's name; may hold `%setting%`. */
  readonly topic: Named<"topic">;
  /** Class, `[Class]` or Standard Schema of each event's `data`: what is published and what is received. */
  readonly payload?: P | undefined;
}

/** Options that take pubsub, topic and payload type from a {@link Topic}, and none of these beside it. */
export type WithTopic<Options, P extends PayloadType> = Omit<Options, "topic" | FromTopic> & {
  readonly [Option in FromTopic]?: undefined;
} & { readonly topic: Topic<P> };

type FromTopic = "pubSubName" | "payload" | "valueType";

const kinds = { pubSubName: "text", topic: "text", payload: "payloadType" } as const;

/**
 * A topic as an object, for `@DaprTopicTrigger` and `@DaprPublish` alike, so that they cannot disagree on where an event
 * goes and what is in it.
 *
 * @throws DefinitionError `option-missing`, `option-empty`, `option-invalid`, `option-unknown`
 * @example
 * const OrderCreated = topic({ pubSubName: "messagebus", topic: "order-created", payload: Order });
 *
 * class Orders {
 *   // `@DaprServiceInvocationTrigger()`
 *   // `@DaprPublish({ name: "created", topic: OrderCreated })`
 *   create(order: Order, { created }: { created: Collector<Order> }): void {
 *     created.add(order);
 *   }
 *
 *   // `@DaprTopicTrigger(OrderCreated)`
 *   ship(event: CloudEvent<Order>): void {}
 * }
 */
export function topic<P extends PayloadType = never>(members: Topic<P>): Topic<P> {
  if (!isRecord(members)) {
    throw refused("option-invalid", "topic", undefined, `it takes an object, not ${show(members)}; write topic({ … })`);
  }
  const given: Readonly<Record<string, unknown>> = { ...members };
  const place = typeof given["topic"] === "string" ? `topic ${show(given["topic"])}` : "topic";
  for (const [member, kind] of Object.entries(kinds)) {
    const value = given[member];
    if (value === undefined && member === "payload") continue;
    if (value === undefined) throw refused("option-missing", place, member, "it is missing; every topic has one");
    const [wrong] = checkOf(kind)(value);
    if (wrong !== undefined) throw refused(wrong.code, place, member, wrong.text);
  }
  const unknown = Object.keys(given).find((member) => !Object.hasOwn(kinds, member));
  if (unknown !== undefined) {
    const text = `a topic has no such member; it takes ${Object.keys(kinds).join(", ")}`;
    throw refused("option-unknown", place, unknown, text);
  }
  return Object.freeze({ ...members });
}

/**
 * The plain options that options with a topic stand for; all others as they are.
 *
 * @param payloadOption what the decorator calls the type of the topic's payload
 * @throws DefinitionError as {@link topic}, and `option-invalid` where the options say what the topic says
 */
export function expandTopic(decorator: string, options: unknown, payloadOption: "payload" | "valueType"): unknown {
  if (!isRecord(options) || !isRecord(options["topic"])) return options;
  const { pubSubName, topic: name, payload } = topic(options["topic"] as unknown as Topic);
  const twice = ["pubSubName", payloadOption].find((option) => options[option] !== undefined);
  if (twice !== undefined) {
    const text = `topic ${show(name)} says it; leave it out, or give topic as text`;
    throw refused("option-invalid", `@${decorator}`, twice, text);
  }
  return { ...options, pubSubName, topic: name, ...(payload !== undefined && { [payloadOption]: payload }) };
}

/** True for options with a topic whose payload has a type, which its subscribers check again. */
export function isTyped(options: unknown): boolean {
  return isRecord(options) && isRecord(options["topic"]) && options["topic"]["payload"] !== undefined;
}

function refused(code: ProblemCode, place: string, member: string | undefined, text: string): DefinitionError {
  const message = `${member === undefined ? place : `${place}, ${member}`}: ${text}`;
  const at = { class: undefined, method: undefined, ...(member !== undefined && { member }) };
  return new DefinitionError([{ code, level: "error", ...at, message }]);
}
