#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { addAdopt } from "./adopt.js";
import { addCheck } from "./check.js";
import { addDescribe } from "./describe.js";
import { addExplain } from "./explain.js";
import { addGenerate } from "./generate.js";
import { addInit } from "./init.js";
import { addList } from "./list.js";
import { addMap } from "./map.js";
import { addReplay } from "./replay.js";
import { exitCodes, exitWith } from "./report.js";
import { addRun } from "./run.js";
import { addSidecar } from "./sidecar.js";
import { addTypes } from "./types.js";
import { UsageError } from "./usage-error.js";

/** In the order of the help. */
const commands = [
  addInit,
  addList,
  addCheck,
  addGenerate,
  addRun,
  addSidecar,
  addAdopt,
  addTypes,
  addMap,
  addDescribe,
  addReplay,
  addExplain,
];

/** Arguments → command → exit code: 0 done, 1 problems found, 2 usage, or a module that does not load. */
async function main(args: readonly string[]): Promise<void> {
  const { Command, CommanderError } = require("commander") as typeof import("commander");
  const program = new Command("dapr-functions");
  const manifest = JSON.parse(readFileSync(join(__dirname, "../../package.json"), "utf8")) as { version: string };
  program
    .description("Dapr applications and Dapr-bound Azure Functions in TypeScript.")
    .version(manifest.version)
    .showHelpAfterError("(add --help for what it takes)");
  for (const add of commands) add(program);
  // Inherited by sub-commands only when they are made, so each is told.
  for (const command of [program, ...program.commands]) command.exitOverride();
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      exitWith(error.exitCode === 0 ? exitCodes.done : exitCodes.usage);
    } else if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n`);
      exitWith(exitCodes.usage);
    } else throw error;
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  exitWith(exitCodes.problems);
});
