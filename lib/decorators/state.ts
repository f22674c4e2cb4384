import type { DaprStateInput as StateInput, DaprStateOutput as StateOutput } from "../model/bindings.js";
import type { StateRecord } from "../model/invocation.js";
import type { PayloadType } from "../model/payload-type.js";
import { recording, type OptionsOf } from "./recording.js";
import type { InputDecorator, OutputDecorator, ValueOf } from "./signatures.js";

export type DaprStateInput = StateInput;
export type DaprStateOutput = StateOutput;

export type DaprStateInputOptions<
  N extends string = string,
  V extends PayloadType = PayloadType,
  Required extends boolean = boolean,
  Recorded extends boolean = boolean,
> = OptionsOf<StateInput, "name" | "dataType" | "required" | "record" | "valueType"> & {
  /** The property of the method's second parameter: a letter, then letters and digits. */
  readonly name: N;
  /** Fail the invocation when the key does not exist, rather than give the method `undefined`. */
  readonly required?: Required | undefined;
  /** Give the method a `StateRecord` (key, value, etag) rather than the value. */
  readonly record?: Recorded | undefined;
  /** Class, `[Class]` or Standard Schema that makes an instance of the stored value. */
  readonly valueType?: V | undefined;
  readonly dataType?: "string" | undefined;
};

/** `any` for a value of which nothing is known. */
type Stored<V> = [V] extends [never] ? ValueOf<PayloadType> : ValueOf<V>;

/**
 * The method gets the value stored under a key, or `undefined` where there is none.
 *
 * @see https://docs.dapr.io/reference/api/state_api/#get-state
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-dapr-input-state
 * @example
 * class Orders {
 *   @DaprServiceInvocationTrigger()
 *   @DaprStateInput({ name: "order", stateStore: "%StateStoreName%", key: "{id}" })
 *   retrieveOrder(_: { id: string }, { order }: { order: Order | undefined }): Order | undefined {
 *     return order;
 *   }
 * }
 */
export function DaprStateInput<
  N extends string,
  V extends PayloadType = never,
  Required extends boolean = false,
  Recorded extends boolean = false,
>(
  options: DaprStateInputOptions<N, V, Required, Recorded>,
): [Recorded] extends [true]
  ? InputDecorator<N, StateRecord<Stored<V>>>
  : InputDecorator<N, Stored<V>, [Required] extends [true] ? false : true> {
  return recording("DaprStateInput", options);
}

export type DaprStateOutputOptions<N extends string = string, V extends PayloadType = PayloadType> = OptionsOf<
  StateOutput,
  "name" | "dataType" | "valueType"
> & {
  /** The property of the method's second parameter: a letter, then letters and digits. */
  readonly name: N;
  /** Class, `[Class]` or Standard Schema that each item is checked against when it is added. */
  readonly valueType?: V | undefined;
};

/**
 * The function saves state. The method gets a `StateCollector`: `add` saves, `remove` deletes; an item may override
 * `stateStore`, `key`, `etag`, `metadata` and `options`. Items of one invocation go to a store in one request, with
 * `transaction: true` all or none.
 *
 * @see https://docs.dapr.io/reference/api/state_api/#save-state
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-dapr-output-state
 * @example
 * class Orders {
 *   @DaprServiceInvocationTrigger()
 *   @DaprStateOutput({ name: "order", stateStore: "%StateStoreName%", key: "{id}" })
 *   createNewOrder(payload: Order, { order }: { order: Collector<Order> }): void {
 *     order.add(payload);
 *   }
 * }
 */
export function DaprStateOutput<N extends string, V extends PayloadType = never>(
  options: DaprStateOutputOptions<N, V>,
): OutputDecorator<N, "state", V> {
  return recording("DaprStateOutput", options);
}
