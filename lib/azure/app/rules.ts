import { rowOf, type HostProblem } from "../../model/binding-table.js";
import type { Binding } from "../../model/bindings.js";
import type { Problem } from "../../model/errors.js";
import { bindingsOf, type FunctionDefinition } from "../../model/function-definition.js";
import { losesText } from "./data-type.js";
import { isServedByHost, type Bindings } from "./served-by.js";
import { isGeneric, unsayableMetadata } from "./function-json.js";
import { parseUnresolved, partsOf } from "../../expressions/parse.js";
import { templatesOf } from "../../expressions/members.js";
import { methodTemplateOf } from "../../model/paths.js";
import { routeNames } from "../../model/route-template.js";
import { functionProblem } from "../../model/problem.js";

/*
 * What only the Functions host refuses of definitions that are right in themselves: the rules of `check`, `generate`,
 * `register` and `toHandler`.
 */

/** What is wrong, for the Functions host, with each definition; what the worker serves itself is not its concern. */
export function functionsHostProblems(definitions: readonly FunctionDefinition[], by: Bindings): Problem[] {
  return definitions.flatMap((definition) => [
    ...bindingsOf(definition)
      .filter((binding) => isServedByHost(definition, binding, by))
      .flatMap((binding) => [...bindingProblems(definition, binding), ...unsayableMembers(definition, binding)]),
    ...parsedText(definition, by),
    ...hiddenRequest(definition, by),
    ...ignoredFlush(definition, by),
    ...discouragedRetry(definition),
  ]);
}

function bindingProblems(definition: FunctionDefinition, binding: Binding): Problem[] {
  const row = rowOf(binding);
  if (row === undefined) return [];
  // Triggers are the host's whoever serves the rest.
  const isForWorker = binding !== definition.trigger;
  const standalone = ({ level, text }: HostProblem, member?: string): Problem => {
    const more = isForWorker && !text.includes("sidecar") ? ', or use bindings: "sidecar"' : "";
    return functionProblem(level, "option-standalone-only", { definition, binding, member }, text + more);
  };
  if (row.host !== undefined) return [standalone(row.host)];
  return Object.entries(row.options).flatMap(([member, { host, hostRequires }]) => {
    const value = (binding as unknown as Readonly<Record<string, unknown>>)[member];
    if (value === undefined && hostRequires === true) {
      const text = `the Functions host reads it from the binding only, whatever an item says; give ${member} in the decorator, or use bindings: "sidecar"`;
      return [functionProblem("error", "option-missing", { definition, binding, member }, text)];
    }
    return typeof host === "string" || value === undefined || value === false ? [] : [standalone(host, member)];
  });
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

function parsedText(definition: FunctionDefinition, by: Bindings): Problem[] {
  if (!losesText(definition, by)) return [];
  const what = "text that looks like JSON reaches the method as what it looks like: a number, true or null";
  const remedy =
    definition.trigger.dataType === undefined
      ? "write no expression of the payload, for generate to ask for bytes"
      : 'give dataType: "binary", from which the library reads the text';
  const place = { definition, binding: definition.trigger, member: "dataType" };
  return [functionProblem("warning", "payload-text-parsed", place, `under the Functions host ${what}; ${remedy}`)];
}

/** What the request of a service invocation has beside its payload the extension tells nobody, and `{params.x}` is ours. */
function hiddenRequest(definition: FunctionDefinition, by: Bindings): Problem[] {
  const { trigger } = definition;
  if (trigger.generic === true) return [];
  const isCall = trigger.type === "daprServiceInvocationTrigger";
  const inRoute = isCall ? routeNames(methodTemplateOf(trigger.methodName ?? "")) : [];
  const hidden = new Set(isCall ? ["query", "params", ...inRoute] : []);
  if (trigger.type === "httpTrigger" && by === "host") hidden.add("params");
  const warn = (binding: Binding, member: string, what: string): Problem =>
    functionProblem("warning", "option-standalone-only", { definition, binding, member }, what);
  const ofTrigger =
    inRoute.length === 0
      ? []
      : [
          warn(
            trigger,
            "methodName",
            `the Functions host does not say what the path has for "{${inRoute[0]}}"; use @HttpTrigger`,
          ),
        ];
  const ofOthers = bindingsOf(definition).flatMap((binding) =>
    templatesOf(binding).flatMap(({ member, text }) => {
      const path = pathsIn(text).find(([root = ""]) => hidden.has(root.toLowerCase()));
      if (path === undefined) return [];
      const remedy = isCall ? "use @HttpTrigger, or put it into the payload" : `write "{${path.slice(1).join(".")}}"`;
      return [warn(binding, member, `"{${path.join(".")}}" has no value under the Functions host; ${remedy}`)];
    }),
  );
  return [...ofTrigger, ...ofOthers];
}

function pathsIn(text: string): (readonly string[])[] {
  try {
    return parseUnresolved(text).flatMap((token) => ("literal" in token ? [] : [partsOf(token)]));
  } catch {
    // What is no template was refused when the class was read.
    return [];
  }
}

function ignoredFlush(definition: FunctionDefinition, by: Bindings): Problem[] {
  if (by === "sidecar" || definition.flush !== "parallel") return [];
  const text = '@Flush is ignored: the Functions host sends the outputs; leave it out, or use bindings: "sidecar"';
  return [functionProblem("warning", "option-standalone-only", { definition }, text)];
}

function discouragedRetry(definition: FunctionDefinition): Problem[] {
  if (definition.retry === undefined || isGeneric(definition.trigger)) return [];
  const text =
    `the Functions host obeys @Retry on a ${definition.trigger.type}, with a notice that it will stop; ` +
    "use Dapr's resiliency policies";
  return [functionProblem("warning", "retry-discouraged", { definition }, text)];
}
