import {
  DaprPublish,
  DaprTopicTrigger,
  DefinitionError,
  readFunctions,
  topic,
  type CloudEvent,
  type Collector,
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

describe("a topic as an object", () => {
  const OrderCreated = topic({ pubSubName: "%Bus%", topic: "order-created", payload: Order });
  const plain = { pubSubName: "%Bus%", topic: "order-created" };

  it("is recorded as the plain options of publisher and subscribers", () => {
    class Orders {
      @DaprTopicTrigger(OrderCreated)
      @DaprPublish({ name: "created", topic: OrderCreated, bulk: true })
      direct(_event: CloudEvent<Order>, _b: { created: Collector<Order> }): void {}

      @DaprTopicTrigger({ topic: OrderCreated, route: "again", match: "true" })
      asAnOption(_event: CloudEvent<Order>): void {}
    }
    const [direct, asAnOption] = readFunctions([Orders]);
    const trigger = { type: "daprTopicTrigger", direction: "in", name: "payload", ...plain, payload: Order };
    expect(direct!.trigger).toEqual(trigger);
    expect(asAnOption!.trigger).toEqual({ ...trigger, route: "again", match: "true" });
    expect([direct!.payloadType, asAnOption!.payloadType]).toEqual([Order, Order]);
    expect(direct!.outputs).toEqual([
      { type: "daprPublish", direction: "out", name: "created", ...plain, bulk: true, valueType: Order },
    ]);
  });

  it("needs no payload", () => {
    const Untyped = topic({ pubSubName: "bus", topic: "t" });
    class Orders {
      @DaprTopicTrigger({ topic: Untyped })
      @DaprPublish({ name: "copies", topic: Untyped })
      copy(_event: CloudEvent<number>, _b: { copies: Collector<number> }): void {}
    }
    const [{ trigger, outputs }] = readFunctions([Orders]) as [ReturnType<typeof readFunctions>[0]];
    expect(trigger).not.toHaveProperty("payload");
    expect(outputs[0]).not.toHaveProperty("valueType");
  });

  it("cannot be changed, nor by what it was made of", () => {
    const members = { pubSubName: "bus", topic: "t" };
    const made = topic(members);
    members.topic = "u";
    expect(made.topic).toBe("t");
    expect(Object.isFrozen(made)).toBe(true);
  });

  it.each<[string, unknown, string, string]>([
    ["nothing", undefined, "option-invalid", "topic: it takes an object, not undefined; write topic({ … })"],
    ["text", "orders", "option-invalid", 'topic: it takes an object, not "orders"; write topic({ … })'],
    ["no pubsub", { topic: "t" }, "option-missing", 'topic "t", pubSubName: it is missing; every topic has one'],
    ["no topic", { pubSubName: "bus" }, "option-missing", "topic, topic: it is missing; every topic has one"],
    ["a blank topic", { pubSubName: "bus", topic: " " }, "option-empty", "it is blank"],
    ["a number", { pubSubName: 1, topic: "t" }, "option-invalid", 'topic "t", pubSubName: it is 1; give text'],
    ["no type", { pubSubName: "bus", topic: "t", payload: "Order" }, "option-invalid", "give a class, [Class]"],
    [
      "others",
      { pubSubName: "bus", topic: "t", payloud: Order },
      "option-unknown",
      'topic "t", payloud: a topic has no',
    ],
  ])("is not made of %s", (_, members, code, words) => {
    expect(thrownBy(() => topic(members as never))).toMatchObject({ code, message: expect.stringContaining(words) });
  });

  it.each<[string, () => unknown, string, string]>([
    [
      "pubSubName beside it",
      () => DaprTopicTrigger({ topic: OrderCreated, pubSubName: "%Bus%" } as never),
      "option-invalid",
      'option-invalid: @DaprTopicTrigger, pubSubName: topic "order-created" says it; leave it out, or give topic as text',
    ],
    [
      "payload beside it",
      () => DaprTopicTrigger({ topic: OrderCreated, payload: Order } as never),
      "option-invalid",
      "@DaprTopicTrigger, payload: ",
    ],
    [
      "valueType beside it",
      () => DaprPublish({ name: "created", topic: OrderCreated, valueType: Order } as never),
      "option-invalid",
      "@DaprPublish, valueType: ",
    ],
    [
      "a topic without a name",
      () => DaprPublish({ name: "created", topic: { pubSubName: "bus" } } as never),
      "option-missing",
      "topic, topic: it is missing",
    ],
  ])("is refused with %s", (_, decorate, code, words) => {
    expect(thrownBy(decorate)).toMatchObject({ code, message: expect.stringContaining(words) });
  });
});

function thrownBy(action: () => unknown): DefinitionError {
  try {
    action();
  } catch (error) {
    if (error instanceof DefinitionError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
