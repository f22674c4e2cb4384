import {
  DaprBindingOutput,
  DaprInvoke,
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  HttpTrigger,
  serve,
  type BindingCollector,
  type CloudEvent,
  type Collector,
  type HttpRequest,
  type HttpResponse,
  type PublishCollector,
  type StateCollector,
} from "dapr-functions";
import { seen, type Contestant, type Order } from "./contestant.js";

export class Orders {
  @DaprServiceInvocationTrigger({ methodName: "echo" })
  echo(payload: Order): Order {
    return payload;
  }

  @DaprServiceInvocationTrigger({ methodName: "save-order" })
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  saveOrder(payload: Order, { order }: { order: Collector<Order> }): void {
    order.add(payload);
  }

  @DaprServiceInvocationTrigger({ methodName: "read-order" })
  @DaprStateInput({ name: "stored", stateStore: "statestore", key: "{id}" })
  readOrder(_: Order, { stored }: { stored: Order | undefined }): Order | undefined {
    return stored;
  }

  @DaprServiceInvocationTrigger({ methodName: "invoke-other" })
  @DaprInvoke({ name: "call", appId: "other", methodName: "accept" })
  invokeOther(payload: Order, { call }: { call: Collector<Order> }): void {
    call.add(payload);
  }

  @DaprServiceInvocationTrigger({ methodName: "call-binding" })
  @DaprBindingOutput({ name: "ledger", bindingName: "ledger", operation: "create" })
  callBinding(payload: Order, { ledger }: { ledger: Collector<Order> }): void {
    ledger.add(payload);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "relay" })
  @DaprPublish({ name: "copies", pubSubName: "bus", topic: "copies" })
  relay(event: CloudEvent<Order>, { copies }: { copies: PublishCollector<Order> }): void {
    seen.events++;
    copies.add(event.data, { metadata: { "cloudevent.id": event.data.id } });
  }

  @DaprServiceInvocationTrigger({ methodName: "save-items" })
  @DaprStateOutput({ name: "items", stateStore: "statestore" })
  saveItems(payload: Order[], { items }: { items: StateCollector<Order> }): void {
    for (const item of payload) items.add(item, { key: item.id });
  }

  @DaprServiceInvocationTrigger({ methodName: "publish-items" })
  @DaprPublish({ name: "items", pubSubName: "bus", topic: "items" })
  publishItems(payload: Order[], { items }: { items: Collector<Order> }): void {
    for (const item of payload) items.add(item);
  }

  @DaprServiceInvocationTrigger({ methodName: "publish-items-bulk" })
  @DaprPublish({ name: "items", pubSubName: "bus", topic: "items", bulk: true })
  publishItemsInBulk(payload: Order[], { items }: { items: Collector<Order> }): void {
    for (const item of payload) items.add(item);
  }

  @HttpTrigger({ route: "orders/{id}", methods: ["POST"] })
  @DaprStateOutput({ name: "kept", stateStore: "statestore", key: "{id}" })
  async keep(request: HttpRequest, { kept }: { kept: Collector<unknown> }): Promise<HttpResponse> {
    kept.add(await request.json());
    return { status: 200 };
  }

  @HttpTrigger({ route: "orders/{id}/lines/{line}", methods: ["POST"] })
  line({ params }: HttpRequest): HttpResponse {
    return { jsonBody: params };
  }

  @DaprServiceInvocationTrigger({ methodName: "call-binding-items" })
  @DaprBindingOutput({ name: "ledger", bindingName: "ledger", operation: "create" })
  callBindingWithItems(payload: Order[], { ledger }: { ledger: BindingCollector<Order> }): void {
    for (const item of payload) ledger.add(item);
  }
}

/** Start-up lines would go to the console of the benchmark. */
export const silent = { log() {}, info() {}, warn() {}, error() {}, debug() {} };

export const contestant: Contestant = {
  start: (sidecarPort, port) => serve([Orders], { port, daprUrl: `http://127.0.0.1:${sidecarPort}`, log: silent }),
};
