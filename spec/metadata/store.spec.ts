import { DefinitionError } from "../../lib/model/errors.js";
import type { Class } from "../../lib/model/payload-type.js";
import { methodsOf, recordOnMethod, type DecoratorName } from "../../lib/metadata/store.js";

const metadataSymbol = (Symbol as unknown as { metadata: symbol }).metadata;

function record(decorator: DecoratorName, argument?: unknown) {
  return (target: object, key: string, descriptor: PropertyDescriptor): void =>
    recordOnMethod(target, key, descriptor, { decorator, argument });
}

function refusal(action: () => void): DefinitionError {
  try {
    action();
  } catch (error) {
    return error as DefinitionError;
  }
  throw new Error("nothing was refused");
}

/** What compilers of standard decorators pass as the second argument. */
function context(members: object): object {
  return { kind: "method", name: "store", static: false, private: false, addInitializer: () => undefined, ...members };
}

describe("the metadata of a class", () => {
  it("has the decorators of a method in the order of the source", () => {
    class Orders {
      @record("FunctionName", "a")
      @record("DaprServiceInvocationTrigger")
      @record("DaprStateOutput", { name: "x" })
      store(): void {}
    }
    expect(methodsOf(Orders)).toEqual([
      {
        method: "store",
        owner: Orders,
        records: [
          { decorator: "FunctionName", argument: "a" },
          { decorator: "DaprServiceInvocationTrigger", argument: undefined },
          { decorator: "DaprStateOutput", argument: { name: "x" } },
        ],
      },
    ]);
  });

  it("is its own: nothing reaches the parent or a sister", () => {
    class Base {
      @record("Trigger") a(): void {}
    }
    class Left extends Base {
      @record("Trigger") b(): void {}
    }
    class Right extends Base {}
    class Plain {}
    const names = (type: Class) => methodsOf(type).map(({ method }) => method);
    expect([Base, Left, Right, Plain].map(names)).toEqual([["a"], ["a", "b"], ["a"], []]);
  });

  it("replaces all decorators of a method that a subclass decorates again", () => {
    class Base {
      @record("FunctionName", "kept")
      @record("HttpTrigger")
      a(): void {}
    }
    class Derived extends Base {
      @record("Trigger") override a(): void {}
    }
    expect(methodsOf(Derived)).toEqual([
      { method: "a", owner: Derived, records: [{ decorator: "Trigger", argument: undefined }] },
    ]);
    expect(methodsOf(Base)[0]!.records).toHaveLength(2);
  });

  it("is found under Symbol.metadata, where compilers of standard decorators put theirs", () => {
    class Base {
      @record("Trigger") a(): void {}
    }
    class Derived extends Base {
      @record("Trigger") b(): void {}
    }
    const metadata = (type: object) => (type as Record<symbol, object>)[metadataSymbol]!;
    expect(Object.getPrototypeOf(metadata(Base))).toBeNull();
    expect(Object.getPrototypeOf(metadata(Derived))).toBe(metadata(Base));
    expect(Object.keys(Derived)).toEqual([]);
    // The other one leads to the copies of the packages that recorded the class.
    const ours = ["dapr-functions/recording/v1", "dapr-functions/metadata/v1"].map((name) => Symbol.for(name));
    expect(Object.getOwnPropertySymbols(metadata(Base))).toEqual(ours);
  });

  it("is shared by two copies of the library", () => {
    let other: typeof import("../../lib/metadata/store.js") | undefined;
    jest.isolateModules(() => {
      other = require("../../lib/metadata/store.js") as typeof import("../../lib/metadata/store.js");
    });
    class Orders {
      @record("Trigger")
      @((target: object, key: string, descriptor: PropertyDescriptor) =>
        other!.recordOnMethod(target, key, descriptor, { decorator: "FunctionName", argument: "x" }))
      store(): void {}
    }
    expect(other!.methodsOf).not.toBe(methodsOf);
    expect(other!.methodsOf(Orders)).toEqual(methodsOf(Orders));
    expect(methodsOf(Orders)[0]!.records.map(({ decorator }) => decorator)).toEqual(["Trigger", "FunctionName"]);
  });

  it("survives a class decorator that puts a subclass in the place of the class", () => {
    function wrapped(type: new () => object) {
      return class extends type {} as never;
    }
    @wrapped
    class Orders {
      @record("Trigger") store(): void {}
    }
    expect(methodsOf(Orders).map(({ method }) => method)).toEqual(["store"]);
  });

  it("leaves the method as it was", () => {
    const store = (): number => 7;
    const descriptor = { value: store };
    expect(record("Trigger")({ constructor: class {} }, "store", descriptor)).toBeUndefined();
    expect(descriptor).toEqual({ value: store });
  });
});

describe("a member that is not a public instance method", () => {
  it.each([
    ["a getter", "an accessor", { get: () => 1 }],
    ["a setter", "an accessor", { set: () => undefined }],
    ["a field", "a field", undefined],
    ["a field that holds a function", "a field", { initializer: () => () => 1, configurable: true }],
    ["a parameter", "a parameter", 0],
  ])("is refused with experimentalDecorators: %s", (_, what, descriptor) => {
    class Orders {}
    const error = refusal(() =>
      recordOnMethod(Orders.prototype, "x", descriptor, { decorator: "DaprPublish", argument: {} }),
    );
    expect(error).toBeInstanceOf(DefinitionError);
    expect(error.problems).toEqual([
      {
        code: "method-unsupported",
        level: "error",
        class: "Orders",
        method: "x",
        message: `Orders.x: @DaprPublish stands on ${what}; decorate a public instance method with a textual name`,
      },
    ]);
    expect(methodsOf(Orders)).toEqual([]);
  });

  it("is refused with experimentalDecorators: a class", () => {
    class Orders {}
    const error = refusal(() => recordOnMethod(Orders, undefined, undefined, { decorator: "Retry", argument: {} }));
    expect(error.message).toContain("@Retry stands on a class");
  });

  it.each([
    ["an accessor", { kind: "getter" }],
    ["an accessor", { kind: "setter" }],
    ["an accessor", { kind: "accessor" }],
    ["a field", { kind: "field" }],
    ["a class", { kind: "class" }],
    ["a private method", { private: true, name: "#store" }],
    ["a static method", { static: true }],
    ["a method named by a symbol", { name: Symbol("store") }],
  ])("is refused without experimentalDecorators: %s, %j", (what, members) => {
    const error = refusal(() =>
      recordOnMethod(() => 1, context({ metadata: {}, ...members }), undefined, { decorator: "Retry", argument: {} }),
    );
    expect(error.code).toBe("method-unsupported");
    expect(error.message).toContain(`@Retry stands on ${what}; decorate`);
  });
});

describe("a compiler that gives standard decorators no metadata object", () => {
  it.each([undefined, null])("is named by the first decorator: %p", (metadata) => {
    const error = refusal(() =>
      recordOnMethod(() => 1, context({ metadata }), undefined, { decorator: "DaprPublish", argument: {} }),
    );
    expect(error.code).toBe("metadata-unavailable");
    expect(error.problems[0]!.method).toBe("store");
    expect(error.message).toContain("store: the compiler gave @DaprPublish no metadata object (context.metadata); ");
    expect(error.message).toContain("or turn on experimentalDecorators");
  });
});
