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
function same<A, B>(_: Same<A, B>): void {
  // The compiler has said all there is to say.
}

class Order {
  id!: string;
  at!: Date;
  lines!: { sku: string; price: number }[];
  total(): number {
    return this.lines.reduce((sum, { price }) => sum + price, 0);
  }
}

class Functions {
  label = "no method";

  all(
    order: Order,
    _: {
      last: Order | undefined;
      record: StateRecord<Order>;
      secret: Record<string, string>;
      plain: Collector<Order>;
      state: StateCollector<number>;
      events: PublishCollector<{ a: 1 } | { b: 2 }>;
      empty: Collector<void>;
      maybe?: Collector<string>;
    },
  ): Promise<Order> {
    return Promise.resolve(order);
  }

  none(): void {
    // Nothing to do.
  }

  one(id: string): string {
    return id;
  }

  optional(_id?: number, _bindings?: { last: string | undefined; out: Collector<string> }): void {
    // Nothing to do.
  }

  event(_: CloudEvent<Order>): void {
    // Nothing to do.
  }

  request(_: HttpRequest<Order>): void {
    // Nothing to do.
  }

  loose(_: unknown, __: unknown): unknown {
    return 1;
  }

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

type Method<K extends MethodName<Functions>> = Functions[K];

it("types a call by the method", async () => {
  same<MethodName<Functions>, "all" | "none" | "one" | "optional" | "event" | "request" | "loose" | "real">(true);

  same<ReplyOf<Method<"all">>, Order>(true);
  same<ReplyOf<Method<"none">>, void>(true);

  type Outputs = OutputsOf<Method<"all">>;
  same<keyof Outputs, "plain" | "state" | "events" | "empty" | "maybe">(true);
  same<Outputs["plain"], FakeCollector<Order>>(true);
  same<Outputs["state"], FakeCollector<number>>(true);
  same<Outputs["events"], FakeCollector<{ a: 1 } | { b: 2 }>>(true);
  same<Outputs["empty"], FakeCollector<void>>(true);
  same<Outputs["maybe"], FakeCollector<string>>(true);

  same<keyof InputsOf<Method<"all">>, "last" | "record" | "secret">(true);
  same<keyof InputsOf<Method<"optional">>, "last">(true);
  same<OutputsOf<Method<"none">>, Readonly<Record<string, FakeCollector<unknown>>>>(true);
  same<OutputsOf<Method<"loose">>, Readonly<Record<string, FakeCollector<unknown>>>>(true);

  same<PayloadOf<Method<"one">>, string>(true);
  same<PayloadOf<Method<"optional">>, number | undefined>(true);
  same<PayloadOf<Method<"none">>, unknown>(true);
  same<PayloadOf<Method<"loose">>, unknown>(true);

  const functions = new Functions();
  const json = { id: "1", at: "2031-05-01T00:00:00Z", lines: [{ sku: "a", price: 1 }] };
  const events: PayloadOf<Method<"event">>[] = [cloudEvent<Order>(new Order()), cloudEvent(json)];
  const requests: PayloadOf<Method<"request">>[] = [httpRequest<Order>()];
  expect(events.length + requests.length).toBe(3);

  const { reply, outputs } = await invoke(functions, "real", json, { inputs: { last: json } });
  same<typeof reply, string | undefined>(true);
  same<typeof outputs, { readonly saved: FakeCollector<Order>; readonly notes: FakeCollector<string> }>(true);
  expect(reply).toBe("1");
  expect(outputs.saved.values).toEqual([json]);

  const refused = [
    // @ts-expect-error -- no method of that name
    () => invoke(functions, "rael", json),
    // @ts-expect-error -- a property is no method
    () => invoke(functions, "label", json),
    // @ts-expect-error -- the payload is missing
    () => invoke(functions, "real"),
    // @ts-expect-error -- a number where text is due
    () => invoke(functions, "real", { ...json, id: 1 }),
    // @ts-expect-error -- an input that the method does not take
    () => invoke(functions, "real", json, { inputs: { lost: json } }),
    // @ts-expect-error -- a collector is no input
    () => invoke(functions, "real", json, { inputs: { saved: json } }),
    // @ts-expect-error -- an input of another type
    () => invoke(functions, "real", json, { inputs: { last: 1 } }),
    // @ts-expect-error -- an output that the method does not have
    async () => (await invoke(functions, "real", json)).outputs.lost,
  ];
  expect(refused).toHaveLength(8);
});
