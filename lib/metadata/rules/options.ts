import type { Problem } from "../../model/errors.js";
import { bindingTypes, type BindingType } from "../binding-types.js";
import { checkOf, show } from "../members.js";
import { problemAt, type ProblemPlace } from "../../model/problem.js";
import type { MethodRecord } from "../store.js";
import { suggestMember } from "./suggest.js";

/** Options of one decorator that may be used, and what is wrong with the others. */
export interface CheckedOptions {
  readonly members: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
}

/** Options of a decorator with a type of its own. What was not given, or given as undefined, is absent. */
export function checkOptions(
  place: ProblemPlace,
  record: MethodRecord,
  { options: rules }: BindingType,
): CheckedOptions {
  const given = record.argument as Readonly<Record<string, unknown>>;
  const members: Record<string, unknown> = {};
  const problems: Problem[] = [];

  for (const member in rules) {
    const { kind, required } = rules[member]!;
    const value = given[member];
    const isNeeded = required === true || (required !== undefined && given[required.unless] === undefined);
    const wrong = value === undefined ? [] : checkOf(kind)(value);
    if (value === undefined && isNeeded) {
      const text = `it is missing; give @${record.decorator} its ${member}`;
      problems.push(problemAt({ ...place, member }, "option-missing", text));
    }
    for (const { code, path, text } of wrong) {
      problems.push(problemAt({ ...place, member: path === undefined ? member : `${member}.${path}` }, code, text));
    }
    if (value !== undefined && wrong.length === 0) members[member] = value;
    // Other rules go on with a text, so that all problems are found in one run.
    else if (isNeeded) members[member] = "";
  }
  for (const member of Object.keys(given)) {
    if (member === "name" || Object.hasOwn(rules, member) || given[member] === undefined) continue;
    problems.push(unknownProblem({ ...place, member }, record, ["name", ...Object.keys(rules)]));
  }
  return { members, problems };
}

function unknownProblem(
  place: ProblemPlace & { readonly member: string },
  record: MethodRecord,
  known: readonly string[],
): Problem {
  const meant = suggestMember(place.member, known);
  const advice = meant === undefined ? `it takes ${known.join(", ")}` : `did you mean \`${meant}\`?`;
  return problemAt(place, "option-unknown", `@${record.decorator} has no such option; ${advice}`);
}

/** What a generic binding is made of. */
export interface CheckedGeneric extends CheckedOptions {
  readonly type: string;
  readonly dataType: string | undefined;
}

/** Types that have a decorator of their own, in lower case, and that decorator. */
const owned = new Map([
  ...Object.entries(bindingTypes).flatMap(([decorator, { type }]) =>
    type === undefined ? [] : [[type.toLowerCase(), decorator] as const],
  ),
  ["http", "HttpTrigger"] as const,
]);

/** Options of `@Trigger`, `@Input` and `@Output`: a type of the Functions host, and any members it may have. */
export function checkGeneric(place: ProblemPlace, record: MethodRecord, row: BindingType): CheckedGeneric {
  const { type, direction, dataType, name: _name, ...rest } = record.argument as Readonly<Record<string, unknown>>;
  const problems = typeProblems(place, record, type);
  if (direction !== undefined) {
    const text = `@${record.decorator} decides it, and there is no "inout"; remove it`;
    problems.push(problemAt({ ...place, member: "direction" }, "direction-invalid", text));
  }
  const dataTypeFindings = dataType === undefined ? [] : checkOf(row.options["dataType"]!.kind)(dataType);
  problems.push(...dataTypeFindings.map(({ code, text }) => problemAt({ ...place, member: "dataType" }, code, text)));

  const members: Record<string, unknown> = {};
  for (const [member, value] of Object.entries(rest)) {
    if (value === undefined) continue;
    const findings = checkOf("json")(value);
    problems.push(...findings.map(({ code, text }) => problemAt({ ...place, member }, code, text)));
    if (findings.length === 0) members[member] = value;
  }
  return {
    type: typeof type === "string" ? type : "",
    dataType: dataTypeFindings.length === 0 ? (dataType as string | undefined) : undefined,
    members,
    problems,
  };
}

function typeProblems(place: ProblemPlace, { decorator }: MethodRecord, type: unknown): Problem[] {
  const problem = (text: string) => [problemAt({ ...place, member: "type" }, "binding-type-invalid", text)];
  const example = decorator === "Trigger" ? '"queueTrigger"' : '"queue"';
  if (type === undefined) return problem(`it is missing; give the type that function.json has, e.g. ${example}`);
  if (typeof type !== "string" || type.trim() === "") {
    return problem(`it is ${show(type)}; give the type that function.json has, e.g. ${example}`);
  }
  const own = owned.get(type.toLowerCase());
  if (own !== undefined) return problem(`"${type}" has a decorator of its own; use @${own}`);
  const isTrigger = /trigger$/i.test(type);
  if (decorator === "Trigger" && !isTrigger) {
    return problem(`"${type}" does not end in "Trigger"; give the type of a trigger, e.g. ${example}`);
  }
  if (decorator !== "Trigger" && isTrigger) return problem(`"${type}" is the type of a trigger; use @Trigger`);
  return [];
}
