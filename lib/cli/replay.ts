import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { isDaprFunctionsError } from "../model/errors.js";
import { isRecording, notRunnable, type Recording } from "../record/recording.js";
import { toTestSource } from "../record/test-source.js";
import { replay as replayOne } from "../testing/replay.js";
import { loadFunctions } from "./modules/function-app.js";
import { exitCodes, exitWith, printJson } from "./report.js";
import { UsageError } from "./usage-error.js";

interface ReplayOptions {
  readonly json?: true;
  readonly test?: true;
}

export function addReplay(program: Command): void {
  program
    .command("replay")
    .summary("run recorded invocations again on fakes, and print what differs")
    .description(
      "Gives a function the payload, inputs and answers of a recording (run --record, serve({ record })). Nothing is sent.",
    )
    .argument("<recording>", "a file that record wrote, or a folder of them")
    .argument("[module...]", "the module of the class; left out where the recording names it")
    .option("--json", "print the differences as JSON")
    .option("--test", "print the recording as a test for Node's test runner")
    .addHelpText("after", "\nExample:\n  $ npx dapr-functions replay recordings build/functions.js")
    .action(async (path: string, modules: string[], options: ReplayOptions) =>
      exitWith(await replay(path, modules, options)),
    );
}

async function replay(path: string, modules: readonly string[], options: ReplayOptions): Promise<number> {
  const files = filesOf(path);
  const recordings = files.map((file) => ({ file, recording: read(file) }));
  const named = [...new Set(recordings.flatMap(({ recording }) => recording.module ?? []))];
  const given = modules.length > 0 ? modules : named.map(below);
  if (options.test === true) {
    const { file, recording } = recordings[0]!;
    if (recordings.length > 1) throw new UsageError("--test: give one recording");
    const obstacle = notRunnable(recording);
    if (obstacle !== undefined) throw new UsageError(`${file}: a test of it would run nothing: ${obstacle}`);
    process.stdout.write(toTestSource(recording, given[0] ?? "functions.js"));
    return exitCodes.done;
  }
  if (given.length === 0)
    throw new UsageError(`${path}: it does not say which module its class is in; give the module behind it`);
  const { targets } = await loadFunctions(given);
  const results = [];
  for (const { file, recording } of recordings) {
    try {
      const { differences } = await replayOne(recording, targets);
      results.push({ file, function: recording.functionName, differences });
    } catch (error) {
      if (!isDaprFunctionsError(error)) throw error;
      results.push({ file, function: recording.functionName, differences: [error.message] });
    }
  }
  const differing = results.filter(({ differences }) => differences.length > 0);
  if (options.json === true) printJson({ replayed: results.length, differing });
  else {
    for (const { file, function: name, differences } of differing) {
      process.stdout.write(`${file}: ${name}\n${differences.map((line) => `  ${line}\n`).join("")}`);
    }
    process.stdout.write(`${results.length} replayed, ${differing.length} different\n`);
  }
  return differing.length > 0 ? exitCodes.problems : exitCodes.done;
}

/** A recording may come from anywhere. It decides which class is run, but not which program of this machine. */
function below(module: string): string {
  const path = relative(process.cwd(), resolve(module));
  if (path.startsWith("..") || isAbsolute(path))
    throw new UsageError(`the recording names ${module}, which is not in this folder; give the module behind it`);
  return module;
}

function filesOf(path: string): string[] {
  if (!existsSync(path))
    throw new UsageError(`${path}: it is not there; give a file that record wrote, or a folder of them`);
  if (!statSync(path).isDirectory()) return [path];
  const files = readdirSync(path)
    .filter((name) => name.endsWith(".json"))
    .sort();
  if (files.length === 0) throw new UsageError(`${path}: no recording is in it`);
  return files.map((name) => join(path, name));
}

function read(file: string): Recording {
  let recording: unknown;
  try {
    recording = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`${file}: it is not JSON (${(error as Error).message})`, { cause: error });
  }
  if (!isRecording(recording)) throw new UsageError(`${file}: it is not a recording of an invocation`);
  return recording;
}
