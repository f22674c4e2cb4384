import type { Binding } from "../model/bindings.js";
import type { Problem, ProblemCode } from "../model/errors.js";
import { ExpressionError } from "./error.js";
import { isTemplate, replaceTexts } from "./members.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { invocationVerbs } from "../model/paths.js";
import { describePlace, functionProblem, placeIn, type DefinitionPlace } from "../model/problem.js";
import { parseAddress } from "../model/sidecar-address.js";
import { listed } from "../model/values.js";
import { settingNames, substituteSettings, type Settings } from "./settings.js";
import { unsupportedFormat } from "./template.js";

/** Definitions with `%setting%` replaced wherever that could be done, and what was wrong. */
export interface ResolvedSettings {
  readonly definitions: FunctionDefinition[];
  readonly problems: Problem[];
}

/**
 * Puts the settings into every member that may name them, once. Problems: `setting-missing`, one per setting, naming
 * all places that use it; `setting-unclosed`; `setting-invalid` for a value that makes no URL or verb where one is due;
 * `expression-invalid` for a template that cannot be read; `host-only` for a format of the Functions host.
 */
export function resolveSettings(definitions: readonly FunctionDefinition[], settings: Settings): ResolvedSettings {
  const problems: Problem[] = [];
  const missing = new Map<string, { name: string; places: DefinitionPlace[] }>();

  const resolve = (text: string, place: DefinitionPlace & { binding: Binding; member: string }): string => {
    const report = (code: ProblemCode, fault: string) => problems.push(functionProblem("error", code, place, fault));
    try {
      const names = settingNames(text);
      const lacking = names.filter((name) => isBlank(settings.get(name)));
      for (const name of lacking) {
        const use = missing.get(name.toLowerCase());
        if (use === undefined) missing.set(name.toLowerCase(), { name, places: [place] });
        else if (!use.places.includes(place)) use.places.push(place);
      }
      if (lacking.length > 0) return text;
      const resolved = substituteSettings(text, settings);
      for (const { code, message } of faultsOf(resolved, place, names)) report(code, message);
      return resolved;
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      report("setting-unclosed", error.message);
      return text;
    }
  };
  const resolved = definitions.map((definition) => {
    const resolveBinding = <B extends Binding>(binding: B): B =>
      replaceTexts(binding, (text, member) => resolve(text, { definition, binding, member }));
    return {
      ...definition,
      trigger: resolveBinding(definition.trigger),
      inputs: definition.inputs.map(resolveBinding),
      outputs: definition.outputs.map(resolveBinding),
      entries: definition.entries.map(resolveBinding),
      clients: definition.clients.map(resolveBinding),
    };
  });
  return { definitions: resolved, problems: [...[...missing.values()].map(missingProblem(settings)), ...problems] };
}

interface Fault {
  readonly code: ProblemCode;
  readonly message: string;
}

/** What is wrong with a member once its settings are known; without settings only what no earlier rule could see. */
function* faultsOf(text: string, place: { binding: Binding; member: string }, names: string[]): Generator<Fault> {
  const { binding, member } = place;
  if (member === "daprAddress") {
    const fault = names.length > 0 ? addressFault(text) : undefined;
    if (fault !== undefined) yield { code: fault.code, message: `${blame(names)} ${fault.message}` };
    return;
  }
  if (!isTemplate(binding, member)) return;
  try {
    const format = unsupportedFormat(text);
    if (format !== undefined) {
      const known = "yyyy yy MM M dd d HH H mm m ss s fff K, for GUIDs N D B P";
      yield { code: "host-only", message: `only the Functions host has the format "${format}"; use ${known}` };
    }
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const origin = names.length > 0 ? ` (text of ${describeNames(names)})` : "";
    yield { code: "expression-invalid", message: error.message + origin };
    return;
  }
  if (member === "httpVerb" && names.length > 0 && !text.includes("{") && !invocationVerbs.has(text.toUpperCase())) {
    yield {
      code: "setting-invalid",
      message: `${blame(names)} is not a verb; give one of ${[...invocationVerbs].join(" ")}`,
    };
  }
}

/** Says nothing of the value itself: an address may hold a password. */
function addressFault(text: string): Fault | undefined {
  if (text.includes("{")) {
    const message = 'has a "{", and a request must not choose who receives the api token; write the address out';
    return { code: "expression-invalid", message };
  }
  const address = parseAddress(text);
  return typeof address === "string" ? { code: "setting-invalid", message: address } : undefined;
}

function missingProblem(settings: Settings) {
  return ({ name, places }: { name: string; places: readonly DefinitionPlace[] }): Problem => {
    const [first, ...others] = places as [DefinitionPlace, ...DefinitionPlace[]];
    const state = settings.get(name) === undefined ? "is missing" : "is blank";
    const also =
      others.length === 0 ? "" : `, also used by ${others.map((place) => describePlace(placeIn(place))).join("; ")}`;
    const advice = "set it in the environment, in Values of local.settings.json, or with the option settings";
    return functionProblem("error", "setting-missing", first, `the setting "${name}" ${state}${also}; ${advice}`);
  };
}

export function isBlank(value: string | undefined): boolean {
  return value === undefined || value.trim() === "";
}

function blame(names: readonly string[]): string {
  return `the value of ${describeNames(names)}`;
}

function describeNames(names: readonly string[]): string {
  const quoted = listed(names, (name) => `"${name}"`);
  return names.length === 1 ? `the setting ${quoted}` : `the settings ${quoted}`;
}
