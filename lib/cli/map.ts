import type { Command } from "commander";
import { inspectFunctions } from "../metadata/functions.js";
import { resolveSettings } from "../expressions/resolve-settings.js";
import { mapOf, type AppMap } from "../map/graph.js";
import { toMermaid } from "../map/mermaid.js";
import { toSvg } from "../map/svg.js";
import { settingSources } from "../serve/settings.js";
import { loadComponents } from "../sidecar/index.js";
import { inspectApp, loadFunctions } from "./modules/function-app.js";
import { exitCodes, exitWith, hasErrors, printProblems, writeOut } from "./report.js";

interface MapOptions {
  readonly format: keyof typeof formats;
  readonly components?: string;
  readonly out?: string;
  readonly settings: boolean;
}

const formats = {
  svg: toSvg,
  mermaid: toMermaid,
  json: (map: AppMap) => `${JSON.stringify(map, null, 2)}\n`,
} as const;

export function addMap(program: Command): void {
  const { Option } = require("commander") as typeof import("commander");
  program
    .command("map")
    .summary("draw functions, components, topics and apps with the arrows between them")
    .description(
      "Prints a picture of the app: what triggers each function, and what it reads, writes, publishes and calls.",
    )
    .argument("<module...>", "built .js files, folders of them, or .ts files")
    .addOption(new Option("--format <format>", "of the map").choices(Object.keys(formats)).default("svg"))
    .option("--components <path>", "folder of Dapr component files, or one file: their types stand in the map")
    .option("--no-settings", "leave %settings% as they are written")
    .option("--out <file>", "write a file rather than print")
    .addHelpText(
      "after",
      "\nExample:\n  $ npx dapr-functions map build/functions.js --components components --out map.svg",
    )
    .action(async (modules: string[], options: MapOptions) => exitWith(await map(modules, options)));
}

async function map(modules: readonly string[], options: MapOptions): Promise<number> {
  const functions = await loadFunctions(modules);
  const { definitions, problems } = inspectApp(functions, inspectFunctions);
  const sorted = functions.located(problems);
  printProblems(sorted);
  if (hasErrors(sorted)) return exitCodes.problems;
  const shown = options.settings ? resolveSettings(definitions, settingSources()).definitions : definitions;
  const components = options.components === undefined ? [] : loadComponents(options.components);
  const text = formats[options.format](mapOf(shown, components));
  writeOut(options.out, text);
  return exitCodes.done;
}
