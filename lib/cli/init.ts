import { accessSync, constants, lstatSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { toHostFiles } from "../azure/app/function-files.js";
import type { PackageManager, ProjectOptions } from "../init/options.js";
import { managers, projectFiles } from "../init/project.js";
import { exitCodes, exitWith } from "./report.js";
import { UsageError } from "./usage-error.js";

interface InitOptions {
  readonly target?: ProjectOptions["target"];
  readonly decorators?: ProjectOptions["decorators"];
  readonly tests?: ProjectOptions["tests"];
}

const choices = {
  target: ["serve", "azure-v3", "azure-v4"],
  decorators: ["standard", "legacy"],
  tests: ["node", "jest", "vitest"],
} as const;

/** What each choice is, where it is asked. The first one is the default. */
const questions: Readonly<Record<keyof typeof choices, string>> = {
  target: "Where will it run? (serve: beside a Dapr sidecar; azure-v3, azure-v4: Azure Functions)",
  decorators: "Which decorators? (standard: with zod, no compiler flag; legacy: with class-validator)",
  tests: "Which test runner?",
};

export function addInit(program: Command): void {
  const { Option } = require("commander") as typeof import("commander");
  const command = program
    .command("init")
    .summary("make a new project: functions, tests, components, container")
    .description(
      "Writes a project whose start and test commands pass as they are. Asks on a terminal for what is not given.",
    )
    .argument("[folder]", "where to; made if it is not there", ".");
  for (const name of Object.keys(choices) as (keyof typeof choices)[]) {
    command.addOption(new Option(`--${name} <${name}>`, `${choices[name][0]} unless given`).choices(choices[name]));
  }
  command
    .addHelpText("after", "\nExample:\n  $ npx dapr-functions init orders --target azure-v4 --tests vitest")
    .action(async (folder: string, options: InitOptions) => exitWith(await init(folder, options)));
}

async function init(folder: string, given: InitOptions): Promise<number> {
  const root = resolve(folder);
  refuseFile(root, folder);
  const options = process.stdin.isTTY && process.stdout.isTTY ? await ask(given) : given;
  const packageManager = managerOf(process.env["npm_config_user_agent"]);
  const target = options.target ?? choices.target[0];
  const project = projectFiles({
    name: nameOf(basename(root)),
    target,
    decorators: options.decorators ?? choices.decorators[0],
    tests: options.tests ?? choices.tests[0],
    packageManager,
    version: `^${ownVersion()}`,
  });
  // In the v3 model `generate` writes them, with the settings of the functions.
  const files = { ...project, ...(target === "azure-v4" && toHostFiles([], "host")) };
  const taken = [...new Set(Object.keys(files).flatMap((path) => obstacleTo(root, path) ?? []))];
  if (taken.length > 0)
    throw new UsageError(
      `${folder}: ${taken.join(", ")} ${taken.length === 1 ? "is" : "are"} there already; nothing was written. Give an empty folder`,
    );
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    process.stdout.write(`write ${path}\n`);
  }
  const { install, run } = managers[packageManager];
  const path = relative(process.cwd(), root);
  const enter = path === "" ? "" : `cd ${/^[\w./-]+$/.test(path) ? path : JSON.stringify(path)}\n  `;
  process.stderr.write(`next:\n  ${enter}${install}\n  ${run} start\n  ${run} test\n  ${run} dev\n`);
  return exitCodes.done;
}

/** @throws UsageError where the folder, or one above it, is a file, or may not be written into */
function refuseFile(root: string, folder: string): void {
  let path = root;
  while (!isThere(path)) path = dirname(path);
  if (!isFolder(path)) throw new UsageError(`${folder}: ${path} is not a folder; give another one`);
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw new UsageError(`${folder}: cannot be written into (${(error as Error).message}); give another folder`);
  }
}

/** What stands where a file is to be, or where a folder of it is: a file, a folder, a link that leads nowhere. */
function obstacleTo(root: string, path: string): string | undefined {
  const parts = path.split("/");
  const folders = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
  const obstacle = folders.find((part) => isThere(join(root, part)) && !isFolder(join(root, part)));
  return obstacle ?? (isThere(join(root, path)) ? path : undefined);
}

/** True for a link that leads nowhere, too. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // Below a file.
    return false;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

async function ask(given: InitOptions): Promise<InitOptions> {
  const { createInterface } = require("node:readline") as typeof import("node:readline");
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Holds what is typed before it is asked for.
  const lines = terminal[Symbol.asyncIterator]();
  const answers: Record<string, string> = {};
  try {
    for (const name of Object.keys(choices) as (keyof typeof choices)[]) {
      const known: readonly string[] = choices[name];
      while (given[name] === undefined && answers[name] === undefined) {
        process.stdout.write(`${questions[name]}\n`);
        terminal.setPrompt(`  ${known.join(", ")} [${known[0]}] `);
        terminal.prompt();
        const line = await lines.next();
        if (line.done === true) throw new UsageError("the questions were not answered; nothing was written");
        const answer = line.value.trim();
        if (answer === "" || known.includes(answer)) answers[name] = answer === "" ? known[0]! : answer;
        else process.stdout.write(`  ${JSON.stringify(answer)} is none of them.\n`);
      }
    }
  } finally {
    terminal.close();
  }
  return { ...answers, ...given };
}

/** Text that YAML reads as something else, where it has no quotes. */
const yamlWords: ReadonlySet<string> = new Set(["true", "false", "yes", "no", "on", "off", "y", "n", "null"]);

/**
 * A name out of a folder's that a package, a Dapr app id, Kubernetes and Azure Container Apps all take: letters, digits
 * and single hyphens, a letter first, at most 32.
 *
 * @see https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftapp
 */
function nameOf(folder: string): string {
  const name = folder
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  if (name === "") return "orders";
  const whole = /^[a-z]/.test(name) && !yamlWords.has(name) ? name : `app-${name}`;
  return whole.slice(0, 32).replace(/-$/, "");
}

/** `pnpm/10.1.0 npm/? node/v22…`: the package manager that runs this command says so. */
function managerOf(agent: string | undefined): PackageManager {
  const name = agent?.split("/", 1)[0] ?? "";
  return name in managers ? (name as PackageManager) : "npm";
}

function ownVersion(): string {
  return (JSON.parse(readFileSync(join(__dirname, "../../package.json"), "utf8")) as { version: string }).version;
}
