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
  type CloudEvent,
  type Collector,
  type HttpRequest,
  type HttpResponse,
  type InvocationContext,
} from "dapr-functions";
import { Order } from "./order.js";

/** Orders kept in a state store, reached by service invocation. */
export class OrderFunctions {
  @FunctionName("CreateNewOrder")
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "%StateStoreName%", key: "{id}" })
  createNewOrder(payload: Order, { order }: { order: Collector<Order> }): Order {
    order.add(payload);
    return payload;
  }

  @FunctionName("RetrieveOrder")
  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "order", stateStore: "%StateStoreName%", key: "{id}" })
  retrieveOrder(_: { id: string }, { order }: { order: Order | undefined }): Order | undefined {
    return order;
  }
}

/** Any value under any key, reached by HTTP. */
export class StateFunctions {
  @FunctionName("StateOutputBinding")
  @HttpTrigger({ route: "state/{key}", methods: ["POST"] })
  @DaprStateOutput({ name: "state", stateStore: "%StateStoreName%", key: "{key}" })
  async saveState(request: HttpRequest, { state }: { state: Collector<unknown> }): Promise<HttpResponse> {
    state.add(await request.json());
    return { status: 201 };
  }

  @FunctionName("StateInputBinding")
  @HttpTrigger({ route: "state/{key}", methods: ["GET"] })
  @DaprStateInput({ name: "state", stateStore: "%StateStoreName%", key: "{key}" })
  readState(_: HttpRequest, { state }: { state: unknown }): HttpResponse {
    return state === undefined ? { status: 404 } : { jsonBody: state };
  }
}

/** Messages to and from Kafka, or whatever component bears the binding's name. */
export class KafkaFunctions {
  @FunctionName("SendMessageToKafka")
  @DaprServiceInvocationTrigger()
  @DaprBindingOutput({ name: "messages", bindingName: "%KafkaBindingName%", operation: "create" })
  sendMessageToKafka(payload: Order, { messages }: { messages: Collector<Order> }): void {
    messages.add(payload);
  }

  @FunctionName("ConsumeMessageFromKafka")
  @DaprBindingTrigger({ bindingName: "%KafkaTriggerName%" })
  consumeMessageFromKafka(message: unknown, _: unknown, context: InvocationContext): void {
    context.log(`message from ${context.functionName}: ${JSON.stringify(message ?? null)}`);
  }
}

/** Events of one topic copied to another, and printed there. */
export class TopicFunctions {
  @FunctionName("PublishOutputBinding")
  @HttpTrigger({ route: "topic/{topicName}", methods: ["POST"] })
  @DaprPublish({ name: "events", pubSubName: "%PubSubName%", topic: "{topicName}" })
  async publishEvent(request: HttpRequest, { events }: { events: Collector<unknown> }): Promise<HttpResponse> {
    events.add(await request.json());
    return { status: 202 };
  }

  @FunctionName("TransferEventBetweenTopics")
  @DaprTopicTrigger({ pubSubName: "%PubSubName%", topic: "A" })
  @DaprPublish({ name: "copies", pubSubName: "%PubSubName%", topic: "B" })
  transfer(event: CloudEvent, { copies }: { copies: Collector<unknown> }): void {
    copies.add(event.data);
  }

  @FunctionName("PrintTopicMessage")
  @DaprTopicTrigger({ pubSubName: "%PubSubName%", topic: "B" })
  print(event: CloudEvent, _: unknown, context: InvocationContext): void {
    context.log(`topic ${event.topic}: ${JSON.stringify(event.data)}`);
  }
}

/** Other applications, and secrets. */
export class ServiceFunctions {
  @FunctionName("InvokeOutputBinding")
  @HttpTrigger({ route: "invoke/{appId}/{methodName}", methods: ["POST"] })
  @DaprInvoke({ name: "call", appId: "{appId}", methodName: "{methodName}", httpVerb: "post" })
  async invokeOther(request: HttpRequest, { call }: { call: Collector<unknown> }): Promise<HttpResponse> {
    call.add(await request.json());
    return { status: 202 };
  }

  /** Answers the names of a secret's entries, never their values. */
  @FunctionName("RetrieveSecret")
  @DaprServiceInvocationTrigger()
  @DaprSecret({ name: "secret", secretStoreName: "%SecretStoreName%", key: "api-key" })
  retrieveSecret(_: unknown, { secret }: { secret: Record<string, string> }): string[] {
    return Object.keys(secret);
  }
}
