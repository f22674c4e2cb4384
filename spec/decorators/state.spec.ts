import {
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  readFunctions,
  type StateCollector,
  type StateRecord,
} from "../../lib/index.js";

class Order {}

describe("@DaprStateInput", () => {
  it("keeps every option as it was given", () => {
    const options = {
      name: "order",
      dataType: "string",
      stateStore: "%StateStoreName%",
      key: "{id}",
      daprAddress: "%Sidecar%",
      required: true,
      record: true,
      valueType: Order,
    } as const;
    class Orders {
      @DaprServiceInvocationTrigger()
      @DaprStateInput(options)
      read(_p: unknown, _b: { order: StateRecord<Order> }): void {}
    }
    expect(readFunctions([Orders])[0]!.inputs).toEqual([{ type: "daprState", direction: "in", ...options }]);
  });
});

describe("@DaprStateOutput", () => {
  it("keeps every option as it was given", () => {
    const options = {
      name: "order",
      stateStore: "%StateStoreName%",
      key: "{id}",
      daprAddress: "%Sidecar%",
      transaction: true,
      valueType: Order,
    } as const;
    class Orders {
      @DaprServiceInvocationTrigger()
      @DaprStateOutput(options)
      save(_p: unknown, _b: { order: StateCollector<Order> }): void {}
    }
    expect(readFunctions([Orders])[0]!.outputs).toEqual([{ type: "daprState", direction: "out", ...options }]);
  });
});
