import type { Problem, ProblemCode } from "../../model/errors.js";

/** A problem of the app as a whole. `place` is a file of the app, or what was given. */
export function appProblem(level: Problem["level"], code: ProblemCode, place: string, text: string): Problem {
  return { code, level, class: undefined, method: undefined, message: `${place}: ${text}` };
}
