/** One message of a topic: what was published, and the metadata of its publication. */
export interface Message {
  readonly data: Buffer;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Who gets the messages of a topic; one whose name ends in `*` is a prefix. */
export interface Subscriber {
  readonly topic: string;
  receive(message: Message): void;
}

/** `pubsub.in-memory`: hands each message to those who listen when it is published, and forgets it. */
export class InMemoryBus {
  readonly #subscribers = new Set<Subscriber>();
  readonly #held: [topic: string, message: Message][] = [];
  #holds = 0;

  /** @param onPublish is told of each message. */
  constructor(private readonly onPublish?: (topic: string, message: Message) => void) {}

  publish(topic: string, message: Message): void {
    this.onPublish?.(topic, message);
    if (this.#holds > 0) this.#held.push([topic, message]);
    else this.#deliver(topic, message);
  }

  /** Keeps messages back until the function returned is called: nobody listens while an app changes its place. */
  hold(): () => void {
    this.#holds++;
    return () => {
      if (--this.#holds > 0) return;
      for (const [topic, message] of this.#held.splice(0)) this.#deliver(topic, message);
    };
  }

  #deliver(topic: string, message: Message): void {
    for (const subscriber of this.#subscribers) {
      if (matches(subscriber.topic, topic)) subscriber.receive(message);
    }
  }

  subscribe(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
  }
}

function matches(subscribed: string, topic: string): boolean {
  if (subscribed === topic) return true;
  const prefix = subscribed.slice(0, -1);
  return subscribed.endsWith("*") && topic.startsWith(prefix) && topic !== prefix;
}
