import type { Binding } from "../../model/bindings.js";
import type { Problem } from "../../model/errors.js";
import { bindingsOf, type FunctionDefinition } from "../../model/function-definition.js";
import { isGeneric, unsayableMetadata } from "./function-json.js";
import { functionProblem } from "../../model/problem.js";

/*
 * What only the Functions host refuses of definitions that are right in themselves: the rules of `check`, `generate`,
 * `register` and `toHandler`.
 */

/** Members that standalone lets each item give, and the host wants in the binding. */
const requiredByHost: Readonly<Record<string, readonly string[]>> = {
  daprState: ["stateStore"],
  daprInvoke: ["appId", "methodName"],
};

interface StandaloneOption {
  readonly level: Problem["level"];
  /** What the host does instead, and what to do about it. */
  readonly text: string;
}

/** Options that the host cannot honour. An error where it would do something else, a warning where it does less. */
const standaloneOptions: Readonly<Record<string, Readonly<Record<string, StandaloneOption>>>> = {
  daprServiceInvocationTrigger: {
    methods: { level: "warning", text: "the Functions host answers POST only; remove it, or use @HttpTrigger" },
  },
  daprTopicTrigger: {
    match: {
      level: "error",
      text: "the Functions host has no routing rules and would deliver every event; remove it and test the event in the method",
    },
    priority: { level: "error", text: "the Functions host has no routing rules; remove it" },
    deadLetterTopic: {
      level: "warning",
      text: "the Functions host subscribes without it; give it in a declarative Dapr Subscription",
    },
    bulk: { level: "warning", text: "the Functions host subscribes to single events; remove it" },
    metadata: {
      level: "warning",
      text: "the Functions host subscribes without it; give it in a declarative Dapr Subscription",
    },
  },
  "daprState in": {
    record: { level: "error", text: "the Functions host delivers the value without its etag; remove it" },
  },
  "daprState out": {
    transaction: { level: "error", text: "the Functions host saves without a transaction; remove it" },
  },
  daprPublish: {
    bulk: { level: "warning", text: "the Functions host publishes item by item; remove it" },
  },
};

/** What is wrong, for the Functions host, with each definition. */
export function hostProblems(definitions: readonly FunctionDefinition[]): Problem[] {
  return definitions.flatMap((definition) => [
    ...bindingsOf(definition).flatMap((binding) =>
      isGeneric(binding)
        ? []
        : [
            ...missingMembers(definition, binding),
            ...standaloneOnlyMembers(definition, binding),
            ...unsayableMembers(definition, binding),
          ],
    ),
    ...discouragedRetry(definition),
  ]);
}

function missingMembers(definition: FunctionDefinition, binding: Binding): Problem[] {
  if (binding.direction !== "out") return [];
  return (requiredByHost[binding.type] ?? [])
    .filter((member) => valueOf(binding, member) === undefined)
    .map((member) =>
      functionProblem(
        "error",
        "option-missing",
        { definition, binding, member },
        `the Functions host reads it from the binding only, whatever an item says; give ${member} in the decorator`,
      ),
    );
}

function standaloneOnlyMembers(definition: FunctionDefinition, binding: Binding): Problem[] {
  const options = standaloneOptions[binding.type] ?? standaloneOptions[`${binding.type} ${binding.direction}`] ?? {};
  return Object.entries(options)
    .filter(([member]) => ![undefined, false].includes(valueOf(binding, member) as undefined))
    .map(([member, { level, text }]) =>
      functionProblem(level, "option-standalone-only", { definition, binding, member }, text),
    );
}

/** Beside a sidecar the same map works: nothing reads it but Dapr. */
function unsayableMembers(definition: FunctionDefinition, binding: Binding): Problem[] {
  if (isGeneric(binding) || binding.type !== "daprSecret" || typeof binding.metadata !== "object") return [];
  const found = unsayableMetadata(binding.metadata);
  if (found === undefined) return [];
  const { name, character } = found;
  const what = `"${name}" holds ${JSON.stringify(character)}, and the Functions host takes "${encodeURIComponent(character)}" for a setting`;
  const text = `${what}; put the whole text, encoded, into a setting, and give metadata: "metadata.<name>=%<setting>%"`;
  return [functionProblem("error", "option-standalone-only", { definition, binding, member: "metadata" }, text)];
}

function discouragedRetry(definition: FunctionDefinition): Problem[] {
  if (definition.retry === undefined || isGeneric(definition.trigger)) return [];
  const text =
    `the Functions host obeys @Retry on a ${definition.trigger.type}, with a notice that it will stop; ` +
    "use Dapr's resiliency policies";
  return [functionProblem("warning", "retry-discouraged", { definition }, text)];
}

function valueOf(binding: Binding, member: string): unknown {
  return (binding as unknown as Record<string, unknown>)[member];
}
