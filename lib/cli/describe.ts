import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { breakingChanges } from "../describe/breaking.js";
import { toAsyncApi, toJsonSchema, toOpenApi } from "../describe/documents.js";
import { replaceTexts } from "../expressions/members.js";
import { resolveSettings } from "../expressions/resolve-settings.js";
import { inspectFunctions } from "../metadata/functions.js";
import type { Binding } from "../model/bindings.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { isRecord } from "../model/values.js";
import { routePrefixOf, settingSources } from "../serve/settings.js";
import { inspectApp, loadFunctions } from "./modules/function-app.js";
import { exitCodes, exitWith, hasErrors, printProblems, writeOut } from "./report.js";
import { appIdOf } from "./running/sidecar-options.js";
import { UsageError } from "./usage-error.js";

const formats = { openapi: toOpenApi, asyncapi: toAsyncApi, "json-schema": toJsonSchema } as const;

/** The member that only a document of the format has. */
const marks: Readonly<Record<string, keyof typeof formats>> = {
  openapi: "openapi",
  asyncapi: "asyncapi",
  $defs: "json-schema",
};

type Document = Readonly<Record<string, unknown>>;

interface DescribeOptions {
  readonly format: keyof typeof formats;
  readonly check?: string;
  readonly out?: string;
}

export function addDescribe(program: Command): void {
  const { Option } = require("commander") as typeof import("commander");
  program
    .command("describe")
    .summary("say what callers and subscribers may rely on: OpenAPI, AsyncAPI or JSON Schema")
    .description(
      "Prints a description made of the decorators and payload types; with --check, what of it breaks those who keep to an earlier one.",
    )
    .argument("<module...>", "built .js files, folders of them, or .ts files")
    .addOption(new Option("--format <format>", "of the description").choices(Object.keys(formats)).default("openapi"))
    .option("--check <file>", "compare with an earlier description, in its format; exit with 1 when something breaks")
    .addOption(new Option("--out <file>", "write a file rather than print").conflicts("check"))
    .addHelpText(
      "after",
      "\nExample:\n  $ npx dapr-functions describe build/functions.js --format asyncapi --check asyncapi.json",
    )
    .action(async (modules: string[], options: DescribeOptions) => exitWith(await describe(modules, options)));
}

async function describe(modules: readonly string[], options: DescribeOptions): Promise<number> {
  const before = options.check === undefined ? undefined : read(options.check);
  const format = before?.format ?? options.format;
  const functions = await loadFunctions(modules);
  const { definitions, problems } = inspectApp(functions, inspectFunctions);
  const sorted = functions.located(problems);
  printProblems(sorted);
  if (hasErrors(sorted)) return exitCodes.problems;
  const { definitions: resolved, problems: unresolved } = resolveSettings(
    definitions.map((definition) => asDescribed(definition, format)),
    settingSources(),
  );
  const from = process.cwd();
  const { document, notes } = formats[format](resolved, {
    title: appIdOf(from),
    version: versionIn(from),
    from,
    routePrefix: routePrefixOf(),
  });
  const lacking = unresolved.filter(({ code }) => code === "setting-missing");
  for (const note of [...notes, ...lacking.map(({ message }) => message)]) process.stderr.write(`note: ${note}\n`);
  if (before !== undefined) {
    const changes = breakingChanges(
      before.document,
      JSON.parse(JSON.stringify(document)) as Readonly<Record<string, unknown>>,
    );
    process.stdout.write(changes.map((line) => `${line}\n`).join(""));
    return changes.length > 0 ? exitCodes.problems : exitCodes.done;
  }
  const text = `${JSON.stringify(document, null, 2)}\n`;
  writeOut(options.out, text);
  return exitCodes.done;
}

/** The options whose text stands in a description, by binding: with a setting that has no value, as it is written. */
const texts: Readonly<Record<keyof typeof formats, Readonly<Record<string, readonly string[]>>>> = {
  openapi: { daprServiceInvocationTrigger: ["methodName"], httpTrigger: ["route"] },
  asyncapi: { daprTopicTrigger: ["pubSubName", "topic"], daprPublish: ["pubSubName", "topic"] },
  "json-schema": {},
};

/** What a description says of a function: its trigger and, of topics, what it publishes, with the texts that it shows. */
function asDescribed(definition: FunctionDefinition, format: keyof typeof formats): FunctionDefinition {
  const outputs = format === "asyncapi" ? definition.outputs.filter(({ type }) => type === "daprPublish") : [];
  const shown = <B extends Binding>(binding: B): B =>
    replaceTexts(binding, (text, member) => (texts[format][binding.type]?.includes(member) === true ? text : ""));
  return {
    ...definition,
    trigger: shown(definition.trigger),
    inputs: [],
    outputs: outputs.map(shown),
    entries: [],
    clients: [],
  };
}

/** An earlier description, which says itself of which format it is. */
function read(file: string): { readonly format: keyof typeof formats; readonly document: Document } {
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(
      `${file}: it cannot be read as JSON (${(error as Error).message}); give what describe printed`,
      { cause: error },
    );
  }
  const member = isRecord(document) ? Object.keys(marks).find((name) => Object.hasOwn(document, name)) : undefined;
  if (member === undefined)
    throw new UsageError(`${file}: it is not an OpenAPI, AsyncAPI or JSON Schema document; give what describe printed`);
  return { format: marks[member]!, document: document as Document };
}

function versionIn(folder: string): string {
  try {
    const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as { version?: unknown };
    return typeof version === "string" ? version : "0.0.0";
  } catch {
    return "0.0.0";
  }
}
