import type { AppReply } from "../model/app-client.js";
import type {
  DaprInvoke as InvokeBinding,
  DaprInvokeInput as InvokeInput,
  DaprServiceInvocationTrigger as InvocationTrigger,
} from "../model/bindings.js";
import type { PayloadType } from "../model/payload-type.js";
import { recording, type OptionsOf, type TriggerOptionsOf } from "./recording.js";
import type { AnswerOf, InputDecorator, OutputDecorator, TriggerDecorator } from "./signatures.js";

export type DaprServiceInvocationTrigger = InvocationTrigger;
export type DaprInvoke = InvokeBinding;
export type DaprInvokeInput = InvokeInput;

/** What `@DaprServiceInvocationTrigger` takes. Texts may hold `%setting%`. */
export type DaprServiceInvocationTriggerOptions<P extends PayloadType = PayloadType> = TriggerOptionsOf<
  InvocationTrigger,
  "payload"
> & {
  /** Class, `[Class]` or Standard Schema of the caller's JSON; the declared class of the first parameter unless given. */
  readonly payload?: P | undefined;
  readonly dataType?: "string" | "binary" | undefined;
};

/**
 * The function is called by other applications, through Dapr's service invocation: `POST /<methodName>` on the app
 * port. The method gets the caller's JSON, and what it returns is the answer.
 *
 * @see https://docs.dapr.io/reference/api/service_invocation_api/
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-dapr-trigger-svc-invoke
 * @example
 * class Orders {
 *   // `@DaprServiceInvocationTrigger()`
 *   createNewOrder(order: Order): Order {
 *     return order;
 *   }
 * }
 */
export function DaprServiceInvocationTrigger<P extends PayloadType = never>(
  options?: DaprServiceInvocationTriggerOptions<P>,
): TriggerDecorator<"payload", P> {
  return recording("DaprServiceInvocationTrigger", options);
}

/** What `@DaprInvoke` takes. What is left out each item gives. */
export type DaprInvokeOptions<N extends string = string, V extends PayloadType = PayloadType> = OptionsOf<
  InvokeBinding,
  "name" | "dataType" | "httpVerb" | "valueType"
> & {
  /** The property of the method's second parameter: a letter, then letters and digits. */
  readonly name: N;
  /** GET HEAD POST PUT DELETE PATCH OPTIONS or TRACE in any case, or an expression; POST unless given. */
  readonly httpVerb?: string | undefined;
  /** Class, `[Class]` or Standard Schema that each item is checked against when it is added. */
  readonly valueType?: V | undefined;
};

/**
 * The function calls a method of another application, once for each item it adds. The method gets an
 * `InvokeCollector`; an item may override `appId`, `methodName`, `httpVerb`, `headers` and `contentType`.
 *
 * @see https://docs.dapr.io/reference/api/service_invocation_api/
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-dapr-output-invoke
 * @example
 * class Gateway {
 *   // `@HttpTrigger({ route: "invoke/{appId}/{methodName}", methods: ["POST"] })`
 *   // `@DaprInvoke({ name: "call", appId: "{appId}", methodName: "{methodName}" })`
 *   async invokeOther(request: HttpRequest, { call }: { call: Collector<unknown> }): Promise<void> {
 *     call.add(await request.json());
 *   }
 * }
 */
export function DaprInvoke<N extends string, V extends PayloadType = never>(
  options: DaprInvokeOptions<N, V>,
): OutputDecorator<N, "invoke", V> {
  return recording("DaprInvoke", options);
}

/** What `@DaprInvokeInput` takes. Texts may hold `%setting%` and `{data}`. */
export type DaprInvokeInputOptions<
  N extends string = string,
  V extends PayloadType = PayloadType,
  Required extends boolean = boolean,
  Recorded extends boolean = boolean,
> = OptionsOf<InvokeInput, "name" | "dataType" | "httpVerb" | "valueType" | "required" | "record"> & {
  /** The property of the method's second parameter: a letter, then letters and digits. */
  readonly name: N;
  /** GET HEAD POST PUT DELETE PATCH OPTIONS or TRACE in any case, or an expression; GET unless given. */
  readonly httpVerb?: string | undefined;
  /** Class, `[Class]` or Standard Schema that makes an instance of the reply. */
  readonly valueType?: V | undefined;
  /** Fail the invocation when the callee answers nothing (204) or 404, rather than give the method `undefined`. */
  readonly required?: Required | undefined;
  /** Give the method an `AppReply` (status, headers, value, bytes) rather than the value. */
  readonly record?: Recorded | undefined;
};

/**
 * The method gets what another application answers, asked before the method beside its other inputs; `undefined` where
 * the callee answers 204 or 404. Any other status that is not 2xx fails the invocation with the callee's `SidecarError`.
 *
 * @see https://docs.dapr.io/reference/api/service_invocation_api/
 * @example
 * class Orders {
 *   // `@DaprServiceInvocationTrigger()`
 *   // `@DaprInvokeInput({ name: "price", appId: "catalogue", methodName: "prices/{sku}" })`
 *   quote(_: { sku: string }, { price }: { price: Price | undefined }): Price | undefined {
 *     return price;
 *   }
 * }
 */
export function DaprInvokeInput<
  N extends string,
  V extends PayloadType = never,
  Required extends boolean = false,
  Recorded extends boolean = false,
>(
  options: DaprInvokeInputOptions<N, V, Required, Recorded>,
): [Recorded] extends [true]
  ? InputDecorator<N, AppReply<AnswerOf<V>>>
  : InputDecorator<N, AnswerOf<V>, [Required] extends [true] ? false : true> {
  return recording("DaprInvokeInput", options);
}
