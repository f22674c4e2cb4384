import * as library from "../../lib/index.js";
import { inspectFunctions } from "../../lib/metadata/functions.js";
import type { Class } from "../../lib/model/payload-type.js";

type Decorator = (target: object, key: string, descriptor: PropertyDescriptor) => void;
type Decorators = { readonly [Name in DecoratorName]: (argument?: unknown) => Decorator };
type DecoratorName = {
  [Name in keyof typeof library]: Name extends
    "Flush" | "FunctionName" | "HttpTrigger" | "Trigger" | "Input" | "Output" | "Retry"
    ? Name
    : Name extends
          | `Dapr${string}Trigger`
          | `DaprState${string}`
          | "DaprSecret"
          | "DaprPublish"
          | "DaprInvoke"
          | "DaprInvokeInput"
          | "DaprBindingInput"
          | "DaprApp"
          | "DaprSidecar"
          | "DaprBindingOutput"
      ? Name
      : never;
}[keyof typeof library];

/** The decorators as JavaScript calls them: with anything. */
export const untyped = library as unknown as Decorators;

/** Methods of a new class `Orders`, each with its decorators from top to bottom. */
export function declared(methods: Readonly<Record<string, readonly Decorator[]>>): Class {
  class Orders {}
  for (const [name, decorators] of Object.entries(methods)) {
    const descriptor: PropertyDescriptor = { value: () => undefined, writable: true, configurable: true };
    Object.defineProperty(Orders.prototype, name, descriptor);
    for (const decorate of [...decorators].reverse()) decorate(Orders.prototype, name, descriptor);
  }
  return Orders;
}

/** What is wrong, one line each, as the command line prints it without a file. */
export function problemsOf(...functions: readonly (Class | object)[]): string[] {
  return inspectFunctions(functions).problems.map(({ level, code, message }) => `${level} ${code}: ${message}`);
}

/** What is wrong with one method `store` that a service invocation triggers. */
export function problemsWith(...decorators: readonly Decorator[]): string[] {
  return problemsOf(declared({ store: [untyped.DaprServiceInvocationTrigger(), ...decorators] }));
}
