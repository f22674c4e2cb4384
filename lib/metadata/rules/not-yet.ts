import type { Binding } from "../../model/bindings.js";
import type { Problem } from "../../model/errors.js";
import { bindingsOf, type FunctionDefinition } from "../../model/function-definition.js";
import { functionProblem } from "../../model/problem.js";

/** Bindings that can be declared and are not served yet, by type and direction; whoever serves one removes its line. */
const bindings: ReadonlySet<string> = new Set(["daprStateEntry inout"]);

/** Options likewise. */
const options: Readonly<Record<string, readonly string[]>> = {
  "daprState in": ["keys", "metadata", "consistency"],
  "daprState out": ["metadata", "ttlInSeconds", "outbox"],
};

/** Refuses by name what nothing would run. */
export function notYetProblems(definition: FunctionDefinition): Problem[] {
  return bindingsOf(definition).flatMap((binding) => {
    const kind = `${binding.type} ${binding.direction}`;
    const text = "this version does not run it yet; leave it out";
    const own = bindings.has(kind) ? [functionProblem("error", "option-invalid", { definition, binding }, text)] : [];
    return [
      ...own,
      ...(options[kind] ?? [])
        .filter((member) => valueOf(binding, member) !== undefined)
        .map((member) => functionProblem("error", "option-invalid", { definition, binding, member }, text)),
    ];
  });
}

function valueOf(binding: Binding, member: string): unknown {
  return (binding as unknown as Readonly<Record<string, unknown>>)[member];
}
