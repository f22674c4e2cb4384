import type { RetryOptions } from "../model/bindings.js";
import { recording } from "./recording.js";
import type { FunctionDecorator } from "./signatures.js";

/**
 * How the Functions host repeats a failed invocation: `maxRetryCount` times, -1 for ever, after intervals `HH:MM:SS`
 * below 24 hours. Standalone ignores it with a warning, since repeating is the work of Dapr's Resiliency there.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-error-pages#retry-policies
 * @example
 * class Depots {
 *   // `@Retry({ strategy: "fixedDelay", maxRetryCount: 4, delayInterval: "00:00:15" })`
 *   // `@Trigger({ type: "timerTrigger", name: "tick", schedule: "0 30 5 * * *" })`
 *   sweep(): void {}
 * }
 */
export function Retry(options: RetryOptions): FunctionDecorator {
  return recording("Retry", options);
}
