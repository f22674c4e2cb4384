import { join, resolve } from "node:path";
import type { Command } from "commander";
import { appPortNotes } from "../azure/app/app-port.js";
import { appProblems } from "../azure/app/app-rules.js";
import type { Bindings } from "../azure/app/served-by.js";
import { inspectForHost } from "../azure/host/host-functions.js";
import type { Inspection } from "../metadata/functions.js";
import { resolveSettings } from "../expressions/resolve-settings.js";
import { componentProblems, type KnownComponent } from "../metadata/rules/components.js";
import { readTopicScopes, topicList } from "../sidecar/app/topic-scopes.js";
import { property } from "../sidecar/components/components.js";
import { loadComponents, type Component } from "../sidecar/index.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { Problem } from "../model/errors.js";
import { inspectForServe } from "../serve/prepare.js";
import { settingSources } from "../serve/settings.js";
import { readAppFolder } from "./app-folder.js";
import {
  hasModuleIn,
  inspectApp,
  loadFunctions,
  registeringProblems,
  type LoadedFunctions,
} from "./modules/function-app.js";
import { isDefinitionError } from "./modules/load-functions.js";
import { bindingsOption } from "./bindings-option.js";
import { exitCodes, exitWith, hasErrors, printJson, printProblems } from "./report.js";
import { lostTypeNotes } from "./modules/type-notes.js";

interface CheckOptions {
  readonly out: string;
  readonly bindings: Bindings;
  readonly standalone?: true;
  readonly components?: string;
  readonly appId?: string;
  readonly json?: true;
}

export function addCheck(program: Command): void {
  program
    .command("check")
    .summary("say everything that is wrong with functions; write nothing")
    .description(
      "Applies every rule of generate, and compares %settings% with local.settings.json and the environment, and the " +
        "extension bundle of host.json with what Dapr needs. Nothing is written.",
    )
    .argument("<module...>", "all modules of the app: built .js files, folders of them, or .ts files")
    .option("--out <folder>", "the root of the Functions app", ".")
    .option("--standalone", "apply the rules of serve() instead of those of the Functions host")
    .addOption(bindingsOption().conflicts("standalone"))
    .option("--components <path>", "also compare names with a folder of Dapr component files, or one file")
    .option("--app-id <id>", "with --components: the app's id, which scopes of components name")
    .option("--json", "print the problems as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ npx dapr-functions check build/functions.js --standalone --components components",
    )
    .action(async (modules: string[], options: CheckOptions) => {
      exitWith(await check(modules, options));
    });
}

async function check(modules: readonly string[], options: CheckOptions): Promise<number> {
  const functions = await loadFunctions(modules);
  const { definitions, problems } =
    options.standalone === true
      ? standalone(functions, options.out)
      : underFunctions(functions, resolve(options.out), options.bindings);
  const sorted = functions.located([...problems, ...componentsProblems(definitions, options)]);
  if (options.json === true) printJson({ problems: sorted });
  else {
    printProblems(sorted);
    process.stdout.write(`${summaryOf(definitions, sorted)}\n`);
    const notes = options.standalone === true ? [] : appPortNotes(definitions);
    for (const note of [...lostTypeNotes(definitions), ...notes]) process.stderr.write(`${note}\n`);
  }
  return hasErrors(sorted) ? exitCodes.problems : exitCodes.done;
}

/** As `serve` would judge them in that folder with this environment. */
function standalone(functions: LoadedFunctions, out: string): Inspection {
  const settings = settingSources(undefined, process.env, join(out, "local.settings.json"));
  const readable = (name: string): string | undefined => {
    try {
      return settings.get(name);
    } catch {
      return undefined;
    }
  };
  return inspectApp(functions, (targets) => {
    try {
      return inspectForServe(targets, { settings });
    } catch (error) {
      if (!isDefinitionError(error)) throw error;
      // A file that cannot be read hides no other problem; what it may have is not reported missing.
      const { definitions, problems } = inspectForServe(targets, { settings: { get: readable } });
      return {
        definitions,
        problems: [...problems.filter(({ code }) => code !== "setting-missing"), ...error.problems],
      };
    }
  });
}

function underFunctions(functions: LoadedFunctions, out: string, bindings: Bindings): Inspection {
  const { definitions, problems } = inspectApp(functions, (targets) => inspectForHost(targets, { bindings }));
  const app = appProblems(definitions, readAppFolder(out), {
    environment: process.env,
    bindings,
    module: (definition) => functions.builtPath(definition, out),
    hasModule: hasModuleIn(out),
    importerOf: (path) => functions.importerOf(path, out),
  });
  return { definitions, problems: [...problems, ...registeringProblems(functions, "warning"), ...app] };
}

/** @throws DefinitionError `component-invalid` for files that cannot be read */
function componentsProblems(definitions: readonly FunctionDefinition[], options: CheckOptions): readonly Problem[] {
  const { components: path, appId, out } = options;
  if (path === undefined) return [];
  // Under Functions the definitions have their settings yet to come; here the names must be known.
  const settings = settingSources(undefined, process.env, join(out, "local.settings.json"));
  const { definitions: resolved } = resolveSettings(definitions, settings);
  const components = loadComponents(path).map((component) => withTopics(component, appId));
  return componentProblems(resolved, components, appId);
}

/** Scopes are an app's; without its id only what is allowed to all is known. */
function withTopics(component: Component, appId: string | undefined): KnownComponent {
  if (!component.type.startsWith("pubsub.")) return component;
  const texts = Object.entries(component.metadata ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  const properties = Object.fromEntries(texts);
  const allowedTopics = property(properties, "allowedTopics");
  const scopes =
    appId === undefined
      ? readTopicScopes({ allowedTopics: allowedTopics ?? "" }, "")
      : readTopicScopes(properties, appId);
  return { ...component, topics: { ...scopes, allowed: topicList(allowedTopics) } };
}

function summaryOf(definitions: readonly FunctionDefinition[], problems: readonly Problem[]): string {
  const errors = problems.filter(({ level }) => level === "error").length;
  const counts = [
    count(definitions.length, "function"),
    count(errors, "error"),
    count(problems.length - errors, "warning"),
  ];
  return counts.join(", ");
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
