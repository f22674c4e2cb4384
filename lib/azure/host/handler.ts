import { DefinitionError } from "../../model/errors.js";
import { fromV3Context, type V3Context } from "./context.js";
import { fromV3Request, type V3HttpRequest } from "./http-request.js";
import { functionsApp, refuseErrors, type AzureOptions } from "./host-functions.js";
import type { Bindings } from "../app/served-by.js";
import type { FunctionRunner } from "./runner.js";
import { functionsOfModule } from "../../metadata/module-functions.js";
import type { FunctionDefinition } from "../../model/function-definition.js";
import { listed } from "../../model/values.js";

/** What a folder's script exports: the worker calls it with its context for each invocation. */
export type V3Handler = (context: V3Context, ...inputs: unknown[]) => Promise<unknown>;

interface HandledFunction {
  readonly definition: FunctionDefinition;
  readonly run: FunctionRunner;
}

/**
 * What a generated function folder exports under the v3 programming model: a handler that runs the function of that name
 * among all exports of a module.
 *
 * The module is loaded at once. If that fails, the error is logged and each invocation fails with it: DefinitionError
 * `function-missing` when no export has the function, else whatever made the module or its functions unusable.
 *
 * @param load gives the module: `() => import("../build/parcels.js")`
 *
 * @example
 * module.exports = toHandler(() => import("../build/parcels.js"), "printLabel", { bindings: "sidecar" });
 */
export function toHandler(load: () => unknown, functionName: string, options: AzureOptions = {}): V3Handler {
  const loaded = loadFunction(load, functionName, options);
  // Without this a module that fails to load would end the worker; each invocation reports it again.
  loaded.catch((error: unknown) => console.error(`${functionName} cannot run:`, error));
  return async function handler(context) {
    const { definition, run } = await loaded;
    const { bindings } = context;
    const { trigger } = definition;
    const isHttp = trigger.type === "httpTrigger";
    const payload = bindings[trigger.name];
    return await run({
      payload: isHttp ? fromV3Request((payload ?? context.req ?? {}) as V3HttpRequest) : payload,
      context: fromV3Context(context, definition.name),
      bindings: {
        input: (name) => bindings[name],
        setOutput: (name, value) => {
          bindings[name] = value;
        },
      },
    });
  };
}

async function loadFunction(
  load: () => unknown,
  functionName: string,
  options: AzureOptions,
): Promise<HandledFunction> {
  const { definitions, runners } = await appOf(await load(), options);
  const definition = definitions.find(({ name }) => name === functionName);
  const run = runners.get(functionName);
  if (definition !== undefined && run !== undefined) return { definition, run };
  const there = listed(definitions, ({ name }) => name);
  const message = `${functionName}: the module has no function of that name, it has ${there}; run generate again`;
  throw new DefinitionError([
    { code: "function-missing", level: "error", class: undefined, method: undefined, message },
  ]);
}

interface ModuleApp {
  readonly definitions: readonly FunctionDefinition[];
  readonly runners: ReadonlyMap<string, FunctionRunner>;
}

/** Many folders share a module: it is read once for all that say the same of it. */
const apps: Readonly<Record<Bindings, WeakMap<object, Promise<ModuleApp>>>> = {
  host: new WeakMap(),
  sidecar: new WeakMap(),
};

function appOf(exports: unknown, options: AzureOptions): Promise<ModuleApp> {
  const { bindings = "host", ...others } = options;
  const isShared = Object.values(others).every((option) => option === undefined);
  if (!isShared || !Object.hasOwn(apps, bindings) || typeof exports !== "object" || exports === null)
    return readModule(exports, options);
  let app = apps[bindings].get(exports);
  if (app === undefined) apps[bindings].set(exports, (app = readModule(exports, options)));
  return app;
}

async function readModule(exports: unknown, options: AzureOptions): Promise<ModuleApp> {
  const { definitions, problems, start } = functionsApp(functionsOfModule(exports), options);
  refuseErrors(problems);
  return { definitions, runners: await start() };
}
