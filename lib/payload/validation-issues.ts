import type { ValidationError } from "class-validator";
import type { PayloadIssue } from "../model/errors.js";
import { maxIssues, placeAt } from "./check.js";
import { elementPath, memberPath } from "../model/payload-issues.js";
import { kindOf } from "../model/values.js";

export interface IssueSink {
  readonly issues: PayloadIssue[];
  /** True for an object whose class has no rule, which class-validator reports as unknown. */
  readonly isRuleless: (object: object) => boolean;
  /** What a payload calls a property of an object. */
  readonly nameOf: (object: object, property: string) => string;
  /** Takes objects of such classes; what they hold is checked by its own classes. */
  readonly ruleless: { object: object; path: string }[];
}

/** Flattens class-validator's tree of errors into issues in our words. */
export function issuesOf(errors: readonly ValidationError[], path: string, sink: IssueSink): void {
  for (const error of errors) {
    if (sink.issues.length > maxIssues) return;
    const at = pathOf(error, path, sink);
    for (const [rule, message] of Object.entries(error.constraints ?? {})) {
      const { target } = error;
      if (rule === "whitelistValidation" && isOwnField(target, error.property)) continue;
      if (rule === "unknownValue" && target !== undefined && isOfOwnClass(target) && sink.isRuleless(target)) {
        sink.ruleless.push({ object: target, path: at });
      } else {
        sink.issues.push({ path: at, message: wordingOf(rule, named(error, message, sink), at, target), rule });
      }
    }
    issuesOf(error.children ?? [], at, sink);
  }
}

/** An unknown value's error carries no property: it stands where its parent does. */
function pathOf({ property, target }: ValidationError, path: string, sink: IssueSink): string {
  if ((property as string | undefined) === undefined) return path;
  if (Array.isArray(target) || target instanceof Set) return elementPath(path, property);
  return memberPath(path, target === undefined ? property : sink.nameOf(target, property));
}

/** class-validator's texts begin with the name of the property, which a caller knows by the payload's name. */
function named({ property, target }: ValidationError, message: string, sink: IssueSink): string {
  const name = target === undefined ? property : sink.nameOf(target, property);
  const [, before] = /^(each value in )?/.exec(message)!;
  const start = before?.length ?? 0;
  if (name === property || !message.startsWith(`${property} `, start)) return message;
  return message.slice(0, start) + name + message.slice(start + property.length);
}

/** A field that the class declares or defines gives each instance, which no payload brought: JSON has neither. */
function isOwnField(target: object | undefined, property: string): boolean {
  const value = (target as Readonly<Record<string, unknown>> | undefined)?.[property];
  return value === undefined || typeof value === "function";
}

function isOfOwnClass(object: object): boolean {
  return object.constructor !== Object && !Array.isArray(object);
}

/** class-validator's text where a caller understands it; its texts about itself in words about the payload. */
export function wordingOf(rule: string, message: string, path: string, target: object | undefined): string {
  if (rule === "unknownValue") {
    if (Array.isArray(target)) return `${placeAt(path)} must be an object, not ${kindOf(target)}`;
    return `${placeAt(path)} has no class to be checked by; give it one with @Type(() => …)`;
  }
  if (
    rule === "nestedValidation" &&
    /^(?:each value in )?nested property .* must be either object or array$/.test(message)
  ) {
    const isList = message.startsWith("each value") && !path.endsWith("]");
    return `${placeAt(path)} must be ${isList ? "a list of objects" : "an object"}`;
  }
  if (message === "") return `${placeAt(path)} does not satisfy ${rule}`;
  return rule === "isDate" ? message.replace(/must be a Date instance$/, "must be a date") : message;
}
