/*
 * The functions of the contract suite. They run in the spec's own process or in a worker's, so that what they see goes to
 * SEEN_URL, an address of the spec.
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
  Reply,
  type BindingCollector,
  type CloudEvent,
  type HttpRequest,
  type HttpResponse,
  type InvocationContext,
  type InvokeCollector,
  type PublishCollector,
  type StateCollector,
  type StateRecord,
} from "dapr-functions";

async function seen(name: string, value: unknown): Promise<void> {
  await fetch(process.env["SEEN_URL"]!, { method: "POST", body: JSON.stringify({ name, value }) });
}

interface Order {
  readonly id: string;
  readonly total: number;
}

/** What every host serves. */
export class Functions {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "store", key: "{id}" })
  createOrder(payload: unknown, { order }: { order: StateCollector<unknown> }): unknown {
    order.add(payload);
    return payload;
  }

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "order", stateStore: "store", key: "{id}", record: true })
  readOrder(_: unknown, { order }: { order: StateRecord<Order> }): StateRecord<Order> {
    return order;
  }

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "orders", stateStore: "store", transaction: true })
  swap({ from, to }: { from: string; to: string }, { orders }: { orders: StateCollector<Order> }): void {
    orders.remove({ key: from });
    orders.add({ id: to, total: 1 }, { key: to });
  }

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "store" })
  overwrite({ key, etag }: { key: string; etag: string }, { order }: { order: StateCollector<Order> }): void {
    order.add({ id: key, total: 2 }, { key, etag });
  }

  @DaprServiceInvocationTrigger()
  @DaprSecret({ name: "secret", secretStoreName: "secrets", key: "{name}" })
  secret(_: unknown, { secret }: { secret: Record<string, string> }): Record<string, string> {
    return secret;
  }

  @DaprServiceInvocationTrigger()
  @DaprBindingOutput({ name: "file", bindingName: "files", operation: "create" })
  write({ name, text }: { name: string; text: string }, { file }: { file: BindingCollector<string> }): void {
    file.add(text, { metadata: { fileName: name } });
  }

  @DaprServiceInvocationTrigger()
  @DaprInvoke({ name: "call", appId: "{appId}", methodName: "{methodName}" })
  passOn({ body }: { body: unknown }, { call: collector }: { call: InvokeCollector<unknown> }): void {
    collector.add(body);
  }

  @DaprServiceInvocationTrigger()
  async echo(payload: unknown, _: unknown, { triggerMetadata, traceContext }: InvocationContext): Promise<unknown> {
    await seen("echo", { payload, headers: triggerMetadata, trace: traceContext?.traceParent });
    return payload;
  }

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "store", key: "never" })
  fail(_: unknown, { order }: { order: StateCollector<number> }): void {
    order.add(1);
    throw new Error("as asked");
  }

  @DaprServiceInvocationTrigger()
  @DaprPublish({ name: "events", pubSubName: "bus", topic: "{topic}" })
  publish({ values }: { values: unknown[] }, { events }: { events: PublishCollector<unknown> }): void {
    for (const value of values) events.add(value);
  }

  @DaprServiceInvocationTrigger()
  @DaprPublish({ name: "events", pubSubName: "bus", topic: "published-in-bulk", bulk: true })
  publishInBulk(values: unknown[], { events }: { events: PublishCollector<unknown> }): void {
    for (const value of values) events.add(value);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "published" })
  async published(event: CloudEvent<unknown>): Promise<void> {
    await seen("published", event);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "published-in-bulk" })
  async publishedInBulk(event: CloudEvent<unknown>): Promise<void> {
    await seen("published in bulk", event.data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "relay" })
  @DaprPublish({ name: "copies", pubSubName: "bus", topic: "relayed" })
  relay(event: CloudEvent<unknown>, { copies }: { copies: PublishCollector<unknown> }): void {
    copies.add(event.data);
    copies.add("second");
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "relayed" })
  async relayed(event: CloudEvent<unknown>, _: unknown, { traceContext }: InvocationContext): Promise<void> {
    await seen("relayed", { id: event.id, data: event.data, trace: traceContext?.traceParent });
  }

  @DaprBindingTrigger({ bindingName: "tick" })
  async tick(payload: unknown, _: unknown, { triggerMetadata }: InvocationContext): Promise<void> {
    await seen("tick", { payload, readAt: triggerMetadata.readtimeutc });
  }

  /** Handles each event once: who marks it first, does the work. */
  @DaprTopicTrigger({ pubSubName: "bus", topic: "once" })
  @DaprStateInput({ name: "mark", stateStore: "store", key: "seen-{id}" })
  @DaprStateOutput({ name: "marks", stateStore: "store", key: "seen-{id}" })
  async once(
    { id, data }: CloudEvent<unknown>,
    { mark, marks }: { mark: unknown; marks: StateCollector<string> },
  ): Promise<void> {
    if (mark === undefined) {
      await seen("once", data);
      marks.add(id, { options: { concurrency: "first-write" } });
    }
    await seen("once or not", data);
  }
}

/** What the Functions host has no triggers for, or answers otherwise. */
export class StandaloneFunctions {
  @DaprServiceInvocationTrigger()
  teapot(): Reply {
    return new Reply({ status: 418, headers: { "x-pot": "yes" }, body: { short: true } });
  }

  @HttpTrigger({ route: "orders/{id}", methods: ["PUT"] })
  async http(request: HttpRequest): Promise<HttpResponse> {
    return { status: 202, jsonBody: { id: request.params.id, body: await request.json() } };
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "guarded", deadLetterTopic: "dead" })
  guarded({ data }: CloudEvent<string>): { status: string } | undefined {
    if (data === "throw") throw new Error("as asked");
    return data === "done" ? undefined : { status: data };
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "dead" })
  async dead({ id, data, topic }: CloudEvent<string>): Promise<void> {
    await seen("dead", { id, data, topic });
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "bulk", bulk: { maxMessagesCount: 5, maxAwaitDurationMs: 20 } })
  async bulk({ data }: CloudEvent<unknown>): Promise<void> {
    await seen("bulk", data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "ruled", match: "event.type == 'large'" })
  async large({ data }: CloudEvent<unknown>): Promise<void> {
    await seen("large", data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "ruled", route: "other-sizes" })
  async otherSizes({ data }: CloudEvent<unknown>): Promise<void> {
    await seen("other sizes", data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "raw", metadata: { rawPayload: "true" } })
  async raw({ data }: CloudEvent<unknown>): Promise<void> {
    await seen("raw", JSON.parse(Buffer.from(data as Uint8Array).toString()));
  }
}
