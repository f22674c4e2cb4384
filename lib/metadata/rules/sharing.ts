import type { Problem } from "../../model/errors.js";
import type { FunctionDefinition } from "../../model/function-definition.js";
import { routeProblems } from "./routes.js";
import { subscriptionProblems } from "./subscriptions.js";

/**
 * What functions do to each other: they share a route, or a topic on which they disagree. `readFunctions` asks this of
 * definitions as they are written, a host that knows the settings once more of what `resolveSettings` gives.
 */
export function sharingProblems(definitions: readonly FunctionDefinition[], routePrefix?: string): Problem[] {
  const distinct = withoutNamesakes(definitions);
  return [...subscriptionProblems(distinct), ...routeProblems(distinct, routePrefix)];
}

/** Functions of one name share whatever is named after them, which is then no second problem. */
function withoutNamesakes(definitions: readonly FunctionDefinition[]): FunctionDefinition[] {
  const names = new Set<string>();
  return definitions.filter((definition) => {
    const name = definition.name.toLowerCase();
    const isFirst = !names.has(name);
    names.add(name);
    return isFirst || !isFoundByName(definition);
  });
}

function isFoundByName({ trigger }: FunctionDefinition): boolean {
  if (trigger.generic) return false;
  switch (trigger.type) {
    case "daprServiceInvocationTrigger":
      return trigger.methodName === undefined;
    case "daprBindingTrigger":
      return trigger.bindingName === undefined;
    case "daprTopicTrigger":
      return trigger.topic === undefined && trigger.route === undefined;
    case "httpTrigger":
      return trigger.route === undefined;
  }
}
