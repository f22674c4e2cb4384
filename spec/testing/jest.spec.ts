import { stripVTControlCharacters } from "node:util";
import "../../lib/testing/jest.js";
import { expect as expectOfGlobals } from "@jest/globals";
import { fakeCollector } from "../../lib/testing/index.js";

const order = { id: "41", total: 3 };

function messageOf(expectation: () => void): string {
  try {
    expectation();
  } catch (error) {
    return stripVTControlCharacters((error as Error).message);
  }
  throw new Error("the expectation was met");
}

describe("toHaveAdded", () => {
  it("finds values among those added", () => {
    const collector = fakeCollector<unknown>();
    expect(collector).not.toHaveAdded();
    collector.add(order);
    collector.add("x");
    expect(collector).toHaveAdded();
    expect(collector).toHaveAdded(order);
    expect(collector).toHaveAdded("x", { id: expect.any(String), total: 3 });
    expect(collector).not.toHaveAdded("y");
    expectOfGlobals(collector).toHaveAdded(order);
    expectOfGlobals(collector).not.toHaveAdded("y");
  });

  it("shows what was collected and how it differs", () => {
    const collector = fakeCollector<unknown>();
    expect(messageOf(() => expect(collector).toHaveAdded(order))).toBe(
      'expect(collector).toHaveAdded(...values)\n\nExpected value: {"id": "41", "total": 3}\nCollected: nothing',
    );
    collector.add({ id: "41", total: 4 }, { topic: "t" });
    const message = messageOf(() => expect(collector).toHaveAdded(order));
    expect(message).toContain('Collected: 1 item\n  1. {"id": "41", "total": 4} to {"topic": "t"}');
    expect(message).toMatch(/-\s+"total": 3,\n\+\s+"total": 4,/);
    expect(messageOf(() => expect(collector).not.toHaveAdded())).toContain("Expected nothing");
  });

  it("names the values that are missing only", () => {
    const collector = fakeCollector<unknown>();
    collector.add(1);
    const message = messageOf(() => expect(collector).toHaveAdded(1, 2));
    expect(message).toContain("Expected value: 2");
    expect(message).not.toContain("Expected value: 1");
  });
});

describe("toHaveSaved, toHavePublished, toHaveInvoked", () => {
  it("find a value, also by where it goes", () => {
    const collector = fakeCollector<unknown>();
    collector.add(order, { key: "41", stateStore: "orders" });
    collector.add(1, { topic: "notes", pubSubName: "bus" });
    collector.add({ amount: 2 }, { appId: "billing", methodName: "charge", httpVerb: "put" });
    collector.add(undefined, { methodName: "ping" });
    expect(collector).toHaveSaved(order);
    expect(collector).toHaveSaved("41", order);
    expect(collector).toHaveSaved(expect.stringMatching(/^4/) as string, order);
    expect(collector).toHaveSaved({ stateStore: "orders" }, { id: "41", total: expect.any(Number) });
    expect(collector).not.toHaveSaved("42", order);
    expect(collector).toHavePublished("notes", 1);
    expect(collector).not.toHavePublished("notes", 2);
    expect(collector).toHaveInvoked("charge", { amount: 2 });
    expect(collector).toHaveInvoked("billing/charge", { amount: 2 });
    expect(collector).toHaveInvoked({ httpVerb: "put" }, { amount: 2 });
    expect(collector).toHaveInvoked("ping", undefined);
    expect(collector).not.toHaveInvoked("shop/charge", { amount: 2 });
    expect(fakeCollector()).not.toHaveSaved();
  });

  it("show where they looked", () => {
    const collector = fakeCollector<unknown>();
    collector.add(order, { key: "41" });
    collector.remove({ key: "40" });
    const message = messageOf(() => expect(collector).toHaveSaved("42", order));
    expect(message).toBe(
      [
        "expect(collector).toHaveSaved(key, value)",
        "",
        'Expected key: "42"',
        'Expected value: {"id": "41", "total": 3}',
        "Collected: 1 item",
        '  1. {"id": "41", "total": 3} to {"key": "41"}',
        '  removed {"key": "40"}',
      ].join("\n"),
    );
    expect(messageOf(() => expect(collector).not.toHaveSaved("41", order))).toContain('Expected no key: "41"');
  });
});

describe("toHaveRemoved", () => {
  it("finds removals by key or options", () => {
    const collector = fakeCollector<unknown>();
    expect(collector).not.toHaveRemoved();
    collector.remove({ key: "41", etag: "2" });
    expect(collector).toHaveRemoved();
    expect(collector).toHaveRemoved("41");
    expect(collector).toHaveRemoved({ etag: "2" });
    expect(messageOf(() => expect(collector).toHaveRemoved("42"))).toContain(
      'Expected removal of key: "42"\nCollected: 0 items\n  removed {"etag": "2", "key": "41"}',
    );
  });
});

it.each<[string, () => void, () => void]>([
  ["toHaveAdded", () => expect([1]).toHaveAdded(), () => expect([1]).not.toHaveAdded()],
  ["toHaveSaved", () => expect([1]).toHaveSaved(), () => expect([1]).not.toHaveSaved()],
  ["toHavePublished", () => expect([1]).toHavePublished(), () => expect([1]).not.toHavePublished()],
  ["toHaveInvoked", () => expect([1]).toHaveInvoked(), () => expect([1]).not.toHaveInvoked()],
  ["toHaveRemoved", () => expect([1]).toHaveRemoved(), () => expect([1]).not.toHaveRemoved()],
])("%s refuses what is not a collector, negated or not", (_, plain, negated) => {
  expect(messageOf(plain)).toContain("expect() takes a fakeCollector()");
  expect(messageOf(negated)).toContain("Received: [1]");
});
