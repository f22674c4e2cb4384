import type { BindingRole } from "./binding-table.js";
import type { Binding } from "./bindings.js";
import type { Problem, ProblemCode } from "./errors.js";
import type { FunctionDefinition } from "./function-definition.js";
import type { Class } from "./payload-type.js";

/** Where a problem is: a function, one of its bindings, or an option of that. */
export interface ProblemPlace {
  readonly className: string;
  readonly methodName: string;
  /** The class itself: several may have one name. */
  readonly target?: Class | undefined;
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
  const { className, methodName, target, binding, member } = place;
  const problem: Problem = {
    code,
    level,
    class: className,
    method: methodName,
    ...(binding !== undefined && { binding }),
    ...(member !== undefined && { member }),
    message: `${describePlace(place)}: ${text}`,
  };
  return problemOf(target, problem);
}

/** A problem of an option of the app or a variable of its environment. @param text `<what>; <what to do>` */
export function settingProblem(member: string, text: string): Problem {
  const message = `${member}: ${text}`;
  return { code: "setting-invalid", level: "error", class: undefined, method: undefined, member, message };
}

const owner = Symbol("class with a problem");

/** Keeps the class beside what a problem says: it is not shown, but it tells classes of one name apart. */
export function problemOf(target: Class | undefined, problem: Problem): Problem {
  return target === undefined ? problem : Object.defineProperty(problem, owner, { value: target });
}

/** The class that a problem was found in; undefined for a problem of the app, or of a class that was refused. */
export function classWith(problem: Problem): Class | undefined {
  return (problem as { readonly [owner]?: Class })[owner];
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
  const { className, methodName, target } = definition;
  return { className, methodName, target, binding: binding && labelOf(definition, binding), member };
}

/** Says `output "stored"`. */
export function labelOf(definition: FunctionDefinition, binding: Binding): string {
  return `${roleOf(definition, binding)} "${binding.name}"`;
}

/** `binding` is one of the definition's own. */
function roleOf(definition: FunctionDefinition, binding: Binding): BindingRole {
  return binding === definition.trigger ? "trigger" : roleOfDeclared(binding);
}

/** The role of a binding that is not a trigger. */
export function roleOfDeclared(binding: Binding): Exclude<BindingRole, "trigger"> {
  if (binding.direction === "inout") return binding.type === "daprStateEntry" ? "entry" : "client";
  return binding.direction === "in" ? "input" : "output";
}
