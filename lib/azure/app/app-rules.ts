import { isRecord } from "../../model/values.js";
import type { FunctionDefinition } from "../../model/function-definition.js";
import { functionProblem, problemAt } from "../../model/problem.js";
import type { Problem } from "../../model/errors.js";
import { readJsonWithComments } from "../../model/jsonc.js";
import { isBlank } from "../../expressions/resolve-settings.js";
import { settingsFrom, type Settings } from "../../expressions/settings.js";
import { isOurs, type AppEntry, type AppState } from "./app-files.js";
import { judgeBundle } from "./bundle.js";
import { firstBundleWithDapr } from "./function-files.js";
import { appProblem } from "./problem.js";
import { resolveWorkerSettings, type Bindings } from "./served-by.js";
import { describePlace, settingsOf } from "./settings.js";

/*
 * What only an app's folder can show: rules of `check` and `generate`. Pure; `cli/app-folder.ts` reads the
 * state.
 */

export interface AppRuleOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The built module of each definition, relative to the app's root. */
  readonly module: (definition: FunctionDefinition) => string;
  /** Whether a module is there, by that path. */
  readonly hasModule: (path: string) => boolean;
  /** A module of the app that imports a file, by its path relative to the app's root. */
  readonly importerOf?: ((path: string) => string | undefined) | undefined;
  /** Who serves the Dapr inputs and outputs. */
  readonly bindings: Bindings;
  /** Overwrite the two files of folders that are not ours. */
  readonly force?: boolean | undefined;
  /** Whether folders are about to be written; else they matter where they are there. */
  readonly generates?: boolean | undefined;
}

/** Triggers that run without AzureWebJobsStorage. */
const withoutStorage = /^(http|kafka|rabbitmq|orchestration|activity|entity)trigger$/i;

/** What is wrong with an app's folder for these functions. */
export function appProblems(
  definitions: readonly FunctionDefinition[],
  state: AppState,
  options: AppRuleOptions,
): Problem[] {
  return [
    ...folderProblems(definitions, state, options),
    ...changedBindings(state, options.bindings),
    ...moduleProblems(definitions, options),
    ...hostJsonProblems(state, needsExtension(definitions, options.bindings)),
    ...localSettingsProblems(state),
    ...settingProblems(definitions, state, options),
    ...workerProblems(definitions, state, options),
    ...storageProblems(definitions, state, options.environment),
    ...modelProblems(state, options.generates === true),
  ];
}

function folderProblems(
  definitions: readonly FunctionDefinition[],
  state: AppState,
  { force, importerOf }: AppRuleOptions,
): Problem[] {
  return definitions.flatMap((definition) => {
    const { name } = definition;
    const problem = (text: string): Problem[] => [functionProblem("error", "folder-not-ours", { definition }, text)];
    const shim = `${name}/index.cjs`;
    const importer = importerOf?.(shim);
    // The shim imports the class: a class that imported the shim would call itself for ever.
    if (importer !== undefined)
      return problem(
        `${importer} imports ${shim}, which generate writes; rename that file, and import it by its new name`,
      );
    const entry = state.entries[name];
    if (entry === undefined) return [];
    if (entry.kind !== "folder") {
      return problem(
        `${name} is ${entry.kind === "link" ? "a symbolic link" : "a file"}, where a folder is due; move it`,
      );
    }
    const [link] = entry.irregular;
    if (link !== undefined) return problem(`${name}/${link} is not a plain file and is not written through; remove it`);
    if (force === true || isOurs(entry.content["function.json"])) return [];
    return problem(
      `the folder ${name}/ was not made by generate; rename the function, move the folder, or overwrite its ` +
        "function.json and index.cjs with --force",
    );
  });
}

/** Folders that leave bindings to the worker, and a run that would give them back: left out, an option is easily meant. */
function changedBindings({ entries }: AppState, by: Bindings): Problem[] {
  if (by === "sidecar") return [];
  const text = (entry: AppEntry): string => (entry.kind === "folder" ? (entry.content["index.cjs"] ?? "") : "");
  const found = Object.keys(entries).filter((folder) => text(entries[folder]!).includes('{ bindings: "sidecar" }'));
  const [first, ...others] = found;
  if (first === undefined) return [];
  const what = `it says bindings: "sidecar"${others.length === 0 ? "" : `, as do ${others.length} others`}`;
  const remedy =
    "give --bindings sidecar to keep it; without it generate leaves Dapr inputs and outputs to the extension";
  return [appProblem("warning", "bindings-changed", `${first}/index.cjs`, `${what}; ${remedy}`)];
}

function moduleProblems(definitions: readonly FunctionDefinition[], options: AppRuleOptions): Problem[] {
  const reported = new Set<string>();
  return definitions.flatMap((definition) => {
    const path = options.module(definition);
    if (reported.has(path)) return [];
    reported.add(path);
    const problems: Problem[] = [];
    if (!options.hasModule(path)) {
      const text = `its module ${path} is not there yet; build before the app starts`;
      problems.push(functionProblem("warning", "build-missing", { definition }, text));
    }
    if (path.startsWith("../")) {
      const text = `its module ${path} lies outside the app's folder, which is what gets deployed; build into that folder`;
      problems.push(functionProblem("warning", "module-outside-app", { definition }, text));
    }
    return problems;
  });
}

/** Whether an app needs the Dapr extension: without a Dapr trigger, the worker may do all that there is to do. */
function needsExtension(definitions: readonly FunctionDefinition[], by: Bindings): boolean {
  return by === "host" || definitions.some(({ trigger }) => trigger.type.startsWith("dapr"));
}

function hostJsonProblems(state: AppState, needsDapr: boolean): Problem[] {
  const text = state.files["host.json"];
  if (text === undefined) return []; // generate writes one that has Dapr
  const invalid = (what: string): Problem[] => [appProblem("error", "host-json-invalid", "host.json", what)];
  const json = readJsonWithComments(text).value;
  if (!isRecord(json)) {
    return invalid("it is not a JSON object; repair it, or remove it for generate to write one");
  }
  const { version, extensionBundle } = json;
  if (version !== "2.0") {
    return invalid(
      `version is ${JSON.stringify(version) ?? "missing"}, and host 4 reads "2.0" only; write "version": "2.0"`,
    );
  }
  const verdict = judgeBundle(extensionBundle);
  const range = `[${firstBundleWithDapr}, 5.0.0)`;
  const project = /dapr/i.test(state.files["extensions.csproj"] ?? "");
  if (verdict.kind === "invalid") return invalid(`${verdict.text}; write "version": "${range}"`);
  if (!needsDapr) return [];
  if (verdict.kind === "without-dapr") {
    const what = `the range of extensionBundle admits no version from ${verdict.needed} on, and earlier ones lack Dapr`;
    return [appProblem("error", "bundle-without-dapr", "host.json", `${what}; write "version": "${range}"`)];
  }
  if (verdict.kind === "none" && !project) {
    const what = "there is neither an extensionBundle nor an extensions.csproj that names Dapr";
    return [appProblem("warning", "bundle-missing", "host.json", `${what}; add the bundle with "version": "${range}"`)];
  }
  if (verdict.kind !== "none" && "extensions.csproj" in state.files) {
    const what = "an extensionBundle and an extensions.csproj clash";
    return [appProblem("warning", "bundle-and-project", "host.json", `${what}; keep one of them`)];
  }
  return [];
}

/** `func start` refuses such a file; in Azure there is none. */
function localSettingsProblems(state: AppState): Problem[] {
  if (hasReadableSettings(state)) return [];
  const text = "it is not a JSON object with an object of Values; repair it, or remove it for generate to write one";
  return [appProblem("warning", "setting-invalid", "local.settings.json", text)];
}

function hasReadableSettings(state: AppState): boolean {
  const text = state.files["local.settings.json"];
  if (text === undefined) return true;
  const json = readJsonWithComments(text).value;
  return isRecord(json) && (json["Values"] === undefined || isRecord(json["Values"]));
}

function settingProblems(
  definitions: readonly FunctionDefinition[],
  state: AppState,
  { environment, bindings }: AppRuleOptions,
): Problem[] {
  const settings = settingsOfApp(state, environment);
  return settingsOf(definitions, bindings)
    .filter(({ name, places }) => {
      if (!isBlank(settings.get(name))) return false;
      return !places.some(({ connection }) => connection) || !hasConnection(name, settings);
    })
    .map(({ name, places }) => {
      const [first] = places;
      const { definition, binding, member } = first!;
      const { className, methodName, target } = definition;
      const others = places.slice(1).map(describePlace);
      const text =
        `the setting "${name}" is neither in Values of local.settings.json nor in the environment, or it is blank; ` +
        `give it a value${others.length === 0 ? "" : ` (also for ${others.join("; ")})`}`;
      return problemAt({ className, methodName, target, binding, member }, "setting-missing", text, "warning");
    });
}

/** What the worker would refuse of the inputs and outputs that it serves, once their settings are in. */
function workerProblems(
  definitions: readonly FunctionDefinition[],
  state: AppState,
  { environment, bindings }: AppRuleOptions,
): Problem[] {
  if (bindings === "host") return [];
  const { problems } = resolveWorkerSettings(definitions, settingsOfApp(state, environment));
  return problems.filter(({ code }) => code !== "setting-missing");
}

interface AppSettings extends Settings {
  /** All names, lower case. */
  readonly names: readonly string[];
}

/** The environment wins, as in the Functions host. */
function settingsOfApp(state: AppState, environment: AppRuleOptions["environment"]): AppSettings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => !isBlank(value)));
  const values = { ...valuesOf(state), ...given };
  const settings = settingsFrom(values);
  return { get: (name) => settings.get(name), names: Object.keys(values).map((name) => name.toLowerCase()) };
}

/** A connection may be given with the prefix of old, or in parts: `DepotStorage__serviceUri`. */
function hasConnection(name: string, settings: AppSettings): boolean {
  if (!isBlank(settings.get(`AzureWebJobs${name}`))) return true;
  const prefix = name.toLowerCase();
  return settings.names.some((candidate) => candidate.startsWith(`${prefix}__`) || candidate.startsWith(`${prefix}:`));
}

function storageProblems(
  definitions: readonly FunctionDefinition[],
  state: AppState,
  environment: AppRuleOptions["environment"],
): Problem[] {
  // generate writes a file that has it. That a file cannot be read is a problem of its own.
  if (state.files["local.settings.json"] === undefined || !hasReadableSettings(state)) return [];
  const needing = definitions.find(({ trigger }) => !withoutStorage.test(trigger.type));
  const settings = settingsOfApp(state, environment);
  const name = "AzureWebJobsStorage";
  if (needing === undefined || !isBlank(settings.get(name)) || hasConnection(name, settings)) return [];
  const text =
    `${name} is blank, and func start then refuses ${needing.trigger.type} of ${needing.name}; ` +
    `give a storage account, or "UseDevelopmentStorage=true" with Azurite`;
  return [appProblem("warning", "storage-missing", "local.settings.json", text)];
}

function modelProblems(state: AppState, generates: boolean): Problem[] {
  const main = mainOf(state.files["package.json"]);
  if (main === undefined) return [];
  if (state.mainFiles.length === 0) {
    const what = `main names "${main}", which is not there, and the worker then loads no function of the app`;
    return [appProblem("error", "main-missing", "package.json", `${what}; build it, or remove main`)];
  }
  // An app of the v4 model alone has no folders, and main is how it begins.
  const folders = Object.values(state.entries).some(
    (entry) => entry.kind === "folder" && entry.content["function.json"] !== undefined,
  );
  if (!generates && !folders) return [];
  const what =
    `main names "${main}": if that file registers one function, the host reads no function.json of the app ` +
    "(one programming model per app)";
  return [
    appProblem("warning", "model-mixed", "package.json", `${what}; remove main, or see that it never calls register()`),
  ];
}

/** `main` of a package.json, if it says one. */
export function mainOf(packageJson: string | undefined): string | undefined {
  if (packageJson === undefined) return undefined;
  const { main } = (readJsonWithComments(packageJson).value ?? {}) as { main?: unknown };
  return typeof main === "string" && main.trim() !== "" ? main : undefined;
}

function valuesOf(state: AppState): Record<string, string> {
  const { Values } = (readJsonWithComments(state.files["local.settings.json"] ?? "{}").value ?? {}) as {
    Values?: unknown;
  };
  if (!isRecord(Values)) return {};
  const given = Object.entries(Values).filter(([, value]) => value !== null && typeof value !== "object");
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}
