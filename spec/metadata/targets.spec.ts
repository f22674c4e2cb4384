import { DaprServiceInvocationTrigger } from "../../lib/index.js";
import { readFunctions } from "../../lib/metadata/functions.js";
import { hasFunctions, nameOf } from "../../lib/metadata/targets.js";
import { problemsOf } from "./declared.js";

class Base {
  @DaprServiceInvocationTrigger() a(): void {}
}

class Derived extends Base {
  @DaprServiceInvocationTrigger() b(): void {}
}

class Plain {
  a(): void {}
}

const places = (...functions: object[]) =>
  readFunctions(functions).map(({ className, methodName }) => `${className}.${methodName}`);

describe("what of the given counts", () => {
  it("is a class or an instance, whatever it inherits its functions from", () => {
    class Empty extends Base {}
    expect(places(Base)).toEqual(["Base.a"]);
    expect(places(new Base())).toEqual(["Base.a"]);
    expect(places(Empty)).toEqual(["Empty.a"]);
  });

  it("is each class once, however often it is given", () => {
    const instance = new Base();
    expect(places(Base, Base)).toEqual(["Base.a"]);
    expect(places(instance, instance, Base)).toEqual(["Base.a"]);
  });

  it("is not a class beside one that extends it", () => {
    expect(places(Base, Derived)).toEqual(["Derived.a", "Derived.b"]);
    expect(places(Base, new Derived())).toEqual(["Derived.a", "Derived.b"]);
  });

  it("is an instance beside whatever else is given, and its functions may then be there twice", () => {
    expect(problemsOf(new Base(), Derived)).toEqual([expect.stringContaining("function-name-duplicate")]);
    expect(problemsOf(new Base(), new Base())).toEqual([expect.stringContaining("function-name-duplicate")]);
  });

  it("is nothing that has no functions", () => {
    expect(places(Plain, new Plain(), {}, Object.create(null) as object, () => 1, [])).toEqual([]);
    expect(readFunctions([])).toEqual([]);
  });

  it("is nothing that is neither a class nor an instance, which is said", () => {
    expect(problemsOf(...([Base, undefined, null, "Base"] as unknown as object[]))).toEqual([
      "error functions-none: functions[1]: it is undefined, perhaps since two modules import each other; give a class or an " +
        "instance of one",
      "error functions-none: functions[2]: it is null; give a class or an instance of one",
      'error functions-none: functions[3]: it is "Base"; give a class or an instance of one',
    ]);
  });

  it.each([
    ["the function Derived", Derived],
    ["an object", new Derived()],
    ["undefined, perhaps since two modules import each other", undefined],
  ])("is given in a list, and not as %s", (what, given) => {
    expect(() => readFunctions(given as never)).toThrow(
      `functions-none: functions: it is ${what}; give a list of classes and instances, [OrderFunctions]`,
    );
  });
});

describe("hasFunctions", () => {
  it.each([Base, Derived, new Derived(), class extends Derived {}])("is true of %p", (value) => {
    expect(hasFunctions(value)).toBe(true);
  });

  it.each([Plain, new Plain(), undefined, null, 1, "a", {}, () => 1, Object.create(null), Proxy])(
    "is false of %p",
    (value) => {
      expect(hasFunctions(value)).toBe(false);
    },
  );
});

describe("the name of a class", () => {
  it("is that of the nearest class above one that has none", () => {
    expect(nameOf((() => class extends Derived {})())).toBe("Derived");
    expect(nameOf((() => class {})())).toBe("(anonymous)");
  });
});
