import type { Problem } from "./errors.js";
import { settingProblem } from "./problem.js";

/** Which numbers an option takes. */
export interface NumberRange {
  readonly least: number;
  /** Whether only whole numbers, and `Infinity` for none. */
  readonly whole?: boolean | undefined;
}

/** What is wrong with a number of the caller's, and what to do; undefined where nothing is. `Infinity` is a number. */
export function numberFault(value: unknown, { least, whole = false }: NumberRange): string | undefined {
  const isOne = whole ? Number.isInteger(value) || value === Infinity : typeof value === "number";
  if (isOne && (value as number) >= least) return undefined;
  const given = typeof value === "string" ? JSON.stringify(value) : String(value);
  return `${given} is not a ${whole ? "whole number" : "number"} from ${least} on; give one`;
}

/** {@link numberFault} of an option that is given, as a problem of the start. */
export function numberProblem(member: string, value: unknown, range: NumberRange): Problem[] {
  const fault = value === undefined ? undefined : numberFault(value, range);
  return fault === undefined ? [] : [settingProblem(member, fault)];
}
