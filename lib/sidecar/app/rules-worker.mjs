// @ts-check
// JavaScript with types in comments, since a worker of the library's own specs is not compiled.
import { parentPort } from "node:worker_threads";
import { Environment } from "@marcbachmann/cel-js";

/**
 * What to evaluate; only to be parsed unless there is an event, or counts.
 *
 * @typedef {{ readonly id: number, readonly match: string, readonly event?: string, readonly counts?: Readonly<Record<string, number>> }} Question
 * @typedef {{ readonly id: number, readonly value?: boolean, readonly error?: string }} Answer
 */

const environment = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false });
/** @type {Map<string, ReturnType<typeof environment.parse>>} */
const compiled = new Map();

/** @param {string} match */
function programOf(match) {
  const known = compiled.get(match);
  if (known !== undefined) return known;
  const program = environment.parse(match);
  compiled.set(match, program);
  return program;
}

/**
 * CEL tells whole numbers from others.
 *
 * @param {Readonly<Record<string, number>>} counts
 */
function integers(counts) {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, BigInt(count)]));
}

/**
 * @param {Question} question
 * @returns {Answer}
 */
function answerTo({ id, match, event, counts }) {
  try {
    const program = programOf(match);
    /** @type {unknown} */
    const value = counts
      ? program(integers(counts))
      : event === undefined
        ? true
        : program({ event: JSON.parse(event) });
    if (typeof value !== "boolean") throw new Error(`the result of match expression ${match} was not a boolean`);
    return { id, value };
  } catch (error) {
    return { id, error: String(error instanceof Error ? error.message : error).split("\n")[0] ?? "" };
  }
}

parentPort?.on("message", (/** @type {Question} */ question) => parentPort?.postMessage(answerTo(question)));
