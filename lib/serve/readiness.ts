import type { DaprClient } from "../client/dapr-client.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { Log } from "../model/invocation.js";
import { needsOf } from "./sidecar-check.js";

/** Milliseconds that the sidecar has to say what it has, and for which its answer holds. */
const patience = 1000;

/** Whether the sidecar is there and has what the functions name. */
export class Readiness {
  #asked: { readonly at: number; readonly answer: Promise<boolean> } | undefined;
  #said = "";

  constructor(
    private readonly client: DaprClient,
    private readonly definitions: readonly FunctionDefinition[],
    private readonly log: Log,
  ) {}

  /** Never rejects. Probes that come at once are one question. */
  isReady(): Promise<boolean> {
    const now = performance.now();
    if (this.#asked === undefined || now - this.#asked.at > patience) this.#asked = { at: now, answer: this.#ask() };
    return this.#asked.answer;
  }

  async #ask(): Promise<boolean> {
    let lacking: readonly string[];
    try {
      lacking = needsOf(this.definitions, await this.client.metadata({ timeout: patience }));
    } catch (error) {
      lacking = [`no sidecar answers: ${error instanceof Error ? error.message : String(error)}`];
    }
    const text = lacking.join("; ");
    if (text !== this.#said) this.log.warn(text === "" ? "the app is ready" : `the app is not ready: ${text}`);
    this.#said = text;
    return text === "";
  }
}
