import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import type { Answer, Question } from "./rules-worker.mjs";

/** One route of a subscription; without `match` it takes every event. */
export interface Rule {
  /** A CEL expression over `event`. */
  readonly match: string;
  readonly path: string;
}

/** Evaluates the rules of subscriptions. Its worker starts with the first rule and ends with `close`. */
export class RuleEvaluator {
  #worker: Worker | undefined;
  #lastId = 0;
  readonly #waiting = new Map<number, (answer: Answer) => void>();

  /** Rejects when the expression cannot be read. */
  async check(match: string): Promise<void> {
    if (match !== "") await this.#ask({ match });
  }

  /** The first rule that the event satisfies. Rejects when a rule cannot be decided, a missing field for one. */
  async firstMatch<R extends Rule>(rules: readonly R[], event: unknown): Promise<R | undefined> {
    for (const rule of rules) {
      if (rule.match === "" || (await this.#ask({ match: rule.match, event: JSON.stringify(event) }))) return rule;
    }
    return undefined;
  }

  /** Whether an expression over counts is true; one that cannot be evaluated is not. */
  async holds(expression: string, counts: Readonly<Record<string, number>>): Promise<boolean> {
    return this.#ask({ match: expression, counts }).catch(() => false);
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  async #ask(question: Omit<Question, "id">): Promise<boolean> {
    const id = ++this.#lastId;
    const answer = await new Promise<Answer>((resolve) => {
      this.#waiting.set(id, resolve);
      (this.#worker ??= this.#start()).postMessage({ ...question, id });
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value ?? false;
  }

  #start(): Worker {
    const { Worker } = require("node:worker_threads") as typeof import("node:worker_threads");
    /*
     * The CEL package is an ES module, which require() cannot load inside jest before Node 24, and import() not at all. A
     * worker always can, and keeps an expensive expression away from the sidecar's own work.
     */
    const worker = new Worker(join(__dirname, "rules-worker.mjs"), { execArgv: [] });
    worker.unref();
    worker.on("message", (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    const fail = (reason: string) => {
      // One that failed ends later, when another may have questions already.
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      for (const [id, resolve] of this.#waiting) resolve({ id, error: reason });
      this.#waiting.clear();
    };
    worker.on("error", (error: Error) => fail(error.message));
    worker.on("exit", () => fail("the sidecar is closing"));
    return worker;
  }
}
