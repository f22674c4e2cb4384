import { isDeepStrictEqual } from "node:util";
import type { DaprTopicTrigger } from "../../model/bindings.js";
import type { Problem } from "../../model/errors.js";
import type { FunctionDefinition } from "../../model/function-definition.js";
import { problemAt } from "../../model/problem.js";

interface Subscription {
  readonly definition: FunctionDefinition;
  readonly trigger: DaprTopicTrigger;
}

const shared = ["deadLetterTopic", "metadata", "bulk"] as const;

/** Functions on one pubsub and topic are one subscription; of two that disagree Dapr keeps the last, silently. */
export function subscriptionProblems(definitions: readonly FunctionDefinition[]): Problem[] {
  const subscriptions = new Map<string, Subscription[]>();
  const problems: Problem[] = [];
  for (const definition of definitions) {
    const { trigger } = definition;
    // Without a pubsub's name nothing can be said of its topics; that it is missing is a problem of its own.
    if (trigger.generic || trigger.type !== "daprTopicTrigger" || trigger.pubSubName === "") continue;
    const key = JSON.stringify([trigger.pubSubName, trigger.topic ?? definition.name]);
    const earlier = subscriptions.get(key) ?? [];
    problems.push(...disagreements(earlier, { definition, trigger }));
    subscriptions.set(key, [...earlier, { definition, trigger }]);
  }
  return problems;
}

function disagreements(earlier: readonly Subscription[], own: Subscription): Problem[] {
  const { definition, trigger } = own;
  const [first] = earlier;
  if (first === undefined) return [];
  const place = { ...definition, binding: `trigger "${trigger.name}"` };
  const topic = `topic "${trigger.topic ?? definition.name}" of "${trigger.pubSubName}"`;
  const problems: Problem[] = [];

  const fallback = earlier.find((other) => other.trigger.match === undefined);
  if (trigger.match === undefined && fallback !== undefined) {
    const text = `${nameOf(fallback)} takes all events of ${topic} too; give one of them a \`match\``;
    problems.push(problemAt({ ...place, member: "match" }, "subscription-duplicate", text));
  }
  for (const member of shared) {
    if (isDeepStrictEqual(comparable(trigger[member]), comparable(first.trigger[member]))) continue;
    const text = `${nameOf(first)} subscribes to ${topic} with another ${member}; give both the same`;
    problems.push(problemAt({ ...place, member }, "subscription-duplicate", text));
  }
  return problems;
}

function nameOf({ definition }: Subscription): string {
  return `${definition.className}.${definition.methodName}`;
}

/** Neither the order of members nor members that were left open make a difference. */
function comparable(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined));
}
