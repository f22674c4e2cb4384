import { badItem } from "../collectors/message.js";
import type { ItemOverrides, StateCollector, StateRemoveOverrides } from "../model/collector.js";
import { jsonCopy } from "./json-copy.js";
import { readRequestBody } from "./request-body.js";

type AllOf<U> = (U extends unknown ? (each: U) => void : never) extends (each: infer I) => void ? I : never;

/** The overrides of every kind of output. */
export interface FakeOverrides extends AllOf<ItemOverrides[keyof ItemOverrides]> {}

/** One value that was added, and what was given beside it. */
export interface FakeItem<T> {
  /** The value, as JSON leaves it. */
  readonly value: T;
  /** What was given beside it. */
  readonly overrides: Readonly<FakeOverrides>;
}

/**
 * A collector for tests: it stands for every kind of collector and keeps what was added.
 *
 * Values are kept as JSON leaves them, as they would be sent: instances become plain objects and dates text; bytes stay
 * bytes.
 */
export interface FakeCollector<T> extends StateCollector<T> {
  add(value: T, overrides?: FakeOverrides): void;
  /** The values added, in order. */
  readonly values: readonly T[];
  /** The values added and their overrides, in order. */
  readonly items: readonly FakeItem<T>[];
  /**
   * Where each item of `items` goes: its overrides, and after `invoke` the decorator's options where it has none, their
   * expressions resolved: `{ stateStore: "orders", key: "41" }`.
   */
  readonly targets: readonly Readonly<FakeOverrides>[];
  /** Where what was removed is, as `targets`. */
  readonly removed: readonly Readonly<StateRemoveOverrides>[];
}

/** An item and where it goes; `value` is absent from a removal. */
export interface KeptItem {
  readonly item: FakeItem<unknown> | undefined;
  readonly target: Readonly<FakeOverrides>;
}

/**
 * A collector that keeps what is added, to call a method with. It refuses what no output takes; what a certain output
 * refuses, `invoke` finds.
 *
 * @example
 * const order = fakeCollector<Order>();
 * new OrderFunctions().createNewOrder({ id: "41", total: 3 }, { order });
 * expect(order.values).toEqual([{ id: "41", total: 3 }]);
 */
export function fakeCollector<T>(): FakeCollector<T> {
  return new KeepingCollector<T>();
}

/** What an invocation left in a collector, which takes nothing more. */
export function closedCollector(kept: readonly KeptItem[], refuse: (verb: string) => never): FakeCollector<unknown> {
  const collector = new KeepingCollector<unknown>(refuse);
  for (const { item, target } of kept) collector.keep(item, target);
  return collector;
}

class KeepingCollector<T> implements FakeCollector<T> {
  readonly values: T[] = [];
  readonly items: FakeItem<T>[] = [];
  readonly targets: Readonly<FakeOverrides>[] = [];
  readonly removed: Readonly<StateRemoveOverrides>[] = [];
  readonly #refuse: ((verb: string) => never) | undefined;

  constructor(refuse?: (verb: string) => never) {
    this.#refuse = refuse;
  }

  add(value: T, overrides: FakeOverrides = {}): void {
    this.#refuse?.("add");
    this.#add(value, overrides);
  }

  addRequestBody(body: unknown): void {
    this.#refuse?.("addRequestBody");
    for (const { value, overrides } of readRequestBody(body, where)) this.#add(value, overrides);
  }

  remove(overrides: StateRemoveOverrides = {}): void {
    this.#refuse?.("remove");
    this.keep(undefined, { ...overrides });
  }

  /** Takes what was made elsewhere. */
  keep(item: FakeItem<unknown> | undefined, target: Readonly<FakeOverrides>): void {
    if (item === undefined) {
      this.removed.push(target);
      return;
    }
    this.values.push(item.value as T);
    this.items.push(item as FakeItem<T>);
    this.targets.push(target);
  }

  #add(value: unknown, overrides: FakeOverrides): void {
    let copy: unknown;
    try {
      copy = jsonCopy(value);
    } catch (error) {
      throw badItem(where(), undefined, `the value cannot be written as JSON: ${(error as Error).message}`);
    }
    if (copy === undefined && value !== undefined) {
      throw badItem(where(), undefined, `a ${typeof value} cannot be written as JSON`);
    }
    this.keep({ value: copy, overrides: { ...overrides } }, { ...overrides });
  }
}

function where(): string {
  return "fakeCollector()";
}
