import { within } from "../../model/duration.js";
import { messageOf } from "../../model/thrown.js";
import type { AppChannel } from "./app-channel.js";
import { startInputs, type InputBinding, type RunningInputs } from "../api/bindings.js";
import { deliverInBulk } from "./bulk-deliveries.js";
import { deliverSingly, type Delivering, type DeliveryOptions, type Undelivered } from "./deliveries.js";
import type { PubSub } from "../api/pubsub.js";
import type { Resiliency } from "../resiliency/resiliency.js";
import { mergeSubscriptions, type DeclaredSubscription } from "./declared-subscriptions.js";
import type { RuleEvaluator } from "./rules.js";
import { readSubscriptions, type Subscription } from "./subscriptions.js";

/** Milliseconds that deliveries under way have to end: an app that never answers must not keep the next one waiting. */
const patience = 10_000;

/** What the sidecar does for its app: it asks what the app listens to, and delivers that. */
export class AppConnection {
  /** Settles with the first `open`; resolves with `close`. */
  readonly ready: Promise<void>;
  #subscriptions: readonly Subscription[] = [];
  #deliveries: readonly Delivering[] = [];
  #inputs: RunningInputs | undefined;
  /** By pubsub and topic: what the subscriptions that have ended left, for those of the next app. */
  #undelivered = new Map<string, readonly Undelivered[]>();
  #isReady = true;
  #settle!: { readonly resolve: () => void; readonly reject: (error: Error) => void };
  readonly #closing = new AbortController();
  /** Aborted once another app is named. */
  #superseded = new AbortController();
  /** The turn to an app that is under way; never rejects. */
  #turning: Promise<void> = Promise.resolve();

  constructor(
    private readonly app: AppChannel,
    private readonly pubsubs: ReadonlyMap<string, PubSub>,
    private readonly inputs: ReadonlyMap<string, InputBinding>,
    private readonly declared: readonly DeclaredSubscription[],
    private readonly rules: RuleEvaluator,
    private readonly resiliency: Resiliency,
    private readonly warn: (message: string) => void,
  ) {
    this.ready = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.ready.catch(() => undefined);
  }

  /** What the app listens to. */
  get subscriptions(): readonly Subscription[] {
    return this.#subscriptions;
  }

  /** False from the moment an app is named until it was asked. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /**
   * Turns to an app once it listens. A later call, or the end, takes the place of one that has not ended, which then resolves.
   * Rejects when the app's answer is not understood.
   */
  async open(port: number): Promise<void> {
    this.#isReady = false;
    this.#superseded.abort();
    const superseded = (this.#superseded = new AbortController()).signal;
    const ended = AbortSignal.any([this.#closing.signal, superseded]);
    try {
      // An app that is there goes on until the next one listens, and what is published meanwhile waits for that.
      if (this.app.port === undefined) this.app.use(port);
      await this.app.untilListening(port, ended);
      await this.#inTurn(async () => {
        if (!ended.aborted) await this.#turnTo(port, ended);
      });
    } catch (error) {
      if (ended.aborted) return;
      const failure = new Error(`the app on port ${port} cannot be connected: ${messageOf(error)}`, { cause: error });
      this.#settle.reject(failure);
      throw failure;
    }
    if (superseded.aborted) return;
    this.#isReady = true;
    this.#settle.resolve();
  }

  /** Two turns at once would both subscribe, and each event would come twice. */
  #inTurn(turn: () => Promise<void>): Promise<void> {
    const turned = this.#turning.then(turn);
    this.#turning = turned.catch(() => undefined);
    return turned;
  }

  async #turnTo(port: number, ended: AbortSignal): Promise<void> {
    const releases = [...this.pubsubs.values()].map(({ bus }) => bus.hold());
    try {
      await this.#stop();
      if (this.app.port !== port) this.app.use(port);
      await this.#ask(ended);
      this.#handOver();
    } finally {
      for (const release of releases) release();
    }
  }

  /** Delivers an event of an input binding now. Rejects when the app does not take it. */
  async fire(binding: string): Promise<void> {
    if (this.#inputs === undefined) throw new Error("no app is connected");
    await this.#inputs.fire(binding);
  }

  /** Begins no more deliveries; resolves when those under way have ended, or their time is over. */
  async pause(): Promise<void> {
    this.#superseded.abort();
    await this.#inTurn(() => this.#end());
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#settle.resolve();
    await this.#inTurn(() => this.#end());
  }

  async #ask(ended: AbortSignal): Promise<void> {
    await this.app.readConfig(ended);
    const programmatic = readSubscriptions(await this.app.readSubscriptions(ended), this.warn);
    const subscriptions = mergeSubscriptions(this.declared, programmatic);
    const usable = subscriptions.filter((subscription) => this.#isUsable(subscription));
    for (const { match } of usable.flatMap(({ rules }) => rules)) {
      await this.rules.check(match).catch((error: Error) => {
        throw new Error(`the match expression ${JSON.stringify(match)} cannot be read: ${error.message}`);
      });
    }
    ended.throwIfAborted();
    this.#subscriptions = usable;
    this.#deliveries = usable.map((subscription) => this.#deliver(subscription));
    this.#inputs = await startInputs(this.inputs, this.app, this.resiliency, this.warn, ended);
  }

  /** An entry for a pubsub component that is not there is passed over, as in daprd, which does not say so. */
  #isUsable({ pubsubName, topic }: Subscription): boolean {
    const pubsub = this.pubsubs.get(pubsubName);
    if (!pubsub) {
      this.warn(`topic ${topic} gets no events: there is no pubsub component "${pubsubName}"${among(this.pubsubs)}`);
    }
    if (pubsub && !pubsub.scopes.maySubscribe(topic)) {
      this.warn(`subscription to topic '${topic}' on pubsub '${pubsubName}' is not allowed`);
      return false;
    }
    return pubsub !== undefined;
  }

  #deliver(subscription: Subscription): Delivering {
    const { bus, scopes } = this.pubsubs.get(subscription.pubsubName)!;
    const options: DeliveryOptions = {
      app: this.app,
      rules: this.rules,
      policy: this.resiliency.inbound(subscription.pubsubName, "Pubsub"),
      publish: (topic, message) => {
        if (scopes.mayPublish(topic)) bus.publish(topic, message);
        else this.warn(`dead letter topic ${topic} of ${subscription.pubsubName} is not allowed: an event is lost`);
      },
      onLoss: this.warn,
    };
    const delivering = subscription.bulk
      ? deliverInBulk(subscription, subscription.bulk, options)
      : deliverSingly(subscription, options);
    bus.subscribe(delivering);
    return delivering;
  }

  async #stop(): Promise<void> {
    const inputs = this.#inputs?.stop();
    this.#inputs = undefined;
    for (const { bus } of this.pubsubs.values()) {
      for (const delivery of this.#deliveries) bus.unsubscribe(delivery);
    }
    const subscriptions = this.#subscriptions;
    const stopped = this.#deliveries.map((delivery) => delivery.stop());
    this.#deliveries = [];
    this.#subscriptions = [];
    let isLate = false;
    const kept = Promise.all(stopped).then((left) => {
      subscriptions.forEach((subscription, index) => this.#keep(keyOf(subscription), left[index]!));
      if (isLate) void this.#inTurn(async () => this.#handOver());
    });
    await within(
      patience,
      Promise.all([kept, inputs]).then(() => undefined),
    );
    isLate = true;
  }

  #keep(key: string, left: readonly Undelivered[]): void {
    if (left.length > 0) this.#undelivered.set(key, [...(this.#undelivered.get(key) ?? []), ...left]);
  }

  /** Gives what the subscriptions of the app before have left to those of this one, before all that has waited since. */
  #handOver(): void {
    this.#subscriptions.forEach((subscription, index) => {
      const key = keyOf(subscription);
      for (const { message } of this.#undelivered.get(key) ?? []) this.#deliveries[index]!.receive(message);
      this.#undelivered.delete(key);
    });
    this.#giveUp();
  }

  async #end(): Promise<void> {
    await this.#stop();
    this.#giveUp();
  }

  #giveUp(): void {
    for (const { giveUp } of [...this.#undelivered.values()].flat()) giveUp();
    this.#undelivered = new Map();
  }
}

function keyOf({ pubsubName, topic }: Subscription): string {
  return JSON.stringify([pubsubName, topic]);
}

function among(components: ReadonlyMap<string, unknown>): string {
  return components.size === 0 ? "" : ` (there is ${[...components.keys()].join(", ")})`;
}
