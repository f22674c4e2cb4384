import "reflect-metadata";
import { z } from "zod";
import {
  DaprBindingOutput,
  DaprBindingTrigger,
  DaprInvoke,
  DaprPublish,
  DaprSecret,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  FunctionName,
  HttpTrigger,
  Input,
  Output,
  Reply,
  Trigger,
  type BindingCollector,
  type CloudEvent,
  type Collector,
  type HttpRequest,
  type HttpResponse,
  type InvocationContext,
  type InvokeCollector,
  type PublishCollector,
  type StateCollector,
  type StateRecord,
} from "../../lib/index.js";
import { cloudEvent, httpRequest, invoke, type FakeCollector } from "../../lib/testing/index.js";

interface Order {
  id: string;
  total: number;
}

const orderSchema = z.object({ id: z.string(), total: z.number() });

class Orders {
  readonly seen: unknown[] = [];
  late: (() => void) | undefined;

  @FunctionName("CreateNewOrder")
  @DaprServiceInvocationTrigger({ payload: orderSchema })
  @DaprStateOutput({ name: "order", stateStore: "%StateStoreName%", key: "{id}" })
  createNewOrder(payload: Order, { order }: { order: Collector<Order> }): Order {
    order.add(payload);
    return payload;
  }

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "orders", stateStore: "orders" })
  importOrders(batch: Order[], { orders }: { orders: StateCollector<Order> }): void {
    for (const order of batch) orders.add(order, { key: order.id, metadata: { ttlInSeconds: 60 } });
    orders.remove({ key: "old" });
  }

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "order", stateStore: "orders", key: "{id}" })
  @DaprStateInput({ name: "customer", stateStore: "orders", key: "customer-{id}", record: true })
  retrieveOrder(
    _: { id: string },
    { order, customer }: { order: Order | undefined; customer: StateRecord<{ name: string }> },
  ): unknown {
    return { order, customer };
  }

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "order", stateStore: "orders", key: "{id}", required: true })
  needOrder(_: { id: string }, { order }: { order: Order }): Order {
    return order;
  }

  @DaprTopicTrigger({ pubSubName: "messagebus", topic: "A" })
  @DaprPublish({ name: "copies", pubSubName: "messagebus", topic: "B" })
  transfer(event: CloudEvent<Order>, { copies }: { copies: Collector<Order> }, context: InvocationContext): void {
    context.log(`transferring event ${event.id}`);
    copies.add(event.data);
  }

  @HttpTrigger({ route: "invoke/{appId}/{methodName}", methods: ["POST"] })
  @DaprInvoke({ name: "call", appId: "{appId}", methodName: "{methodName}" })
  async invokeOther(request: HttpRequest, { call }: { call: Collector<unknown> }): Promise<HttpResponse> {
    call.add(await request.json());
    return { status: 202 };
  }

  @DaprServiceInvocationTrigger()
  @DaprSecret({ name: "secret", secretStoreName: "localsecretstore", key: "api-key" })
  keyNames(_: unknown, { secret }: { secret: Record<string, string> }): string[] {
    return Object.keys(secret);
  }

  @DaprServiceInvocationTrigger()
  @DaprPublish({ name: "notes", pubSubName: "bus" })
  @DaprInvoke({ name: "call", appId: "billing", methodName: "%Op%", httpVerb: "%Verb%", daprAddress: "%Address%" })
  @DaprBindingOutput({ name: "list", bindingName: "files", operation: "list" })
  everything(
    payload: unknown,
    bindings: { notes: PublishCollector<unknown>; call: InvokeCollector<unknown>; list: BindingCollector<void> },
  ): void {
    (payload as { run(b: typeof bindings): void } | undefined)?.run?.(bindings);
    this.run(bindings);
  }

  run: (bindings: {
    notes: PublishCollector<unknown>;
    call: InvokeCollector<unknown>;
    list: BindingCollector<void>;
  }) => void = () => undefined;

  @DaprServiceInvocationTrigger()
  @DaprPublish({ name: "notes", pubSubName: "bus", topic: "notes" })
  forgets(_: unknown, { notes }: { notes: Collector<string> }): void {
    this.late = () => notes.add("late");
  }

  @DaprServiceInvocationTrigger()
  echo(payload: unknown): unknown {
    this.seen.push(payload);
    return payload;
  }

  @DaprBindingTrigger({ bindingName: "tick" })
  tick(): Reply {
    return new Reply({ status: 201 });
  }

  @Trigger({ type: "timerTrigger", name: "timer", schedule: "0 0 5 * * *" })
  @Input({ type: "blob", name: "manifest", path: "manifests/today.json", connection: "Storage" })
  @Output({ type: "queue", name: "jobs", queueName: "jobs", connection: "Storage" })
  sweep(_: unknown, { manifest, jobs }: { manifest: Uint8Array; jobs: Collector<unknown> }): void {
    jobs.add({ size: manifest.length });
  }

  helper(): string {
    return "no function";
  }
}

const order = { id: "41", total: 3 };

describe("invoke", () => {
  it("gives the reply and what was added, by name", async () => {
    const { reply, outputs } = await invoke(new Orders(), "createNewOrder", order);
    const typed: [Order, FakeCollector<Order>] = [reply, outputs.order];
    expect(typed[0]).toEqual(order);
    expect(outputs.order.values).toEqual([order]);
    expect(outputs.order.items).toEqual([{ value: order, overrides: {} }]);
  });

  it("says where items go, with the settings that are given and as written without them", async () => {
    const settings = { statestorename: "statestore" };
    expect((await invoke(new Orders(), "createNewOrder", order)).outputs.order.targets).toEqual([
      { stateStore: "%StateStoreName%", key: "41" },
    ]);
    expect((await invoke(new Orders(), "createNewOrder", order, { settings })).outputs.order.targets).toEqual([
      { stateStore: "statestore", key: "41" },
    ]);
  });

  it("says where an item goes that says so itself, whatever the decorator says", async () => {
    class Carts {
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "cart", stateStore: "carts", key: "{id}" })
      save(payload: { id: string }, { cart }: { cart: StateCollector<object> }): void {
        cart.add(payload);
        cart.add(payload, { key: "other" });
        cart.add(payload, { key: "other", stateStore: "elsewhere" });
        cart.remove({ key: "gone" });
      }
    }
    const { outputs } = await invoke(new Carts(), "save", { id: "41" });
    expect(outputs.cart.targets).toEqual([
      { stateStore: "carts", key: "41" },
      { stateStore: "carts", key: "other" },
      { stateStore: "elsewhere", key: "other" },
    ]);
    expect(outputs.cart.removed).toEqual([{ stateStore: "carts", key: "gone" }]);
  });

  it("refuses a setting that is not among those given", async () => {
    await expect(invoke(new Orders(), "createNewOrder", order, { settings: {} })).rejects.toMatchObject({
      code: "setting-missing",
      message: expect.stringContaining("StateStoreName") as string,
    });
  });

  it("keeps the overrides of each item, and what was removed", async () => {
    const { outputs } = await invoke(new Orders(), "importOrders", [order]);
    expect(outputs.orders.items).toEqual([
      { value: order, overrides: { key: "41", metadata: { ttlInSeconds: "60" } } },
    ]);
    expect(outputs.orders.targets).toMatchObject([{ stateStore: "orders", key: "41" }]);
    expect(outputs.orders.removed).toEqual([{ stateStore: "orders", key: "old" }]);
  });

  it("gives inputs by name, and undefined for those that are not given", async () => {
    const customer = { key: "customer-41", value: { name: "Ada" }, etag: "3" };
    const inputs = { order, customer };
    expect((await invoke(new Orders(), "retrieveOrder", { id: "41" }, { inputs })).reply).toEqual(inputs);
    expect((await invoke(new Orders(), "retrieveOrder", { id: "41" })).reply).toEqual({
      order: undefined,
      customer: { key: "customer-41", value: undefined, etag: undefined },
    });
    const secret = { "api-key": "s3" };
    expect((await invoke(new Orders(), "keyNames", undefined, { inputs: { secret } })).reply).toEqual(["api-key"]);
  });

  it("fails like production for an input that is required and not there", async () => {
    await expect(invoke(new Orders(), "needOrder", { id: "1" })).rejects.toMatchObject({ code: "ERR_NO_CONTENT" });
    expect((await invoke(new Orders(), "needOrder", { id: "1" }, { inputs: { order } })).reply).toEqual(order);
  });

  it("refuses an input that no decorator declares, and says which are", async () => {
    const inputs = { orders: order } as object;
    await expect(invoke(new Orders(), "retrieveOrder", { id: "1" }, { inputs })).rejects.toThrow(
      'Orders.retrieveOrder: no decorator declares an input "orders"; declared inputs: order, customer',
    );
    await expect(invoke(new Orders(), "createNewOrder", order, { inputs: { order } as object })).rejects.toThrow(
      'no decorator declares an input "order", and outputs are not given; there are no declared inputs',
    );
  });

  it("refuses a method that is not a function, and says which are", async () => {
    await expect(invoke(new Orders(), "helper")).rejects.toThrow(
      /Orders\.helper: it has no trigger.*functions of the class: createNewOrder, importOrders/,
    );
  });

  it("says when it is given a class in place of an instance", async () => {
    await expect(invoke(Orders as unknown as Orders, "helper")).rejects.toThrow(
      "invoke(): Orders is a class; give an instance of it",
    );
  });

  it("finds expressions in the payload, or in the binding data given in its place", async () => {
    await expect(invoke(new Orders(), "retrieveOrder", {} as { id: string })).rejects.toMatchObject({
      code: "ERR_BINDING_DATA",
    });
    const bindingData = { id: "7" };
    const { reply } = await invoke(new Orders(), "retrieveOrder", { id: "41" }, { bindingData });
    expect(reply).toMatchObject({ customer: { key: "customer-7" } });
    await expect(invoke(new Orders(), "createNewOrder", order, { bindingData: { other: 1 } })).rejects.toMatchObject({
      code: "ERR_BINDING_DATA",
    });
  });

  it("gives a topic's function its event", async () => {
    const log = jest.fn();
    const event = cloudEvent<Order>(order, { id: "e-1" });
    const { outputs, reply } = await invoke(new Orders(), "transfer", event, { context: { log } });
    const nothing: void = reply;
    expect(nothing).toBeUndefined();
    expect(log).toHaveBeenCalledWith("transferring event e-1");
    expect(outputs.copies.values).toEqual([order]);
    expect(outputs.copies.targets).toEqual([{ pubSubName: "messagebus", topic: "B" }]);
  });

  it("gives an HTTP function its request, in which expressions find data", async () => {
    const request = httpRequest({ params: { appId: "crm", methodName: "sync" }, body: { a: 1 } });
    const { reply, outputs } = await invoke(new Orders(), "invokeOther", request);
    expect(reply.status).toBe(202);
    expect(outputs.call.values).toEqual([{ a: 1 }]);
    expect(outputs.call.targets).toEqual([{ appId: "crm", methodName: "sync" }]);
  });

  it("checks the payload as the app would", async () => {
    await expect(invoke(new Orders(), "createNewOrder", { id: 1 } as unknown as Order)).rejects.toMatchObject({
      code: "ERR_PAYLOAD_INVALID",
      issues: [{ path: "id" }, { path: "total" }],
    });
    await expect(invoke(new Orders(), "createNewOrder", undefined as unknown as Order)).rejects.toMatchObject({
      issues: [{ path: "", message: "a body is required" }],
    });
  });

  it("gives the method what JSON leaves of the payload, and bytes as they are", async () => {
    const orders = new Orders();
    class Money {
      constructor(readonly amount: number) {}
      double(): number {
        return this.amount * 2;
      }
    }
    await invoke(orders, "echo", { at: new Date(0), price: new Money(1), none: undefined });
    await invoke(orders, "echo", new Date(0));
    await invoke(orders, "echo", Buffer.from("ab"));
    await invoke(orders, "echo");
    expect(orders.seen).toStrictEqual([
      { at: "1970-01-01T00:00:00.000Z", price: { amount: 1 } },
      "1970-01-01T00:00:00.000Z",
      new Uint8Array([97, 98]),
      undefined,
    ]);
    await expect(invoke(orders, "echo", 1n)).rejects.toMatchObject({ code: "ERR_MALFORMED_REQUEST" });
  });

  it("rejects with what the method throws", async () => {
    const orders = new Orders();
    orders.run = () => {
      throw new RangeError("mine");
    };
    await expect(invoke(orders, "everything")).rejects.toThrow(RangeError);
  });

  it.each<[string, Parameters<Orders["run"]>[0] extends infer B ? (bindings: B) => void : never]>([
    ["No topic information was found", ({ notes }) => notes.add(1)],
    ["A 'payload' parameter is required", ({ notes }) => notes.add(undefined, { topic: "t" })],
    ["cannot be written as JSON", ({ notes }) => notes.add(1n, { topic: "t" })],
    ["headers", ({ call }) => call.add(1, { headers: { host: "x" } })],
    ["methodName", ({ call }) => call.add(1, { methodName: "../admin" })],
    ["A 'data' parameter is required", ({ list }) => list.addRequestBody({ operation: "get" })],
  ])("refuses what production refuses: %s", async (message, run) => {
    const orders = Object.assign(new Orders(), { run });
    await expect(invoke(orders, "everything")).rejects.toMatchObject({
      code: "ERR_DAPR_BAD_REQUEST",
      message: expect.stringContaining(message) as string,
    });
  });

  it("keeps envelopes as the items that they are", async () => {
    const orders = new Orders();
    orders.run = ({ notes, list, call }) => {
      notes.addRequestBody('[{"payload":{"n":2.50},"topic":"a"},{"payload":"x","TOPIC":"b"}]');
      list.add();
      call.add({ x: new Date(0) });
    };
    const { outputs } = await invoke(orders, "everything");
    expect(outputs.notes.items).toEqual([
      { value: { n: 2.5 }, overrides: { topic: "a" } },
      { value: "x", overrides: { topic: "b" } },
    ]);
    expect(outputs.list.values).toEqual([undefined]);
    expect(outputs.call.values).toEqual([{ x: "1970-01-01T00:00:00.000Z" }]);
  });

  it("closes collectors when the method is done", async () => {
    const orders = new Orders();
    const error = jest.fn();
    const { outputs } = await invoke(orders, "forgets", undefined, { context: { error } });
    expect(() => orders.late!()).toThrow(expect.objectContaining({ code: "ERR_COLLECTOR_CLOSED" }));
    expect(() => outputs.notes.add("x")).toThrow(expect.objectContaining({ code: "ERR_COLLECTOR_CLOSED" }));
    expect(outputs.notes.values).toEqual([]);
    expect(error).toHaveBeenCalledTimes(1);
  });

  it.each([undefined, 5, { method: "GET" }])(
    "says what an HTTP function gets where it is no request: %j",
    async (given) => {
      await expect(invoke(new Orders(), "invokeOther", given as never)).rejects.toThrow(
        /^Orders\.invokeOther: an HTTP function gets a request; give it httpRequest\(\{ … \}\) of dapr-functions\/testing$/,
      );
    },
  );

  it("refuses a reply that could not be sent", async () => {
    await expect(invoke(new Orders(), "tick")).rejects.toMatchObject({ code: "ERR_REPLY_INVALID" });
  });

  it("runs functions of other binding types", async () => {
    const inputs = { manifest: new Uint8Array(3) };
    const { outputs } = await invoke(new Orders(), "sweep", undefined, { inputs });
    expect(outputs.jobs.items).toEqual([{ value: { size: 3 }, overrides: {} }]);
  });
});
