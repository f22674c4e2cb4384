import type { Problem } from "../../model/errors.js";
import type { FunctionDefinition } from "../../model/function-definition.js";
import { problemAt, type ProblemPlace } from "../../model/problem.js";
import type { BindingRole } from "../../model/binding-table.js";
import { show } from "../members.js";

const functionName = /^[A-Za-z][A-Za-z0-9_-]{0,127}$/;
const bindingName = /^[A-Za-z][A-Za-z0-9]{0,127}$/;

export function functionNameProblems(place: ProblemPlace, name: unknown): Problem[] {
  if (typeof name === "string" && functionName.test(name) && name.toLowerCase() !== "host") return [];
  const reserved = typeof name === "string" && name.toLowerCase() === "host";
  const what = reserved
    ? 'the Functions host keeps the function name "host" for itself'
    : `the function name ${show(name)} is not a letter and up to 127 letters, digits, "_" or "-"`;
  return [problemAt(place, "function-name-invalid", `${what}; give another with @FunctionName`)];
}

/** A folder of a function app is named after its function, and some file systems ignore case. */
export function duplicateFunctionProblems(definitions: readonly FunctionDefinition[]): Problem[] {
  const first = new Map<string, FunctionDefinition>();
  return definitions.flatMap((definition) => {
    const key = definition.name.toLowerCase();
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, definition);
      return [];
    }
    const isNamesake = other.className === definition.className && other.target !== definition.target;
    const owner = `${other.className}.${other.methodName}${isNamesake ? ", of another class of that name" : ""}`;
    const what = `the function name "${definition.name}" is also that of ${owner}`;
    return [problemAt(definition, "function-name-duplicate", `${what}; give one another with @FunctionName`)];
  });
}

export function bindingNameProblems(place: ProblemPlace, name: string): Problem[] {
  if (name === "$return") {
    const text = 'no binding is named "$return", which is the reply; return the value instead';
    return [problemAt(place, "binding-name-invalid", text)];
  }
  if (!bindingName.test(name)) {
    const what =
      name.length > 128 ? "a name has at most 128 characters" : "a name holds letters and digits, a letter first";
    return [problemAt(place, "binding-name-invalid", `${what}; rename it, e.g. "${nearestName(name)}"`)];
  }
  if (isReservedBinding(name)) {
    const what = "the Functions host would find a member of its own under this name";
    return [problemAt(place, "binding-name-reserved", `${what}; rename it, e.g. "${name}Value"`)];
  }
  return [];
}

/** The v3 worker reads a function's outputs off the DataView that carries its reply, inherited members included. */
export function isReservedBinding(name: string): boolean {
  return name in DataView.prototype;
}

function nearestName(name: string): string {
  const letters = name.normalize("NFKD").replace(/[^A-Za-z0-9]/g, "");
  return letters.replace(/^[0-9]+/, "").slice(0, 128) || "value";
}

/** One binding, as the rule on names needs it. */
export interface NamedBinding {
  readonly role: BindingRole;
  readonly name: string;
  /** The trigger was not given a name. */
  readonly byDefault: boolean;
  readonly place: ProblemPlace;
}

/** @param bindings the trigger first */
export function duplicateBindingProblems(bindings: readonly NamedBinding[]): Problem[] {
  const first = new Map<string, NamedBinding>();
  return bindings.flatMap((binding) => {
    const key = binding.name.toLowerCase();
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, binding);
      return [];
    }
    const text = other.byDefault
      ? `the trigger calls its payload "${other.name}"; rename this binding, or give the trigger another \`name\``
      : `the ${other.role} "${other.name}" has this name too; rename one of them`;
    return [problemAt(binding.place, "binding-name-duplicate", text)];
  });
}
