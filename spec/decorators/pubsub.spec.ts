import {
  DaprPublish,
  DaprTopicTrigger,
  readFunctions,
  type CloudEvent,
  type PublishCollector,
} from "../../lib/index.js";

class Order {}

describe("@DaprTopicTrigger", () => {
  it("needs no more than a pubsub", () => {
    class Orders {
      @DaprTopicTrigger({ pubSubName: "bus" }) orders(): void {}
    }
    expect(readFunctions([Orders])[0]!.trigger).toEqual({
      type: "daprTopicTrigger",
      direction: "in",
      name: "payload",
      pubSubName: "bus",
    });
  });

  it("keeps every option as it was given", () => {
    const options = {
      name: "event",
      dataType: "binary",
      pubSubName: "%Bus%",
      topic: "orders",
      route: "on-order",
      deadLetterTopic: "poison",
      match: 'event.type == "%x%{y}"',
      priority: -1,
      bulk: { maxMessagesCount: 10, maxAwaitDurationMs: 50, concurrency: 4 },
      metadata: { rawPayload: "true" },
      payload: Order,
    } as const;
    class Orders {
      @DaprTopicTrigger(options) orders(_event: CloudEvent<Order>): void {}
    }
    const [definition] = readFunctions([Orders]);
    expect(definition!.trigger).toEqual({ type: "daprTopicTrigger", direction: "in", ...options });
    expect(definition!.payloadType).toBe(Order);
  });
});

describe("@DaprPublish", () => {
  it("keeps every option as it was given", () => {
    const options = {
      name: "copies",
      pubSubName: "bus",
      topic: "copies-{data.depot}",
      daprAddress: "http://127.0.0.1:3501",
      bulk: true,
      valueType: [Order],
    } as const;
    class Orders {
      @DaprTopicTrigger({ pubSubName: "bus" })
      @DaprPublish(options)
      copy(_event: CloudEvent, _b: { copies: PublishCollector<Order[]> }): void {}
    }
    expect(readFunctions([Orders])[0]!.outputs).toEqual([{ type: "daprPublish", direction: "out", ...options }]);
  });
});
