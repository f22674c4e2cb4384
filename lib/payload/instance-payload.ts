import { types } from "node:util";
import type { PayloadIssue } from "../model/errors.js";
import { elementPath } from "../model/payload-issues.js";
import { isBuiltIn, type Class } from "../model/payload-type.js";
import { kindOf } from "../model/values.js";
import { type Check, failed, placeAt } from "./check.js";

/**
 * A check for a class of the language or of Node, or a list of one; undefined for other classes. Only an instance is taken:
 * made of JSON, as those of the user's own classes are, it would be empty. `Object` stands for any object, and bytes are
 * a Buffer where that is asked for.
 */
export function compileInstanceCheck(type: Class | readonly [Class]): Check | undefined {
  const isList = Array.isArray(type);
  const one = (isList ? (type as readonly [Class])[0] : type) as Class;
  const { name } = one;
  if (name === "Object" || !isBuiltIn(one)) return undefined;
  const read = (value: unknown, path: string, issues: PayloadIssue[]): unknown => {
    if (value instanceof one || (name === "Uint8Array" && types.isUint8Array(value))) return value;
    if (name === "Buffer" && types.isUint8Array(value)) {
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    const isBytes = name === "Uint8Array" || name === "Buffer";
    const instead = isBytes ? "send bytes" : "give a class of your own or a schema as its type";
    issues.push({
      path,
      message: `${placeAt(path)} must be a ${name}, not ${kindOf(value)}; ${instead}`,
      rule: "isInstance",
    });
    return undefined;
  };
  return (value) => {
    const issues: PayloadIssue[] = [];
    if (!isList) return result(read(value, "", issues), issues);
    if (!Array.isArray(value)) {
      const message = `the payload must be a list of ${name}, not ${kindOf(value)}`;
      return { issues: [{ path: "", message, rule: "isArray" }] };
    }
    return result(
      value.map((element, index) => read(element, elementPath("", index), issues)),
      issues,
    );
  };
}

function result(value: unknown, issues: readonly PayloadIssue[]): ReturnType<Check> {
  return issues.length === 0 ? { value } : failed(issues);
}
