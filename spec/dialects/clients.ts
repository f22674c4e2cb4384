/*
 * What the compiler says of methods that call other applications, of state entries and of topics as objects, in both
 * dialects and each major version of TypeScript: this file compiles, and each line after a directive is refused in the words that stand there.
 */
import {
  DaprApp,
  DaprBindingInput,
  DaprInvokeInput,
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprSidecar,
  DaprState,
  DaprStateInput,
  DaprTopicTrigger,
  HttpTrigger,
  Reply,
  topic,
  type AppClient,
  type AppReply,
  type BindingRecord,
  type CloudEvent,
  type Collector,
  type DaprClient,
  type HttpRequest,
  type PublishCollector,
  type StateEntry,
  type StateRecord,
} from "dapr-functions";
import { invoke } from "dapr-functions/testing";

class Charge {
  order!: string;
  cents!: number;
  at?: Date;
}

class Receipt {
  number!: string;
  at!: Date;
  note: string | undefined;
  lines!: { readonly sku: string; readonly due?: Date }[];
  print(): string {
    return this.number;
  }
}

type Dates = string | Date | Dates[];

type JsonValue = string | number | boolean | null | JsonValue[] | { [name: string]: JsonValue };

interface Tree {
  readonly at: Date;
  readonly children: readonly Tree[];
}

interface Page<T> {
  readonly items: readonly T[];
}

/** Another application. */
class Billing<Extra = number> {
  private readonly limit = 5;

  @DaprServiceInvocationTrigger()
  charge(charge: Charge): Receipt {
    return Object.assign(new Receipt(), { number: charge.order, cents: this.limit });
  }

  @DaprServiceInvocationTrigger()
  async later(charge: Charge): Promise<{ ok: boolean; big: Map<string, string>; skip: () => void }> {
    return Promise.resolve({ ok: charge.cents > 0, big: new Map(), skip: () => undefined });
  }

  @DaprServiceInvocationTrigger()
  scan(bytes: Uint8Array): Uint8Array {
    return bytes;
  }

  @DaprServiceInvocationTrigger()
  state(): "open" | "closed" {
    return "open";
  }

  @DaprServiceInvocationTrigger()
  find(id?: string): Receipt | undefined {
    return id === undefined ? undefined : new Receipt();
  }

  @DaprServiceInvocationTrigger()
  forget(_id: string): void {}

  @DaprServiceInvocationTrigger()
  page<T>(items: T[]): Page<T> {
    return { items };
  }

  @DaprServiceInvocationTrigger()
  extra(value: Extra): Extra[] {
    return [value];
  }

  price(sku: string): number;
  price(skus: string[]): number[];
  @DaprServiceInvocationTrigger()
  price(skus: string | string[]): number | number[] {
    return typeof skus === "string" ? 1 : [1];
  }

  @DaprServiceInvocationTrigger()
  replied(_charge: Charge): Reply {
    return new Reply({ status: 201 });
  }

  @DaprServiceInvocationTrigger()
  json(value: JsonValue): { readonly value: JsonValue; readonly at: Date } {
    return { value, at: new Date() };
  }

  @DaprServiceInvocationTrigger()
  dates(dates: Dates): Dates {
    return dates;
  }

  @DaprServiceInvocationTrigger()
  visits(visits: [string, ...Date[]]): [string, ...Date[]] {
    return visits;
  }

  @DaprServiceInvocationTrigger()
  tree(tree: Tree): Tree {
    return tree;
  }

  @DaprServiceInvocationTrigger()
  album(_name: string): { name: string; photo: Uint8Array; tags: Set<string>; fault: Error } {
    throw new Error("JSON cannot hold it");
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "paid" })
  paid(_event: CloudEvent<Charge>): void {}

  @DaprTopicTrigger({ pubSubName: "bus", topic: "maybe" })
  maybePaid(_event?: CloudEvent<Charge> | null): void {}

  @HttpTrigger({ route: "maybe" })
  maybeShow(_request?: HttpRequest): string {
    return "";
  }

  @HttpTrigger()
  show(_request: HttpRequest): string {
    return "";
  }

  @DaprServiceInvocationTrigger()
  finally(_charge: Charge): void {}

  @DaprServiceInvocationTrigger()
  call(_charge: Charge): void {}

  private hidden(_charge: Charge): void {}
  protected guarded(): void {
    this.hidden(new Charge());
  }
}

export async function accepted(billing: AppClient<Billing>, texts: AppClient<Billing<string>>): Promise<unknown> {
  const receipt = await billing.charge({ order: "41", cents: 5 });
  const number: string = receipt.number;
  const at: string = receipt.at;
  const note: string | undefined = receipt.note;
  const due: string | undefined = receipt.lines[0]?.due;
  await billing.charge({ order: "41", cents: 5, at: new Date() });
  await billing.charge({ order: "41", cents: 5, at: "2026-01-01" }, { headers: { "x-a": "1" }, timeout: 100 });
  await billing.charge(new Charge(), { signal: AbortSignal.timeout(5) });
  const ok: boolean = (await billing.later(new Charge())).ok;
  const bytes: Uint8Array = await billing.scan(Uint8Array.of(1));
  const state: "open" | "closed" = await billing.state();
  const found: string | undefined = (await billing.find())?.number;
  await billing.find("r1");
  const nothing: undefined = await billing.forget("r1");
  const items: readonly unknown[] = (await billing.page([1])).items;
  const numbers: number[] = await billing.extra(5);
  const strings: string[] = await texts.extra("a");
  const one: number = await billing.price("a");
  const many: number[] = await billing.price(["a"]);
  const replied: unknown = await billing.replied(new Charge());
  const json: JsonValue = (await billing.json([{ deep: [1, null] }, "text"])).value;
  const leaf: string | undefined = (await billing.tree({ at: new Date(), children: [] })).children[0]?.at;
  const album: string = (await billing.album("summer")).name;
  const dates: string | readonly unknown[] = await billing.dates(["today", new Date(), [new Date()]]);
  const [who, visit]: [string, ...string[]] = await billing.visits(["me", new Date(), "today"]);
  const { status, headers, value, bytes: raw }: AppReply = await billing.call("any/path?x=1", 5, { httpVerb: "GET" });
  return [
    dates,
    who,
    visit,
    number,
    at,
    note,
    due,
    ok,
    bytes,
    state,
    found,
    nothing,
    items,
    numbers,
    strings,
    one,
    many,
    replied,
    json,
    leaf,
    album,
  ].concat([status, headers, value, raw]);
}

export async function refused(billing: AppClient<Billing>, texts: AppClient<Billing<string>>): Promise<void> {
  // @ts-expect-error 'cents' is missing
  await billing.charge({ order: "41" });
  // @ts-expect-error 'centz' does not exist
  await billing.charge({ order: "41", cents: 5, centz: 5 });
  // @ts-expect-error Type 'string' is not assignable to type 'number'
  await billing.charge({ order: "41", cents: "5" });
  // @ts-expect-error Expected 1-2 arguments, but got 0
  await billing.charge();
  const receipt = await billing.charge({ order: "41", cents: 5 });
  // @ts-expect-error Type 'string' is not assignable to type 'Date'
  const at: Date = receipt.at;
  // @ts-expect-error Property 'getTime' does not exist on type 'string'
  receipt.at.getTime();
  // @ts-expect-error Property 'print' does not exist
  receipt.print();
  // @ts-expect-error Property 'missing' does not exist
  void receipt.missing;
  // @ts-expect-error Property 'skip' does not exist
  void (await billing.later({ order: "41", cents: 5 })).skip;
  // @ts-expect-error Property 'paid' does not exist
  await billing.paid({ data: {} });
  // @ts-expect-error Property 'maybePaid' does not exist
  await billing.maybePaid();
  // @ts-expect-error Property 'maybeShow' does not exist
  await billing.maybeShow();
  const album = await billing.album("summer");
  // @ts-expect-error Property 'photo' does not exist
  void album.photo;
  // @ts-expect-error Property 'tags' does not exist
  void album.tags;
  // @ts-expect-error Property 'message' does not exist
  void album.fault.message;
  // @ts-expect-error Property 'show' does not exist
  await billing.show();
  // @ts-expect-error Property 'hidden' does not exist
  await billing.hidden(new Charge());
  // @ts-expect-error Property 'guarded' does not exist
  await billing.guarded();
  // @ts-expect-error Property 'finally' does not exist
  await billing.finally(new Charge());
  // @ts-expect-error is not assignable to parameter of type 'string'
  await billing.call(new Charge());
  // @ts-expect-error Property 'limit' does not exist
  void billing.limit;
  // @ts-expect-error is not assignable to parameter of type
  await billing.scan("text");
  // @ts-expect-error is not assignable to type '"shut"'
  const state: "shut" = await billing.state();
  // @ts-expect-error Object is possibly 'undefined'
  void (await billing.find("r1")).number;
  // @ts-expect-error is not assignable to parameter of type 'number'
  await billing.extra("a");
  // @ts-expect-error is not assignable to parameter of type 'string'
  await texts.extra(5);
  // @ts-expect-error No overload matches this call
  await billing.price(5);
  // @ts-expect-error 'body' does not exist in type
  await billing.charge(new Charge(), { body: 1 });
  // @ts-expect-error Expected 1-3 arguments, but got 0
  await billing.call();
  // @ts-expect-error is of type 'unknown'
  void (await billing.replied(new Charge())).status;
  void [at, state];
}

export class Slots {
  @DaprServiceInvocationTrigger()
  @DaprApp({ name: "billing", appId: "billing" })
  @DaprApp({ name: "same", appId: "billing", of: Billing })
  @DaprApp({ name: "loose", appId: "billing", of: Billing })
  @DaprSidecar({ name: "dapr" })
  taken(
    _p: unknown,
    _b: { billing: AppClient<Billing>; same: AppClient<Billing>; loose: AppClient<unknown>; dapr: DaprClient },
  ): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error client 'billing' calls another application: declare it as AppClient<…> of that application's class
  @DaprApp({ name: "billing", appId: "billing" })
  theClassItself(_p: unknown, _b: { billing: Billing }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error client 'billing' is of another class than `of` says: declare it as AppClient of that class
  @DaprApp({ name: "billing", appId: "billing", of: Receipt })
  anotherClass(_p: unknown, _b: { billing: AppClient<Billing> }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error client 'biling' is not a property of the method's second parameter
  @DaprApp({ name: "biling", appId: "billing" })
  misspelt(_p: unknown, _b: { billing: AppClient<Billing> }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error client 'dapr' is the sidecar's: declare it as DaprClient
  @DaprSidecar({ name: "dapr" })
  noClient(_p: unknown, _b: { dapr: AppClient<Billing> }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error Property 'appId' is missing
  @DaprApp({ name: "billing" })
  withoutApp(_p: unknown, _b: { billing: AppClient<Billing> }): void {}
}

export class Answers {
  @DaprServiceInvocationTrigger()
  @DaprInvokeInput({ name: "price", appId: "a", methodName: "m" })
  @DaprInvokeInput({ name: "needed", appId: "a", methodName: "m", required: true, valueType: Receipt })
  @DaprInvokeInput({
    name: "whole",
    appId: "a",
    methodName: "m",
    record: true,
    valueType: Receipt,
    body: { a: ["{id}"] },
  })
  @DaprBindingInput({ name: "file", bindingName: "b", operation: "get", metadata: { fileName: "{id}" } })
  @DaprBindingInput({ name: "row", bindingName: "b", operation: "query", record: true })
  @DaprStateInput({ name: "all", stateStore: "s", keys: "{ids}", valueType: Receipt })
  taken(
    _p: unknown,
    _b: {
      price: number | undefined;
      needed: Receipt;
      whole: AppReply<Receipt>;
      file: string | undefined;
      row: BindingRecord<number[]>;
      all: readonly StateRecord<Receipt>[];
    },
  ): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error input 'price' may be missing: declare it with | undefined, or say required: true
  @DaprInvokeInput({ name: "price", appId: "a", methodName: "m" })
  mayBeMissing(_p: unknown, _b: { price: number }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error input 'price' is an AppReply, since record is true: declare it as AppReply<…>
  @DaprInvokeInput({ name: "price", appId: "a", methodName: "m", record: true })
  valueForAReply(_p: unknown, _b: { price: number }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error input 'file' is a BindingRecord, since record is true: declare it as BindingRecord<…>
  @DaprBindingInput({ name: "file", bindingName: "b", operation: "get", record: true })
  valueForARecord(_p: unknown, _b: { file: string }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error input 'price' is not declared as what its valueType gives
  @DaprInvokeInput({ name: "price", appId: "a", methodName: "m", required: true, valueType: Receipt })
  anotherType(_p: unknown, _b: { price: Charge }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error input 'all' is a list, since keys is given: declare it as readonly StateRecord<…>[]
  @DaprStateInput({ name: "all", stateStore: "s", keys: "{ids}" })
  oneForAList(_p: unknown, _b: { all: string }): void {}
}

export class Entries {
  @DaprServiceInvocationTrigger()
  @DaprState({ name: "stock", stateStore: "s", key: "{sku}" })
  @DaprState({ name: "typed", stateStore: "s", key: "{id}", valueType: Charge, onConflict: "fail", attempts: 3 })
  taken(_p: unknown, { stock, typed }: { stock: StateEntry<number>; typed: StateEntry<Charge> }): void {
    stock.set((stock.value ?? 0) + 1, { ttlInSeconds: 60 });
    typed.remove();
  }

  @DaprServiceInvocationTrigger()
  // @ts-expect-error entry 'stock' is a StateEntry, not a value: declare it as StateEntry<…> and read its value
  @DaprState({ name: "stock", stateStore: "s", key: "{sku}" })
  aValue(_p: unknown, _b: { stock: number }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error entry 'stock' holds another value than its valueType gives and takes
  @DaprState({ name: "stock", stateStore: "s", key: "{sku}", valueType: Charge })
  anotherValue(_p: unknown, _b: { stock: StateEntry<Receipt> }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error entry 'stok' is not a property of the method's second parameter
  @DaprState({ name: "stok", stateStore: "s", key: "{sku}" })
  misspelt(_p: unknown, _b: { stock: StateEntry<number> }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error Type '"again"' is not assignable to type
  @DaprState({ name: "stock", stateStore: "s", key: "{sku}", onConflict: "again" })
  anotherWord(_p: unknown, _b: { stock: StateEntry<number> }): void {}

  use(stock: StateEntry<number>): void {
    // @ts-expect-error Argument of type 'string' is not assignable to parameter of type 'number'
    stock.set("5");
    // @ts-expect-error Cannot assign to 'value' because it is a read-only property
    stock.value = 5;
  }
}

const Charged = topic({ pubSubName: "bus", topic: "charged", payload: Charge });
const Paid = topic({ pubSubName: "bus", topic: "paid", payload: Receipt });

export class Topics {
  @DaprTopicTrigger(Charged)
  @DaprPublish({ name: "paid", topic: Paid })
  taken(_event: CloudEvent<Charge>, _b: { paid: Collector<Receipt> }): void {}

  @DaprTopicTrigger({ topic: Charged, route: "charged", deadLetterTopic: "failed" })
  @DaprPublish({ name: "paid", topic: Paid, bulk: true })
  takenWithOptions(_event: CloudEvent<Charge>, _b: { paid: PublishCollector<Receipt> }): void {}

  // @ts-expect-error the CloudEvent that the method takes has other data than the trigger's payload type gives
  @DaprTopicTrigger(Charged)
  anotherEvent(_event: CloudEvent<Receipt>): void {}

  // @ts-expect-error the CloudEvent that the method takes has other data than the trigger's payload type gives
  @DaprTopicTrigger({ topic: Charged, route: "other" })
  anotherEventWithOptions(_event: CloudEvent<Receipt>): void {}

  @DaprTopicTrigger(Charged)
  // @ts-expect-error output 'paid' collects other items than its topic's payload type takes
  @DaprPublish({ name: "paid", topic: Paid })
  otherItems(_event: CloudEvent<Charge>, _b: { paid: Collector<Charge> }): void {}

  @DaprTopicTrigger(Charged)
  // @ts-expect-error output 'copies' collects other items than its topic's payload type takes
  @DaprPublish({ name: "copies", topic: Charged })
  lessOfIt(_event: CloudEvent<Charge>, _b: { copies: PublishCollector<{ order: string }> }): void {}

  @DaprTopicTrigger(Charged)
  // @ts-expect-error output 'copies' collects other items than its topic's payload type takes
  @DaprPublish({ name: "copies", topic: Charged })
  partOfIt(_event: CloudEvent<Charge>, _b: { copies: Collector<Partial<Charge>> }): void {}

  @DaprTopicTrigger(Charged)
  // @ts-expect-error output 'copies' collects other items than its topic's payload type takes
  @DaprPublish({ name: "copies", topic: Charged })
  whatever(_event: CloudEvent<Charge>, _b: { copies: Collector<unknown> }): void {}

  @DaprTopicTrigger(Charged)
  @DaprPublish({ name: "copies", topic: Charged })
  moreOfIt(_event: CloudEvent<Charge>, _b: { copies: Collector<Charge & { more: true }> }): void {}

  @DaprTopicTrigger(Charged)
  // @ts-expect-error Type 'Topic<typeof Receipt>' is not assignable to type 'string'
  @DaprPublish({ name: "paid", topic: Paid, pubSubName: "other" })
  twoPubsubs(_event: CloudEvent<Charge>, _b: { paid: Collector<Receipt> }): void {}

  @DaprTopicTrigger(Charged)
  // @ts-expect-error Property 'name' is missing
  @DaprPublish(Paid)
  withoutName(_event: CloudEvent<Charge>, _b: { paid: Collector<Receipt> }): void {}

  use(paid: PublishCollector<Receipt>): void {
    // @ts-expect-error is not assignable to type 'string'
    paid.add(new Receipt(), { topic: Charged });
    // @ts-expect-error Property 'topic' is missing
    topic({ pubSubName: "bus", payload: Receipt });
    // @ts-expect-error 'payloud' does not exist in type
    topic({ pubSubName: "bus", topic: "paid", payloud: Receipt });
  }
}

class Shop {
  @DaprServiceInvocationTrigger()
  @DaprApp({ name: "billing", appId: "billing" })
  async checkout(id: string, { billing }: { billing: AppClient<Billing> }): Promise<string> {
    return (await billing.charge({ order: id, cents: 1 })).number;
  }
}

export async function tests(): Promise<void> {
  const receipt = { number: "r1", at: "now", lines: [] };
  await invoke(new Shop(), "checkout", "41", {
    inputs: { billing: { charge: (charge) => ({ ...receipt, number: charge.order }) } },
  });
  await invoke(new Shop(), "checkout", "41", { inputs: { billing: { charge: async () => receipt, price: () => 1 } } });
  // @ts-expect-error Type 'string' is not assignable to type
  await invoke(new Shop(), "checkout", "41", { inputs: { billing: { charge: () => "r1" } } });
  // @ts-expect-error 'charg' does not exist in type
  await invoke(new Shop(), "checkout", "41", { inputs: { billing: { charg: () => receipt } } });
}
