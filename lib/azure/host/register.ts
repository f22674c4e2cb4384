import type {
  Duration,
  FunctionInput,
  FunctionOutput,
  FunctionTrigger,
  GenericFunctionOptions,
  RetryOptions as V4RetryOptions,
} from "@azure/functions";
import { hasFunctions } from "../../metadata/targets.js";
import type { RetryOptions } from "../../model/bindings.js";
import { DefinitionError, type Problem } from "../../model/errors.js";
import { placeOf, type FunctionDefinition } from "../../model/function-definition.js";
import { fromV4Context, type V4Context } from "./context.js";
import { toHostBindings } from "../app/function-json.js";
import { functionsApp, refuseErrors, type AzureOptions } from "./host-functions.js";
import { fromV4Request, type V4HttpRequest } from "./http-request.js";
import type { FunctionRunner } from "./runner.js";
import { functionProblem } from "../../model/problem.js";
import type { Target } from "../../metadata/module-functions.js";

type App = typeof import("@azure/functions").app;

/**
 * Registers functions in the v4 programming model of `@azure/functions`: one raw registration per function, equal to
 * the function.json that `generate` writes for it. Call it in the file that `main` of package.json names.
 *
 * A list is registered at once. A function that gives one, or a promise of one, runs once while the app starts, for
 * containers that take their time. Everything is checked first; with an error nothing is registered.
 *
 * @param functions classes and instances with functions
 * @throws DefinitionError with every problem found; `peer-missing` when `@azure/functions` is not there in version 4.1 or
 *   later
 *
 * @example
 * register([OrderFunctions, new StockFunctions(database)]);
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-reference-node
 */
export function register(
  functions: readonly Target[] | (() => readonly Target[] | Promise<readonly Target[]>),
  options: AzureOptions = {},
): void {
  const app = loadApp();
  calls++;
  // A class is a function too, and no list of them: the one error says so.
  const given: unknown = functions;
  if (typeof functions !== "function" || hasFunctions(given)) {
    registerAll(app, functions as readonly Target[], options);
    return;
  }
  app.hook.appStart(async () => registerAll(app, await functions(), options));
}

let calls = 0;

/** How often functions were registered in this process: a module that does so is one of the v4 model. */
export function registerCalls(): number {
  return calls;
}

/** Any version may be installed: `generate` and `toHandler` need none of it. */
function loadApp(): App {
  let app: Partial<App> | undefined;
  let cause: unknown;
  try {
    ({ app } = require("@azure/functions") as { app?: Partial<App> });
  } catch (error) {
    cause = error;
  }
  // The types name what is there since 4.1; version 3 has types alone, and 4.0 no hooks.
  if (app?.generic !== undefined && app.hook !== undefined) return app as App;
  const version = versionOf("@azure/functions");
  const what =
    version === undefined
      ? "@azure/functions cannot be loaded"
      : version.startsWith("3.")
        ? `@azure/functions ${version} is for the v3 model, whose function.json files \`generate\` writes`
        : `@azure/functions ${version} has not what it takes`;
  const message = `register(): ${what}; npm install @azure/functions@4`;
  throw new DefinitionError([{ code: "peer-missing", level: "error", class: undefined, method: undefined, message }], {
    cause,
  });
}

function versionOf(name: string): string | undefined {
  try {
    return (require(`${name}/package.json`) as { version: string }).version;
  } catch {
    return undefined;
  }
}

function registerAll(app: App, targets: readonly Target[], options: AzureOptions): void {
  const { definitions, problems, start } = functionsApp(targets, options);
  const names = namesOf(app);
  refuseErrors([...problems, ...duplicates(definitions, names)]);
  const runners = start();
  // Without this an instance that cannot be made would end the worker; each invocation reports it again.
  runners.catch((error: unknown) => console.error("functions cannot run:", error));
  for (const definition of definitions) {
    names.set(definition.name.toLowerCase(), placeOf(definition));
    registerOne(app, definition.name, toRegistration(definition, options, runners));
  }
}

function registerOne(app: App, name: string, registration: GenericFunctionOptions): void {
  try {
    app.generic(name, registration);
  } catch (cause) {
    const what = `register(): the worker does not take ${name}: ${(cause as Error).message.replace(/\.$/, "")}`;
    const remedy =
      "call register() while the file loads that `main` of package.json names; a module that generate was given must " +
      "not call it";
    throw new DefinitionError(
      [{ code: "model-mixed", level: "error", class: undefined, method: undefined, message: `${what}; ${remedy}` }],
      { cause },
    );
  }
}

function toRegistration(
  definition: FunctionDefinition,
  { bindings }: AzureOptions,
  runners: Promise<ReadonlyMap<string, FunctionRunner>>,
): GenericFunctionOptions {
  const { retry } = definition;
  const { trigger, inputs, reply, outputs } = toHostBindings(definition, { bindings });
  const isHttp = definition.trigger.type === "httpTrigger";
  return {
    trigger: trigger as FunctionTrigger,
    extraInputs: inputs as readonly FunctionInput[] as FunctionInput[],
    ...(reply !== undefined && { return: reply as FunctionOutput }),
    extraOutputs: outputs as readonly FunctionOutput[] as FunctionOutput[],
    ...(retry !== undefined && { retry: toV4Retry(retry) }),
    // A closure rather than the method, which would lose its `this`.
    handler: async (payload: unknown, context: V4Context) => {
      const run = (await runners).get(definition.name)!;
      return run({
        payload: isHttp ? fromV4Request(payload as V4HttpRequest) : payload,
        context: fromV4Context(context),
        bindings: {
          input: (name) => context.extraInputs.get(name),
          setOutput: (name, value) => context.extraOutputs.set(name, value),
        },
      });
    },
  };
}

/** The names registered so far, in lower case, and where each is declared: the worker keeps the last of equal ones. */
const registered = new WeakMap<App, Map<string, string>>();

function namesOf(app: App): Map<string, string> {
  let names = registered.get(app);
  if (names === undefined) registered.set(app, (names = new Map<string, string>()));
  return names;
}

function duplicates(definitions: readonly FunctionDefinition[], names: ReadonlyMap<string, string>): Problem[] {
  return definitions
    .filter(({ name }) => names.has(name.toLowerCase()))
    .map((definition) => {
      const text =
        `the name "${definition.name}" was registered before, by ${names.get(definition.name.toLowerCase())}; ` +
        "give one of them another @FunctionName";
      return functionProblem("error", "function-name-duplicate", { definition }, text);
    });
}

/** The library refuses `"00:00:10"`, and rounds milliseconds. */
function toV4Retry(retry: RetryOptions): V4RetryOptions {
  const { strategy, maxRetryCount } = retry;
  if (strategy === "fixedDelay") return { strategy, maxRetryCount, delayInterval: toDuration(retry.delayInterval) };
  return {
    strategy,
    maxRetryCount,
    minimumInterval: toDuration(retry.minimumInterval),
    maximumInterval: toDuration(retry.maximumInterval),
  };
}

function toDuration(interval: string): Duration {
  const [hours = 0, minutes = 0, seconds = 0] = interval.split(":").map(Number);
  return { hours, minutes, seconds };
}
