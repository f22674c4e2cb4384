import type {
  BindingCollector,
  Collector,
  InvokeCollector,
  PublishCollector,
  StateCollector,
} from "../../lib/model/collector.js";
import { fakeCollector, type FakeCollector } from "../../lib/testing/index.js";

interface Order {
  id: string;
  total: number;
}

const order = { id: "41", total: 3 };

describe("fakeCollector", () => {
  it("keeps the values added, in order", () => {
    const collector = fakeCollector<Order>();
    collector.add(order);
    collector.add({ id: "42", total: 4 });
    expect(collector.values).toEqual([order, { id: "42", total: 4 }]);
    expect(collector.items).toEqual([
      { value: order, overrides: {} },
      { value: { id: "42", total: 4 }, overrides: {} },
    ]);
  });

  it("stands for every kind of collector", () => {
    const collector = fakeCollector<Order>();
    const kinds: [
      Collector<Order>,
      StateCollector<Order>,
      PublishCollector<Order>,
      InvokeCollector<Order>,
      BindingCollector<Order>,
    ] = [collector, collector, collector, collector, collector];
    kinds[1].add(order, { key: "41", etag: "1" });
    kinds[2].add(order, { topic: "orders", metadata: { ttlInSeconds: 30 } });
    kinds[3].add(order, { methodName: "charge", httpVerb: "put" });
    kinds[4].add(order, { operation: "create" });
    expect(collector.items.map(({ overrides }) => overrides)).toEqual([
      { key: "41", etag: "1" },
      { topic: "orders", metadata: { ttlInSeconds: 30 } },
      { methodName: "charge", httpVerb: "put" },
      { operation: "create" },
    ]);
    expect(collector.targets).toEqual(collector.items.map(({ overrides }) => overrides));
  });

  it("keeps removals beside them", () => {
    const collector = fakeCollector<Order>();
    collector.remove({ key: "41" });
    collector.remove();
    expect(collector.removed).toEqual([{ key: "41" }, {}]);
    expect(collector.values).toEqual([]);
  });

  it("takes nothing at all where there is nothing to give", () => {
    const collector: FakeCollector<void> = fakeCollector<void>();
    const plain: Collector<void> = collector;
    plain.add();
    collector.add();
    expect(collector.values).toEqual([undefined, undefined]);
  });

  it("keeps what JSON leaves of a value, as it was when it was added", () => {
    class Money {
      constructor(public amount: number) {}
    }
    const collector = fakeCollector<unknown>();
    const money = new Money(1);
    collector.add(money);
    money.amount = 2;
    collector.add(new Date(0));
    collector.add({ none: undefined, list: [undefined] });
    expect(() => collector.add({ total: NaN })).toThrow("total is NaN, which JSON does not know; give a finite number");
    collector.add(null);
    expect(collector.values).toStrictEqual([{ amount: 1 }, "1970-01-01T00:00:00.000Z", { list: [null] }, null]);
  });

  it("keeps bytes", () => {
    const collector = fakeCollector<Uint8Array>();
    const bytes = Buffer.from([1, 2]);
    collector.add(bytes);
    bytes[0] = 9;
    expect(collector.values).toStrictEqual([new Uint8Array([1, 2])]);
  });

  it.each([[1n], [() => 1], [Symbol("s")]])("refuses %p, which no output can send", (value) => {
    const collector = fakeCollector<unknown>();
    expect(() => collector.add(value)).toThrow(expect.objectContaining({ code: "ERR_DAPR_BAD_REQUEST" }));
    expect(collector.items).toEqual([]);
  });

  it("reads envelopes of every output, as objects, text and bytes", () => {
    const collector = fakeCollector<unknown>();
    collector.addRequestBody({ value: 1, key: "a" });
    collector.addRequestBody('{"payload":{"n":2},"TOPIC":"t"}');
    collector.addRequestBody(new TextEncoder().encode('[{"data":3,"operation":"create"},{"body":4,"httpVerb":"put"}]'));
    collector.addRequestBody([{ appId: "x" }, '{"value":null,"key":"b"}']);
    collector.addRequestBody(undefined);
    expect(collector.items).toEqual([
      { value: 1, overrides: { key: "a" } },
      { value: { n: 2 }, overrides: { topic: "t" } },
      { value: 3, overrides: { operation: "create" } },
      { value: 4, overrides: { httpVerb: "put" } },
      { value: undefined, overrides: { appId: "x" } },
      { value: null, overrides: { key: "b" } },
    ]);
  });

  it.each([
    ["no json"],
    [5],
    [[[{ data: 1 }]]],
    [{ topic: "t" }],
    [{ key: "k" }],
    [{ operation: "get" }],
    [{ payload: null }],
  ])("refuses the envelope %j", (body) => {
    expect(() => fakeCollector().addRequestBody(body)).toThrow(
      expect.objectContaining({ code: "ERR_DAPR_BAD_REQUEST" }),
    );
  });
});
