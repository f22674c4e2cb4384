import { jsonTextOf } from "../../collectors/json-value.js";
import { badItem, refuseHalfPair, refuseHalfPairs } from "../../collectors/message.js";
import type { Invocation } from "../../invocation/binding-host.js";

/** Inputs and outputs of one invocation by the name of their binding, in either programming model. */
export interface FunctionsBindings {
  input(name: string): unknown;
  setOutput(name: string, value: unknown): void;
}

export interface AzureInvocation extends Invocation {
  readonly bindings: FunctionsBindings;
}

export function bindingsOf(invocation: Invocation): FunctionsBindings {
  return (invocation as AzureInvocation).bindings;
}

/** A value as JSON can carry it, taken now. */
export function jsonCopy(value: unknown, where: string, name: string | undefined): unknown {
  if (typeof value === "boolean") return value;
  if (typeof value === "string") {
    refuseHalfPair(value, where, name);
    return value;
  }
  let text;
  try {
    text = jsonTextOf(value);
  } catch (error) {
    throw badItem(where, name, `the value is not JSON: ${(error as Error).message}`);
  }
  if (text === undefined) throw badItem(where, name, `a ${typeof value} is not JSON`);
  refuseHalfPairs(text.text, where, name);
  return text.toJSON();
}
