import { parseRouteTemplate, type RoutePart } from "./route-template.js";
import type { DaprTopicTrigger, GenericBinding, HttpMethod, TriggerBinding } from "./bindings.js";

/** A trigger that is found on the app port; the others are the Functions host's. */
export type RoutedTrigger = Exclude<TriggerBinding, GenericBinding<"in">>;

/** The methods that a trigger may answer, in the order of function.json's schema. */
export const allMethods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"] as const;

/** The verbs that an invocation may have, in the order of messages: Dapr delivers any other as POST. */
export const invocationVerbs: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "PATCH",
  "OPTIONS",
  "TRACE",
]);

/** What stands before the routes of HTTP functions unless `routePrefix` says otherwise. */
export const defaultRoutePrefix = "api";

/**
 * Where on the app port a trigger is found: a leading slash, parts escaped where they come from a name rather than a
 * `route`; an HTTP route or a method's name with its `{x}` segments.
 *
 * @param routePrefix what stands before HTTP routes; may be empty
 */
export function pathOf(trigger: RoutedTrigger, functionName: string, routePrefix = defaultRoutePrefix): string {
  switch (trigger.type) {
    case "daprServiceInvocationTrigger":
      return methodPath(trigger.methodName ?? functionName);
    case "daprBindingTrigger":
      return escapedPath(trigger.bindingName ?? functionName);
    case "daprTopicTrigger":
      return topicPathOf(trigger, functionName);
    case "httpTrigger":
      return `/${[routePrefix, (trigger.route ?? functionName).replace(/\/$/, "")].filter(Boolean).join("/")}`;
  }
}

/** The path under which the sidecar delivers a topic's events. */
export function topicPathOf(trigger: DaprTopicTrigger, functionName: string): string {
  const { route } = trigger;
  if (route === undefined) return `/${(trigger.topic ?? functionName).split("/").map(encodeURIComponent).join("/")}`;
  return route.startsWith("/") ? route : `/${route}`;
}

/** The verbs a trigger answers, in upper case. */
export function verbsOf(trigger: RoutedTrigger): readonly HttpMethod[] {
  switch (trigger.type) {
    case "daprServiceInvocationTrigger":
      return upperCase(trigger.methods) ?? ["POST"];
    case "httpTrigger":
      return upperCase(trigger.methods) ?? allMethods;
    default:
      return ["POST"];
  }
}

function upperCase(methods: readonly string[] | undefined): readonly HttpMethod[] | undefined {
  return methods?.map((method) => method.toUpperCase() as HttpMethod);
}

/** The template of a method's name: callers may write it with or without a leading slash, and so may the decorator. */
export function methodTemplateOf(methodName: string): string {
  return methodName.replace(/^\//, "");
}

/** A name with `{x}` is a route template; what is not such a template, or has no `{x}`, is a name as it stands. */
function methodPath(methodName: string): string {
  if (!/[{}]/.test(methodName)) return escapedPath(methodName);
  const segments = parseRouteTemplate(methodTemplateOf(methodName));
  if ("fault" in segments) return escapedPath(methodName);
  return `/${segments.map((parts) => parts.map(partText).join("")).join("/")}`;
}

function partText(part: RoutePart): string {
  if ("text" in part) return encodeURIComponent(part.text);
  const { name, takes, constraints, optional, default: value } = part;
  const text = constraints.map((constraint) => `:${constraint.text}`).join("");
  const inside = `${name}${text}${value === undefined ? "" : `=${value}`}`.replaceAll(/[{}]/g, "$&$&");
  return `{${takes === "rest" ? "*" : ""}${inside}${optional && takes === "one" && value === undefined ? "?" : ""}}`;
}

/** A leading slash is not doubled: callers may write a method with or without it. */
function escapedPath(name: string): string {
  return `/${name.replace(/^\//, "").split("/").map(encodeURIComponent).join("/")}`;
}
