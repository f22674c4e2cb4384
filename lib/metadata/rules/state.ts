import type { DaprStateInput, DaprStateOutput } from "../../model/bindings.js";
import type { Problem } from "../../model/errors.js";
import type { FunctionDefinition } from "../../model/function-definition.js";
import { functionProblem } from "../../model/problem.js";

/** What the state bindings and clients of a function say together. */
export function stateProblems(definition: FunctionDefinition): Problem[] {
  return [
    ...definition.inputs.flatMap((input) =>
      input.generic === true || input.type !== "daprState"
        ? []
        : [...keyProblems(definition, input), ...pairProblems(definition, input)],
    ),
    ...definition.outputs.flatMap((output) =>
      output.generic === true || output.type !== "daprState" ? [] : outboxProblems(definition, output),
    ),
    ...entryProblems(definition),
  ];
}

function outboxProblems(definition: FunctionDefinition, binding: DaprStateOutput): Problem[] {
  if (binding.outbox !== true || binding.transaction === true) return [];
  const place = { definition, binding, member: "outbox" };
  return [functionProblem("error", "option-invalid", place, "only a transaction has one; add transaction: true")];
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

/** With a record the method has the etag, and may guard the write by itself. */
function pairProblems(definition: FunctionDefinition, binding: DaprStateInput): Problem[] {
  const { stateStore, key, record } = binding;
  if (key === undefined || record === true) return [];
  const output = definition.outputs.find(
    (other) =>
      other.generic !== true && other.type === "daprState" && other.stateStore === stateStore && other.key === key,
  );
  if (output === undefined) return [];
  const what = `output "${output.name}" writes the key that is read here, and two callers at once lose one update`;
  const text = `${what}; use @DaprState, which starts over when the key changed in between`;
  return [functionProblem("warning", "state-pair-unguarded", { definition, binding }, text)];
}

function entryProblems(definition: FunctionDefinition): Problem[] {
  const { entries, clients } = definition;
  const [first] = entries;
  if (first === undefined) return [];
  return entries.flatMap((binding, index): Problem[] => {
    const problems: Problem[] = [];
    if (binding.stateStore !== first.stateStore || binding.daprAddress !== first.daprAddress) {
      const what = `entry "${first.name}" is of another store, and two stores cannot be written as one`;
      const place = { definition, binding, member: "stateStore" };
      const text = `${what}; give both the same stateStore and daprAddress, spelt the same`;
      problems.push(functionProblem("error", "state-entries-stores", place, text));
    }
    const twin = entries
      .slice(0, index)
      .find(({ key, stateStore }) => key === binding.key && stateStore === binding.stateStore);
    if (twin !== undefined) {
      const place = { definition, binding, member: "key" };
      problems.push(
        functionProblem("error", "option-invalid", place, `entry "${twin.name}" has this key too; keep one of them`),
      );
    }
    if (clients.length > 0 && binding.onConflict === undefined) {
      const what = `client "${clients[0]!.name}" is called while the method runs, and a conflict runs it again`;
      const text = `${what}; say onConflict: "rerun" where a second call does no harm, else onConflict: "fail"`;
      problems.push(functionProblem("error", "entry-with-client", { definition, binding, member: "onConflict" }, text));
    }
    return problems;
  });
}
