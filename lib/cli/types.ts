import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { componentOptions } from "../metadata/rules/components.js";
import { readJsonWithComments } from "../model/jsonc.js";
import { loadComponents, type Component } from "../sidecar/index.js";
import { exitCodes, exitWith } from "./report.js";
import { UsageError } from "./usage-error.js";

interface TypesOptions {
  readonly out: string;
  readonly apps?: string;
  readonly settings?: string;
  readonly check?: true;
}

/** Names of one kind, as `DaprNames` has them. */
type Names = Readonly<Record<string, readonly string[]>>;

export function addTypes(program: Command): void {
  program
    .command("types")
    .summary("write the names of components as types: a misspelt store then does not compile")
    .description(
      "Writes a .d.ts that narrows the names which decorators and items take to those of the component files, and with " +
        "--apps and --settings also app ids and %settings%. A text with %setting% or {data} in it stays allowed.",
    )
    .argument("<components>", "folder of Dapr component files, or one file")
    .option("--apps <file>", "Dapr's multi-app run file, dapr.yaml: its app ids")
    .option("--settings <file>", "local.settings.json: the names of its Values")
    .option("--out <file>", "the file to write, which tsconfig.json must include", "dapr-names.d.ts")
    .option("--check", "write nothing; exit with 1 when the file is not up to date")
    .addHelpText(
      "after",
      "\nExample:\n  $ npx dapr-functions types components --apps dapr.yaml --out src/dapr-names.d.ts",
    )
    .action((components: string, options: TypesOptions) => exitWith(types(components, options)));
}

function types(path: string, options: TypesOptions): number {
  if (!existsSync(path))
    throw new UsageError(`${path}: it is not there; give a folder of component files, or one file`);
  const names = {
    ...componentNames(loadComponents(path)),
    ...(options.apps !== undefined && { appId: appIds(options.apps) }),
    ...(options.settings !== undefined && { setting: settingNames(options.settings) }),
  };
  const text = toDeclarations(names);
  const out = resolve(options.out);
  const before = existsSync(out) ? readFileSync(out, "utf8") : undefined;
  if (options.check === true) {
    if (before === text) return exitCodes.done;
    process.stderr.write(`${options.out}: it is not what the files say now; write it with dapr-functions types\n`);
    return exitCodes.problems;
  }
  if (before !== text) {
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, text);
  }
  process.stdout.write(`${before === text ? "unchanged" : "write"} ${options.out}\n`);
  return exitCodes.done;
}

function componentNames(components: readonly Component[]): Names {
  return Object.fromEntries(
    Object.entries(componentOptions).map(([option, block]) => [
      option,
      components.filter(({ type }) => type.startsWith(`${block}.`)).map(({ name }) => name),
    ]),
  );
}

/** @see https://docs.dapr.io/developing-applications/local-development/multi-app-dapr-run/multi-app-template/ */
function appIds(file: string): string[] {
  const { parse } = require("yaml") as typeof import("yaml");
  const content = read(file, (text) => parse(text) as unknown);
  const { apps } = (content ?? {}) as { apps?: unknown };
  if (!Array.isArray(apps)) throw new UsageError(`${file}: it has no list of apps; give a multi-app run file`);
  return (apps as readonly ({ appID?: unknown; appDirPath?: unknown } | null)[]).map((app) => {
    if (typeof app?.appID === "string") return app.appID;
    // As the Dapr command line: the name of the folder.
    if (typeof app?.appDirPath === "string") return resolve(dirname(file), app.appDirPath).split(/[\\/]/).at(-1)!;
    throw new UsageError(`${file}: an app has neither appID nor appDirPath; give it one`);
  });
}

function settingNames(file: string): string[] {
  const content = read(file, (text) => readJsonWithComments(text).value);
  const { Values } = (content ?? {}) as { Values?: unknown };
  if (typeof Values !== "object" || Values === null) throw new UsageError(`${file}: it has no object of Values`);
  return Object.keys(Values);
}

function read<T>(file: string, parse: (text: string) => T): T {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`${file}: it cannot be read (${(error as Error).message})`, { cause: error });
  }
  try {
    return parse(text);
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message.split("\n", 1)[0]}`, { cause: error });
  }
}

/** The same text on every machine: names sorted, each once; a kind of which there is none is left open. */
function toDeclarations(names: Names): string {
  const members = Object.entries(names).flatMap(([kind, given]) => {
    const all = [...new Set(given)].sort();
    return all.length === 0 ? [] : [`    ${kind}: ${all.map((name) => JSON.stringify(name)).join(" | ")};`];
  });
  return [
    "// Written by dapr-functions types. Changes are lost.",
    'import "dapr-functions";',
    "",
    'declare module "dapr-functions" {',
    "  interface DaprNames {",
    ...members,
    "  }",
    "}",
    "",
  ].join("\n");
}
