import { DaprServiceInvocationTrigger } from "../../lib/decorators/invocation.js";
import { DaprStateInput, DaprStateOutput } from "../../lib/decorators/state.js";
import { FunctionName } from "../../lib/decorators/function-name.js";
import { bindFunctions, readFunctions } from "../../lib/metadata/functions.js";
import type { Collector } from "../../lib/model/collector.js";

describe("readFunctions", () => {
  it("gives bindings in the order of the source", () => {
    class Orders {
      @FunctionName("CreateNewOrder")
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "first", stateStore: "a", key: "{id}" })
      @DaprStateInput({ name: "stored", stateStore: "s", key: "{id}" })
      @DaprStateOutput({ name: "second", stateStore: "b" })
      create(
        _payload: unknown,
        _bindings: { first: Collector<unknown>; second: Collector<unknown>; stored: unknown },
      ): void {}
    }
    expect(readFunctions([Orders])).toEqual([
      {
        name: "CreateNewOrder",
        className: "Orders",
        methodName: "create",
        target: Orders,
        trigger: { type: "daprServiceInvocationTrigger", direction: "in", name: "payload" },
        inputs: [{ type: "daprState", direction: "in", name: "stored", stateStore: "s", key: "{id}" }],
        outputs: [
          { type: "daprState", direction: "out", name: "first", stateStore: "a", key: "{id}" },
          { type: "daprState", direction: "out", name: "second", stateStore: "b" },
        ],
      },
    ]);
  });
});

describe("bindFunctions", () => {
  it("makes one instance of a class", async () => {
    class Orders {
      @DaprServiceInvocationTrigger() a(): void {}
      @DaprServiceInvocationTrigger() b(): void {}
    }
    const [a, b] = await bindFunctions([Orders]);
    expect(a!.instance).toBeInstanceOf(Orders);
    expect(b!.instance).toBe(a!.instance);
  });
});
