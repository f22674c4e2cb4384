import { DaprBindingOutput, DaprBindingTrigger, readFunctions, type BindingCollector } from "../../lib/index.js";

class Order {}

describe("@DaprBindingTrigger", () => {
  it("needs no options", () => {
    class Orders {
      @DaprBindingTrigger() tick(): void {}
    }
    expect(readFunctions([Orders])[0]!.trigger).toEqual({
      type: "daprBindingTrigger",
      direction: "in",
      name: "payload",
    });
  });

  it("keeps every option as it was given", () => {
    const options = { name: "frame", dataType: "binary", bindingName: "%Camera%", payload: Order } as const;
    class Orders {
      @DaprBindingTrigger(options) read(_frame: Order): void {}
    }
    expect(readFunctions([Orders])[0]!.trigger).toEqual({ type: "daprBindingTrigger", direction: "in", ...options });
  });
});

describe("@DaprBindingOutput", () => {
  it("keeps every option as it was given", () => {
    const options = {
      name: "messages",
      bindingName: "%KafkaBindingName%",
      operation: "create",
      daprAddress: "http://127.0.0.1:3501",
      valueType: Order,
    } as const;
    class Orders {
      @DaprBindingTrigger()
      @DaprBindingOutput(options)
      send(_p: unknown, _b: { messages: BindingCollector<Order> }): void {}
    }
    expect(readFunctions([Orders])[0]!.outputs).toEqual([{ type: "daprBinding", direction: "out", ...options }]);
  });
});
