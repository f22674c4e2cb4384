import { resolve } from "node:path";
import type { Command } from "commander";
import { planApp, type AppPlan, type FileAction } from "../azure/app/app-files.js";
import { appProblems } from "../azure/app/app-rules.js";
import type { Bindings } from "../azure/app/served-by.js";
import { toFunctionFiles } from "../azure/app/function-files.js";
import { inspectForHost } from "../azure/host/host-functions.js";
import type { Problem } from "../model/errors.js";
import { appPortNotes } from "../azure/app/app-port.js";
import { inspectForServe } from "../serve/prepare.js";
import { settingSources } from "../serve/settings.js";
import { readAppFolder, writeAppFolder } from "./app-folder.js";
import { daprResources, writeResources } from "./dapr-resources.js";
import {
  hasModuleIn,
  inspectApp,
  loadFunctions,
  registeringProblems,
  type LoadedFunctions,
} from "./modules/function-app.js";
import { appIdOf } from "./running/sidecar-options.js";
import { bindingsOption } from "./bindings-option.js";
import { toPatch } from "./patch.js";
import { exitCodes, exitWith, hasErrors, printJson, printProblems } from "./report.js";
import { lostTypeNotes } from "./modules/type-notes.js";

interface GenerateOptions {
  readonly dapr?: string;
  readonly appId: string;
  readonly out: string;
  readonly bindings: Bindings;
  readonly dryRun?: true;
  readonly diff?: true;
  readonly json?: true;
  readonly keepStale?: true;
  readonly force?: true;
}

export function addGenerate(program: Command): void {
  program
    .command("generate")
    .summary("write the function.json folders of an Azure Functions app (v3 model)")
    .description(
      "Writes, per function, <Function>/function.json and <Function>/index.cjs; host.json and local.settings.json where " +
        "they are absent; and removes folders that it generated earlier and that have no function any more.",
    )
    .argument("<module...>", "all modules of the app: built .js files, folders of them, or .ts files")
    .option("--out <folder>", "the app's root", ".")
    .addOption(bindingsOption())
    .option(
      "--dapr <folder>",
      "write Dapr resource files there instead: declarative subscriptions and scopes of components",
    )
    .option("--app-id <id>", "with --dapr: the app's id", appIdOf(process.cwd()))
    .option("--dry-run", "print what would be done, and do nothing")
    .option("--diff", "also print a unified diff of what changes")
    .option("--json", "print report and problems as JSON")
    .option("--keep-stale", "remove nothing")
    .option("--force", "overwrite function.json and index.cjs of folders that were not generated")
    .addHelpText("after", "\nExample:\n  $ npx dapr-functions generate build/functions.js --diff")
    .action(async (modules: string[], options: GenerateOptions) => {
      exitWith(await generate(modules, options));
    });
}

async function generate(modules: readonly string[], options: GenerateOptions): Promise<number> {
  const functions = await loadFunctions(modules);
  if (options.dapr !== undefined) return generateDapr(functions, options.dapr, options);
  const { bindings } = options;
  const out = resolve(options.out);
  const state = readAppFolder(out);
  const { definitions, problems: inspected } = inspectApp(functions, (targets) =>
    inspectForHost(targets, { bindings }),
  );
  const module = functions.builtPath;
  const app = appProblems(definitions, state, {
    environment: process.env,
    bindings,
    module: (definition) => module(definition, out),
    hasModule: hasModuleIn(out),
    importerOf: (path) => functions.importerOf(path, out),
    force: options.force,
    generates: true,
  });
  const sorted = functions.located([...inspected, ...registeringProblems(functions, "error"), ...app]);
  if (hasErrors(sorted)) {
    finish(undefined, sorted, options);
    return exitCodes.problems;
  }
  const files = toFunctionFiles(definitions, { module: (definition) => module(definition, out), bindings });
  const plan = planApp(files, state, { keepStale: options.keepStale });
  if (options.dryRun !== true) writeAppFolder(out, plan);
  finish(plan, sorted, options);
  const notes = options.json === true ? [] : [...lostTypeNotes(definitions), ...appPortNotes(definitions)];
  for (const note of [...notes, ...plan.leftOver.map(leftOverNote)]) process.stderr.write(`${note}\n`);
  return exitCodes.done;
}

function leftOverNote(folder: string): string {
  return `warning: ${folder}/ has no function any more and holds other files; remove it if it is not needed`;
}

/** What a sidecar beside the app reads, by the rules of `serve`. */
function generateDapr(functions: LoadedFunctions, folder: string, options: GenerateOptions): number {
  const { definitions, problems } = inspectApp(functions, (targets) =>
    inspectForServe(targets, { settings: settingSources() }),
  );
  const sorted = functions.located(problems);
  printProblems(sorted);
  if (hasErrors(sorted)) return exitCodes.problems;
  const files = daprResources(definitions, folder, options.appId);
  if (options.dryRun !== true) writeResources(files, folder);
  const report = files.map(({ path, before, after }) => ({
    action: before === after ? "unchanged" : "write",
    path,
    ...(options.diff === true && before !== after && { diff: toPatch(path, before, after) }),
  }));
  if (options.json === true) printJson({ report, problems: sorted });
  else
    for (const { action, path, diff } of report as { action: string; path: string; diff?: string }[])
      process.stdout.write(`${action} ${path}\n${diff ?? ""}`);
  return exitCodes.done;
}

function finish(plan: AppPlan | undefined, problems: readonly Problem[], options: GenerateOptions): void {
  const actions = plan?.actions ?? [];
  if (options.json === true) {
    const report = actions.map((action) => ({
      action: action.action,
      path: action.path,
      ...(options.diff === true && changes(action) && { diff: toPatch(action.path, action.before, action.after) }),
    }));
    printJson({ report, problems });
    return;
  }
  printProblems(problems);
  for (const action of actions) {
    process.stdout.write(`${action.action} ${action.path}\n`);
    if (options.diff === true && changes(action))
      process.stdout.write(toPatch(action.path, action.before, action.after));
  }
}

function changes({ before, after }: FileAction): boolean {
  return before !== after;
}
