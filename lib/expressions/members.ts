import type { Binding, GenericBinding } from "../model/bindings.js";

type DaprOrHttpBinding = Exclude<Binding, GenericBinding<"in"> | GenericBinding<"out">>;

/** The members in which `%setting%` is resolved. Never a topic's `match` nor an http `route`. */
const members: Readonly<Record<DaprOrHttpBinding["type"], readonly string[]>> = {
  daprServiceInvocationTrigger: ["methodName"],
  daprTopicTrigger: ["pubSubName", "topic", "route", "deadLetterTopic", "metadata"],
  daprBindingTrigger: ["bindingName"],
  httpTrigger: [],
  daprState: ["stateStore", "key", "keys", "metadata", "daprAddress"],
  daprStateEntry: ["stateStore", "key", "metadata", "daprAddress"],
  daprSecret: ["secretStoreName", "key", "metadata", "daprAddress"],
  daprPublish: ["pubSubName", "topic", "daprAddress"],
  daprInvoke: ["appId", "methodName", "httpVerb", "body", "headers", "daprAddress"],
  daprBinding: ["bindingName", "operation", "data", "metadata", "daprAddress"],
  daprApp: ["appId", "daprAddress"],
  daprSidecar: ["daprAddress"],
};

/** A text in a binding, with the member it is in; a `metadata` map has one for each of its values. */
export interface MemberText {
  readonly member: string;
  readonly text: string;
}

/** The texts of a binding that may hold `%setting%`; of a generic binding none, since the Functions host reads those. */
export function textsWithSettings(binding: Binding): MemberText[] {
  const texts: MemberText[] = [];
  replaceTexts(binding, (text, member) => {
    texts.push({ member, text });
    return text;
  });
  return texts;
}

/** The texts of a binding that are templates, which may hold `{binding.data}`. */
export function templatesOf(binding: Binding): MemberText[] {
  return textsWithSettings(binding).filter(({ member }) => isTemplate(binding, member));
}

/** True for all but triggers and `daprAddress`: a request must not choose who receives the API token. */
export function isTemplate(binding: Binding, member: string): boolean {
  return !binding.type.endsWith("Trigger") && member !== "daprAddress";
}

/** The binding with what `replace` makes of each of its {@link textsWithSettings}. */
export function replaceTexts<B extends Binding>(binding: B, replace: (text: string, member: string) => string): B {
  if (binding.generic === true) return binding;
  const replaced: Record<string, unknown> = { ...binding };
  for (const member of members[(binding as DaprOrHttpBinding).type]) {
    if (replaced[member] !== undefined) replaced[member] = replaceWithin(replaced[member], member, replace);
  }
  return replaced as unknown as B;
}

/** Of a list or a map each text, however deep. */
function replaceWithin(value: unknown, member: string, replace: (text: string, member: string) => string): unknown {
  if (typeof value === "string") return replace(value, member);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((element) => replaceWithin(element, member, replace));
  const entries = Object.entries(value).map(([name, text]) => [name, replaceWithin(text, member, replace)] as const);
  return Object.fromEntries(entries);
}
