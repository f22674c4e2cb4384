import {
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  FunctionName,
  HttpTrigger,
} from "../../lib/index.js";
import {
  bindFunctions,
  inspectFunctions,
  inspectStart,
  readFunctions,
  type Container,
} from "../../lib/metadata/functions.js";
import type { Collector } from "../../lib/model/collector.js";
import type { DefinitionError } from "../../lib/model/errors.js";
import { declared, problemsOf, untyped } from "./declared.js";

function errorOf(action: () => unknown): DefinitionError {
  try {
    action();
  } catch (error) {
    return error as DefinitionError;
  }
  throw new Error("nothing was thrown");
}

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
        entries: [],
        clients: [],
        outputs: [
          { type: "daprState", direction: "out", name: "first", stateStore: "a", key: "{id}" },
          { type: "daprState", direction: "out", name: "second", stateStore: "b" },
        ],
      },
    ]);
  });

  it("gives members in the order of function.json, and none that was not given", () => {
    const { DaprTopicTrigger, DaprInvoke } = untyped;
    const type = declared({
      a: [
        DaprTopicTrigger({ route: "r", name: "event", topic: undefined, pubSubName: "bus", dataType: "string" }),
        DaprInvoke({ daprAddress: "http://x", httpVerb: "GET", name: "call", methodName: "m", appId: "app" }),
      ],
    });
    const [{ trigger, outputs }] = readFunctions([type]) as [ReturnType<typeof readFunctions>[0]];
    expect(Object.keys(trigger)).toEqual(["type", "direction", "name", "dataType", "pubSubName", "route"]);
    expect(Object.keys(outputs[0]!)).toEqual([
      "type",
      "direction",
      "name",
      "appId",
      "methodName",
      "httpVerb",
      "daprAddress",
    ]);
  });

  it("names an http trigger's payload req", () => {
    class Orders {
      @HttpTrigger() show(): void {}
    }
    expect(readFunctions([Orders])[0]!.trigger).toEqual({ type: "httpTrigger", direction: "in", name: "req" });
  });

  it("says of a method named by a number that its function needs another name", () => {
    class Orders {
      @DaprServiceInvocationTrigger() 41(): void {}
    }
    expect(errorOf(() => readFunctions([Orders])).message).toContain(
      'Orders.41: the function name "41" is not a letter',
    );
  });

  it("throws all that is wrong as one error with the code of the first", () => {
    const { DaprPublish, DaprServiceInvocationTrigger: Invocation } = untyped;
    const type = declared({ host: [Invocation()], b: [DaprPublish({ name: "x_1" })] });
    const error = errorOf(() => readFunctions([type]));
    expect(error.name).toBe("DefinitionError");
    expect(error.code).toBe("function-name-invalid");
    expect(error.problems.map(({ code }) => code)).toEqual([
      "function-name-invalid",
      "trigger-missing",
      "binding-name-invalid",
    ]);
    expect(error.problems[2]).toEqual({
      code: "binding-name-invalid",
      level: "error",
      class: "Orders",
      method: "b",
      binding: 'output "x_1"',
      message: 'Orders.b, output "x_1": a name holds letters and digits, a letter first; rename it, e.g. "x1"',
    });
    expect(error.message.split("\n")).toEqual(error.problems.map(({ code, message }) => `${code}: ${message}`));
  });

  it("throws no warnings", () => {
    class Orders {
      @HttpTrigger()
      @DaprStateInput({ name: "order", stateStore: "s", key: "{id}" })
      show(_request: unknown, _bindings: { order: unknown }): void {}
    }
    expect(readFunctions([Orders])).toHaveLength(1);
    expect(problemsOf(Orders)).toEqual([expect.stringContaining("warning expression-unchecked")]);
  });
});

describe("a function", () => {
  const { DaprBindingTrigger, DaprPublish, FunctionName: Name, HttpTrigger: Http } = untyped;

  it("has a trigger", () => {
    expect(problemsOf(declared({ a: [DaprPublish({ name: "x" })] }))).toEqual([
      "error trigger-missing: Orders.a: nothing triggers it; add a trigger, e.g. @DaprServiceInvocationTrigger()",
    ]);
    expect(problemsOf(declared({ a: [Name("a")] }))).toEqual([expect.stringContaining("trigger-missing")]);
  });

  it("has one trigger", () => {
    for (const options of [{ name: "b" }, { name: "payload" }]) {
      expect(problemsOf(declared({ a: [Http(options), DaprBindingTrigger()] }))).toEqual([
        "error trigger-multiple: Orders.a: it has 2 triggers, @HttpTrigger, @DaprBindingTrigger; keep one",
      ]);
    }
  });

  it("has one name", () => {
    expect(problemsOf(declared({ a: [Name("b"), DaprBindingTrigger(), Name("c")] }))).toEqual([
      "error decorator-repeated: Orders.a: @FunctionName stands more than once; keep one",
    ]);
  });
});

describe("inspectFunctions", () => {
  it("gives what could be read of functions that have errors, for other rules to judge", () => {
    const { DaprTopicTrigger, DaprStateInput: State } = untyped;
    const type = declared({
      a: [DaprTopicTrigger({ topic: 3 }), State({ name: "x", key: "k", required: "no", colour: 1 })],
      b: [State({ name: "x", stateStore: "s", key: "k" })],
    });
    const { definitions, problems } = inspectFunctions([type]);
    expect(definitions.map(({ methodName, trigger, inputs }) => ({ methodName, trigger, inputs }))).toEqual([
      {
        methodName: "a",
        trigger: { type: "daprTopicTrigger", direction: "in", name: "payload", pubSubName: "" },
        inputs: [{ type: "daprState", direction: "in", name: "x", stateStore: "", key: "k" }],
      },
    ]);
    expect(problems.map(({ code }) => code).sort()).toEqual([
      "option-invalid",
      "option-invalid",
      "option-missing",
      "option-missing",
      "option-unknown",
      "trigger-missing",
    ]);
  });
});

describe("bindFunctions", () => {
  class Orders {
    @DaprServiceInvocationTrigger() a(): void {}
    @DaprServiceInvocationTrigger() b(): void {}
  }

  class WithArguments {
    constructor(readonly store: string) {}
    @DaprServiceInvocationTrigger() c(): void {}
  }

  it("makes one instance of a class", async () => {
    const [a, b] = await bindFunctions([Orders]);
    expect(a!.definition.methodName).toBe("a");
    expect(a!.instance).toBeInstanceOf(Orders);
    expect(b!.instance).toBe(a!.instance);
  });

  it("takes an instance as it is given", async () => {
    const instance = new WithArguments("store");
    const [bound] = await bindFunctions([WithArguments, instance]);
    expect(bound!.instance).toBe(instance);
    expect(bound!.definition.target).toBe(WithArguments);
  });

  it("asks the container once for each class, and never for an instance given", async () => {
    const asked: unknown[] = [];
    const container: Container = {
      get: async (type) => {
        asked.push(type);
        return Promise.resolve(new (type as unknown as new (store: string) => never)("from the container"));
      },
    };
    const bound = await bindFunctions([Orders, WithArguments], { container });
    expect(asked).toEqual([Orders, WithArguments]);
    expect(bound.map(({ definition }) => definition.methodName)).toEqual(["a", "b", "c"]);
    expect((bound[2]!.instance as WithArguments).store).toBe("from the container");
    await bindFunctions([new Orders()], { container });
    expect(asked).toHaveLength(2);
  });

  it("refuses a container that gives no object", async () => {
    const container = { get: () => undefined } as unknown as Container;
    await expect(bindFunctions([Orders], { container })).rejects.toMatchObject({
      code: "constructor-arguments",
      message: "constructor-arguments: Orders: the container gave undefined; make it give an instance of Orders",
    });
  });

  it("refuses a class that wants constructor arguments, beside all else that is wrong", async () => {
    const wrong = declared({ host: [untyped.DaprBindingTrigger()] });
    await expect(bindFunctions([wrong, WithArguments])).rejects.toMatchObject({
      problems: [
        { code: "function-name-invalid" },
        {
          code: "constructor-arguments",
          class: "WithArguments",
          method: undefined,
          message:
            "WithArguments: its constructor takes an argument; give an instance, or a `container` that makes one",
        },
      ],
    });
  });

  it("refuses to bind nothing", async () => {
    await expect(bindFunctions([])).rejects.toMatchObject({ code: "functions-none" });
    await expect(bindFunctions([class Plain {}])).rejects.toMatchObject({
      message:
        "functions-none: functions: nothing given has a function; give a class that has methods with a trigger, or an " +
        "instance of one",
    });
    expect(inspectStart([Orders])).toEqual([]);
  });

  it("passes on what a constructor throws", async () => {
    const failure = new Error("no database");
    class Failing {
      constructor() {
        throw failure;
      }
      @DaprServiceInvocationTrigger() a(): void {}
    }
    await expect(bindFunctions([Failing])).rejects.toBe(failure);
  });
});
