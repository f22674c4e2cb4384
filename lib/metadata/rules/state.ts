import type { DaprStateInput } from "../../model/bindings.js";
import type { Problem } from "../../model/errors.js";
import type { FunctionDefinition } from "../../model/function-definition.js";
import { functionProblem } from "../../model/problem.js";

/** What the options of a function's state bindings say together. */
export function stateProblems(definition: FunctionDefinition): Problem[] {
  return definition.inputs.flatMap((input) =>
    input.type === "daprState" && input.generic !== true ? keyProblems(definition, input) : [],
  );
}

/** One key, or a list of them. */
function keyProblems(definition: FunctionDefinition, binding: DaprStateInput): Problem[] {
  const { key, keys } = binding;
  if (keys === undefined) return [];
  const place = { definition, binding, member: "keys" };
  const invalid = (text: string): Problem[] => [functionProblem("error", "option-invalid", place, text)];
  if (key !== undefined) return invalid("`key` is there too; give one of them");
  if (binding.required === true || binding.record === true) {
    return invalid("it gives a StateRecord for each key, there or not; leave out `required` and `record`");
  }
  return [];
}
