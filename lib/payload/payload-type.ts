import { isStandardSchema, type Class, type PayloadType } from "../model/payload-type.js";
import { andThen } from "../model/maybe-promise.js";
import type { Check, CheckOptions } from "./check.js";
import { compileClassCheck } from "./class-payload.js";
import { compileInstanceCheck } from "./instance-payload.js";
import { compileScalarCheck } from "./scalar-payload.js";
import { compileSchemaCheck } from "./schema-payload.js";

export type { Check, Checked, CheckOptions, ValidationOptions } from "./check.js";

/**
 * Makes the check of a payload or value type: the one seam to the validators, which are loaded now and not at the
 * first call. A value that is `undefined` (an empty body) fails with one issue, unless a schema takes it.
 *
 * @throws DefinitionError `peer-missing` when class-transformer or class-validator is needed and not installed
 */
export function compileCheck(type: PayloadType, options: CheckOptions = {}): Check {
  const settings = {
    whitelist: options.whitelist ?? true,
    forbidNonWhitelisted: options.forbidNonWhitelisted ?? false,
    forbidUnknownValues: options.forbidUnknownValues ?? true,
    maxDepth: options.maxDepth ?? 100,
    maxItems: options.maxItems ?? 50_000,
    onDropped: options.onDropped,
    packages: options.packages,
  };
  const check = isStandardSchema(type)
    ? compileSchemaCheck(type, settings)
    : (compileScalarCheck(type, settings) ?? compileInstanceCheck(type) ?? compileClassCheck(type, settings));
  if (!isStandardSchema(type)) return (value) => (value === undefined ? missing : check(value));
  return (value) =>
    value === undefined
      ? andThen(check(undefined), (found) => (found.issues === undefined ? found : missing))
      : check(value);
}

const missing = { issues: [{ path: "", message: "a body is required", rule: "isDefined" }] };

/** Says `Order`, `Order[]` or `a zod schema`. */
export function describePayloadType(type: PayloadType): string {
  if (isStandardSchema(type)) {
    const { vendor } = type["~standard"];
    return `${/^[aeiou]/i.test(vendor) ? "an" : "a"} ${vendor} schema`;
  }
  return isList(type) ? `${classNameOf(type[0])}[]` : classNameOf(type);
}

function isList(type: Class | readonly [Class]): type is readonly [Class] {
  return Array.isArray(type);
}

function classNameOf(type: Class): string {
  return type.name === "" ? "a class without a name" : type.name;
}
