import type { Binding } from "../../model/bindings.js";
import type { Problem } from "../../model/errors.js";
import type { FunctionDefinition } from "../../model/function-definition.js";
import { bindingTypeOf, type Role } from "../binding-types.js";
import { isOpen } from "../members.js";
import { problemAt } from "../problem.js";
import { routeProblems } from "./routes.js";
import { subscriptionProblems } from "./subscriptions.js";

/** What functions do to each other: they share a route, or a topic on which they disagree. */
export function sharingProblems(definitions: readonly FunctionDefinition[]): Problem[] {
  return [...subscriptionProblems(definitions), ...routeProblems(definitions)];
}

/**
 * What only shows once settings are in: a route, a verb or an address that a setting brought. For definitions out of
 * `resolveSettings`; those without settings have been judged by `readFunctions` already.
 */
export function resolvedProblems(definitions: readonly FunctionDefinition[]): Problem[] {
  return [...definitions.flatMap(valueProblems), ...sharingProblems(definitions)];
}

function valueProblems(definition: FunctionDefinition): Problem[] {
  const { trigger, inputs, outputs } = definition;
  return [
    ...memberProblems(definition, "trigger", trigger),
    ...inputs.flatMap((input) => memberProblems(definition, "input", input)),
    ...outputs.flatMap((output) => memberProblems(definition, "output", output)),
  ];
}

function memberProblems(definition: FunctionDefinition, role: Role, binding: Binding): Problem[] {
  if (binding.generic) return [];
  return Object.entries(bindingTypeOf(role, binding.type)?.members ?? {}).flatMap(([member, { kind, passes }]) => {
    const value = (binding as unknown as Record<string, unknown>)[member];
    if (passes === "none" || typeof value !== "string" || isOpen(value)) return [];
    const place = { ...definition, binding: `${role} "${binding.name}"`, member };
    return kind.check(value).map(({ code, text }) => problemAt(place, code, text));
  });
}
