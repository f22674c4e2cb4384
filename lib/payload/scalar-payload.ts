import type { PayloadIssue } from "../model/errors.js";
import { type Check, failed, placeAt } from "./check.js";
import { elementPath } from "../model/payload-issues.js";
import { kindOf } from "../model/values.js";
import { type Limits, plainCopy } from "./plain-copy.js";

/** What the classes of JSON's own values stand for. */
const scalars = new Map<unknown, { readonly type: string; readonly due: string; readonly rule: string }>([
  [String, { type: "string", due: "text", rule: "isString" }],
  [Number, { type: "number", due: "a number", rule: "isNumber" }],
  [Boolean, { type: "boolean", due: "a boolean", rule: "isBoolean" }],
]);

/** A check for `String`, `Number`, `Boolean` or a list of one, which need no validator; undefined for other classes. */
export function compileScalarCheck(type: unknown, limits: Limits): Check | undefined {
  const isList = Array.isArray(type);
  const scalar = scalars.get(isList ? (type as unknown[])[0] : type);
  if (scalar === undefined) return undefined;
  const issuesOf = (value: unknown, path: string): PayloadIssue[] => {
    if (typeof value === scalar.type) return [];
    return [{ path, message: `${placeAt(path)} must be ${scalar.due}, not ${kindOf(value)}`, rule: scalar.rule }];
  };
  return (value) => {
    const plain = plainCopy(value, limits);
    if ("issue" in plain) return { issues: [plain.issue] };
    if (isList && !Array.isArray(value)) {
      const message = `the payload must be a list of ${scalar.type}s, not ${kindOf(value)}`;
      return { issues: [{ path: "", message, rule: "isArray" }] };
    }
    const issues = isList
      ? (value as unknown[]).flatMap((element, index) => issuesOf(element, elementPath("", index)))
      : issuesOf(value, "");
    return issues.length === 0 ? { value } : failed(issues);
  };
}
