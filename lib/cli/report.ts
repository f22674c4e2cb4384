import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { styleText } from "node:util";
import type { Problem } from "../model/errors.js";
import { messageOf } from "../model/thrown.js";
import { UsageError } from "./usage-error.js";

/** Exit codes of every command. */
export const exitCodes = { done: 0, problems: 1, usage: 2 } as const;

/** One line: `error option-missing: Orders.save (build/orders.js), output "order", stateStore: …`. */
export function toLine({ level, code, class: type, method, file, message }: Problem): string {
  return `${level} ${code}: ${file === undefined ? message : withFile(message, type, method, file)}`;
}

function withFile(message: string, type: string | undefined, method: string | undefined, file: string): string {
  if (message.startsWith(`${file}: `)) return message;
  const place = [type, method].filter((part) => part !== undefined).join(".");
  const at = message.startsWith(place) ? place : (type ?? "");
  return message.startsWith(at) ? `${at} (${file})${message.slice(at.length)}` : `${message} (${file})`;
}

/** Prints a line per problem to stderr, and to a person where to read more. */
export function printProblems(problems: readonly Problem[]): void {
  for (const problem of problems) {
    const line = toLine(problem);
    const colour = problem.level === "error" ? "red" : "yellow";
    const { length } = problem.level;
    const { isTTY } = process.stderr;
    process.stderr.write(`${isTTY ? styleText(colour, line.slice(0, length)) + line.slice(length) : line}\n`);
  }
  const [first] = problems;
  if (first === undefined || !process.stderr.isTTY) return;
  process.stderr.write(styleText("dim", `npx dapr-functions explain ${first.code} says more\n`));
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ level }) => level === "error");
}

/**
 * Writes a file where `--out` names one, in a folder that need not be there; else prints the text.
 *
 * @throws UsageError where it cannot be written
 */
export function writeOut(out: string | undefined, text: string): void {
  if (out === undefined) {
    process.stdout.write(text);
    return;
  }
  try {
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, text);
  } catch (error) {
    throw new UsageError(`--out ${out}: it cannot be written (${messageOf(error)}); name another file`, {
      cause: error,
    });
  }
}

/** Prints data for machines to stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Ends the process although a module of the user's may keep it alive; what was written goes out first. */
export function exitWith(code: number): void {
  process.exitCode = code;
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}
