import type { DaprTopicTrigger } from "../model/bindings.js";
import { isPromise, type MaybePromise } from "../model/maybe-promise.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { bindingDataOf, type BindingDataReader } from "../invocation/binding-data.js";
import type { Endpoint, EndpointCall } from "./endpoint.js";
import { failureAnswer, type Failure } from "../invocation/failures.js";
import type { CompiledFunction } from "../invocation/compile-function.js";
import { jsonReply, wireReplyOf, type TopicOutcome, type WireReply } from "../invocation/reply.js";
import type { Limits } from "../invocation/limits.js";
import { limitsOf, logFailure, runFunction, type EndpointScope, type HostSteps } from "../invocation/run-function.js";
import {
  bulkEntriesOf,
  parseDelivery,
  readBulkEvent,
  readEvent,
  requestOfEntry,
  type BulkEntry,
  type TopicEvent,
} from "../invocation/topic-events.js";
import { TriggerInvocation, type TriggeringRequest } from "../invocation/trigger-invocation.js";

/** A function that gets the events of a topic, one at a time also where the sidecar delivers them in bulk. */
export class TopicEndpoint implements Endpoint {
  readonly isPublic = false;
  readonly definition: FunctionDefinition;
  readonly #topic: string;
  readonly #concurrency: number;
  readonly #data: BindingDataReader | undefined;
  readonly #limits: Limits | undefined;

  constructor(
    private readonly fn: CompiledFunction,
    private readonly trigger: DaprTopicTrigger,
    private readonly scope: EndpointScope,
  ) {
    this.definition = fn.definition;
    this.#topic = trigger.topic ?? fn.definition.name;
    this.#concurrency = (typeof trigger.bulk === "object" ? trigger.bulk.concurrency : undefined) ?? 1;
    this.#data = bindingDataOf(fn.definition);
    this.#limits = limitsOf(fn.definition, scope);
  }

  handle(call: EndpointCall): MaybePromise<WireReply> {
    const isRaw = (call.header("rawpayload") ?? "false") !== "false";
    const delivery = parseDelivery(call.body);
    const entries = bulkEntriesOf(delivery, this.trigger.bulk !== undefined);
    if (entries !== undefined) return this.#handleBulk(entries, isRaw, call);
    const read = (): TopicEvent => readEvent(delivery, this.trigger, this.#topic, isRaw);
    return this.#run(call, new EventSteps(delivery, read, this.#data, wireReplyOf));
  }

  /** Every entry is answered, whatever becomes of the others; one after another unless the trigger says otherwise. */
  async #handleBulk(entries: readonly BulkEntry[], isRaw: boolean, call: EndpointCall): Promise<WireReply> {
    const statuses: { entryId: string; status: TopicOutcome }[] = [];
    let next = 0;
    const work = async () => {
      while (next < entries.length) {
        const index = next++;
        const entry = entries[index]!;
        const read = (): TopicEvent => readBulkEvent(entry, this.trigger, this.#topic, isRaw);
        const steps = new EventSteps(entry.event, read, this.#data, outcomeOf);
        const outcome = this.#run(requestOfEntry(entry, call), steps, entry);
        const status = isPromise(outcome) ? await outcome : outcome;
        statuses[index] = { entryId: entry.entryId, status };
        // A body holds very many small ones, and nobody else would be served until the last is done.
        if ((index + 1) % turn === 0) await new Promise(setImmediate);
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#concurrency, entries.length) }, work));
    return jsonReply(200, { statuses });
  }

  #run<R>(request: TriggeringRequest, steps: EventSteps<R>, entry?: BulkEntry): MaybePromise<R> {
    const { fn, scope } = this;
    const invocation = new TriggerInvocation(fn.definition, scope, request);
    invocation.entry = entry;
    return runFunction(fn, invocation, steps, this.#limits);
  }
}

/** Entries of a bulk request after which others get a turn: as many as daprd puts into one unless it is told otherwise. */
const turn = 100;

/** The steps of one event. */
class EventSteps<R> implements HostSteps<R, TriggerInvocation> {
  /** @param delivered what came, of which messages say the id */
  constructor(
    private readonly delivered: unknown,
    private readonly read: () => TopicEvent,
    private readonly data: BindingDataReader | undefined,
    readonly write: (answer: WireReply | TopicOutcome) => R,
  ) {}

  readPayload(invocation: TriggerInvocation): unknown {
    const { event, hasStableId } = this.read();
    invocation.attributes = event;
    if (hasStableId) invocation.event = { source: event.source, id: event.id };
    if (this.data !== undefined) invocation.bindingData = this.data.ofPayload(event);
    return event;
  }

  fail(failure: Failure, invocation: TriggerInvocation): R {
    logFailure(failure, invocation, `event ${eventIdOf(this.delivered)}`);
    return this.write(failureAnswer(failure, invocation.definition, invocation.id));
  }
}

/** An event of a bulk request has no status of its own: one that failed is delivered again. */
function outcomeOf(answer: WireReply | TopicOutcome): TopicOutcome {
  return typeof answer === "string" ? answer : "RETRY";
}

/** The id of what was delivered, quoted: it comes from whoever published it. */
function eventIdOf(delivered: unknown): string {
  const id: unknown =
    typeof delivered === "object" && delivered !== null ? (delivered as { id?: unknown }).id : undefined;
  return typeof id === "string" ? JSON.stringify(id.slice(0, 200)) : "without id";
}
