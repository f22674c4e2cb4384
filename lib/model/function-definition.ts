import type {
  Binding,
  ClientBinding,
  DaprStateEntryBinding,
  InputBinding,
  OutputBinding,
  RetryOptions,
  TriggerBinding,
} from "./bindings.js";
import type { Class, PayloadType } from "./payload-type.js";

/** How the outputs of an invocation are sent: one after the other as declared, or side by side. */
export type FlushMode = "ordered" | "parallel";

/** A function as its decorators declare it: plain data, checked. */
export interface FunctionDefinition {
  /** The name given by `@FunctionName`, else the method's. */
  readonly name: string;
  /** Name of the class. */
  readonly className: string;
  /** Name of the method. */
  readonly methodName: string;
  /** The class. */
  readonly target: Class;
  /** What causes an invocation. */
  readonly trigger: TriggerBinding;
  /** In the order of the source, top to bottom. */
  readonly inputs: readonly InputBinding[];
  /** In the order of the source, top to bottom, which is the order in which they are sent. */
  readonly outputs: readonly OutputBinding[];
  /** State that is read before the method and written after it, before any output; in the order of the source. */
  readonly entries: readonly DaprStateEntryBinding[];
  /** What the method calls while it runs, in the order of the source. */
  readonly clients: readonly ClientBinding[];
  /** What `@Retry` says. */
  readonly retry?: RetryOptions | undefined;
  /** How its outputs are sent, where the function says so itself. */
  readonly flush?: FlushMode | undefined;
  /** What the payload is checked against: the trigger's `payload`, else the declared type of the first parameter. */
  readonly payloadType?: PayloadType | undefined;
  /** Names of the outputs to a topic as an object with a payload type, which its subscribers check again. */
  readonly topicOutputs?: readonly string[] | undefined;
}

/** A method of a class with functions, as the runtime calls it. */
export type FunctionMethod = (payload: unknown, bindings: Record<string, unknown>, context: unknown) => unknown;

/** A definition and the instance whose method it calls. */
export interface BoundFunction {
  readonly definition: FunctionDefinition;
  readonly instance: object;
}

/** The trigger, inputs, state entries, app clients and outputs of a function. */
export function bindingsOf(definition: FunctionDefinition): readonly Binding[] {
  const { trigger, inputs, entries, clients, outputs } = definition;
  return [trigger, ...inputs, ...entries, ...clients, ...outputs];
}

/** Says `OrderFunctions.createNewOrder`. */
export function placeOf(definition: Pick<FunctionDefinition, "className" | "methodName">): string {
  return `${definition.className}.${definition.methodName}`;
}
