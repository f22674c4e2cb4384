import type { Binding } from "./bindings.js";
import type { Problem, ProblemCode } from "./errors.js";
import { placeOf, type FunctionDefinition } from "./function-definition.js";

/** Where in a function a problem is: the function as a whole, a binding, or one member of a binding. */
export interface ProblemPlace {
  readonly definition: FunctionDefinition;
  readonly binding?: Binding | undefined;
  readonly member?: string | undefined;
}

/** A problem of one function. `text` is `<what>; <what to do>`. */
export function functionProblem(
  level: Problem["level"],
  code: ProblemCode,
  place: ProblemPlace,
  text: string,
): Problem {
  const { definition, binding, member } = place;
  return {
    code,
    level,
    class: definition.className,
    method: definition.methodName,
    ...(binding !== undefined && { binding: labelOf(definition, binding) }),
    ...(member !== undefined && { member }),
    message: `${describePlace(place)}: ${text}`,
  };
}

/** Says `Parcels.store, output "stored", stateStore`. */
export function describePlace({ definition, binding, member }: ProblemPlace): string {
  const parts = [placeOf(definition)];
  if (binding !== undefined) parts.push(labelOf(definition, binding));
  if (member !== undefined) parts.push(member);
  return parts.join(", ");
}

/** Says `output "stored"`. */
export function labelOf(definition: FunctionDefinition, binding: Binding): string {
  return `${roleOf(definition, binding)} "${binding.name}"`;
}

/** `binding` is one of the definition's own. */
export function roleOf(definition: FunctionDefinition, binding: Binding): "trigger" | "input" | "output" {
  if (binding === definition.trigger) return "trigger";
  return binding.direction === "in" ? "input" : "output";
}
