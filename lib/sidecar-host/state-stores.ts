import type { CallOptions, DaprClient } from "../client/dapr-client.js";
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

/** Milliseconds after which a sidecar that serves a store and does not say what it is may be asked again. */
const askAgain = 5000;

/** What the state stores are, as far as their sidecars say. */
export class StateStores {
  readonly #known = new Map<string, Known>();

  constructor(private readonly client: DaprClient) {}

  /**
   * At once where it was asked before. Callers who ask at the same time ask each for itself, since each has its own end.
   *
   * @param signal ends the asking, which nobody is to wait for
   * @returns undefined where the sidecar does not say: it may not be there yet, or not have the store yet
   */
  of(
    stateStore: string,
    daprAddress: string | undefined,
    signal: AbortSignal | undefined,
  ): MaybePromise<StoreFacts | undefined> {
    const id = idOf(stateStore, daprAddress);
    return this.#remembered(id) ?? this.#ask(id, stateStore, { daprAddress, signal });
  }

  /** As {@link of}, of a store that has answered: if its sidecar does not say now, it will not soon. */
  ofPresent(
    stateStore: string,
    daprAddress: string | undefined,
    signal: AbortSignal | undefined,
  ): MaybePromise<StoreFacts> {
    const id = idOf(stateStore, daprAddress);
    return this.#remembered(id) ?? this.#askPresent(id, stateStore, { daprAddress, signal });
  }

  #remembered(id: string): StoreFacts | undefined {
    const known = this.#known.get(id);
    return known !== undefined && performance.now() < known.until ? known.facts : undefined;
  }

  async #askPresent(id: string, stateStore: string, call: CallOptions): Promise<StoreFacts> {
    const facts = await this.#ask(id, stateStore, call);
    if (facts !== undefined) return facts;
    // What ended with its caller says nothing of the sidecar.
    return call.signal?.aborted === true ? unknown : this.#remember(id, unknown, askAgain);
  }

  async #ask(id: string, stateStore: string, call: CallOptions): Promise<StoreFacts | undefined> {
    try {
      const { components } = await this.client.metadata({ ...call, timeout: timeLimit });
      const found = components?.find(({ name }) => name === stateStore);
      if (found === undefined) return undefined;
      const { type, capabilities } = found;
      const hasEtags = capabilities === undefined ? undefined : capabilities.includes("ETAG");
      return this.#remember(id, { type, hasEtags }, Infinity);
    } catch {
      return undefined;
    }
  }

  #remember(id: string, facts: StoreFacts, milliseconds: number): StoreFacts {
    this.#known.set(id, { facts, until: performance.now() + milliseconds });
    return facts;
  }
}

function idOf(stateStore: string, daprAddress: string | undefined): string {
  return `${daprAddress ?? ""}\0${stateStore}`;
}
