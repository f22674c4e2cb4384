// An app in a process of its own, so that a spec can kill it. What it did is counted in Redis.
import {
  DaprPublish,
  DaprStateOutput,
  DaprTopicTrigger,
  serve,
  type CloudEvent,
  type PublishCollector,
  type StateCollector,
} from "dapr-functions";
import { createClient } from "redis";

export interface Job {
  readonly id: string;
  /** What the first deliveries of the job come to; the last of these words holds for all later ones. */
  readonly deliveries: readonly ("done" | "throw" | "retry" | "hang")[];
}

const redis = createClient({ url: `redis://${process.env.REDIS_HOST}` });
const instance = process.env.INSTANCE!;

type Outcome = Promise<{ status: "RETRY" } | undefined>;

class Worker {
  /** A broker with a few retries, then a dead letter topic. */
  @DaprTopicTrigger({ pubSubName: "limited", topic: "jobs", deadLetterTopic: "dead-jobs" })
  @DaprStateOutput({ name: "results", stateStore: "store" })
  limited(event: CloudEvent<Job>, { results }: { results: StateCollector<string> }): Outcome {
    return carryOut(event, results);
  }

  @DaprTopicTrigger({ pubSubName: "limited", topic: "dead-jobs" })
  async bury(event: CloudEvent<Job>): Promise<void> {
    await redis.lPush(`buried:${event.data.id}`, event.id);
  }

  /** A broker that repeats an event for as long as it takes. */
  @DaprTopicTrigger({ pubSubName: "lasting", topic: "lasting-jobs" })
  @DaprStateOutput({ name: "results", stateStore: "store" })
  lasting(event: CloudEvent<Job>, { results }: { results: StateCollector<string> }): Outcome {
    return carryOut(event, results);
  }

  /** One that does so, and takes an event for lost only after a while that no busy machine lasts. */
  @DaprTopicTrigger({ pubSubName: "patient", topic: "patient-jobs" })
  @DaprStateOutput({ name: "results", stateStore: "store" })
  patient(event: CloudEvent<Job>, { results }: { results: StateCollector<string> }): Outcome {
    return carryOut(event, results);
  }

  /** Publishes before it fails, since the etag of the second output is wrong at first. */
  @DaprTopicTrigger({ pubSubName: "patient", topic: "relayed-jobs" })
  @DaprPublish({ name: "copies", pubSubName: "patient", topic: "copied-jobs" })
  @DaprStateOutput({ name: "results", stateStore: "store" })
  async relay(
    { id: eventId, data: { id } }: CloudEvent<Job>,
    { copies, results }: { copies: PublishCollector<{ id: string }>; results: StateCollector<string> },
  ): Promise<void> {
    const delivery = await redis.rPush(`deliveries:${id}`, `${instance} ${eventId}`);
    copies.add({ id });
    results.add(instance, delivery === 1 ? { key: "taken", etag: "stale" } : { key: id });
  }

  @DaprTopicTrigger({ pubSubName: "patient", topic: "copied-jobs" })
  async copied(event: CloudEvent<{ id: string }>): Promise<void> {
    await redis.lPush(`copies:${event.data.id}`, event.id);
  }

  /** A broker without a retry policy. */
  @DaprTopicTrigger({ pubSubName: "bare", topic: "bare-jobs" })
  @DaprStateOutput({ name: "results", stateStore: "store" })
  bare(event: CloudEvent<Job>, { results }: { results: StateCollector<string> }): Outcome {
    return carryOut(event, results);
  }
}

async function carryOut(
  { id: eventId, data: { id, deliveries } }: CloudEvent<Job>,
  results: StateCollector<string>,
): Outcome {
  const delivery = await redis.rPush(`deliveries:${id}`, `${instance} ${eventId}`);
  await redis.lPush(`begun:${id}`, instance);
  switch (deliveries[Math.min(delivery, deliveries.length) - 1]) {
    case "throw":
      throw new Error("as the job demands");
    case "retry":
      return { status: "RETRY" };
    case "hang":
      await new Promise(() => undefined);
  }
  results.add(instance, { key: id });
  return undefined;
}

async function main(): Promise<void> {
  await redis.connect();
  const app = await serve([Worker]);
  process.send?.({ port: app.port });
}

void main();
