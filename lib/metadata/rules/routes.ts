import type { Problem } from "../../model/errors.js";
import type { FunctionDefinition } from "../../model/function-definition.js";
import { verbsOf, methodTemplateOf, pathOf, type RoutedTrigger } from "../../model/paths.js";
import { problemAt, type ProblemPlace } from "../../model/problem.js";
import { parseRouteTemplate } from "../../model/route-template.js";

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
export function routeProblems(definitions: readonly FunctionDefinition[], routePrefix?: string): Problem[] {
  const taken = new Map<string, Route[]>();
  return definitions.flatMap((definition) => {
    const { trigger, name } = definition;
    if (trigger.generic) return [];
    const route = routeOf(definition, trigger, name, routePrefix);
    const others = taken.get(route.key) ?? [];
    taken.set(route.key, [...others, route]);
    const other = others.find(({ verbs }) => verbs.some((verb) => route.verbs.includes(verb)));
    const own = [...templateProblems(route), ...reservedProblems(route), ...foldedProblems(route)];
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

function routeOf(
  definition: FunctionDefinition,
  trigger: RoutedTrigger,
  name: string,
  routePrefix: string | undefined,
): Route {
  const path = pathOf(trigger, name, routePrefix);
  return {
    definition,
    place: { ...definition, binding: `trigger "${trigger.name}"`, member: routeOption(trigger) },
    path,
    key: path.toLowerCase(),
    verbs: verbsOf(trigger),
  };
}

function duplicate(first: Route, second: Route): Problem {
  const { className, methodName } = first.definition;
  const text = `${className}.${methodName} is found on ${first.path} too; give one of them another ${second.place.member}`;
  return problemAt(second.place, "route-duplicate", text);
}

/**
 * Routes that the host's router refuses, which then starts no function of the app; and method names in the spelling of
 * other routers, which would wait for callers that write the same.
 */
function templateProblems({ definition, place }: Route): Problem[] {
  const { trigger } = definition;
  if (trigger.generic) return [];
  if (trigger.type === "httpTrigger") {
    const { route } = trigger;
    if (route === undefined) return [];
    const parsed = parseRouteTemplate(route);
    return "fault" in parsed ? [problemAt(place, "route-invalid", `"${route}" is not a route: ${parsed.fault}`)] : [];
  }
  if (trigger.type !== "daprServiceInvocationTrigger" || trigger.methodName === undefined) return [];
  const { methodName } = trigger;
  const invalid = (fault: string): Problem[] => [
    problemAt(place, "route-invalid", `"${methodName}" is not the name of a method: ${fault}`),
  ];
  const template = methodTemplateOf(methodName);
  const foreign = template.split("/").find((part) => /^[:*]/.test(part));
  if (foreign !== undefined) {
    const meant = foreign.startsWith("*") ? "{*rest}" : `{${foreign.slice(1).replace(/\W.*$/s, "") || "id"}}`;
    return invalid(`"${foreign}" takes no part of a path; write "${meant}"`);
  }
  if (!/[{}]/.test(template)) return [];
  const parsed = parseRouteTemplate(template);
  if ("fault" in parsed) return invalid(parsed.fault);
  const isMixed = parsed.some((parts) => parts.length > 1 && parts.some((part) => "name" in part));
  return isMixed ? invalid("text and braces share a segment; write a segment as text or as one {name}") : [];
}

function reservedProblems({ definition, place, path, key }: Route): Problem[] {
  const { trigger, name } = definition;
  if (!trigger.generic && trigger.type === "httpTrigger") {
    const route = trigger.route ?? name;
    const word = /^(admin|runtime)/i.exec(route)?.[0].toLowerCase();
    if (word !== undefined) {
      const what = `the Functions host keeps routes that begin with "${word}" for itself, and this is ${route}`;
      return [problemAt(place, "route-reserved", `${what}; give another route`)];
    }
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
