import type { FakeCollector, FakeItem, FakeOverrides } from "./fake-collector.js";

/** What is used here of the context in which jest, and test runners with its matchers, call one. */
export interface MatcherContext {
  /** True after `.not`. */
  readonly isNot?: boolean | undefined;
  /** `resolves` or `rejects`, where one stands before. */
  readonly promise?: string | undefined;
  /** Those that the program added. */
  readonly customTesters?: readonly unknown[] | undefined;
  /** The runner's own comparison. */
  equals(a: unknown, b: unknown, testers?: readonly unknown[]): boolean;
  /** What prints values. */
  readonly utils: {
    readonly iterableEquality?: unknown;
    matcherHint(name: string, received?: string, expected?: string, options?: object): string;
    printExpected(value: unknown): string;
    printReceived(value: unknown): string;
    diff(expected: unknown, received: unknown): string | null | undefined;
  };
}

/** What a matcher says of a value. */
export interface MatcherResult {
  /** Whether the value is as expected. */
  readonly pass: boolean;
  /** What is wrong, in words. */
  readonly message: () => string;
}

/** An item with where it goes, as `Sent` shows it in a message. */
interface Candidate {
  readonly target: Readonly<FakeOverrides>;
  readonly item: FakeItem<unknown>;
}

/** Which text stands for where an item goes: `{ key }` of a saved one. */
type Names = (target: Readonly<FakeOverrides>) => readonly (string | undefined)[];

const keyOf: Names = ({ key }) => [key];
const topicOf: Names = ({ topic }) => [topic];
const methodOf: Names = ({ appId, methodName }) => [methodName, `${appId}/${methodName}`];

/** Matchers for {@link FakeCollector}, ready for `expect.extend`. */
export const collectorMatchers = {
  toHaveAdded(this: MatcherContext, collector: unknown, ...values: readonly unknown[]): MatcherResult {
    const hint = hintOf(this, "toHaveAdded", values.length === 0 ? "" : "...values");
    if (!isFakeCollector(collector)) return noCollector(this, hint, collector);
    const found = values.map((value) => collector.values.some((added) => equals(this, added, value)));
    const missing = values.filter((_, index) => !found[index]);
    const pass = values.length === 0 ? collector.values.length > 0 : missing.length === 0;
    return {
      pass,
      message: () => {
        const shown = this.isNot === true ? values : missing;
        const lines = shown.map((value) => `Expected${not(this)} value: ${this.utils.printExpected(value)}`);
        if (values.length === 0) lines.push(`Expected ${this.isNot === true ? "nothing" : "an item"}`);
        return [hint, "", ...lines, ...collected(this, collector), ...difference(this, shown, collector.values)].join(
          "\n",
        );
      },
    };
  },

  toHaveSaved(this: MatcherContext, collector: unknown, ...expected: readonly unknown[]): MatcherResult {
    return matchItem(this, "toHaveSaved", "key", keyOf, collector, expected);
  },

  toHavePublished(this: MatcherContext, collector: unknown, ...expected: readonly unknown[]): MatcherResult {
    return matchItem(this, "toHavePublished", "topic", topicOf, collector, expected);
  },

  toHaveInvoked(this: MatcherContext, collector: unknown, ...expected: readonly unknown[]): MatcherResult {
    return matchItem(this, "toHaveInvoked", "method", methodOf, collector, expected);
  },

  toHaveRemoved(this: MatcherContext, collector: unknown, ...expected: readonly unknown[]): MatcherResult {
    const hint = hintOf(this, "toHaveRemoved", expected.length === 0 ? "" : "key");
    if (!isFakeCollector(collector)) return noCollector(this, hint, collector);
    const pass = collector.removed.some((target) => expected.length === 0 || goesTo(this, target, keyOf, expected[0]));
    return {
      pass,
      message: () => {
        const what = expected.length === 0 ? "any key" : `key: ${this.utils.printExpected(expected[0])}`;
        return [hint, "", `Expected${not(this)} removal of ${what}`, ...collected(this, collector)].join("\n");
      },
    };
  },
};

/** One item by its value, or by where it goes and its value. */
function matchItem(
  context: MatcherContext,
  name: string,
  label: string,
  namesOf: Names,
  collector: unknown,
  expected: readonly unknown[],
): MatcherResult {
  const signature = ["", "value", `${label}, value`][Math.min(expected.length, 2)];
  const hint = hintOf(context, name, signature ?? "");
  if (!isFakeCollector(collector)) return noCollector(context, hint, collector);
  const hasPlace = expected.length > 1;
  const [where] = expected;
  const value = expected[hasPlace ? 1 : 0];
  const inPlace = candidatesOf(collector).filter(({ target }) => !hasPlace || goesTo(context, target, namesOf, where));
  const pass = inPlace.some(({ item }) => expected.length === 0 || equals(context, item.value, value));
  return {
    pass,
    message: () => {
      const lines = [hint, ""];
      if (hasPlace) lines.push(`Expected${not(context)} ${label}: ${context.utils.printExpected(where)}`);
      if (expected.length > 0) lines.push(`Expected${not(context)} value: ${context.utils.printExpected(value)}`);
      else lines.push(`Expected ${context.isNot === true ? "nothing" : "an item"}`);
      const near = inPlace.map(({ item }) => item.value);
      return [
        ...lines,
        ...collected(context, collector),
        ...difference(context, expected.length > 0 ? [value] : [], near),
      ].join("\n");
    },
  };
}

function goesTo(context: MatcherContext, target: Readonly<FakeOverrides>, namesOf: Names, where: unknown): boolean {
  // An asymmetric matcher (`expect.stringMatching(…)`) stands for text, not for options.
  const isOptions = typeof where === "object" && where !== null && !("asymmetricMatch" in where);
  if (!isOptions) return namesOf(target).some((name) => name !== undefined && equals(context, name, where));
  const options = target as Readonly<Record<string, unknown>>;
  return Object.entries(where).every(([name, value]) => equals(context, options[name], value));
}

function equals(context: MatcherContext, received: unknown, expected: unknown): boolean {
  const { iterableEquality } = context.utils;
  const testers = [...(context.customTesters ?? []), ...(iterableEquality === undefined ? [] : [iterableEquality])];
  return context.equals(received, expected, testers);
}

function candidatesOf(collector: FakeCollector<unknown>): Candidate[] {
  return collector.items.map((item, index) => ({ item, target: collector.targets[index] ?? item.overrides }));
}

/** What the collector holds, item by item: what one wants to see when an expectation about it fails. */
function collected({ utils }: MatcherContext, collector: FakeCollector<unknown>): string[] {
  const added = candidatesOf(collector).map(({ item, target }, index) => {
    const where = Object.keys(target).length === 0 ? "" : ` to ${utils.printReceived(target)}`;
    return `  ${index + 1}. ${utils.printReceived(item.value)}${where}`;
  });
  const removed = collector.removed.map((target) => `  removed ${utils.printReceived(target)}`);
  if (added.length + removed.length === 0) return ["Collected: nothing"];
  return [`Collected: ${added.length} ${added.length === 1 ? "item" : "items"}`, ...added, ...removed];
}

/** Where one value was expected and one is there, how they differ. */
function difference(context: MatcherContext, expected: readonly unknown[], received: readonly unknown[]): string[] {
  if (context.isNot === true || expected.length !== 1 || received.length !== 1) return [];
  const text = context.utils.diff(expected[0], received[0]);
  return text === null || text === undefined || text === "" ? [] : ["", text];
}

function hintOf({ utils, isNot, promise }: MatcherContext, name: string, expected: string): string {
  return utils.matcherHint(name, "collector", expected, { isNot: isNot === true, promise: promise ?? "" });
}

function not({ isNot }: MatcherContext): string {
  return isNot === true ? " no" : "";
}

/** Fails whether negated or not. */
function noCollector({ utils, isNot }: MatcherContext, hint: string, received: unknown): MatcherResult {
  const what = "expect() takes a fakeCollector() or one of the outputs of invoke() here";
  return { pass: isNot === true, message: () => `${hint}\n\n${what}\nReceived: ${utils.printReceived(received)}` };
}

function isFakeCollector(value: unknown): value is FakeCollector<unknown> {
  const { values, items, removed } = (value ?? {}) as Partial<FakeCollector<unknown>>;
  return Array.isArray(values) && Array.isArray(items) && Array.isArray(removed);
}
