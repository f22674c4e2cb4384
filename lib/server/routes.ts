import type { HttpMethod } from "../model/bindings.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { verbsOf, pathOf } from "../model/paths.js";

export { subscriptionsOf, type Subscription } from "./subscriptions.js";

/** Where on the app port a function is found. */
export interface Route {
  readonly definition: FunctionDefinition;
  /** In upper case. */
  readonly methods: readonly HttpMethod[];
  /** As the sidecar is told it: a leading slash, parts escaped; an HTTP route or a method with its `{x}` segments. */
  readonly path: string;
}

/** The route of a function; `undefined` for a trigger that only the Functions host has. */
export function routeOf(definition: FunctionDefinition, routePrefix?: string): Route | undefined {
  const { trigger } = definition;
  if (trigger.generic === true) return undefined;
  return { definition, methods: verbsOf(trigger), path: pathOf(trigger, definition.name, routePrefix) };
}

/** The routes of all functions, in their order. */
export function routesOf(definitions: readonly FunctionDefinition[], routePrefix?: string): Route[] {
  return definitions.map((definition) => routeOf(definition, routePrefix)).filter((route) => route !== undefined);
}
