import type { DaprClient } from "../client/dapr-client.js";
import type { MaybePromise } from "../model/maybe-promise.js";

/** What a sidecar says of a state store; a member is undefined where it does not say. */
export interface StoreFacts {
  /** `state.redis`, `state.sqlite` … */
  readonly type: string | undefined;
  /** False for a store that keeps no etags, which no write can be conditional on. */
  readonly hasEtags: boolean | undefined;
}

interface Known {
  readonly facts: StoreFacts;
  /** On the monotonic clock, in milliseconds. */
  readonly until: number;
}

const unknown: StoreFacts = { type: undefined, hasEtags: undefined };

/** Milliseconds that a sidecar has to say what its stores are: it knows. */
const timeLimit = 2000;

/** Milliseconds after which a sidecar that did not name a store, or did not answer, may be asked again. */
const askAgain = { unnamed: 30_000, unanswered: 5000 };

/** What the state stores are, as far as their sidecars say. */
export class StateStores {
  readonly #known = new Map<string, Known>();

  constructor(private readonly client: DaprClient) {}

  /**
   * At once where it was asked before. Callers who ask at the same time ask each for itself, since each has its own end.
   *
   * @param signal ends the asking, which nobody is to wait for
   */
  of(stateStore: string, daprAddress: string | undefined, signal: AbortSignal | undefined): MaybePromise<StoreFacts> {
    const id = `${daprAddress ?? ""}\0${stateStore}`;
    const known = this.#known.get(id);
    if (known !== undefined && performance.now() < known.until) return known.facts;
    return this.#ask(id, stateStore, daprAddress, signal);
  }

  async #ask(
    id: string,
    stateStore: string,
    daprAddress: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<StoreFacts> {
    try {
      const { components } = await this.client.metadata({ daprAddress, signal, timeout: timeLimit });
      const found = components?.find(({ name }) => name === stateStore);
      if (found === undefined) return this.#remember(id, unknown, askAgain.unnamed);
      const { type, capabilities } = found;
      const hasEtags = capabilities === undefined ? undefined : capabilities.includes("ETAG");
      return this.#remember(id, { type, hasEtags }, Infinity);
    } catch {
      // What ended with its caller says nothing of the sidecar.
      if (signal?.aborted === true) return unknown;
      return this.#remember(id, unknown, askAgain.unanswered);
    }
  }

  #remember(id: string, facts: StoreFacts, milliseconds: number): StoreFacts {
    this.#known.set(id, { facts, until: performance.now() + milliseconds });
    return facts;
  }
}
