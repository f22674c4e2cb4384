import type { Binding, GenericBinding } from "../model/bindings.js";

type DaprOrHttpBinding = Exclude<Binding, GenericBinding<"in"> | GenericBinding<"out">>;

/** The members in which `%setting%` is resolved. Never a topic's `match` nor an http `route`. */
const members = {
  daprServiceInvocationTrigger: ["methodName"],
  daprTopicTrigger: ["pubSubName", "topic", "route", "deadLetterTopic", "metadata"],
  daprBindingTrigger: ["bindingName"],
  httpTrigger: [],
  daprState: ["stateStore", "key", "daprAddress"],
  daprSecret: ["secretStoreName", "key", "metadata", "daprAddress"],
  daprPublish: ["pubSubName", "topic", "daprAddress"],
  daprInvoke: ["appId", "methodName", "httpVerb", "daprAddress"],
  daprBinding: ["bindingName", "operation", "daprAddress"],
} as const satisfies Record<DaprOrHttpBinding["type"], readonly string[]>;

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
    const value = replaced[member];
    if (typeof value === "string") replaced[member] = replace(value, member);
    else if (typeof value === "object" && value !== null) {
      replaced[member] = Object.fromEntries(
        Object.entries(value).map(([name, text]: [string, unknown]) => [
          name,
          typeof text === "string" ? replace(text, member) : text,
        ]),
      );
    }
  }
  return replaced as unknown as B;
}
