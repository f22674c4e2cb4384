import type { Command } from "commander";
import type { Settings } from "../expressions/settings.js";
import { inspectFunctions } from "../metadata/functions.js";
import type { Binding } from "../model/bindings.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { nameOf } from "../metadata/targets.js";
import type { Class, PayloadType } from "../model/payload-type.js";
import { describePayloadType } from "../payload/payload-type.js";
import { disabledBy } from "../serve/prepare.js";
import { routePrefixOf, settingSources } from "../serve/settings.js";
import { routeOf } from "../server/routes.js";
import { inspectApp, loadFunctions } from "./modules/function-app.js";
import { isDefinitionError } from "./modules/load-functions.js";
import { exitCodes, exitWith, hasErrors, printJson, printProblems } from "./report.js";
import { lostTypeNotes } from "./modules/type-notes.js";

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

async function list(modules: readonly string[], options: { readonly json?: true }): Promise<number> {
  const functions = await loadFunctions(modules);
  const { definitions, problems } = inspectApp(functions, inspectFunctions);
  const sorted = functions.located(problems);
  const app = { routePrefix: routePrefixHere(), settings: settingSources() };
  if (options.json === true) {
    printJson({ functions: definitions.map((one) => toJson(one, functions.fileOf(one), app)), problems: sorted });
  } else {
    printProblems(sorted);
    const table = [
      ["function", "trigger", "found at", "payload", "inputs", "outputs"],
      ...definitions.map((one) => toCells(one, app)),
    ];
    for (const line of aligned(table)) process.stdout.write(`${line}\n`);
    for (const note of lostTypeNotes(definitions)) process.stderr.write(`${note}\n`);
  }
  return hasErrors(sorted) ? exitCodes.problems : exitCodes.done;
}

/** What an app's folder and environment say of its functions. */
interface AppPlace {
  readonly routePrefix: string | undefined;
  readonly settings: Settings;
}

/** The whole definition, types by their names; what is left open is left out. */
function toJson(definition: FunctionDefinition, file: string, { routePrefix, settings }: AppPlace): object {
  const { name, className, methodName, target: _, payloadType, ...declared } = definition;
  const { trigger, ...lists } = toData(declared) as { trigger: object } & Record<string, unknown>;
  return {
    name,
    class: className,
    method: methodName,
    file,
    route: describeRoute(definition, routePrefix),
    disabledBy: disabledBy(name, settings),
    payload: payloadType && describePayloadType(payloadType),
    trigger,
    ...lists,
  };
}

/** Plain data: a class or a schema becomes its name, and a generic binding has its members as function.json has them. */
function toData(value: unknown, name?: string): unknown {
  if (name === "payload" || name === "valueType") return describePayloadType(value as PayloadType);
  if (typeof value === "function") return nameOf(value as unknown as Class);
  if (Array.isArray(value)) return value.map((item) => toData(item));
  if (typeof value !== "object" || value === null) return value;
  const { generic, members, ...rest } = value as { generic?: unknown; members?: object };
  const own = generic === true ? { ...rest, ...members } : { ...rest, ...(members !== undefined && { members }) };
  return Object.fromEntries(Object.entries(own).map(([key, item]) => [key, toData(item, key)]));
}

/** Says `POST /CreateNewOrder`; undefined for a trigger that only the Functions host has. */
function describeRoute(definition: FunctionDefinition, routePrefix: string | undefined): string | undefined {
  const route = routeOf(definition, routePrefix);
  return route && `${route.methods.join(",")} ${route.path}`;
}

/** What host.json in the working directory says; one that cannot be read is said by the commands that need it. */
function routePrefixHere(): string | undefined {
  try {
    return routePrefixOf();
  } catch (error) {
    if (isDefinitionError(error)) return undefined;
    throw error;
  }
}

function toCells(definition: FunctionDefinition, { routePrefix, settings }: AppPlace): string[] {
  const { name, trigger, payloadType, inputs, entries, clients, outputs } = definition;
  const disabled = disabledBy(name, settings);
  const route = describeRoute(definition, routePrefix) ?? "the Functions host";
  const foundAt = disabled === undefined ? route : `${route} (disabled by ${disabled})`;
  return [
    name,
    [trigger.type, ...targetOf(trigger)].join(" "),
    foundAt,
    payloadType === undefined ? "unchecked" : `checked as ${describePayloadType(payloadType)}`,
    [...inputs, ...entries, ...clients].map(describeBinding).join(", "),
    outputs.map(describeBinding).join(", "),
  ];
}

/** What of a binding says where it leads, in the order in which it is read; `%setting%` and `{data}` as written. */
const targets = [
  "stateStore",
  "secretStoreName",
  "pubSubName",
  "appId",
  "bindingName",
  "key",
  "keys",
  "topic",
  "operation",
];

/** Says `order: daprState %Store% {id}`. */
function describeBinding(binding: Binding): string {
  const { name, type } = binding;
  const methodName = type === "daprInvoke" ? [(binding as { methodName?: string }).methodName] : [];
  return [`${name}: ${type}`, ...targetOf(binding), ...methodName].filter((part) => part !== undefined).join(" ");
}

function targetOf(binding: Binding): string[] {
  const members = binding as unknown as Readonly<Record<string, unknown>>;
  return targets.map((name) => members[name]).filter((value) => typeof value === "string");
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
