import { parseUnresolved } from "../../expressions/parse.js";
import type { Binding, DataType } from "../../model/bindings.js";
import { bindingsOf, type FunctionDefinition } from "../../model/function-definition.js";
import { isDeclaredAsText } from "../../metadata/design-types.js";
import { servedByHost, type Bindings } from "./served-by.js";
import { takesText, type TextVerdict } from "../../payload/text-type.js";

/**
 * How the Functions host is to hand over the payload of a trigger: as the decorator says, else as bytes where the payload
 * may be text. Of other text the workers make numbers and booleans where it looks like them.
 *
 * Bytes bring no data for expressions, so that those are left to the host only without them.
 */
export function payloadDataType(definition: FunctionDefinition, by: Bindings): DataType | undefined {
  const { dataType } = definition.trigger;
  return dataType ?? (mayBeText(definition) && !usesPayload(servedByHost(definition, by)) ? "binary" : undefined);
}

/** True where text of a payload that looks like JSON reaches the method as what it looks like. */
export function losesText(definition: FunctionDefinition, by: Bindings): boolean {
  const isText = ["always", "also"].includes(textPayloadOf(definition) ?? "");
  return isText && payloadDataType(definition, by)?.toLowerCase() !== "binary";
}

/**
 * Whether the payload of a function is text, by its payload type, else by what the compiler recorded. Events keep their
 * text in `data`, and HTTP functions read their body themselves.
 */
export function textPayloadOf({ trigger, payloadType, target, methodName }: FunctionDefinition): TextVerdict {
  const { type } = trigger;
  if (type !== "daprServiceInvocationTrigger" && type !== "daprBindingTrigger") return undefined;
  if (payloadType !== undefined) return takesText(payloadType);
  return isDeclaredAsText(target, methodName) ? "always" : undefined;
}

function mayBeText(definition: FunctionDefinition): boolean {
  return textPayloadOf(definition) !== undefined;
}

/** Whether an expression needs data of the payload. */
function usesPayload(definition: FunctionDefinition): boolean {
  return bindingsOf(definition).some((binding) => binding !== definition.trigger && textsIn(binding).some(hasData));
}

function textsIn(binding: Binding): string[] {
  const members: object = binding.generic === true ? binding.members : binding;
  return Object.values(members).flatMap((value: unknown) => {
    if (typeof value === "string") return value;
    return typeof value === "object" && value !== null
      ? Object.values(value).filter((text) => typeof text === "string")
      : [];
  });
}

function hasData(text: string): boolean {
  try {
    return parseUnresolved(text).some((token) => "path" in token && token.path[0]?.toLowerCase() !== "sys");
  } catch {
    return false; // said when the class was read
  }
}
