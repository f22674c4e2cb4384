import { lostTypesOf } from "../metadata/lost-types.js";
import {
  bindFunctions,
  inspectFunctions,
  inspectStart,
  throwErrors,
  type Container,
  type Inspection,
} from "../metadata/functions.js";
import { sharingProblems } from "../metadata/rules/sharing.js";
import { DefinitionError, type Problem } from "../model/errors.js";
import { resolveSettings } from "../expressions/resolve-settings.js";
import type { Settings } from "../expressions/settings.js";
import type { BoundFunction, FunctionDefinition } from "../model/function-definition.js";
import type { Log } from "../model/invocation.js";
import { verbsOf } from "../model/paths.js";
import type { Class } from "../model/payload-type.js";
import { classWith, functionProblem } from "../model/problem.js";
import { patternProblems } from "../server/app-routes.js";

export interface PrepareOptions {
  readonly settings: Settings;
  readonly container?: Container | undefined;
  readonly requirePayload?: boolean | undefined;
  readonly routePrefix?: string | undefined;
  readonly log: Log;
}

/**
 * Reads functions and applies every rule that `serve` applies before it makes instances.
 *
 * @throws DefinitionError `setting-invalid` when a source of settings cannot be read
 */
export function inspectForServe(
  functions: readonly (Class | object)[],
  options: Omit<PrepareOptions, "log">,
): Inspection {
  const { definitions: all, problems: declaredProblems } = inspectFunctions(functions);
  const declared = all.filter(({ name }) => disabledBy(name, options.settings) === undefined);
  const { definitions, problems: settingProblems } = resolveSettings(declared, options.settings);
  // Settings may make two names one, or a wrong template; what was wrong before them is wrong with them too.
  const afterSettings = [
    ...settingProblems,
    ...sharingProblems(definitions, options.routePrefix),
    ...patternProblems(definitions, options.routePrefix),
  ];
  const wrongTypes = declaredProblems.filter(({ code }) => code === "binding-type-invalid");
  const problems = [
    ...declaredProblems,
    ...inspectStart(functions, { container: options.container }),
    ...afterSettings.filter((problem) => !declaredProblems.some((known) => isSame(known, problem))),
    // Whose a type is that is wrong, nobody knows.
    ...definitions
      .flatMap(hostOnlyProblems)
      .filter((problem) => problem.code !== "host-only" || !wrongTypes.some((known) => isOfOne(known, problem))),
    ...(options.requirePayload === true ? definitions.flatMap(uncheckedProblems) : []),
  ];
  return { definitions, problems };
}

/**
 * Functions ready to be compiled: checked, their settings in, with the instances they run on. Warnings are logged.
 *
 * @param others problems found elsewhere, to be reported in one go
 * @throws DefinitionError with everything that is wrong
 */
export async function prepareFunctions(
  functions: readonly (Class | object)[],
  options: PrepareOptions,
  others: readonly Problem[],
): Promise<BoundFunction[]> {
  const { definitions, problems: inspected } = inspectForServe(functions, options);
  const problems = [...others, ...inspected];
  throwErrors(problems);
  for (const { code, message } of problems) options.log.warn(`${code}: ${message}`);
  const lost = lostTypesOf(definitions);
  if (lost !== undefined) options.log.warn(lost);
  const bound = await bindFunctions(functions, { container: options.container });
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  return bound.flatMap(({ definition: { name }, instance }) => {
    const definition = byName.get(name);
    if (definition !== undefined) return { definition, instance };
    options.log.info(`${name}: disabled by ${disabledBy(name, options.settings)}`);
    return [];
  });
}

/**
 * The setting that keeps a function from running, where there is one: dots are underscores where names of variables have
 * no dots.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/disable-function
 */
export function disabledBy(functionName: string, settings: Settings): string | undefined {
  const names = [`AzureWebJobs.${functionName}.Disabled`, `AzureWebJobs_${functionName}_Disabled`];
  try {
    return names.find((name) => /^(true|1)$/i.test(settings.get(name)?.trim() ?? ""));
  } catch (error) {
    // A file of settings that cannot be read is said where a setting is needed.
    if (error instanceof DefinitionError) return undefined;
    throw error;
  }
}

/** What only the Functions host has. */
function hostOnlyProblems(definition: FunctionDefinition): Problem[] {
  const { trigger, inputs, outputs, retry } = definition;
  const problems = [trigger, ...inputs, ...outputs]
    .filter((binding) => binding.generic === true)
    .map((binding) => {
      const text = `${binding.type} needs the Functions host; run the function there, or leave it out here`;
      return functionProblem("error", "host-only", { definition, binding }, text);
    });
  if (
    trigger.type === "httpTrigger" &&
    trigger.generic !== true &&
    /^(?:function|admin)$/i.test(trigger.authLevel ?? "")
  ) {
    const text =
      `authLevel "${trigger.authLevel}" is the Functions host's and ignored here, where nothing asks for a key; ` +
      "check the caller in the function, or let a proxy do it";
    problems.push(functionProblem("warning", "auth-level-ignored", { definition, binding: trigger }, text));
  }
  if (retry === undefined) return problems;
  const text = "@Retry is the Functions host's and ignored here; configure retries in Dapr's resiliency";
  return [...problems, functionProblem("warning", "retry-ignored", { definition }, text)];
}

/** An HTTP function whose verbs have no body has nothing to check. */
function uncheckedProblems(definition: FunctionDefinition): Problem[] {
  const { trigger, payloadType } = definition;
  if (payloadType !== undefined || trigger.generic === true) return [];
  if (trigger.type === "httpTrigger" && !verbsOf(trigger).some((method) => /^P(OST|UT|ATCH)$/.test(method))) return [];
  const text = "its payload is not checked, and requirePayload asks for that; give `payload` a class or a schema";
  return [functionProblem("error", "payload-unchecked", { definition, binding: trigger }, text)];
}

function isSame(a: Problem, b: Problem): boolean {
  return a.code === b.code && isOfOne(a, b) && a.member === b.member;
}

/** Whether both are of one binding, or of one function as a whole. */
function isOfOne(a: Problem, b: Problem): boolean {
  return classWith(a) === classWith(b) && a.method === b.method && a.binding === b.binding;
}
