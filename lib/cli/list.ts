import type { Command } from "commander";
import { inspectFunctions } from "../metadata/functions.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { describePayloadType } from "../payload/payload-type.js";
import { routeOf } from "../server/routes.js";
import { inspectApp, loadFunctions } from "./function-app.js";
import { exitCodes, exitWith, hasErrors, printJson, printProblems } from "./report.js";
import { notesOn } from "./type-notes.js";

export function addList(program: Command): void {
  program
    .command("list")
    .summary("list functions: trigger, where it is found, what checks the payload, inputs and outputs")
    .argument("<module...>", "built .js files, folders of them, or .ts files")
    .option("--json", "print the functions as JSON")
    .addHelpText("after", "\nExample:\n  $ npx dapr-functions list build/functions.js")
    .action(async (modules: string[], options: { readonly json?: true }) => {
      exitWith(await list(modules, options));
    });
}

interface Row {
  readonly name: string;
  readonly trigger: string;
  /** `POST /CreateNewOrder`; undefined for a trigger that only the Functions host has. */
  readonly route: string | undefined;
  /** `Order`, `Order[]`, `a zod schema`; undefined where nothing checks it. */
  readonly payload: string | undefined;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly class: string;
  readonly method: string;
  readonly file: string;
}

async function list(modules: readonly string[], options: { readonly json?: true }): Promise<number> {
  const functions = await loadFunctions(modules);
  const { definitions, problems } = inspectApp(functions, inspectFunctions);
  const sorted = functions.located(problems);
  const rows = definitions.map((definition) => toRow(definition, functions.fileOf(definition)));
  if (options.json === true) printJson({ functions: rows, problems: sorted });
  else {
    printProblems(sorted);
    const table = [["function", "trigger", "found at", "payload", "inputs", "outputs"], ...rows.map(toCells)];
    for (const line of aligned(table)) process.stdout.write(`${line}\n`);
    for (const note of notesOn(definitions)) process.stderr.write(`${note}\n`);
  }
  return hasErrors(sorted) ? exitCodes.problems : exitCodes.done;
}

function toRow(definition: FunctionDefinition, file: string): Row {
  const { name, trigger, payloadType, inputs, outputs, className, methodName } = definition;
  const route = routeOf(definition);
  return {
    name,
    trigger: trigger.type,
    route: route && `${route.methods.join(",")} ${route.path}`,
    payload: payloadType && describePayloadType(payloadType),
    inputs: inputs.map((input) => `${input.name}: ${input.type}`),
    outputs: outputs.map((output) => `${output.name}: ${output.type}`),
    class: className,
    method: methodName,
    file,
  };
}

function toCells({ name, trigger, route, payload, inputs, outputs }: Row): string[] {
  const checked = payload === undefined ? "unchecked" : `checked as ${payload}`;
  return [name, trigger, route ?? "the Functions host", checked, inputs.join(", "), outputs.join(", ")];
}

function aligned(table: readonly (readonly string[])[]): string[] {
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}
