/*
 * Methods that the decorators refuse. What stands after each `@ts-expect-error` is part of what the compiler says there:
 * types.spec.ts compiles a copy without these comments and compares.
 */
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
  HttpTrigger,
  Input,
  Output,
  Trigger,
  topic,
  type BindingCollector,
  type CloudEvent,
  type Collector,
  type HttpRequest,
  type InvokeCollector,
  type PublishCollector,
  type StateCollector,
  type StateRecord,
} from "dapr-functions";
import { z } from "zod";

class Order {
  id!: string;
  total!: number;
}

class Special extends Order {
  rank!: number;
}

const schema = z.object({ id: z.string(), at: z.string().transform((text) => new Date(text)) });

const Ordered = topic({ pubSubName: "bus", topic: "ordered", payload: Order });

export class Names {
  @DaprServiceInvocationTrigger()
  // @ts-expect-error output 'ordr' is not a property of the method's second parameter
  @DaprStateOutput({ name: "ordr", stateStore: "store", key: "k" })
  misspelt(_p: unknown, _b: { order: Collector<Order> }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error input 'Order' is not a property of the method's second parameter
  @DaprStateInput({ name: "Order", stateStore: "store", key: "k" })
  inAnotherCase(_p: unknown, _b: { order: unknown }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error output 'order' reaches the method in its second parameter, which it does not have
  @DaprPublish({ name: "order" })
  withoutBindings(_p: unknown): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error input 'secret' reaches the method in its second parameter, which it does not have
  @DaprSecret({ name: "secret", secretStoreName: "vault", key: "k" })
  withoutParameters(): void {}
}

export class Members {
  // @ts-expect-error only a method can be a function
  @DaprServiceInvocationTrigger()
  field = 1;

  @DaprServiceInvocationTrigger()
  // @ts-expect-error 'stateStor' does not exist in type
  @DaprStateOutput({ name: "order", stateStor: "store" })
  option(_p: unknown, _b: { order: Collector<Order> }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error Property 'key' is missing
  @DaprStateInput({ name: "order", stateStore: "store" })
  missing(_p: unknown, _b: { order: unknown }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error 'daprTyp' does not exist in type
  @DaprInvoke({ name: "order", daprTyp: "x" })
  unknownOption(_p: unknown, _b: { order: Collector<Order> }): void {}
}

export class Payloads {
  // @ts-expect-error the method's first parameter does not take what the trigger's payload type gives
  @DaprServiceInvocationTrigger({ payload: Order })
  anotherClass(_order: Date): void {}

  // @ts-expect-error the method's first parameter does not take what the trigger's payload type gives
  @DaprServiceInvocationTrigger({ payload: Order })
  aNarrowerClass(_order: Special): void {}

  // @ts-expect-error the method's first parameter does not take what the trigger's payload type gives
  @DaprBindingTrigger({ payload: [Order] })
  oneOfAList(_order: Order): void {}

  // @ts-expect-error the method's first parameter does not take what the trigger's payload type gives
  @DaprServiceInvocationTrigger({ payload: schema })
  theInputOfASchema(_order: { id: string; at: string }): void {}

  // @ts-expect-error a topic function takes the whole event: declare its first parameter as CloudEvent<…>
  @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
  dataForAnEvent(_order: Order): void {}

  // @ts-expect-error a topic function takes the whole event: declare its first parameter as CloudEvent<…>
  @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
  dataThatLooksLikeAnEvent(_order: { id: string }): void {}

  // @ts-expect-error a topic function takes the whole event
  @DaprTopicTrigger({ pubSubName: "bus", payload: Order })
  dataOfThePayloadType(_order: Order): void {}

  // @ts-expect-error the CloudEvent that the method takes has other data than the trigger's payload type gives
  @DaprTopicTrigger({ pubSubName: "bus", payload: Order })
  anotherEvent(_event: CloudEvent<Special>): void {}

  // @ts-expect-error Type 'Topic<typeof Order>' is not assignable to type 'string'
  @DaprTopicTrigger({ topic: Ordered, payload: Special })
  anotherPayloadThanTheTopics(_event: CloudEvent<Order>): void {}

  // @ts-expect-error Type 'Topic<typeof Order>' is not assignable to type 'string'
  @DaprTopicTrigger({ topic: Ordered, payload: Order })
  thePayloadOfTheTopic(_event: CloudEvent<Order>): void {}

  // @ts-expect-error an HTTP function takes the whole request: declare its first parameter as the HttpRequest of dapr-functions
  @HttpTrigger()
  aBodyForARequest(_order: Order): void {}

  // @ts-expect-error an HTTP function takes the whole request
  @HttpTrigger({ payload: Order })
  aBodyOfThePayloadType(_order: Order): void {}

  // @ts-expect-error the HttpRequest that the method takes has another body than the trigger's payload type gives
  @HttpTrigger({ payload: Order })
  anotherRequest(_request: HttpRequest<Special>): void {}
}

export class Replies {
  // @ts-expect-error an HTTP function returns HttpResponse, Reply, string, bytes or void: put data into { jsonBody }
  @HttpTrigger()
  data(_request: HttpRequest): Order {
    return new Order();
  }

  // @ts-expect-error an HTTP function returns HttpResponse, Reply, string, bytes or void
  @HttpTrigger()
  async promisedData(_request: HttpRequest): Promise<Order[]> {
    return Promise.resolve([]);
  }

  // @ts-expect-error an HTTP function returns HttpResponse, Reply, string, bytes or void
  @HttpTrigger()
  aNumber(_request: HttpRequest): number {
    return 1;
  }

  // @ts-expect-error an HTTP function returns HttpResponse, Reply, string, bytes or void
  @HttpTrigger()
  dataOrNothing(): Order | undefined {
    return undefined;
  }

  // @ts-expect-error an HttpResponse has no 'statusCode': it has status, headers, body, jsonBody and cookies
  @HttpTrigger()
  aMemberOfAnotherLibrary(_request: HttpRequest) {
    return { statusCode: 404, body: "no" };
  }

  // @ts-expect-error an HttpResponse has no 'json'
  @HttpTrigger()
  async aMemberInOneOfTwo(request: HttpRequest) {
    return Promise.resolve(request.url === "" ? { status: 404 } : { status: 200, json: {} });
  }
}

export class Inputs {
  @DaprServiceInvocationTrigger()
  // @ts-expect-error input 'order' may be missing: declare it with | undefined, or say required: true
  @DaprStateInput({ name: "order", stateStore: "store", key: "k" })
  withoutUndefined(_p: unknown, _b: { order: Order }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error input 'order' may be missing
  @DaprStateInput({ name: "order", stateStore: "store", key: "k", required: false, valueType: Order })
  notRequired(_p: unknown, _b: { order: Order }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error input 'order' is a StateRecord, since record is true: declare it as StateRecord<…>
  @DaprStateInput({ name: "order", stateStore: "store", key: "k", record: true })
  valueForARecord(_p: unknown, _b: { order: Order | undefined }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error input 'order' is a StateRecord
  @DaprStateInput({ name: "order", stateStore: "store", key: "k", record: true, valueType: Order })
  recordOfAnother(_p: unknown, _b: { order: StateRecord<Special> }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error input 'order' is not declared as what its valueType gives
  @DaprStateInput({ name: "order", stateStore: "store", key: "k", valueType: Order })
  anotherClass(_p: unknown, _b: { order: Special | undefined }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error input 'order' is not declared as what its valueType gives
  @DaprStateInput({ name: "order", stateStore: "store", key: "k", valueType: schema })
  theInputOfASchema(_p: unknown, _b: { order: { at: string } | undefined }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error input 'secret' is a secret, which has one text or several: declare it as Record<string, string>
  @DaprSecret({ name: "secret", secretStoreName: "vault", key: "k" })
  aTextForASecret(_p: unknown, _b: { secret: string }): void {}
}

export class Outputs {
  @DaprServiceInvocationTrigger()
  // @ts-expect-error output 'order' is a collector, not a value: declare it as Collector<…> or StateCollector<…>
  @DaprStateOutput({ name: "order", stateStore: "store", key: "k" })
  aValue(_p: unknown, _b: { order: Order }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error output 'order' is a collector, not a value
  @DaprBindingOutput({ name: "order" })
  aValueOrUndefined(_p: unknown, _b: { order: string | undefined }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error output 'order' gives a collector of another kind: declare it as Collector<…> or StateCollector<…>
  @DaprStateOutput({ name: "order", stateStore: "store", key: "k" })
  publishForState(_p: unknown, _b: { order: PublishCollector<Order> }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error output 'order' gives a collector of another kind
  @DaprPublish({ name: "order" })
  stateForPublish(_p: unknown, _b: { order: StateCollector<Order> }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error output 'order' gives a collector of another kind
  @DaprInvoke({ name: "order" })
  publishForInvoke(_p: unknown, _b: { order: PublishCollector<Order> }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error output 'order' gives a collector of another kind
  @DaprBindingOutput({ name: "order" })
  invokeForBinding(_p: unknown, _b: { order: InvokeCollector<Order> }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error output 'order' gives a collector of another kind
  @DaprPublish({ name: "order" })
  bindingForPublish(_p: unknown, _b: { order: BindingCollector<Order> }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error output 'order' collects other items than its valueType takes
  @DaprStateOutput({ name: "order", valueType: Order })
  otherItems(_p: unknown, _b: { order: Collector<number> }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error output 'order' collects other items than its valueType takes
  @DaprStateOutput({ name: "order", valueType: [Order] })
  itemsOfAList(_p: unknown, _b: { order: StateCollector<Order> }): void {}

  @DaprServiceInvocationTrigger()
  // @ts-expect-error output 'order' collects other items than its valueType takes
  @DaprPublish({ name: "order", valueType: schema })
  theOutputOfASchema(_p: unknown, _b: { order: PublishCollector<{ id: string; at: Date }> }): void {}
}

export class FunctionsHost {
  @Trigger({ type: "timerTrigger" })
  // @ts-expect-error input 'manifest' is not a property of the method's second parameter
  @Input({ type: "blob", name: "manifest" })
  anInput(_p: unknown, _b: { other: unknown }): void {}

  @Trigger({ type: "timerTrigger" })
  // @ts-expect-error output 'jobs' is a collector, not a value: declare it as Collector<…>
  @Output({ type: "queue", name: "jobs" })
  aValue(_p: unknown, _b: { jobs: Order }): void {}

  @Trigger({ type: "timerTrigger" })
  // @ts-expect-error output 'jobs' gives a collector of another kind: declare it as Collector<…>
  @Output({ type: "queue", name: "jobs" })
  aPublishCollector(_p: unknown, _b: { jobs: PublishCollector<Order> }): void {}
}
