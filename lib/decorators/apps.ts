import type { DaprApp as AppBinding, DaprSidecar as SidecarBinding } from "../model/bindings.js";
import type { Class } from "../model/payload-type.js";
import { recording, type OptionsOf } from "./recording.js";
import type { AppDecorator, InstanceOf, SidecarDecorator } from "./signatures.js";

export type DaprApp = AppBinding;
export type DaprSidecar = SidecarBinding;

/** The class of a callee, with a property, so that the compiler takes a generic one for what it is rather than for its signature. */
export type CalleeClass = Class & { readonly prototype: unknown };

/** What a callee's class makes; `never` where it was not given. */
export type CalleeOf<C> = [C] extends [never] ? never : InstanceOf<C>;

/** What `@DaprApp` takes. */
export type DaprAppOptions<N extends string = string, C extends CalleeClass = CalleeClass> = OptionsOf<
  AppBinding,
  "name" | "dataType" | "of"
> & {
  /** The property of the method's second parameter: a letter, then letters and digits. */
  readonly name: N;
  /** The callee's class: calls go by its names and verbs, and are checked against its payload types before they are sent. */
  readonly of?: C | undefined;
};

/**
 * The method gets another application, to call while it runs: an `AppClient` of that application's class, which need not
 * be loaded for its types. Calls carry the invocation's trace, token, deadline and signal.
 *
 * @see https://docs.dapr.io/reference/api/service_invocation_api/
 * @example
 * import type { Billing } from "../billing/functions.js";
 *
 * class Shop {
 *   // `@DaprServiceInvocationTrigger()`
 *   // `@DaprApp({ name: "billing", appId: "billing" })`
 *   async checkout(order: Order, { billing }: { billing: AppClient<Billing> }): Promise<string> {
 *     const receipt = await billing.charge({ order: order.id, cents: order.cents });
 *     return receipt.number;
 *   }
 * }
 */
export function DaprApp<N extends string, C extends CalleeClass = never>(
  options: DaprAppOptions<N, C>,
): AppDecorator<N, CalleeOf<C>> {
  return recording("DaprApp", options);
}

/** What `@DaprSidecar` takes. */
export type DaprSidecarOptions<N extends string = string> = OptionsOf<SidecarBinding, "name" | "dataType"> & {
  /** The property of the method's second parameter: a letter, then letters and digits. */
  readonly name: N;
};

/**
 * The method gets the sidecar itself, to call while it runs: a `DaprClient` whose requests carry the invocation's
 * trace, token, deadline and signal. The door for what no other decorator says.
 *
 * @see https://docs.dapr.io/reference/api/
 * @example
 * class Orders {
 *   // `@DaprServiceInvocationTrigger()`
 *   // `@DaprSidecar({ name: "dapr" })`
 *   async hasOrder(order: Order, { dapr }: { dapr: DaprClient }): Promise<boolean> {
 *     const { etag } = await dapr.getState({ stateStore: "statestore", key: order.id });
 *     return etag !== undefined;
 *   }
 * }
 */
export function DaprSidecar<N extends string>(options: DaprSidecarOptions<N>): SidecarDecorator<N> {
  return recording("DaprSidecar", options);
}
