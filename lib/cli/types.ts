import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { componentOptions } from "../metadata/rules/components.js";
import { readJsonWithComments } from "../model/jsonc.js";
import { loadComponents, type Component } from "../sidecar/index.js";
import { topicList } from "../sidecar/app/topic-scopes.js";
import { property } from "../sidecar/components/components.js";
import { readManifests } from "../sidecar/components/manifests.js";
import { exitCodes, exitWith, writeOut } from "./report.js";
import { readAppIds } from "./running/run-file.js";
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
  const components = loadComponents(path);
  const names = {
    ...componentNames(components),
    topic: topicNames(components),
    ...(options.apps !== undefined && { appId: [...readAppIds(options.apps), ...endpointNames(path)] }),
    ...(options.settings !== undefined && { setting: settingNames(options.settings) }),
  };
  const text = toDeclarations(names);
  const out = resolve(options.out);
  const before = existsSync(out) ? readFileSync(out, "utf8") : undefined;
  if (options.check === true) {
    if (before === text) return exitCodes.done;
    const given = (["apps", "settings", "out"] as const).flatMap((name) =>
      options[name] === undefined ? [] : [`--${name} ${options[name]}`],
    );
    const command = ["dapr-functions types", path, ...given].join(" ");
    process.stderr.write(`${options.out}: it is not what the files say now; write it with ${command}\n`);
    return exitCodes.problems;
  }
  if (before !== text) writeOut(options.out, text);
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

/** Topics are known where each pubsub component says which it allows. */
function topicNames(components: readonly Component[]): readonly string[] {
  const allowed = components
    .filter(({ type }) => type.startsWith("pubsub."))
    .map(({ metadata }) => property(metadata ?? {}, "allowedTopics"))
    .map((topics) => (typeof topics === "string" ? topicList(topics) : []));
  return allowed.some((topics) => topics.length === 0) ? [] : allowed.flat();
}

/** What stands among app ids though it is none: a service outside of Dapr. */
function endpointNames(path: string): readonly string[] {
  return readManifests(path, [], [])
    .filter(({ kind }) => kind === "HTTPEndpoint")
    .flatMap(({ value }) => value.object("metadata")?.text("name") ?? []);
}

function settingNames(file: string): string[] {
  let content: unknown;
  try {
    content = readJsonWithComments(readFileSync(file, "utf8")).value;
  } catch (error) {
    throw new UsageError(`${file}: it cannot be read (${(error as Error).message})`, { cause: error });
  }
  const { Values } = (content ?? {}) as { Values?: unknown };
  if (typeof Values !== "object" || Values === null) throw new UsageError(`${file}: it has no object of Values`);
  return Object.keys(Values);
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
