/**
 * Matchers of jest for collectors: importing it, in a test or in `setupFilesAfterEnv`, registers the matchers below.
 *
 *     import "dapr-functions/testing/jest";
 *
 *     expect(outputs.order).toHaveSaved("41", { id: "41", total: 3 });
 *
 * @module dapr-functions/testing/jest
 */
import type { StateRemoveOverrides } from "../model/collector.js";
import type { FakeOverrides } from "./fake-collector.js";
import { collectorMatchers } from "./matchers.js";

export { collectorMatchers };
export type { MatcherContext, MatcherResult } from "./matchers.js";
export type { FakeOverrides };

/** Matchers for what `fakeCollector()` and `invoke()` give; values are compared as `toEqual` compares them. */
export interface CollectorMatchers<R> {
  /** Each of the values was added; without values, something was. */
  toHaveAdded(...values: readonly unknown[]): R;
  /** The value was added to a state output. */
  toHaveSaved(value?: unknown): R;
  /** The value was added under a key, or with options such as `{ stateStore, etag }`. */
  toHaveSaved(where: string | Partial<FakeOverrides>, value: unknown): R;
  /** A key was removed, or any. */
  toHaveRemoved(where?: string | Partial<StateRemoveOverrides>): R;
  /** The value was added to a publish output. */
  toHavePublished(value?: unknown): R;
  /** The value was published to a topic, or with options such as `{ pubSubName, metadata }`. */
  toHavePublished(where: string | Partial<FakeOverrides>, value: unknown): R;
  /** The value was added to an invoke output. */
  toHaveInvoked(value?: unknown): R;
  /** A method (`charge` or `billing/charge`) was invoked with the value, or with options such as `{ httpVerb }`. */
  toHaveInvoked(where: string | Partial<FakeOverrides>, value: unknown): R;
}

declare global {
  // oxlint-disable-next-line typescript/no-namespace -- @types/jest keeps the types of its globals in one
  namespace jest {
    // oxlint-disable-next-line typescript/no-unused-vars, typescript/no-empty-object-type -- as declared there
    interface Matchers<R, T = {}> extends CollectorMatchers<R> {}
  }
}

// The `expect` of @jest/globals. A program with jest's global types alone does not have that module, hence the directive;
// it is JSDoc because declaration files keep that.
// oxlint-disable-next-line typescript/ban-ts-comment, typescript/prefer-ts-expect-error
/** @ts-ignore */
declare module "expect" {
  // oxlint-disable-next-line typescript/no-unused-vars -- as declared there
  interface Matchers<R extends void | Promise<void>, T = unknown> extends CollectorMatchers<R> {}
}

interface Expect {
  extend(matchers: object): void;
}

/** Jest's own, which is not a global with `injectGlobals: false`; a test runner without either registers them by itself. */
function findExpect(): Expect | undefined {
  const { expect } = globalThis as { expect?: Expect };
  if (expect !== undefined) return expect;
  try {
    return (require("@jest/globals") as { expect: Expect }).expect;
  } catch {
    return undefined;
  }
}

findExpect()?.extend(collectorMatchers);
