import type { FlushMode } from "../model/function-definition.js";
import { recording } from "./recording.js";
import type { FunctionDecorator } from "./signatures.js";

/**
 * How the outputs of a function are sent, in place of what the option `flush` of `serve` says for all: `"ordered"`, one
 * after the other, or `"parallel"`, side by side. The items of one output stay in order either way.
 *
 * @example
 * class Orders {
 *   // `@Flush("parallel")`
 *   // `@DaprServiceInvocationTrigger()`
 *   // `@DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })`
 *   // `@DaprPublish({ name: "created", pubSubName: "bus", topic: "orders" })`
 *   create(order: Order, { order: stored, created }: { order: StateCollector<Order>; created: PublishCollector<Order> }): void {
 *     stored.add(order);
 *     created.add(order);
 *   }
 * }
 */
export function Flush(mode: FlushMode): FunctionDecorator {
  return recording("Flush", mode);
}
