import {
  bindFunctions,
  inspectFunctions,
  inspectStart,
  throwErrors,
  type Container,
} from "../../metadata/functions.js";
import type { Problem } from "../../model/errors.js";
import type { BoundFunction, FunctionDefinition } from "../../model/function-definition.js";
import type { Class } from "../../model/payload-type.js";
import { warnOfDropped } from "../../payload/dropped-properties.js";
import type { ValidationOptions } from "../../payload/payload-type.js";
import type { Around } from "../../invocation/around.js";
import { toRunner, type FunctionRunner } from "./invocation.js";
import type { Target } from "../../metadata/module-functions.js";
import { hostProblems } from "../app/rules.js";

/** What `register` and `toHandler` take besides the functions. */
export interface AzureOptions {
  /** Makes the instances of the classes given; without one they are made without arguments. */
  readonly container?: Container | undefined;
  /** How payload classes are validated. */
  readonly validation?: ValidationOptions | undefined;
  /** Surrounds each call of a method: it sees payload and reply, and may throw or answer instead. */
  readonly around?: Around | undefined;
}

export interface InspectedFunctions {
  readonly definitions: readonly FunctionDefinition[];
  /** Warnings included. */
  readonly problems: readonly Problem[];
}

/** Reads functions and applies the rules of the Functions host, but for those that need the app's folder. */
export function inspectForHost(targets: readonly Target[], options: AzureOptions = {}): InspectedFunctions {
  const { definitions, problems } = inspectFunctions(targets);
  return { definitions, problems: [...problems, ...inspectStart(targets, options), ...hostProblems(definitions)] };
}

/** @throws DefinitionError with all errors; without one the warnings are logged. */
export function refuseErrors(problems: readonly Problem[]): void {
  throwErrors(problems);
  for (const { code, message } of problems) console.warn(`warning ${code}: ${message}`);
}

/** Makes the instances, then a runner per function, by the function's name. */
export async function runnersOf(
  targets: readonly Target[],
  options: AzureOptions,
): Promise<ReadonlyMap<string, FunctionRunner>> {
  const bound = await bindFunctions(targets, options.container === undefined ? ownInstances : options);
  const validation = { ...options.validation, onDropped: warnOfDropped(console) };
  return new Map(bound.map((fn: BoundFunction) => [fn.definition.name, toRunner(fn, { ...options, validation })]));
}

/** One instance per class and process, whichever folders and calls ask for it. */
const instances = new WeakMap<Class, object>();

const ownInstances: { readonly container: Container } = {
  container: {
    get<T>(type: Class<T>): T {
      let instance = instances.get(type);
      if (instance === undefined) {
        instance = new (type as unknown as new () => object)();
        instances.set(type, instance);
      }
      return instance as T;
    },
  },
};
