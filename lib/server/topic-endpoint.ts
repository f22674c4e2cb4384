import type { DaprTopicTrigger } from "../model/bindings.js";
import { isPromise, type MaybePromise } from "../model/maybe-promise.js";
import { placeOf, type FunctionDefinition } from "../model/function-definition.js";
import { bindingDataOf, type BindingDataReader } from "../invocation/binding-data.js";
import type { Endpoint, EndpointCall } from "./endpoint.js";
import { failureBody } from "../invocation/failures.js";
import type { CompiledFunction } from "../invocation/invoke.js";
import { reportFailure, run, type EndpointScope } from "../invocation/run-function.js";
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
import { jsonReply, success, type WireReply } from "./write-reply.js";

/** What the sidecar is to do with an event: forget it, deliver it again, or put it on the dead-letter topic. */
type EventStatus = "SUCCESS" | "RETRY" | "DROP";

/** How an event was handled; `failed` is what answers it where it was delivered alone. */
interface Outcome {
  readonly status: EventStatus;
  readonly failed?: WireReply;
}

/** A function that gets the events of a topic, one at a time also where the sidecar delivers them in bulk. */
export class TopicEndpoint implements Endpoint {
  readonly isPublic = false;
  readonly definition: FunctionDefinition;
  readonly #topic: string;
  readonly #concurrency: number;
  readonly #data: BindingDataReader | undefined;
  #hasWarned = false;

  constructor(
    private readonly fn: CompiledFunction,
    private readonly trigger: DaprTopicTrigger,
    private readonly scope: EndpointScope,
  ) {
    this.definition = fn.definition;
    this.#topic = trigger.topic ?? fn.definition.name;
    this.#concurrency = (typeof trigger.bulk === "object" ? trigger.bulk.concurrency : undefined) ?? 1;
    this.#data = bindingDataOf(fn.definition);
  }

  handle(call: EndpointCall): MaybePromise<WireReply> {
    const isRaw = (call.header("rawpayload") ?? "false") !== "false";
    const delivery = parseDelivery(call.body);
    const entries = this.trigger.bulk === undefined ? undefined : bulkEntriesOf(delivery);
    if (entries !== undefined) return this.#handleBulk(entries, isRaw, call);
    const outcome = this.#handleEvent(delivery, call, () => readEvent(delivery, this.trigger, this.#topic, isRaw));
    return isPromise(outcome) ? outcome.then(replyOf) : replyOf(outcome);
  }

  /** Every entry is answered, whatever becomes of the others; one after another unless the trigger says otherwise. */
  async #handleBulk(entries: readonly BulkEntry[], isRaw: boolean, call: EndpointCall): Promise<WireReply> {
    const statuses: { entryId: string; status: EventStatus }[] = [];
    let next = 0;
    const work = async () => {
      while (next < entries.length) {
        const index = next++;
        const entry = entries[index]!;
        const outcome = this.#handleEvent(entry.event, requestOfEntry(entry, call), () =>
          readBulkEvent(entry, this.trigger, this.#topic, isRaw),
        );
        const { status } = isPromise(outcome) ? await outcome : outcome;
        statuses[index] = { entryId: entry.entryId, status };
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#concurrency, entries.length) }, work));
    return jsonReply(200, { statuses });
  }

  #handleEvent(delivered: unknown, request: TriggeringRequest, read: () => TopicEvent): MaybePromise<Outcome> {
    const { fn, scope } = this;
    let invocation: TriggerInvocation | undefined;
    const onFailure = (thrown: unknown): Outcome =>
      this.#failed(thrown, delivered, invocation ?? new TriggerInvocation(fn.definition, scope, request));
    try {
      const { event, hasStableId } = read();
      invocation = new TriggerInvocation(fn.definition, scope, request, event);
      if (hasStableId) invocation.event = { source: event.source, id: event.id };
      if (this.#data !== undefined) invocation.bindingData = this.#data.ofPayload(event);
      const outcome = run(fn, event, invocation, scope, this.#toOutcome);
      return isPromise(outcome) ? outcome.catch(onFailure) : outcome;
    } catch (thrown) {
      return onFailure(thrown);
    }
  }

  /** An invalid event is not worth repeating: it goes where somebody may look at it, or stays with the broker. */
  #failed(thrown: unknown, delivered: unknown, invocation: TriggerInvocation): Outcome {
    const failure = reportFailure(thrown, invocation, `event ${eventIdOf(delivered)}`);
    if (failure.isPayloads) return { status: this.trigger.deadLetterTopic === undefined ? "RETRY" : "DROP" };
    return { status: "RETRY", failed: jsonReply(500, failureBody(failure, this.definition, invocation.id)) };
  }

  /** A returned value is never sent as it is: a sidecar reads `status` in any body, and repeats what it cannot read. */
  readonly #toOutcome = (returned: unknown): Outcome => {
    if (returned === undefined) return succeeded;
    const status: unknown =
      typeof returned === "object" && returned !== null ? (returned as Partial<Outcome>).status : undefined;
    const word = typeof status === "string" ? status.toUpperCase() : "";
    if (word === "SUCCESS" || word === "RETRY" || word === "DROP") return { status: word };
    if (!this.#hasWarned) {
      this.#hasWarned = true;
      const what = "returns something for a topic event that is ignored";
      this.scope.log.warn(`${placeOf(this.definition)}: it ${what}; return nothing or { status: "RETRY" | "DROP" }`);
    }
    return succeeded;
  };
}

const succeeded: Outcome = { status: "SUCCESS" };

function replyOf({ status, failed }: Outcome): WireReply {
  return failed ?? (status === "SUCCESS" ? success : jsonReply(200, { status }));
}

/** The id of what was delivered, quoted: it comes from whoever published it. */
function eventIdOf(delivered: unknown): string {
  const id: unknown =
    typeof delivered === "object" && delivered !== null ? (delivered as { id?: unknown }).id : undefined;
  return typeof id === "string" ? JSON.stringify(id.slice(0, 200)) : "without id";
}
