import type { Binding } from "./bindings.js";
import type { Problem, ProblemCode } from "./errors.js";
import type { FunctionDefinition } from "./function-definition.js";

/** Where a problem is: a function, one of its bindings, or an option of that. */
export interface ProblemPlace {
  readonly className: string;
  readonly methodName: string;
  /** `output "order"` */
  readonly binding?: string | undefined;
  readonly member?: string | undefined;
}

/** @param text `<what>; <what to do>` */
export function problemAt(
  place: ProblemPlace,
  code: ProblemCode,
  text: string,
  level: Problem["level"] = "error",
): Problem {
  const { className, methodName, binding, member } = place;
  return {
    code,
    level,
    class: className,
    method: methodName,
    ...(binding !== undefined && { binding }),
    ...(member !== undefined && { member }),
    message: `${describePlace(place)}: ${text}`,
  };
}

/** Says `Parcels.store, output "stored", stateStore`. */
export function describePlace({ className, methodName, binding, member }: ProblemPlace): string {
  return [`${className}.${methodName}`, binding, member].filter((part) => part !== undefined).join(", ");
}

/** Where in a definition a problem is: the function as a whole, a binding, or one member of a binding. */
export interface DefinitionPlace {
  readonly definition: FunctionDefinition;
  readonly binding?: Binding | undefined;
  readonly member?: string | undefined;
}

/** A problem of one function. `text` is `<what>; <what to do>`. */
export function functionProblem(
  level: Problem["level"],
  code: ProblemCode,
  place: DefinitionPlace,
  text: string,
): Problem {
  return problemAt(placeIn(place), code, text, level);
}

export function placeIn({ definition, binding, member }: DefinitionPlace): ProblemPlace {
  const { className, methodName } = definition;
  return { className, methodName, binding: binding && labelOf(definition, binding), member };
}

/** Says `output "stored"`. */
export function labelOf(definition: FunctionDefinition, binding: Binding): string {
  return `${roleOf(definition, binding)} "${binding.name}"`;
}

/** `binding` is one of the definition's own. */
function roleOf(definition: FunctionDefinition, binding: Binding): "trigger" | "input" | "output" {
  if (binding === definition.trigger) return "trigger";
  return binding.direction === "in" ? "input" : "output";
}
