import { isPromise } from "../model/maybe-promise.js";
import type { StandardIssue, StandardResult, StandardSchema } from "../model/payload-type.js";
import { type Check, type Checked, failed } from "./check.js";
import { elementPath, memberPath } from "../model/payload-issues.js";
import { type Limits, plainCopy } from "./plain-copy.js";

/**
 * A check by a Standard Schema; answers with a promise where the schema does.
 *
 * @see https://standardschema.dev
 */
export function compileSchemaCheck(schema: StandardSchema, limits: Limits): Check {
  const standard = schema["~standard"];
  return (value) => {
    const plain = plainCopy(value, limits);
    if ("issue" in plain) return { issues: [plain.issue] };
    const result = standard.validate(plain.copy);
    // The promise of a schema may be of another realm (jest, vm); this one is of ours.
    return isPromise(result) ? Promise.resolve(result).then(checkedOf) : checkedOf(result);
  };
}

function checkedOf(result: StandardResult<unknown>): Checked {
  if (result.issues === undefined) return { value: result.value };
  const issues = result.issues.map((issue) => ({ path: pathOf(issue), message: issue.message, rule: ruleOf(issue) }));
  return { ...failed(issues), quotesValues: true };
}

function pathOf({ path = [] }: StandardIssue): string {
  let text = "";
  for (const part of path) {
    const key = typeof part === "object" ? part.key : part;
    text = typeof key === "number" ? elementPath(text, key) : memberPath(text, String(key));
  }
  return text;
}

/** The standard has no name for the rule; zod and arktype call it `code`, valibot `type`. */
function ruleOf(issue: StandardIssue): string {
  const { code, type } = issue as { code?: unknown; type?: unknown };
  return typeof code === "string" ? code : typeof type === "string" ? type : "invalid";
}
