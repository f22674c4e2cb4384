import { andThen, type MaybePromise } from "../model/maybe-promise.js";
import type { Problem } from "../model/errors.js";
import { placeOf, type FunctionDefinition } from "../model/function-definition.js";
import { problemAt } from "../model/problem.js";
import { CallEndpoint, http, inputBinding, serviceInvocation } from "./call-endpoint.js";
import type { Endpoint } from "./endpoint.js";
import type { CompiledFunction } from "../invocation/compile-function.js";
import { patternOf } from "./route-pattern.js";
import { RouteTable } from "./route-table.js";
import { routeOf, routesOf, subscriptionsOf, type Route } from "./routes.js";
import type { EndpointScope } from "../invocation/run-function.js";
import { TopicEndpoint } from "./topic-endpoint.js";
import { emptyReply, jsonReply, success, type WireReply } from "../invocation/reply.js";

export interface HealthChecks {
  /** Whether the app lives: what a sidecar asks, which ends or sends nothing when it does not. */
  isHealthy(): MaybePromise<boolean>;
  /** Whether it can work: its sidecar is there, with the components that the functions name. */
  isReady(): MaybePromise<boolean>;
}

export interface RouteOptions {
  /** Answers `/healthz`, and `/readyz` where no function does; undefined where those paths are the program's own. */
  readonly health: HealthChecks | undefined;
  /** What stands before HTTP routes. */
  readonly routePrefix: string;
}

/** The routes of an app: those of its functions and those under which Dapr asks the app itself. */
export function appRoutes(
  functions: readonly CompiledFunction[],
  scope: EndpointScope,
  { health, routePrefix }: RouteOptions,
): RouteTable<Endpoint> {
  const table = new RouteTable<Endpoint>(isBelow(routePrefix));
  const subscriptions = jsonReply(200, subscriptionsOf(functions.map(({ definition }) => definition)));
  const verdict = (isFine: MaybePromise<boolean>): MaybePromise<WireReply> =>
    andThen(isFine, (is) => (is ? fine : unavailable));
  table.add(
    ["GET"],
    "/dapr/subscribe",
    answering(() => subscriptions, false),
  );
  if (health !== undefined) {
    table.add(
      ["GET"],
      "/healthz",
      answering(() => verdict(health.isHealthy()), true),
    );
  }
  for (const fn of functions) {
    const route = routeOf(fn.definition, routePrefix);
    if (route !== undefined) addRoute(table, route, endpointOf(fn, scope));
    // A sidecar asks whether the app wants the events of a binding; any other answer than 2xx or 405 means no.
    if (fn.definition.trigger.type === "daprBindingTrigger") {
      table.add(
        ["OPTIONS"],
        pathnameOf(route!),
        answering(() => success, false),
      );
    }
  }
  if (health !== undefined) {
    table.add(
      ["GET"],
      "/readyz",
      answering(() => verdict(health.isReady()), true),
    );
  }
  return table;
}

const fine = emptyReply(204);
const unavailable = emptyReply(503);

/** Whether a path is below the prefix of HTTP routes, where a slash at its end means nothing. */
export function isBelow(routePrefix: string): (path: string) => boolean {
  const start = `/${routePrefix.toLowerCase()}/`;
  return routePrefix === "" ? () => true : (path) => path.slice(0, start.length).toLowerCase() === start;
}

/**
 * Routes that cannot be told apart, though they are spelt differently, or cannot be matched here at all. What
 * `readFunctions` finds is not repeated.
 */
export function patternProblems(definitions: readonly FunctionDefinition[], routePrefix?: string): Problem[] {
  const table = new RouteTable<FunctionDefinition>();
  return routesOf(definitions, routePrefix).flatMap((route) => {
    const { definition, path } = route;
    const member = definition.trigger.type === "httpTrigger" ? "route" : "methodName";
    const place = { ...definition, binding: `trigger "${definition.trigger.name}"`, member };
    const segments = segmentsOf(route);
    if (segments === undefined) return [];
    if ("unsupported" in segments) {
      const text = `the segment "${segments.unsupported}" is understood by the Functions host only`;
      const remedy = "write a segment as text or as one {name}, an expression in JavaScript's spelling";
      return [problemAt(place, "host-only", `${text}; ${remedy}`)];
    }
    const taken = table.addPattern(route.methods, segments, definition);
    const takenPath = taken && routeOf(taken, routePrefix)!.path;
    if (taken === undefined || takenPath?.toLowerCase() === path.toLowerCase()) return [];
    const text = `${placeOf(taken)} is found on ${takenPath}, which matches the same requests`;
    return [problemAt(place, "route-duplicate", `${text}; give one of them another ${member}`)];
  });
}

function addRoute(table: RouteTable<Endpoint>, route: Route, endpoint: Endpoint): void {
  const segments = segmentsOf(route);
  if (segments === undefined) table.add(route.methods, pathnameOf(route), endpoint);
  else if (!("unsupported" in segments)) table.addPattern(route.methods, segments, endpoint);
}

/** Of a route with `{x}`; of topics and bindings a brace is one. */
function segmentsOf({ definition, path }: Route): ReturnType<typeof patternOf> {
  const { type } = definition.trigger;
  return type === "httpTrigger" || type === "daprServiceInvocationTrigger" ? patternOf(path) : undefined;
}

/** A topic's route may have a query, which the sidecar sends along; in a route doubled braces are one. */
function pathnameOf({ definition, path }: Route): string {
  if (definition.trigger.type === "httpTrigger") return path.replaceAll("{{", "{").replaceAll("}}", "}");
  return path.split("?", 1)[0]!;
}

function endpointOf(fn: CompiledFunction, scope: EndpointScope): Endpoint {
  const { trigger } = fn.definition;
  if (trigger.generic === true) throw new TypeError(`${trigger.type} needs the Functions host`);
  switch (trigger.type) {
    case "daprServiceInvocationTrigger":
      return new CallEndpoint(fn, serviceInvocation, scope);
    case "daprBindingTrigger":
      return new CallEndpoint(fn, inputBinding, scope);
    case "httpTrigger":
      return new CallEndpoint(fn, http, scope);
    case "daprTopicTrigger":
      return new TopicEndpoint(fn, trigger, scope);
  }
}

function answering(reply: () => MaybePromise<WireReply>, isPublic: boolean): Endpoint {
  return { definition: undefined, isPublic, handle: reply };
}
