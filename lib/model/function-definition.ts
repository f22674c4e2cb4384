import type { InputBinding, OutputBinding, RetryOptions, TriggerBinding } from "./bindings.js";
import type { Class, PayloadType } from "./payload-type.js";

/** A function as its decorators declare it: plain data, checked. */
export interface FunctionDefinition {
  /** The name given by `@FunctionName`, else the method's. */
  readonly name: string;
  readonly className: string;
  readonly methodName: string;
  readonly target: Class;
  readonly trigger: TriggerBinding;
  /** In the order of the source, top to bottom. */
  readonly inputs: readonly InputBinding[];
  /** In the order of the source, top to bottom, which is the order in which they are sent. */
  readonly outputs: readonly OutputBinding[];
  readonly retry?: RetryOptions | undefined;
  /** What the payload is checked against: the trigger's `payload`, else the declared type of the first parameter. */
  readonly payloadType?: PayloadType | undefined;
}

/** A method of a class with functions, as the runtime calls it. */
export type FunctionMethod = (payload: unknown, bindings: Record<string, unknown>, context: unknown) => unknown;

/** A definition and the instance whose method it calls. */
export interface BoundFunction {
  readonly definition: FunctionDefinition;
  readonly instance: object;
}

/** Says `OrderFunctions.createNewOrder`. */
export function placeOf(definition: Pick<FunctionDefinition, "className" | "methodName">): string {
  return `${definition.className}.${definition.methodName}`;
}
