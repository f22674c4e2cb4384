import type { Binding, GenericBinding, JsonValue } from "../model/bindings.js";
import type { Problem } from "../model/errors.js";
import { directions, type BindingRole } from "../model/binding-table.js";
import { bindingTypes, type BindingDecoratorName } from "./binding-types.js";
import { show } from "./members.js";
import { problemAt, type ProblemPlace } from "../model/problem.js";
import { bindingNameProblems, type NamedBinding } from "./rules/names.js";
import { checkGeneric, checkOptions } from "./rules/options.js";
import type { MethodRecord } from "./store.js";

/** One decorator as the binding that it declares. A binding with problems holds what could be used of it. */
export interface ReadBinding extends NamedBinding {
  readonly decorator: BindingDecoratorName;
  readonly binding: Binding;
  readonly problems: readonly Problem[];
}

export type BindingRecord = MethodRecord & { readonly decorator: BindingDecoratorName };

export function isBindingRecord(record: MethodRecord): record is BindingRecord {
  return Object.hasOwn(bindingTypes, record.decorator);
}

export function readBinding(method: ProblemPlace, { decorator, argument }: BindingRecord): ReadBinding {
  const row = bindingTypes[decorator];
  const isObject = typeof argument === "object" && argument !== null && !Array.isArray(argument);
  const given = (isObject ? argument : {}) as Readonly<Record<string, unknown>>;
  const record: MethodRecord = { decorator, argument: given };

  const byDefault = given["name"] === undefined && row.defaultName !== undefined;
  const name = typeof given["name"] === "string" ? given["name"] : byDefault ? row.defaultName! : "";
  const place = { ...method, binding: `${row.role} "${name}"` };
  const problems: Problem[] = [];

  if (!isObject && argument !== undefined) {
    const text = `@${decorator} takes an object of options, not ${show(argument)}; write @${decorator}({ … })`;
    problems.push(problemAt(place, "option-invalid", text));
  } else {
    problems.push(...nameProblems(place, decorator, given["name"], byDefault));
  }
  const direction = directions[row.role];
  if (row.type === undefined) {
    const { type, dataType, members, problems: wrong } = checkGeneric(place, record, row);
    const binding = {
      generic: true,
      type,
      direction,
      name,
      ...(dataType !== undefined && { dataType }),
      members: members as Record<string, JsonValue>,
    } as GenericBinding<"in" | "out">;
    return {
      role: row.role,
      decorator,
      name,
      byDefault,
      place,
      binding: binding as Binding,
      problems: [...problems, ...wrong],
    };
  }
  const { members, problems: wrong } = checkOptions(place, record, row);
  // The table has a row for each member of each interface, and each was checked.
  const binding = { type: row.type, direction, name, ...members } as unknown as Binding;
  return { role: row.role, decorator, name, byDefault, place, binding, problems: [...problems, ...wrong] };
}

function nameProblems(place: ProblemPlace, decorator: string, name: unknown, byDefault: boolean): Problem[] {
  if (byDefault) return [];
  const at = { ...place, member: "name" };
  if (name === undefined) {
    const text = `it is missing; give @${decorator} the name under which the method takes it`;
    return [problemAt(at, "option-missing", text)];
  }
  if (typeof name === "string") return bindingNameProblems(place, name);
  return [problemAt(at, "option-invalid", `it is ${show(name)}; give text`)];
}

export function ofRole(bindings: readonly ReadBinding[], role: BindingRole): ReadBinding[] {
  return bindings.filter((binding) => binding.role === role);
}
