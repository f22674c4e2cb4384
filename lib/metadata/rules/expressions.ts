import type { Binding, TriggerBinding } from "../../model/bindings.js";
import type { Problem } from "../../model/errors.js";
import { ExpressionError, parseTemplate, settingNames, type Token } from "../../model/expressions.js";
import type { FunctionDefinition } from "../../model/function-definition.js";
import { bindingTypeOf, type Role } from "../binding-types.js";
import { problemAt, type ProblemPlace } from "../problem.js";

/** One text of a binding that may hold expressions. */
interface Text {
  readonly place: ProblemPlace;
  readonly text: string;
  readonly passes: "both" | "settings" | "none";
}

/** What is wrong with the `%setting%` and `{data}` expressions of a function, before any setting is known. */
export function expressionProblems(definition: FunctionDefinition): Problem[] {
  const { trigger, inputs, outputs } = definition;
  return [
    ...textsOf(definition, "trigger", trigger).flatMap((text) => triggerProblems(text, trigger)),
    ...inputs
      .flatMap((input) => textsOf(definition, "input", input))
      .flatMap((text) => bindingProblems(text, definition)),
    ...outputs
      .flatMap((output) => textsOf(definition, "output", output))
      .flatMap((text) => bindingProblems(text, definition)),
  ];
}

function textsOf(definition: FunctionDefinition, role: Role, binding: Binding): Text[] {
  const place = {
    className: definition.className,
    methodName: definition.methodName,
    binding: `${role} "${binding.name}"`,
  };
  const members: Readonly<Record<string, unknown>> = binding.generic ? binding.members : { ...binding };
  const rules = binding.generic ? undefined : bindingTypeOf(role, binding.type)?.members;
  return Object.entries(members).flatMap(([member, value]): Text[] => {
    // The Functions host resolves whatever its extensions mark, which for most types is every text.
    const passes = rules === undefined ? (role === "trigger" ? "settings" : "both") : (rules[member]?.passes ?? "none");
    const texts = typeof value === "string" ? [value] : passes === "none" ? [] : textValues(value);
    return texts.map((text) => ({ place: { ...place, member }, text, passes }));
  });
}

/** The values of a map: a secret's `metadata`. */
function textValues(value: unknown): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.values(value).filter((entry) => typeof entry === "string");
}

function triggerProblems({ place, text, passes }: Text, trigger: TriggerBinding): Problem[] {
  if (trigger.type === "httpTrigger" && place.member === "route" && text.includes("%")) {
    const what = `the route "${text}" has a "%", and settings are not read there`;
    return [problemAt(place, "expression-in-trigger", `${what}; write the route out`)];
  }
  if (passes === "none") return [];
  const expression = trigger.generic ? undefined : /\{[^{}]*\}/.exec(text)?.[0];
  if (expression !== undefined) {
    const what = `"${expression}" stays text here, since a trigger has no data yet`;
    return [problemAt(place, "expression-in-trigger", `${what}; use %setting%, or write the name out`)];
  }
  return settingProblems(place, text);
}

function bindingProblems({ place, text, passes }: Text, definition: FunctionDefinition): Problem[] {
  if (passes === "none") return [];
  const unclosed = settingProblems(place, text);
  if (unclosed.length > 0) return unclosed;
  if (passes === "settings") {
    if (!text.includes("{")) return [];
    const what = `"${text}" has a "{", and a request must not choose who receives the api token`;
    return [problemAt(place, "expression-invalid", `${what}; use %setting% only`)];
  }
  try {
    const problems = readTokens(text).flatMap((token) => tokenProblems(place, token, definition));
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

/** A setting may bring braces, so in a text with settings only the expressions that hold none can be judged now. */
function readTokens(text: string): readonly Token[] {
  if (!text.includes("%")) return parseTemplate(text);
  const expressions = [...text.matchAll(/\{\{|\}\}|\{([^{}%]*)\}/g)].map(
    ([whole, inner]) => inner !== undefined && whole,
  );
  return expressions.flatMap((expression) => (expression === false ? [] : parseTemplate(expression)));
}

const systemNames: readonly (string | undefined)[] = ["methodname", "randguid", "utcnow"];
const httpNames = ["query", "headers", "sys"];

function tokenProblems(place: ProblemPlace, token: Token, definition: FunctionDefinition): Problem[] {
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
  const what = `"${expression}" has no value unless the payload has a member "${first}": that name stands for its text`;
  const inner = `{${token.path.slice(1).join(".")}}`;
  return [problemAt(place, "expression-unchecked", `${what}; write "${inner}"`, "warning")];
}

/** Names of the segments, without constraint, default, `?` and `*`, in lower case. */
function routeNames(route: string): string[] {
  return [...route.matchAll(/\{\*{0,2}([^{}:=?*]+)/g)].map((match) => match[1]!.trim().toLowerCase());
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
