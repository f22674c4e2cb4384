import { DaprBindingTrigger, DaprServiceInvocationTrigger, DaprTopicTrigger, HttpTrigger } from "../../lib/index.js";
import { readFunctions } from "../../lib/metadata/functions.js";
import type { CloudEvent, HttpRequest } from "../../lib/model/invocation.js";
import type { Class } from "../../lib/model/payload-type.js";
import { problemsOf } from "./declared.js";

class Order {
  id!: string;
}

class Special extends Order {}

interface Shape {
  id: string;
}

enum Colour {
  Red = "red",
}

const payloadTypes = (type: Class) =>
  Object.fromEntries(readFunctions([type]).map(({ methodName, payloadType }) => [methodName, payloadType]));

describe("the type of a payload", () => {
  it("is the class that the compiler recorded for the first parameter", () => {
    class Orders {
      @DaprServiceInvocationTrigger() invoked(_order: Order): void {}
      @DaprBindingTrigger() bound(_order?: Order): void {}
    }
    expect(payloadTypes(Orders)).toEqual({ invoked: Order, bound: Order });
  });

  it("is what `payload` says, whatever was recorded", () => {
    class Orders {
      @DaprServiceInvocationTrigger({ payload: Special }) a(_order: Order): void {}
      @DaprServiceInvocationTrigger({ payload: [Order] }) b(_orders: Order[]): void {}
      @DaprTopicTrigger({ pubSubName: "bus", payload: Order }) c(_event: CloudEvent<Order>): void {}
      @HttpTrigger({ payload: Order }) d(_request: HttpRequest<Order>): void {}
    }
    expect(payloadTypes(Orders)).toEqual({ a: Special, b: [Order], c: Order, d: Order });
  });

  it("is unknown where the compiler recorded no class of the user's", () => {
    class Orders {
      @DaprServiceInvocationTrigger() none(): void {}
      @DaprServiceInvocationTrigger() text(_p: string): void {}
      @DaprServiceInvocationTrigger() list(_p: Order[]): void {}
      @DaprServiceInvocationTrigger() date(_p: Date): void {}
      @DaprServiceInvocationTrigger() bytes(_p: Uint8Array): void {}
      @DaprServiceInvocationTrigger() buffer(_p: Buffer): void {}
      @DaprServiceInvocationTrigger() map(_p: Map<string, Order>): void {}
      @DaprServiceInvocationTrigger() promise(_p: Promise<Order>): void {}
      @DaprServiceInvocationTrigger() url(_p: URL): void {}
      @DaprServiceInvocationTrigger() shape(_p: Shape): void {}
      @DaprServiceInvocationTrigger() union(_p: Order | undefined | string): void {}
      @DaprServiceInvocationTrigger() colour(_p: Colour): void {}
      @DaprServiceInvocationTrigger() unknown(_p: unknown): void {}
    }
    for (const [method, type] of Object.entries(payloadTypes(Orders)))
      expect([method, type]).toEqual([method, undefined]);
  });

  it("is never that of an event or a request", () => {
    class Event {
      data!: Order;
    }
    class Request {}
    class Orders {
      @(DaprTopicTrigger({ pubSubName: "bus" }) as MethodDecorator) topic(_event: Event): void {}
      @(HttpTrigger() as MethodDecorator) http(_request: Request): void {}
    }
    expect(payloadTypes(Orders)).toEqual({ topic: undefined, http: undefined });
  });

  it("comes with a method that a subclass inherits or overrides", () => {
    class Base {
      @DaprServiceInvocationTrigger() a(_order: Order): void {}
      @DaprServiceInvocationTrigger() b(_order: Order): void {}
    }
    class Derived extends Base {
      override a(_order: Order): void {}
      @DaprServiceInvocationTrigger() override b(_order: Special): void {}
    }
    expect(payloadTypes(Derived)).toEqual({ a: Order, b: Special });
  });

  it("was lost where the compiler recorded Function", () => {
    class Orders {
      @DaprServiceInvocationTrigger() store(_order: () => void): void {}
    }
    expect(problemsOf(Orders)).toEqual([
      'error payload-type-lost: Orders.store, trigger "payload", payload: the compiler recorded no class for the first ' +
        "parameter, which was probably imported with `import type`; import the class itself, or give `payload`",
    ]);
  });

  it("was not lost where `payload` says it", () => {
    class Orders {
      @(DaprServiceInvocationTrigger({ payload: Order }) as MethodDecorator) store(_order: () => void): void {}
    }
    expect(payloadTypes(Orders)).toEqual({ store: Order });
  });
});
