import type { DataType, JsonValue } from "../model/bindings.js";
import { recording } from "./recording.js";
import type { FunctionDecorator, InputDecorator, OutputDecorator, ValueOf } from "./signatures.js";
import type { PayloadType } from "../model/payload-type.js";

/** A binding as function.json has it, without `direction`, which the decorator says. */
export interface GenericOptions {
  /** The type that function.json has: `timerTrigger`, `blob`, `queue` … */
  readonly type: string;
  /** Said by the decorator. */
  readonly direction?: never;
  /** How the Functions host hands the value over. */
  readonly dataType?: DataType | undefined;
  /** Any other member of the binding, spelt as in function.json and written in the order given. */
  readonly [member: string]: JsonValue | undefined;
}

/** The options of `@Input` and `@Output`. */
export type NamedGenericOptions<N extends string = string> = GenericOptions & {
  /** The property of the method's second parameter: a letter, then letters and digits. */
  readonly name: N;
};

/**
 * Any other trigger of Azure Functions; its type ends in `Trigger`. Needs the Functions host: `serve` refuses it.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-triggers-bindings
 * @example
 * class Depots {
 *   // `@Trigger({ type: "timerTrigger", name: "tick", schedule: "0 30 5 * * *" })`
 *   sweep(): void {}
 * }
 */
export function Trigger(options: GenericOptions & { readonly name?: string | undefined }): FunctionDecorator {
  return recording("Trigger", options);
}

/**
 * Any other input binding of Azure Functions; the method gets what the host delivers. Needs the Functions host.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-triggers-bindings
 * @example
 * class Depots {
 *   // `@Trigger({ type: "timerTrigger", schedule: "0 30 5 * * *" })`
 *   // `@Input({ type: "blob", name: "manifest", path: "manifests/today.json", connection: "DepotStorage" })`
 *   sweep(_: unknown, { manifest }: { manifest: unknown }): void {}
 * }
 */
export function Input<N extends string>(options: NamedGenericOptions<N>): InputDecorator<N, ValueOf<PayloadType>> {
  return recording("Input", options);
}

/**
 * Any other output binding of Azure Functions; the method gets a `Collector`. Needs the Functions host.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-triggers-bindings
 * @example
 * class Depots {
 *   // `@Trigger({ type: "timerTrigger", schedule: "0 30 5 * * *" })`
 *   // `@Output({ type: "queue", name: "jobs", queueName: "sweep-jobs", connection: "DepotStorage" })`
 *   sweep(_: unknown, { jobs }: { jobs: Collector<string> }): void {
 *     jobs.add("all");
 *   }
 * }
 */
export function Output<N extends string>(options: NamedGenericOptions<N>): OutputDecorator<N, "generic", never> {
  return recording("Output", options);
}
