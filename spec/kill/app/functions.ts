import { appendFileSync } from "node:fs";
import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprState,
  DaprStateOutput,
  DaprTopicTrigger,
  type CloudEvent,
  type PublishCollector,
  type StateCollector,
  type StateEntry,
} from "dapr-functions";

/** An event of the suite; its counter is the entry that counts it. */
export interface Work {
  readonly id: string;
  readonly counter: string;
}

/** What a counter holds: how many events there were, and which, so that one that comes again counts once. */
export interface Counted {
  readonly count: number;
  readonly ids: Readonly<Record<string, true>>;
}

export interface Copy {
  readonly id: string;
  readonly part: number;
}

interface Effects {
  readonly counted: StateEntry<Counted>;
  readonly copies: PublishCollector<Copy>;
  readonly result: StateCollector<string>;
}

/** Each event changes a counter, is published twice and leaves a result, in this order. */
export class Workers {
  @DaprTopicTrigger({ pubSubName: "broker", topic: "singles" })
  @DaprState({ name: "counted", stateStore: "store", key: "counter-{data.counter}", attempts: 100 })
  @DaprPublish({ name: "copies", pubSubName: "broker", topic: "copies" })
  @DaprStateOutput({ name: "result", stateStore: "store", key: "result-{data.id}" })
  single(event: CloudEvent<Work>, effects: Effects): void {
    handle(event, effects);
  }

  @DaprTopicTrigger({
    pubSubName: "broker",
    topic: "bulks",
    bulk: { maxMessagesCount: 10, maxAwaitDurationMs: 50 },
  })
  @DaprState({ name: "counted", stateStore: "store", key: "counter-{data.counter}", attempts: 100 })
  @DaprPublish({ name: "copies", pubSubName: "broker", topic: "copies", bulk: true })
  @DaprStateOutput({ name: "result", stateStore: "store", key: "result-{data.id}" })
  bulk(event: CloudEvent<Work>, effects: Effects): void {
    handle(event, effects);
  }

  /** Remembers under which ids a copy came. */
  @DaprTopicTrigger({ pubSubName: "broker", topic: "copies" })
  @DaprState({ name: "seen", stateStore: "store", key: "copy-{data.id}-{data.part}", attempts: 100 })
  copied(event: CloudEvent<Copy>, { seen }: { seen: StateEntry<readonly string[]> }): void {
    const ids = seen.value ?? [];
    if (!ids.includes(event.id)) seen.set([...ids, event.id]);
  }

  /** The same work for a caller who waits for the answer. */
  @DaprServiceInvocationTrigger()
  @DaprState({ name: "counted", stateStore: "store", key: "counter-{counter}", attempts: 100 })
  @DaprStateOutput({ name: "result", stateStore: "store", key: "result-{id}" })
  call(work: Work, { counted, result }: Pick<Effects, "counted" | "result">): void {
    count(work, counted);
    result.add(work.id);
  }
}

function handle({ id: eventId, data }: CloudEvent<Work>, { counted, copies, result }: Effects): void {
  // What is appended outlives the process, so the suite sees the runs that a kill has cut off.
  appendFileSync(process.env.RUNS!, `${data.id} ${eventId}\n`);
  count(data, counted);
  for (const part of [0, 1]) copies.add({ id: data.id, part });
  result.add(eventId);
}

function count({ id }: Work, counted: StateEntry<Counted>): void {
  const { count: before, ids } = counted.value ?? { count: 0, ids: {} };
  if (ids[id] === undefined) counted.set({ count: before + 1, ids: { ...ids, [id]: true } });
}
