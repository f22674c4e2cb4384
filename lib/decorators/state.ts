import type {
  DaprStateEntryBinding as StateEntryBinding,
  DaprStateInput as StateInput,
  DaprStateOutput as StateOutput,
} from "../model/bindings.js";
import type { StateRecord } from "../model/invocation.js";
import type { PayloadType } from "../model/payload-type.js";
import { recording, type OptionsOf } from "./recording.js";
import type { AnswerOf, EntryDecorator, InputDecorator, OutputDecorator } from "./signatures.js";

export type DaprStateInput = StateInput;
export type DaprState = StateEntryBinding;
export type DaprStateOutput = StateOutput;

interface StateInputValue<N extends string, V extends PayloadType> {
  /** The property of the method's second parameter: a letter, then letters and digits. */
  readonly name: N;
  /** Class, `[Class]` or Standard Schema that makes an instance of the stored value. */
  readonly valueType?: V | undefined;
  readonly dataType?: "string" | undefined;
}

type StateInputOptions = OptionsOf<
  StateInput,
  "name" | "dataType" | "key" | "keys" | "required" | "record" | "valueType"
>;

/** What `@DaprStateInput` takes to read one key. Texts may hold `%setting%` and `{data}`. */
export type DaprStateInputOptions<
  N extends string = string,
  V extends PayloadType = PayloadType,
  Required extends boolean = boolean,
  Recorded extends boolean = boolean,
> = StateInputOptions &
  StateInputValue<N, V> & {
    /** May hold `%setting%` and `{data}`; never `||`. */
    readonly key: string;
    readonly keys?: undefined;
    /** Fail the invocation when the key does not exist, rather than give the method `undefined`. */
    readonly required?: Required | undefined;
    /** Give the method a `StateRecord` (key, value, etag) rather than the value. */
    readonly record?: Recorded | undefined;
  };

/** The options of `@DaprStateInput` that reads several keys. */
export type DaprStateInputListOptions<
  N extends string = string,
  V extends PayloadType = PayloadType,
> = StateInputOptions &
  StateInputValue<N, V> & {
    /** One expression that finds a list of keys: `{ids}`. The method gets a `StateRecord` for each, in that order. */
    readonly keys: string;
    readonly key?: undefined;
    readonly required?: undefined;
    readonly record?: undefined;
  };

/**
 * The method gets the value stored under a key, or `undefined` where there is none.
 *
 * @see https://docs.dapr.io/reference/api/state_api/#get-state
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-dapr-input-state
 * @example
 * class Orders {
 *   // `@DaprServiceInvocationTrigger()`
 *   // `@DaprStateInput({ name: "order", stateStore: "%StateStoreName%", key: "{id}" })`
 *   retrieveOrder(_: { id: string }, { order }: { order: Order | undefined }): Order | undefined {
 *     return order;
 *   }
 * }
 */
export function DaprStateInput<N extends string, V extends PayloadType = never>(
  options: DaprStateInputListOptions<N, V>,
): InputDecorator<N, readonly StateRecord<AnswerOf<V>>[]>;
export function DaprStateInput<
  N extends string,
  V extends PayloadType = never,
  Required extends boolean = false,
  Recorded extends boolean = false,
>(
  options: DaprStateInputOptions<N, V, Required, Recorded>,
): [Recorded] extends [true]
  ? InputDecorator<N, StateRecord<AnswerOf<V>>>
  : InputDecorator<N, AnswerOf<V>, [Required] extends [true] ? false : true>;
export function DaprStateInput(options: object): unknown {
  return recording("DaprStateInput", options);
}

/** What `@DaprState` takes. Texts may hold `%setting%` and `{data}`. */
export type DaprStateOptions<N extends string = string, V extends PayloadType = PayloadType> = OptionsOf<
  StateEntryBinding,
  "name" | "dataType" | "valueType"
> & {
  /** The property of the method's second parameter: a letter, then letters and digits. */
  readonly name: N;
  /** Class, `[Class]` or Standard Schema that makes an instance of what is read, and checks what is set. */
  readonly valueType?: V | undefined;
};

/**
 * The method gets a `StateEntry`: what is stored under a key, and `set` and `remove` to say what it is to be afterwards.
 * Writing happens when the method has returned, before any output, and only if nobody changed the key since it was read;
 * otherwise the method runs again, with what is there now.
 *
 * @see https://docs.dapr.io/reference/api/state_api/
 * @example
 * class Carts {
 *   // `@DaprServiceInvocationTrigger()`
 *   // `@DaprState({ name: "cart", stateStore: "%StateStoreName%", key: "{id}" })`
 *   addItem(item: Item, { cart }: { cart: StateEntry<Cart> }): Cart {
 *     const next = { lines: [...(cart.value?.lines ?? []), item] };
 *     cart.set(next);
 *     return next;
 *   }
 * }
 */
export function DaprState<N extends string, V extends PayloadType = never>(
  options: DaprStateOptions<N, V>,
): EntryDecorator<N, V> {
  return recording("DaprState", options);
}

/** What `@DaprStateOutput` takes. What is left out each item gives. */
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
 *   // `@DaprServiceInvocationTrigger()`
 *   // `@DaprStateOutput({ name: "order", stateStore: "%StateStoreName%", key: "{id}" })`
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
