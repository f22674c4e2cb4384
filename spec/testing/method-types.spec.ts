import "reflect-metadata";
import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  type CloudEvent,
  type Collector,
  type HttpRequest,
  type PublishCollector,
  type StateCollector,
  type StateRecord,
} from "../../lib/index.js";
import { cloudEvent, httpRequest, invoke, type FakeCollector } from "../../lib/testing/index.js";
import type { InputsOf, MethodName, OutputsOf, PayloadOf, ReplyOf } from "../../lib/testing/method-types.js";

/** True when two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles when that is so. */
function sure<T extends true>(): T {
  return true as T;
}

class Order {
  id!: string;
  at!: Date;
  lines!: { sku: string; price: number }[];
  total(): number {
    return this.lines.reduce((sum, { price }) => sum + price, 0);
  }
}

interface Shapes {
  label: string;
  all(
    order: Order,
    bindings: {
      last: Order | undefined;
      record: StateRecord<Order>;
      secret: Record<string, string>;
      plain: Collector<Order>;
      state: StateCollector<number>;
      events: PublishCollector<{ a: 1 } | { b: 2 }>;
      empty: Collector<void>;
      maybe?: Collector<string>;
    },
  ): Promise<Order>;
  none(): void;
  one(id: string): string;
  optional(id?: number, bindings?: { last: string | undefined; out: Collector<string> }): void;
  event(event: CloudEvent<Order>): void;
  request(request: HttpRequest<Order>): void;
  loose(payload: unknown, bindings: unknown): unknown;
}

class Functions {
  label = "no method";

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "last", stateStore: "s", key: "k" })
  @DaprStateOutput({ name: "saved", stateStore: "s", key: "k" })
  @DaprPublish({ name: "notes", pubSubName: "p", topic: "t" })
  real(
    order: Order,
    { last, saved, notes }: { last: Order | undefined; saved: Collector<Order>; notes: Collector<string> },
  ): string | undefined {
    saved.add(order);
    notes.add(order.id);
    return last?.id;
  }
}

type Method<K extends MethodName<Shapes>> = Shapes[K];

it("types a call by the method", async () => {
  sure<Same<MethodName<Shapes>, "all" | "none" | "one" | "optional" | "event" | "request" | "loose">>();

  sure<Same<ReplyOf<Method<"all">>, Order>>();
  sure<Same<ReplyOf<Method<"none">>, void>>();

  type Outputs = OutputsOf<Method<"all">>;
  sure<Same<keyof Outputs, "plain" | "state" | "events" | "empty" | "maybe">>();
  sure<Same<Outputs["plain"], FakeCollector<Order>>>();
  sure<Same<Outputs["state"], FakeCollector<number>>>();
  sure<Same<Outputs["events"], FakeCollector<{ a: 1 } | { b: 2 }>>>();
  sure<Same<Outputs["empty"], FakeCollector<void>>>();
  sure<Same<Outputs["maybe"], FakeCollector<string>>>();

  sure<Same<keyof InputsOf<Method<"all">>, "last" | "record" | "secret">>();
  sure<Same<keyof InputsOf<Method<"optional">>, "last">>();
  sure<Same<OutputsOf<Method<"none">>, Readonly<Record<string, FakeCollector<unknown>>>>>();
  sure<Same<OutputsOf<Method<"loose">>, Readonly<Record<string, FakeCollector<unknown>>>>>();

  sure<Same<PayloadOf<Method<"one">>, string>>();
  sure<Same<PayloadOf<Method<"optional">>, number | undefined>>();
  sure<Same<PayloadOf<Method<"none">>, unknown>>();
  sure<Same<PayloadOf<Method<"loose">>, unknown>>();

  const functions = new Functions();
  const json = { id: "1", at: "2031-05-01T00:00:00Z", lines: [{ sku: "a", price: 1 }] };
  const events: PayloadOf<Method<"event">>[] = [cloudEvent<Order>(new Order()), cloudEvent(json)];
  const requests: PayloadOf<Method<"request">>[] = [httpRequest<Order>()];
  expect(events.length + requests.length).toBe(3);

  const { reply, outputs } = await invoke(functions, "real", json, { inputs: { last: json } });
  sure<Same<typeof reply, string | undefined>>();
  sure<Same<typeof outputs, { readonly saved: FakeCollector<Order>; readonly notes: FakeCollector<string> }>>();
  expect(reply).toBe("1");
  expect(outputs.saved.values).toEqual([json]);

  const refused = [
    // @ts-expect-error -- no method of that name
    () => invoke(functions, "rael", json),
    // @ts-expect-error -- a property is not a method
    () => invoke(functions, "label", json),
    // @ts-expect-error -- the payload is missing
    () => invoke(functions, "real"),
    // @ts-expect-error -- a number where text is due
    () => invoke(functions, "real", { ...json, id: 1 }),
    // @ts-expect-error -- an input that the method does not take
    () => invoke(functions, "real", json, { inputs: { lost: json } }),
    // @ts-expect-error -- a collector is not an input
    () => invoke(functions, "real", json, { inputs: { saved: json } }),
    // @ts-expect-error -- an input of another type
    () => invoke(functions, "real", json, { inputs: { last: 1 } }),
    // @ts-expect-error -- an output that the method does not have
    async () => (await invoke(functions, "real", json)).outputs.lost,
  ];
  expect(refused).toHaveLength(8);
});
