import { badItem } from "../collectors/message.js";
import { readFunctions } from "../metadata/functions.js";
import type { DaprApp } from "../model/bindings.js";
import { DefinitionError } from "../model/errors.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { verbsOf } from "../model/paths.js";
import type { Class, PayloadType } from "../model/payload-type.js";
import { compileCheck, type Check, type ValidationOptions } from "../payload/payload-type.js";
import { optionProblem, type BindingPlace } from "./options.js";

/** A method of another application, as calls reach it. */
export interface Callee {
  /** @throws InvocationError `ERR_DAPR_BAD_REQUEST` where only the callee knows its name */
  methodName(): string;
  readonly httpVerb: string;
  /** What its payload is checked against before it is sent. */
  readonly payload: { readonly type: PayloadType; readonly check: Check } | undefined;
}

/**
 * The methods of a class that service invocation may call, by their names in the class.
 *
 * @throws DefinitionError when there are none, or the class cannot be read
 */
export function calleesOf(
  place: BindingPlace<DaprApp>,
  type: Class,
  validation: ValidationOptions | undefined,
): ReadonlyMap<string, Callee> {
  let definitions: FunctionDefinition[];
  try {
    definitions = readFunctions([type]);
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    throw optionProblem(place, "option-invalid", "of", `its functions cannot be read: ${error.message}`);
  }
  const callees = definitions.flatMap((definition) => calleeOf(place, definition, validation));
  if (callees.length === 0) {
    const what = `${type.name} has no method with @DaprServiceInvocationTrigger; give the class of the other application's functions`;
    throw optionProblem(place, "option-invalid", "of", what);
  }
  return new Map(callees);
}

function calleeOf(
  { where }: BindingPlace<DaprApp>,
  definition: FunctionDefinition,
  validation: ValidationOptions | undefined,
): [string, Callee][] {
  const { trigger, name, methodName: method, payloadType } = definition;
  if (trigger.generic === true || trigger.type !== "daprServiceInvocationTrigger") return [];
  const methodName = trigger.methodName ?? name;
  const open = /[%{]/.exec(methodName);
  const callee: Callee = {
    methodName: () => {
      if (open === null) return methodName;
      const what = open[0] === "%" ? "a setting of the other application" : "a route template";
      throw badItem(
        `${where}, ${method}`,
        "methodName",
        `"${methodName}" is ${what}; use call() with the name it stands for`,
      );
    },
    httpVerb: verbsOf(trigger)[0]!,
    payload:
      payloadType === undefined ? undefined : { type: payloadType, check: compileCheck(payloadType, validation) },
  };
  return [[method, callee]];
}
