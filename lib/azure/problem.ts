import { problemAt } from "../metadata/problem.js";
import type { Binding } from "../model/bindings.js";
import type { Problem, ProblemCode } from "../model/errors.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { roleOf } from "./settings.js";

/** Where in a function a problem is: the function as a whole, a binding, or one member of a binding. */
interface FunctionPlace {
  readonly definition: FunctionDefinition;
  readonly binding?: Binding | undefined;
  readonly member?: string | undefined;
}

/** A problem of one function. `text` is `<what>; <what to do>`. */
export function functionProblem(
  level: Problem["level"],
  code: ProblemCode,
  { definition, binding, member }: FunctionPlace,
  text: string,
): Problem {
  const { className, methodName } = definition;
  const at = binding && `${roleOf(definition, binding)} "${binding.name}"`;
  return problemAt({ className, methodName, binding: at, member }, code, text, level);
}

/** A problem of the app as a whole. `place` is a file of the app, or what was given. */
export function appProblem(level: Problem["level"], code: ProblemCode, place: string, text: string): Problem {
  return { code, level, class: undefined, method: undefined, message: `${place}: ${text}` };
}
