import { DaprInvoke, DaprServiceInvocationTrigger, readFunctions, type InvokeCollector } from "../../lib/index.js";

class Order {}

describe("@DaprServiceInvocationTrigger", () => {
  it("needs no options", () => {
    class Orders {
      @DaprServiceInvocationTrigger() store(): void {}
    }
    expect(readFunctions([Orders])[0]!.trigger).toEqual({
      type: "daprServiceInvocationTrigger",
      direction: "in",
      name: "payload",
    });
  });

  it("keeps every option as it was given", () => {
    const options = {
      name: "batch",
      dataType: "string",
      methodName: "%Prefix%/orders",
      methods: ["get", "POST"],
      payload: Order,
    } as const;
    class Orders {
      @DaprServiceInvocationTrigger(options) store(_order: Order): void {}
    }
    expect(readFunctions([Orders])[0]!.trigger).toEqual({
      type: "daprServiceInvocationTrigger",
      direction: "in",
      ...options,
    });
  });

  it("leaves the method to be called as it is", () => {
    class Orders {
      @DaprServiceInvocationTrigger() double(n: number): number {
        return 2 * n;
      }
    }
    expect(new Orders().double(4)).toBe(8);
  });
});

describe("@DaprInvoke", () => {
  it("keeps every option as it was given", () => {
    const options = {
      name: "call",
      appId: "{app}",
      methodName: "orders/{id}",
      httpVerb: "Put",
      daprAddress: "%Sidecar%",
      valueType: Order,
    } as const;
    class Orders {
      @DaprServiceInvocationTrigger()
      @DaprInvoke(options)
      store(_p: unknown, _b: { call: InvokeCollector<Order> }): void {}
    }
    expect(readFunctions([Orders])[0]!.outputs).toEqual([{ type: "daprInvoke", direction: "out", ...options }]);
  });
});
