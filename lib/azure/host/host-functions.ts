import {
  bindFunctions,
  inspectFunctions,
  inspectStart,
  throwErrors,
  type Container,
  type Inspection,
} from "../../metadata/functions.js";
import { optionProblems, type OptionKind } from "../../model/app-options.js";
import type { Problem } from "../../model/errors.js";
import type { FunctionDefinition } from "../../model/function-definition.js";
import type { Class } from "../../model/payload-type.js";
import { warnOfDropped } from "../../payload/dropped-properties.js";
import type { ValidationOptions } from "../../payload/payload-type.js";
import { validationProblems } from "../../payload/check.js";
import type { Around } from "../../invocation/around.js";
import type { BindingHost } from "../../invocation/binding-host.js";
import { AzureHost } from "./azure-host.js";
import type { InvocationObserver } from "../../invocation/observer.js";
import { allOf } from "../../invocation/observers.js";
import { telemetryObserver } from "../../telemetry/telemetry.js";
import { toRunner, type FunctionRunner, type RunnerOptions } from "./runner.js";
import type { WorkerOptions } from "./worker-bindings.js";
import type { Target } from "../../metadata/module-functions.js";
import { functionsHostProblems } from "../app/rules.js";
import type { Bindings } from "../app/served-by.js";

/** What `register` and `toHandler` take besides the functions. */
export interface AzureOptions extends WorkerOptions {
  /** Makes the instances of the classes given; without one they are made without arguments. */
  readonly container?: Container | undefined;
  /**
   * Who serves the Dapr inputs and outputs: `host` (unless given), the Dapr extension by what function.json says; or
   * `sidecar`, the worker itself as `serve` does, with every override, etag and transaction.
   */
  readonly bindings?: Bindings | undefined;
  /** How payload classes are validated. */
  readonly validation?: ValidationOptions | undefined;
  /** Surrounds each call of a method: it sees payload and reply, and may throw or answer instead. */
  readonly around?: Around | undefined;
  /** Watch the invocations. */
  readonly observers?: readonly InvocationObserver[] | undefined;
}

const azureOptions: Readonly<Record<keyof AzureOptions, OptionKind>> = {
  container: "container",
  bindings: "any",
  validation: "members",
  around: "function",
  observers: "list",
  daprUrl: "any",
  client: "members",
  settings: "members",
  timeout: "any",
  maxRequestSize: "any",
  flush: "any",
};

/** Reads functions and applies the rules of the Functions host, but for those that need the app's folder. */
export function inspectForHost(targets: readonly Target[], options: AzureOptions = {}): Inspection {
  // What reads the options further takes them for what they have to be.
  const wrong = optionProblems(options, azureOptions);
  throwErrors(wrong);
  const { definitions, problems } = inspectFunctions(targets);
  return {
    definitions,
    problems: [
      ...wrong,
      ...bindingsProblems(options.bindings),
      ...validationProblems(options.validation),
      ...problems,
      ...inspectStart(targets, options),
      ...functionsHostProblems(definitions, options.bindings ?? "host"),
    ],
  };
}

function bindingsProblems(given: unknown): Problem[] {
  if (given === undefined || given === "host" || given === "sidecar") return [];
  const message = `bindings: it is ${JSON.stringify(given)}; give "host" or "sidecar"`;
  return [{ code: "option-invalid", level: "error", class: undefined, method: undefined, member: "bindings", message }];
}

/** @throws DefinitionError with all errors; without one the warnings are logged. */
export function refuseErrors(problems: readonly Problem[]): void {
  throwErrors(problems);
  for (const { code, message } of problems) console.warn(`warning ${code}: ${message}`);
}

/** Functions that the Functions host is to run. */
export interface FunctionsApp extends Inspection {
  /** Makes the instances, then a runner per function, by the function's name. Where there is no error. */
  readonly start: () => Promise<ReadonlyMap<string, FunctionRunner>>;
}

/** Reads functions as {@link inspectForHost} does, and finds what serves their bindings. */
export function functionsApp(targets: readonly Target[], options: AzureOptions): FunctionsApp {
  const { definitions, problems } = inspectForHost(targets, options);
  const validation = { ...options.validation, onDropped: warnOfDropped(console) };
  const { bindings, around, observers = [], flush } = options;
  const start = async (host: BindingHost, served: readonly FunctionDefinition[]) => {
    const bound = await bindFunctions(targets, options.container === undefined ? ownInstances : options);
    const telemetry = telemetryObserver();
    const observer = allOf(telemetry === undefined ? observers : [telemetry, ...observers]);
    const running: RunnerOptions = { bindings, around, validation, flush, observer };
    return new Map(
      bound.map(({ instance }, index) => {
        const definition = served[index]!;
        return [definition.name, toRunner({ definition, instance }, host, running)];
      }),
    );
  };
  if (options.bindings !== "sidecar")
    return { definitions, problems, start: () => start(new AzureHost(), definitions) };
  // A client and all that it speaks are loaded where they are used alone: it costs a cold start.
  const { workerBindings } = require("./worker-bindings.js") as typeof import("./worker-bindings.js");
  const worker = workerBindings(definitions, options);
  return {
    definitions,
    problems: [...problems, ...worker.problems],
    start: () => start(worker.host(validation), worker.definitions),
  };
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
