import type { Binding, DaprServiceInvocationTrigger, TriggerBinding } from "../../model/bindings.js";
import type { Problem } from "../../model/errors.js";
import { ExpressionError } from "../../expressions/error.js";
import { parseUnresolved, type Token } from "../../expressions/parse.js";
import { settingNames } from "../../expressions/settings.js";
import { textsWithSettings, type MemberText } from "../../expressions/members.js";
import type { FunctionDefinition } from "../../model/function-definition.js";
import type { BindingRole } from "../../model/binding-table.js";
import { methodTemplateOf } from "../../model/paths.js";
import { routeNames } from "../../model/route-template.js";
import { problemAt, roleOfDeclared, type ProblemPlace } from "../../model/problem.js";

/** A function as far as it was declared: one without a trigger has expressions too. */
type Declared = Omit<FunctionDefinition, "trigger"> & { readonly trigger?: TriggerBinding };

/** What is wrong with the `%setting%` and `{data}` expressions of a function, before any setting is known. */
export function expressionProblems(definition: Declared): Problem[] {
  const { trigger, inputs, entries, clients, outputs } = definition;
  return [
    ...(trigger === undefined ? [] : triggerProblems(definition, trigger)),
    ...[...inputs, ...entries, ...clients, ...outputs].flatMap((binding) =>
      bindingProblems(definition, roleOfDeclared(binding), binding),
    ),
  ];
}

/** The Functions host resolves whatever its extensions mark, which for most other types is every text. */
function textsOf(binding: Binding): readonly MemberText[] {
  if (!binding.generic) return textsWithSettings(binding);
  return Object.entries(binding.members).flatMap(([member, text]) =>
    typeof text === "string" ? { member, text } : [],
  );
}

function placeOf({ className, methodName, target }: Declared, role: BindingRole, binding: Binding): ProblemPlace {
  return { className, methodName, target, binding: `${role} "${binding.name}"` };
}

function triggerProblems(definition: Declared, trigger: TriggerBinding): Problem[] {
  const place = placeOf(definition, "trigger", trigger);
  if (!trigger.generic && trigger.type === "httpTrigger" && trigger.route?.includes("%")) {
    const what = `the route "${trigger.route}" has a "%", and settings are not read there`;
    return [problemAt({ ...place, member: "route" }, "expression-in-trigger", `${what}; write the route out`)];
  }
  return textsOf(trigger).flatMap(({ member, text }) => {
    const at = { ...place, member };
    // The values of a metadata map are the component's business, and may well be JSON.
    // A method's name is a route template, as that of an HTTP function is.
    const isTemplate = trigger.type === "daprServiceInvocationTrigger" && member === "methodName";
    const isName = !trigger.generic && member !== "metadata" && !isTemplate;
    const expression = isName ? /\{[^{}]*\}/.exec(text)?.[0] : undefined;
    if (expression === undefined) return settingProblems(at, text);
    const what = `"${expression}" stays text here, since a trigger has no data yet`;
    return [problemAt(at, "expression-in-trigger", `${what}; use %setting%, or write the name out`)];
  });
}

function bindingProblems(definition: Declared, role: BindingRole, binding: Binding): Problem[] {
  return textsOf(binding).flatMap(({ member, text }) => {
    const place = { ...placeOf(definition, role, binding), member };
    const unclosed = settingProblems(place, text);
    if (unclosed.length > 0) return unclosed;
    if (member === "daprAddress" && !binding.generic) return addressProblems(place, text);
    return templateProblems(place, text, definition);
  });
}

function addressProblems(place: ProblemPlace, text: string): Problem[] {
  if (!text.includes("{")) return [];
  const what = `"${text}" has a "{", and a request must not choose who receives the api token`;
  return [problemAt(place, "expression-invalid", `${what}; use %setting% only`)];
}

function templateProblems(place: ProblemPlace, text: string, definition: Declared): Problem[] {
  try {
    const problems = parseUnresolved(text).flatMap((token) => tokenProblems(place, token, definition));
    return problems.filter((one, index) => problems.findIndex((other) => other.message === one.message) === index);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return [problemAt(place, "expression-invalid", error.message)];
  }
}

function settingProblems(place: ProblemPlace, text: string): Problem[] {
  try {
    settingNames(text);
    return [];
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return [problemAt(place, "setting-unclosed", error.message)];
  }
}

const systemNames: readonly (string | undefined)[] = ["methodname", "randguid", "utcnow"];
const httpNames = ["query", "headers", "params", "sys"];

function tokenProblems(place: ProblemPlace, token: Token, definition: Declared): Problem[] {
  if ("literal" in token) return [];
  if ("builtin" in token) return prefixProblems(place, token.builtin, token.parts);

  const { trigger } = definition;
  const [first = "", second] = token.path.map((part) => part.toLowerCase());
  const expression = `{${token.path.join(".")}}`;
  if (first === "sys") {
    if (second === undefined || systemNames.includes(second)) return [];
    const what = `"${expression}" has no value: sys has methodname, randguid and utcnow`;
    return [problemAt(place, "expression-without-data", `${what}; use one of these`)];
  }
  if (trigger === undefined) return [];
  if (!trigger.generic && trigger.type === "daprServiceInvocationTrigger" && isOfRequest(trigger, first)) return [];
  if (trigger.dataType?.toLowerCase() === "binary") {
    const what = `"${expression}" has no value: a binary payload brings no data`;
    return [problemAt(place, "expression-without-data", `${what}; write the text out, or leave dataType out`)];
  }
  if (trigger.generic) return [];
  if (trigger.type === "httpTrigger") {
    const route = trigger.route ?? definition.name;
    if (httpNames.includes(first) || routeNames(route).includes(first)) return [];
    const what = `"${expression}" is not in the route "${route}", so body or query must bring it in each request`;
    return [problemAt(place, "expression-unchecked", `${what}; put it into the route if it is always due`, "warning")];
  }
  if (first !== trigger.name.toLowerCase() || second === undefined) return [];
  const what = `"${expression}" has no value unless the payload has a member "${trigger.name}": that name stands for its text`;
  const inner = `{${token.path.slice(1).join(".")}}`;
  return [problemAt(place, "expression-unchecked", `${what}; write "${inner}"`, "warning")];
}

/** Whether the request has it whatever the payload is: its route, or all of its query. */
function isOfRequest({ methodName = "" }: DaprServiceInvocationTrigger, name: string): boolean {
  return ["query", "params"].includes(name) || routeNames(methodTemplateOf(methodName)).includes(name);
}

function prefixProblems(place: ProblemPlace, builtin: string, parts: readonly string[]): Problem[] {
  const expression = `{${parts.join(".")}}`;
  const rest = parts[0]!.slice(builtin.length);
  if (parts.length > 1) {
    const what = `"${expression}" ends at its first ".", and what follows is not used`;
    return [problemAt(place, "expression-prefix", `${what}; use another separator`, "warning")];
  }
  if (rest === "" || rest.startsWith(":")) return [];
  const what = `"${expression}" is read as {${builtin}} unless the payload has that name`;
  return [problemAt(place, "expression-prefix", `${what}; rename the member, or write {${builtin}}`, "warning")];
}
