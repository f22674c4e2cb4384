import type { Problem } from "../../model/errors.js";
import type { FunctionDefinition } from "../../model/function-definition.js";
import { methodsOf, pathOf, type RoutedTrigger } from "../../model/paths.js";
import { problemAt, type ProblemPlace } from "../../model/problem.js";

interface Route {
  readonly definition: FunctionDefinition;
  readonly place: ProblemPlace;
  readonly path: string;
  /** Equal for routes that match the same requests. */
  readonly key: string;
  readonly verbs: readonly string[];
}

/**
 * Functions on one route, or on one that the host or Dapr keeps for itself. Holds for definitions before and after
 * their settings are in: before, `%a%` is only equal to itself.
 */
export function routeProblems(definitions: readonly FunctionDefinition[]): Problem[] {
  const taken = new Map<string, Route[]>();
  return definitions.flatMap((definition) => {
    const { trigger, name } = definition;
    if (trigger.generic) return [];
    const route = routeOf(definition, trigger, name);
    const others = taken.get(route.key) ?? [];
    taken.set(route.key, [...others, route]);
    const other = others.find(({ verbs }) => verbs.some((verb) => route.verbs.includes(verb)));
    const own = [...reservedProblems(route), ...foldedProblems(route)];
    return other === undefined ? own : [...own, duplicate(other, route)];
  });
}

/** The option that moves a function to another route. */
function routeOption(trigger: RoutedTrigger): string {
  switch (trigger.type) {
    case "daprServiceInvocationTrigger":
      return "methodName";
    case "daprBindingTrigger":
      return "bindingName";
    default:
      return "route";
  }
}

function routeOf(definition: FunctionDefinition, trigger: RoutedTrigger, name: string): Route {
  const path = pathOf(trigger, name);
  return {
    definition,
    place: { ...definition, binding: `trigger "${trigger.name}"`, member: routeOption(trigger) },
    path,
    key: path.toLowerCase(),
    verbs: methodsOf(trigger),
  };
}

function duplicate(first: Route, second: Route): Problem {
  const { className, methodName } = first.definition;
  const text = `${className}.${methodName} is found on ${first.path} too; give one of them another ${second.place.member}`;
  return problemAt(second.place, "route-duplicate", text);
}

function reservedProblems({ definition, place, path, key }: Route): Problem[] {
  if (definition.trigger.type === "httpTrigger") {
    const [, word] = /^\/api\/(admin|runtime)/.exec(key) ?? [];
    if (word === undefined) return [];
    const what = `the Functions host keeps routes that begin with "${word}" for itself, and this is ${path.slice("/api/".length)}`;
    return [problemAt(place, "route-reserved", `${what}; give another route`)];
  }
  if (key !== "/healthz" && !key.startsWith("/dapr/")) return [];
  return [problemAt(place, "route-reserved", `Dapr asks the app itself at ${path}; give another ${place.member}`)];
}

/** daprd folds such segments, so that the route it calls is not the one listed. */
function foldedProblems({ definition, place, path }: Route): Problem[] {
  if (definition.trigger.type === "httpTrigger") return [];
  const segments = path.split("?")[0]!.split("/").slice(1);
  const folded = segments.find((part, index) => /^\.{0,2}$/.test(part) && (part !== "" || index < segments.length - 1));
  if (folded === undefined) return [];
  const what = folded === "" ? "an empty segment" : `the segment "${folded}"`;
  return [problemAt(place, "option-invalid", `${path} has ${what}, which Dapr folds away; leave it out`)];
}
