import type {
  DaprBindingInput as BindingInput,
  DaprBindingOutput as OutputBinding,
  DaprBindingTrigger as BindingTrigger,
} from "../model/bindings.js";
import type { BindingRecord } from "../model/binding-record.js";
import type { PayloadType } from "../model/payload-type.js";
import { recording, type OptionsOf, type TriggerOptionsOf } from "./recording.js";
import type { AnswerOf, InputDecorator, OutputDecorator, TriggerDecorator } from "./signatures.js";

export type DaprBindingTrigger = BindingTrigger;
export type DaprBindingOutput = OutputBinding;
export type DaprBindingInput = BindingInput;

/** What `@DaprBindingTrigger` takes. Texts may hold `%setting%`. */
export type DaprBindingTriggerOptions<P extends PayloadType = PayloadType> = TriggerOptionsOf<
  BindingTrigger,
  "payload"
> & {
  /** Class, `[Class]` or Standard Schema of what the component sends; the declared class of the first parameter unless given. */
  readonly payload?: P | undefined;
  readonly dataType?: "string" | "binary" | undefined;
};

/**
 * The function receives the events of an input binding's component (a schedule, a queue, a file share …).
 *
 * @see https://docs.dapr.io/reference/api/bindings_api/#invoking-service-code-through-input-bindings
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-dapr-trigger
 * @example
 * class Messages {
 *   // `@DaprBindingTrigger({ bindingName: "%KafkaBindingName%" })`
 *   consumeMessageFromKafka(message: unknown, _: unknown, context: InvocationContext): void {
 *     context.log(message);
 *   }
 * }
 */
export function DaprBindingTrigger<P extends PayloadType = never>(
  options?: DaprBindingTriggerOptions<P>,
): TriggerDecorator<"payload", P> {
  return recording("DaprBindingTrigger", options);
}

/** What `@DaprBindingOutput` takes. What is left out each item gives. */
export type DaprBindingOutputOptions<N extends string = string, V extends PayloadType = PayloadType> = OptionsOf<
  OutputBinding,
  "name" | "dataType" | "valueType"
> & {
  /** The property of the method's second parameter: a letter, then letters and digits. */
  readonly name: N;
  /** Class, `[Class]` or Standard Schema that each item is checked against when it is added. */
  readonly valueType?: V | undefined;
};

/**
 * The function invokes an output binding's component, once for each item it adds. The method gets a
 * `BindingCollector`; an item may override `bindingName`, `operation` and `metadata`.
 *
 * @see https://docs.dapr.io/reference/api/bindings_api/#invoking-output-bindings
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-dapr-output
 * @example
 * class Messages {
 *   // `@DaprServiceInvocationTrigger()`
 *   // `@DaprBindingOutput({ name: "messages", bindingName: "%KafkaBindingName%", operation: "create" })`
 *   sendMessageToKafka(payload: Order, { messages }: { messages: Collector<Order> }): void {
 *     messages.add(payload);
 *   }
 * }
 */
export function DaprBindingOutput<N extends string, V extends PayloadType = never>(
  options: DaprBindingOutputOptions<N, V>,
): OutputDecorator<N, "binding", V> {
  return recording("DaprBindingOutput", options);
}

/** What `@DaprBindingInput` takes. Texts may hold `%setting%` and `{data}`. */
export type DaprBindingInputOptions<
  N extends string = string,
  V extends PayloadType = PayloadType,
  Required extends boolean = boolean,
  Recorded extends boolean = boolean,
> = OptionsOf<BindingInput, "name" | "dataType" | "valueType" | "required" | "record"> & {
  /** The property of the method's second parameter: a letter, then letters and digits. */
  readonly name: N;
  /** Class, `[Class]` or Standard Schema that makes an instance of the answer. */
  readonly valueType?: V | undefined;
  /** Fail the invocation when the component answers nothing, rather than give the method `undefined`. */
  readonly required?: Required | undefined;
  /** Give the method a `BindingRecord` (data and metadata) rather than the data. */
  readonly record?: Recorded | undefined;
};

/**
 * The method gets what a component answers to one operation (`get` of a file, `list`, `query` …), asked before the
 * method beside its other inputs; `undefined` where it answers nothing.
 *
 * @see https://docs.dapr.io/reference/api/bindings_api/#invoking-output-bindings
 * @example
 * class Files {
 *   // `@DaprServiceInvocationTrigger()`
 *   // `@DaprBindingInput({ name: "file", bindingName: "files", operation: "get", metadata: { fileName: "{name}" } })`
 *   show(_: { name: string }, { file }: { file: string | undefined }): string | undefined {
 *     return file;
 *   }
 * }
 */
export function DaprBindingInput<
  N extends string,
  V extends PayloadType = never,
  Required extends boolean = false,
  Recorded extends boolean = false,
>(
  options: DaprBindingInputOptions<N, V, Required, Recorded>,
): [Recorded] extends [true]
  ? InputDecorator<N, BindingRecord<AnswerOf<V>>>
  : InputDecorator<N, AnswerOf<V>, [Required] extends [true] ? false : true> {
  return recording("DaprBindingInput", options);
}
