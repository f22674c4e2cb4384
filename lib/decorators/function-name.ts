import { recording } from "./recording.js";
import type { FunctionDecorator } from "./signatures.js";

/**
 * Gives a function another name than its method's: a letter, then up to 127 letters, digits, `_` and `-`; not `host`.
 * Names are unique in an app, ignoring case. A function's name is also its route, its topic, its binding or its folder
 * where its trigger says nothing else.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-reference
 * @example
 * class Orders {
 *   // `@FunctionName("CreateNewOrder")`
 *   // `@DaprServiceInvocationTrigger()`
 *   create(order: Order): Order {
 *     return order;
 *   }
 * }
 */
export function FunctionName(name: string): FunctionDecorator {
  return recording("FunctionName", name);
}
