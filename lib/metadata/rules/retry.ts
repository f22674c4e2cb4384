import type { RetryOptions } from "../../model/bindings.js";
import type { Problem } from "../../model/errors.js";
import { show } from "../members.js";
import { problemAt, type ProblemPlace } from "../../model/problem.js";
import { suggestMember } from "./suggest.js";

const intervals = {
  fixedDelay: ["delayInterval"],
  exponentialBackoff: ["minimumInterval", "maximumInterval"],
} as const satisfies Record<RetryOptions["strategy"], readonly string[]>;

const interval = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/;

/** @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-error-pages#retry-policies */
export function retryProblems(place: ProblemPlace, options: unknown): Problem[] {
  const problem = (member: string | undefined, text: string) =>
    problemAt(member === undefined ? place : { ...place, member }, "retry-invalid", text);

  if (typeof options !== "object" || options === null) {
    return [
      problem(undefined, `@Retry takes an object of options, not ${show(options)}; give strategy and maxRetryCount`),
    ];
  }
  const given = options as Record<string, unknown>;
  const strategy = given["strategy"];
  if (strategy !== "fixedDelay" && strategy !== "exponentialBackoff") {
    return [problem("strategy", `it is ${show(strategy)}; give "fixedDelay" or "exponentialBackoff"`)];
  }
  const problems: Problem[] = [];
  const count = given["maxRetryCount"];
  if (!Number.isSafeInteger(count) || (count as number) < -1) {
    problems.push(problem("maxRetryCount", `it is ${show(count)}; give a whole number, -1 for ever`));
  }
  const needed: readonly string[] = intervals[strategy];
  for (const member of needed) {
    const value = given[member];
    if (typeof value === "string" && interval.test(value)) continue;
    const what = value === undefined ? `${strategy} needs it` : `it is ${show(value)}`;
    problems.push(problem(member, `${what}; give a time below 24 hours as "HH:MM:SS"`));
  }
  const known = ["strategy", "maxRetryCount", ...needed];
  for (const member of Object.keys(given)) {
    if (known.includes(member) || given[member] === undefined) continue;
    const meant = suggestMember(member, known);
    const advice = meant === undefined ? `it takes ${known.join(", ")}` : `did you mean \`${meant}\`?`;
    problems.push(problem(member, `${strategy} has no such option; ${advice}`));
  }
  const [minimum, maximum] = [given["minimumInterval"], given["maximumInterval"]];
  // Both are HH:MM:SS by now, which sorts as text.
  if (problems.length === 0 && strategy === "exponentialBackoff" && String(minimum) > String(maximum)) {
    problems.push(problem("minimumInterval", `it is above maximumInterval, ${show(maximum)}; give at most that`));
  }
  return problems;
}
