/* oxlint-disable typescript/no-explicit-any -- users write it */
/*
 * Methods that the decorators accept, in both dialects and however strict the compiler is: this file compiles. What they
 * refuse is in refused.ts.
 */
import {
  DaprBindingOutput,
  DaprBindingTrigger,
  DaprInvoke,
  DaprPublish,
  DaprSecret,
  DaprServiceInvocationTrigger,
  DaprState,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  FunctionName,
  HttpTrigger,
  Input,
  Output,
  Reply,
  Retry,
  Trigger,
  topic,
  type BindingCollector,
  type CloudEvent,
  type Collector,
  type HttpRequest,
  type HttpResponse,
  type InvocationContext,
  type InvokeCollector,
  type PublishCollector,
  type StateCollector,
  type StateEntry,
  type StateRecord,
} from "dapr-functions";

class Order {
  id!: string;
  total!: number;
}

class Page<T> {
  items!: T[];
}

abstract class Shape {
  abstract area(): number;
}

const computedName = "order" as string;
const isRequired = true as boolean;

export class ServiceInvocations<G> {
  @DaprServiceInvocationTrigger()
  takesNothing(): void {}

  @DaprServiceInvocationTrigger()
  takesAnything(_payload: any, _bindings: any, _context: InvocationContext): void {}

  @DaprServiceInvocationTrigger({ payload: Order })
  takesAnInstance(_order: Order): void {}

  @DaprServiceInvocationTrigger({ payload: Order })
  takesPartOfIt(_order: { id: string }): void {}

  @DaprServiceInvocationTrigger({ payload: Order })
  takesUnknown(_order: unknown): void {}

  @DaprServiceInvocationTrigger({ payload: [Order] })
  takesAList(_orders: readonly Order[]): void {}

  @DaprServiceInvocationTrigger({ payload: Page })
  takesAGenericClass(_page: Page<Order>): void {}

  @DaprServiceInvocationTrigger({ payload: Shape })
  takesAnAbstractClass(_shape: Shape): void {}

  @DaprServiceInvocationTrigger()
  takesAParameterOfItsClass(_value: G): void {}

  @DaprServiceInvocationTrigger()
  takesAParameterOfItsOwn<T>(value: T): T {
    return value;
  }

  @DaprServiceInvocationTrigger()
  async declaresThis(this: ServiceInvocations<G>, order: Order): Promise<Order> {
    return Promise.resolve(order);
  }

  @DaprServiceInvocationTrigger()
  protected isProtected(_order: Order): void {}

  @DaprServiceInvocationTrigger({ name: "batch", dataType: "binary", methodName: "m", methods: ["GET", "post"] })
  givesEveryOption(_order?: Order): void {}
}

export class Topics<G> {
  @DaprTopicTrigger({ pubSubName: "bus" })
  takesNothing(): void {}

  @DaprTopicTrigger({ pubSubName: "bus" })
  takesAnEvent({ data }: CloudEvent<Order>): string {
    return data.id;
  }

  @DaprTopicTrigger({ pubSubName: "bus" })
  takesAnEventOfAnything(_event: CloudEvent): void {}

  @DaprTopicTrigger({ pubSubName: "bus" })
  takesUnknown(_event: unknown): void {}

  @DaprTopicTrigger({ pubSubName: "bus" })
  takesAnyObject(_event: object): void {}

  @DaprTopicTrigger({ pubSubName: "bus" })
  takesARecord(_event: Record<string, unknown>): void {}

  @DaprTopicTrigger({ pubSubName: "bus" })
  takesThePartOfAnEvent(_event: Pick<CloudEvent<Order>, "data" | "id">): void {}

  @DaprTopicTrigger({ pubSubName: "bus" })
  takesAnEventOfItsClass(_event: CloudEvent<G>): void {}

  @DaprTopicTrigger({ pubSubName: "bus", payload: [Order] })
  takesAListInAnEvent(_event: CloudEvent<Order[]>): void {}

  @DaprTopicTrigger({
    name: "event",
    dataType: "string",
    pubSubName: "bus",
    topic: "orders",
    route: "on-order",
    deadLetterTopic: "poison",
    match: "event.type == 'v2'",
    priority: 2,
    bulk: { maxMessagesCount: 10, maxAwaitDurationMs: 100, concurrency: 2 },
    metadata: { rawPayload: "true" },
    payload: Order,
  })
  givesEveryOption(_event: CloudEvent<Order>): { status: "DROP" } {
    return { status: "DROP" };
  }

  @DaprTopicTrigger({ pubSubName: "bus", bulk: true })
  async isAsync(_event: CloudEvent<Order>): Promise<void> {}
}

export class Http {
  @HttpTrigger()
  takesNothing(): void {}

  @HttpTrigger()
  returnsAResponse(_request: HttpRequest): HttpResponse {
    return { status: 200, headers: { "x-a": "1" }, jsonBody: {} };
  }

  @HttpTrigger()
  async returnsAPromise({ params }: HttpRequest): Promise<HttpResponse | undefined> {
    return Promise.resolve(params["id"] === undefined ? undefined : { jsonBody: params });
  }

  @HttpTrigger()
  returnsLiterals(request: HttpRequest) {
    if (request.url === "") return { status: 404 };
    return { jsonBody: request.params, headers: { "x-a": "1" } };
  }

  @HttpTrigger()
  returnsAReply(_request: HttpRequest<Order>): Reply | Promise<HttpResponse> {
    return new Reply({ status: 201 });
  }

  @HttpTrigger()
  returnsCookies(_request: HttpRequest) {
    const headers = new Headers({ "x-a": "1" });
    return { headers, cookies: [{ name: "a", value: "1", expires: new Date(0) }], body: new ArrayBuffer(1) };
  }

  @HttpTrigger()
  returnsSeveralHeaders(_request: HttpRequest) {
    return { headers: { "set-cookie": ["a=1", "b=2"], vary: "accept" }, body: new Blob([]).stream() };
  }

  @HttpTrigger()
  returnsText(_request: unknown): string {
    return "";
  }

  @HttpTrigger()
  async returnsBytes(_request: HttpRequest) {
    return Promise.resolve(Buffer.from(""));
  }

  @HttpTrigger()
  returnsAny(_request: HttpRequest): any {}

  @HttpTrigger()
  returnsNever(_request: HttpRequest): never {
    throw new Error("never");
  }

  @HttpTrigger({
    name: "request",
    dataType: "stream",
    authLevel: "admin",
    methods: ["PATCH"],
    route: "orders/{id?}",
    payload: Order,
  })
  givesEveryOption(_request: HttpRequest<Order>): void {}

  @HttpTrigger({ payload: Order })
  readsTheBodyAsUnknown(_request: HttpRequest): void {}
}

export class InputBindings<G> {
  @DaprBindingTrigger()
  takesBytes(_frame: Uint8Array): void {}

  @DaprBindingTrigger({ name: "order", dataType: "string", bindingName: "queue", payload: Order })
  givesEveryOption(_order: Order): void {}

  @DaprBindingTrigger()
  @DaprStateInput({ name: "order", stateStore: "store", key: "k" })
  takesUndefined(_p: unknown, _b: { order: Order | undefined }): void {}

  @DaprBindingTrigger()
  @DaprStateInput({ name: "order", stateStore: "store", key: "k" })
  takesAnOptional(_p: unknown, _b: { order?: Order }): void {}

  @DaprBindingTrigger()
  @DaprStateInput({ name: "order", stateStore: "store", key: "k" })
  takesUnknown(_p: unknown, _b: { order: unknown }): void {}

  @DaprBindingTrigger()
  @DaprStateInput({ name: "order", stateStore: "store", key: "k" })
  takesAParameterOfItsClass(_p: unknown, _b: { order: G | undefined }): void {}

  @DaprBindingTrigger()
  @DaprStateInput({ name: "order", stateStore: "store", key: "k" })
  takesAnyBindings(_p: unknown, _b: any): void {}

  @DaprBindingTrigger()
  @DaprStateInput({ name: "order", stateStore: "store", key: "k" })
  takesARecordOfBindings(_p: unknown, _b: Record<string, unknown>): void {}

  @DaprBindingTrigger()
  @DaprStateInput({ name: "order", stateStore: "store", key: "k" })
  takesRest(..._rest: unknown[]): void {}

  @DaprBindingTrigger()
  @DaprStateInput({ name: "order", stateStore: "store", key: "k" })
  takesOptionalBindings(_p?: unknown, _b?: { order: Order | undefined }): void {}

  @DaprBindingTrigger()
  @DaprStateInput({ name: computedName, stateStore: "store", key: "k" })
  isNamedAtRunTime(_p: unknown, _b: { order: Order }): void {}

  @DaprBindingTrigger()
  @DaprStateInput({ name: "order", stateStore: "store", key: "k", required: isRequired, valueType: Order })
  isRequiredAtRunTime(_p: unknown, _b: { order: Order | undefined }): void {}

  @DaprBindingTrigger()
  @DaprStateInput({ name: "order", stateStore: "store", key: "k", required: true, valueType: Order })
  isRequired(_p: unknown, _b: { order: Order }): void {}

  @DaprBindingTrigger()
  @DaprStateInput({ name: "orders", stateStore: "store", key: "k", valueType: [Order] })
  takesAStoredList(_p: unknown, _b: { orders: Order[] | undefined }): void {}

  @DaprBindingTrigger()
  @DaprStateInput({
    name: "order",
    dataType: "string",
    stateStore: "store",
    key: "k",
    daprAddress: "http://127.0.0.1:3501",
    record: true,
    valueType: Order,
  })
  takesARecord(_p: unknown, _b: { order: StateRecord<Order> }): void {}

  @DaprBindingTrigger()
  @DaprSecret({ name: "secret", secretStoreName: "vault", key: "k", metadata: { version_id: "2" } })
  takesASecret(_p: unknown, _b: { secret: Record<string, string> }): void {}

  @DaprBindingTrigger()
  @DaprSecret({ name: "secret", secretStoreName: "vault", key: "k", metadata: "metadata.version_id=2" })
  takesASecretWithGaps(_p: unknown, _b: { secret: { readonly [part: string]: string | undefined } }): void {}
}

const Ordered = topic({ pubSubName: "bus", topic: "ordered", payload: Order });
const Listed = topic({ pubSubName: "bus", topic: "listed", payload: [Order] });
const Untyped = topic({ pubSubName: "bus", topic: "untyped" });

export class SharedTopics {
  @DaprTopicTrigger(Ordered)
  @DaprPublish({ name: "ordered", topic: Ordered })
  @DaprPublish({ name: "listed", topic: Listed, bulk: true, daprAddress: "%Sidecar%" })
  @DaprPublish({ name: "untyped", topic: Untyped })
  takesIt(
    _event: CloudEvent<Order>,
    _b: { ordered: Collector<Order>; listed: PublishCollector<Order[]>; untyped: Collector<number> },
  ): void {}

  @DaprTopicTrigger({ topic: Listed, route: "listed", match: "true", priority: 1 })
  takesAList(_event: CloudEvent<Order[]>): void {}

  @DaprTopicTrigger(Untyped)
  takesAnything(_event: CloudEvent<number>): void {}

  @DaprTopicTrigger({ topic: Untyped, bulk: true })
  takesAnythingElse(_event: CloudEvent<string>): void {}
}

export class OutputBindings<G> {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "out", stateStore: "store", key: "k", transaction: true, daprAddress: "%Sidecar%" })
  @DaprPublish({ name: "events", pubSubName: "bus", topic: "t", bulk: true })
  @DaprInvoke({ name: "call", appId: "app", methodName: "m", httpVerb: "put" })
  @DaprBindingOutput({ name: "letter", bindingName: "b", operation: "create" })
  takesEachKind(
    _p: unknown,
    _b: {
      out: StateCollector<Order>;
      events: PublishCollector<Order>;
      call: InvokeCollector<Order>;
      letter: BindingCollector<void>;
    },
  ): void {}

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "out", valueType: Order })
  @DaprPublish({ name: "events", valueType: [Order] })
  @DaprInvoke({ name: "call", valueType: Order })
  @DaprBindingOutput({ name: "letter", valueType: Order })
  takesPlainCollectors(
    _p: unknown,
    _b: {
      out: Collector<Order>;
      events: Collector<Order[]>;
      call: Collector<unknown>;
      letter: Collector<any>;
    },
  ): void {}

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "out", valueType: Order })
  @DaprPublish({ name: "events" })
  @DaprInvoke({ name: "call" })
  takesOthers(_p: unknown, _b: { out: Collector<void>; events: Collector<G>; call: unknown }): void {}
}

export class FunctionsHost {
  @FunctionName("Sweep-Depots")
  @Retry({
    strategy: "exponentialBackoff",
    maxRetryCount: -1,
    minimumInterval: "00:00:01",
    maximumInterval: "00:10:00",
  })
  @Trigger({ type: "timerTrigger", name: "tick", schedule: "0 30 5 * * *", runOnStartup: false })
  @Input({ type: "blob", name: "manifest", path: "manifests/today.json", nested: { list: [1, null, "x"] } })
  @Output({ type: "queue", name: "jobs", queueName: "sweep-jobs", connection: "DepotStorage" })
  sweep(_p: unknown, { manifest, jobs }: { manifest: Order; jobs: Collector<Order> }): void {
    jobs.add(manifest);
  }
}

/** A binding's interface has the name of its decorator. */
export const binding: DaprStateInput = { type: "daprState", direction: "in", name: "order", stateStore: "s", key: "k" };

export class Scalars {
  @DaprServiceInvocationTrigger({ payload: String })
  text(_text: string): void {}

  @DaprServiceInvocationTrigger({ payload: [Number] })
  @DaprStateInput({ name: "known", stateStore: "s", key: "k", valueType: Boolean })
  @DaprStateOutput({ name: "out", stateStore: "s", valueType: String })
  numbers(_numbers: number[], { out }: { known: boolean | undefined; out: StateCollector<string> }): void {
    out.add("a", { key: "k" });
  }

  @DaprTopicTrigger({ pubSubName: "p", topic: "text", payload: String })
  told(_event: CloudEvent<string>): void {}

  @DaprTopicTrigger({ pubSubName: "p", topic: "flags", payload: Boolean })
  flagged(_event: CloudEvent<boolean>): void {}

  @DaprTopicTrigger(topic({ pubSubName: "p", topic: "counted", payload: Number }))
  counted(_event: CloudEvent<number>): void {}

  @DaprServiceInvocationTrigger()
  @DaprState({ name: "count", stateStore: "s", key: "k", valueType: Number })
  counts(_p: unknown, { count }: { count: StateEntry<number> }): void {
    count.set((count.value ?? 0) + 1);
  }
}
