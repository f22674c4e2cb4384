import type { PayloadIssue } from "../model/errors.js";
import { optionProblems, type OptionKind } from "../model/app-options.js";
import { numberProblem } from "../model/numbers.js";
import type { Problem } from "../model/errors.js";
import type { MaybePromise } from "../model/maybe-promise.js";
import type { PayloadPackages } from "./payload-packages.js";
import type { Class } from "../model/payload-type.js";
import type { Invalid } from "../model/payload-issues.js";

/** How payloads and values are checked: class-validator's options of the same names, and the size that is accepted. */
export interface ValidationOptions {
  /** Drop properties of a payload class that have no rule; true unless given. */
  readonly whitelist?: boolean | undefined;
  /** Refuse such properties rather than drop them; false unless given. */
  readonly forbidNonWhitelisted?: boolean | undefined;
  /** Refuse nested objects that have no class with rules; true unless given. */
  readonly forbidUnknownValues?: boolean | undefined;
  /** Levels of nesting that are accepted; 100 unless given. */
  readonly maxDepth?: number | undefined;
  /** Objects and list elements that are accepted, nested ones included; 50,000 unless given. */
  readonly maxItems?: number | undefined;
}

const validationOptions: Readonly<Record<keyof ValidationOptions, OptionKind>> = {
  whitelist: "any",
  forbidNonWhitelisted: "any",
  forbidUnknownValues: "any",
  maxDepth: "any",
  maxItems: "any",
};

/** What is wrong with the numbers of these options, and which of them there are not. */
export function validationProblems(options: ValidationOptions = {}): Problem[] {
  const numbers = (["maxDepth", "maxItems"] as const).flatMap((name) =>
    numberProblem(`validation.${name}`, options[name], { least: 1, whole: true }),
  );
  return [...numbers, ...optionProblems(options, validationOptions, "warning", "validation.")];
}

/** The same, and who wants to know what is dropped. */
export interface CheckOptions extends ValidationOptions {
  /** Where the packages of payload classes are found; those of this copy of the library unless given. */
  readonly packages?: PayloadPackages | undefined;
  /** Told of properties of a payload or value that its class has no rule for, and which are left out therefore. */
  readonly onDropped?: ((type: Class, property: string) => void) | undefined;
}

/** What a check finds: the value as its type makes it, or what is wrong with it. */
export type Checked = { readonly value: unknown; readonly issues?: undefined } | Invalid;

/**
 * Checks one value. Answers with a promise only where a rule or a schema does; rejects when such a rule fails by
 * itself (a data base that is down), which is not the caller's fault.
 */
export type Check = (value: unknown) => MaybePromise<Checked>;

/** Issues of one payload that are reported; a caller that repeats one mistake needs no more. */
export const maxIssues = 100;

/** Cuts a list of issues at {@link maxIssues} and says so. */
export function failed(issues: readonly PayloadIssue[]): Invalid {
  if (issues.length <= maxIssues) return { issues };
  const message = `only the first ${maxIssues} problems are listed`;
  return { issues: [...issues.slice(0, maxIssues), { path: "", message, rule: "tooManyIssues" }] };
}

/** What a message calls the place at a path. */
export function placeAt(path: string): string {
  return path === "" ? "the payload" : path;
}
