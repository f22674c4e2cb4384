import type { DaprBindingTrigger, DaprTopicTrigger, HttpTrigger } from "../model/bindings.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { DescribedFunction } from "./page/wire.js";
import { targetOf } from "./recorder.js";

/** A function in the words of the page. */
export function describeFunction(appId: string, definition: FunctionDefinition, module?: string): DescribedFunction {
  const { name, target, methodName, trigger, inputs, outputs, entries, clients } = definition;
  const called = clients.flatMap((client) => (client.type === "daprApp" ? [`invoke ${client.appId}`] : []));
  return {
    appId,
    name,
    className: target.name,
    methodName,
    module,
    trigger: triggerOf(trigger, name),
    reads: unique([...inputs, ...entries].map((binding) => targetOf(binding))),
    sends: unique([...[...outputs, ...entries].map((binding) => targetOf(binding)), ...called]),
  };
}

function triggerOf(trigger: FunctionDefinition["trigger"], name: string): string {
  switch (trigger.type) {
    case "daprTopicTrigger": {
      const { pubSubName, topic } = trigger as DaprTopicTrigger;
      return `topic ${pubSubName}/${topic ?? name}`;
    }
    case "daprBindingTrigger":
      return `binding ${(trigger as DaprBindingTrigger).bindingName ?? name}`;
    case "httpTrigger":
      return `http ${(trigger as HttpTrigger).route ?? name}`;
    default:
      return "invoke";
  }
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
