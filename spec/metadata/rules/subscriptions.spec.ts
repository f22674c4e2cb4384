import { declared, problemsOf, untyped } from "../declared.js";

const { DaprTopicTrigger } = untyped;
const on = (route: string, options: object) =>
  DaprTopicTrigger({ pubSubName: "bus", topic: "orders", route, ...options });
const both = (a: object, b: object) => problemsOf(declared({ a: [on("a", a)], b: [on("b", b)] }));

describe("two functions on one topic", () => {
  it.each([
    [{ match: "x" }, {}],
    [{}, { match: "x", priority: 1 }],
    [{ match: "x" }, { match: "y" }],
    [{ match: "x", bulk: { maxMessagesCount: 2, concurrency: undefined } }, { bulk: { maxMessagesCount: 2 } }],
    [{ match: "x", metadata: { a: "1", b: "2" } }, { metadata: { b: "2", a: "1" } }],
    [{ topic: "Orders" }, {}],
    [{ pubSubName: "other" }, {}],
  ])("agree: %j and %j", (a, b) => {
    expect(both(a, b)).toEqual([]);
  });

  it("may not both take all its events", () => {
    expect(both({}, {})).toEqual([
      'error subscription-duplicate: Orders.b, trigger "payload", match: Orders.a takes all events of topic "orders" of ' +
        '"bus" too; give one of them a `match`',
    ]);
  });

  it.each([
    ["deadLetterTopic", { match: "x" }, { deadLetterTopic: "poison" }],
    ["metadata", { match: "x", metadata: { a: "1" } }, { metadata: { a: "2" } }],
    ["bulk", { match: "x", bulk: true }, {}],
  ])("may not differ in %s", (member, a, b) => {
    expect(both(a, b)).toEqual([
      `error subscription-duplicate: Orders.b, trigger "payload", ${member}: Orders.a subscribes to topic "orders" of "bus" ` +
        `with another ${member}; give both the same`,
    ]);
  });

  it("are on one route unless told otherwise", () => {
    const trigger = (options: object) => [DaprTopicTrigger({ pubSubName: "bus", topic: "orders", ...options })];
    expect(problemsOf(declared({ a: trigger({}), b: trigger({ match: "x" }) }))).toEqual([
      'error route-duplicate: Orders.b, trigger "payload", route: Orders.a is found on /orders too; give one of them another route',
    ]);
  });

  it("are not compared while the pubsub of one is missing", () => {
    expect(both({ pubSubName: undefined }, { pubSubName: undefined })).toEqual([
      expect.stringContaining("option-missing"),
      expect.stringContaining("option-missing"),
    ]);
  });
});
