import { declared, problemsOf, problemsWith, untyped } from "../declared.js";

const { DaprBindingTrigger, DaprServiceInvocationTrigger, DaprStateInput, DaprStateOutput, FunctionName, HttpTrigger } =
  untyped;
const output = (name: unknown) => DaprStateOutput({ name });

describe("a function's name", () => {
  it.each(["a", "Register-Parcels", "x_1", `a${"b".repeat(127)}`, "hosts"])("may be %s", (name) => {
    expect(problemsWith(FunctionName(name))).toEqual([]);
  });

  it.each(["1a", "-a", "a b", "a.b", "é", "", `a${"b".repeat(128)}`])("may not be %p", (name) => {
    expect(problemsWith(FunctionName(name))[0]).toContain(
      'error function-name-invalid: Orders.store: the function name "',
    );
  });

  it.each([undefined, null, 3, {}])("may not be %p", (name) => {
    expect(problemsWith(FunctionName(name))).toHaveLength(1);
  });

  it("may not be host in any case", () => {
    expect(problemsWith(FunctionName("Host"))).toEqual([
      'error function-name-invalid: Orders.store: the Functions host keeps the function name "host" for itself; ' +
        "give another with @FunctionName",
    ]);
  });

  it("is the method's when none is given, and judged alike", () => {
    expect(problemsOf(declared({ $store: [DaprServiceInvocationTrigger()] }))[0]).toContain("function-name-invalid");
  });

  it("belongs to one function, ignoring case; a route that follows from it is not a second problem", () => {
    const methods = {
      store: [FunctionName("Save"), DaprServiceInvocationTrigger()],
      SAVE: [DaprServiceInvocationTrigger()],
    };
    expect(problemsOf(declared(methods))).toEqual([
      'error function-name-duplicate: Orders.SAVE: the function name "SAVE" is also that of Orders.store; ' +
        "give one another with @FunctionName",
    ]);
  });
});

describe("a binding's name", () => {
  it.each([
    ["parcel_1", "parcel1"],
    ["my-parcel", "myparcel"],
    ["$order", "order"],
    ["été", "ete"],
    ["1st", "st"],
    ["日本", "value"],
    ["", "value"],
  ])("may not be %p", (name, suggestion) => {
    expect(problemsWith(output(name))).toEqual([
      `error binding-name-invalid: Orders.store, output "${name}": a name holds letters and digits, a letter first; ` +
        `rename it, e.g. "${suggestion}"`,
    ]);
  });

  it("has at most 128 characters", () => {
    expect(problemsWith(output("a".repeat(128)))).toEqual([]);
    expect(problemsWith(output("a".repeat(129)))[0]).toContain("at most 128 characters");
  });

  it("is never $return", () => {
    expect(problemsWith(output("$return"))).toEqual([
      'error binding-name-invalid: Orders.store, output "$return": no binding is named "$return", which is the reply; ' +
        "return the value instead",
    ]);
  });

  it.each(["constructor", "toString", "buffer", "byteLength", "getInt8"])("may not be %s", (name) => {
    expect(problemsWith(output(name))).toEqual([
      `error binding-name-reserved: Orders.store, output "${name}": the Functions host would find a member of its own ` +
        `under this name; rename it, e.g. "${name}Value"`,
    ]);
  });

  it.each([undefined, null, 3])("is text and not %p", (name) => {
    const [problem, ...others] = problemsWith(output(name));
    expect(problem).toContain(
      `${name === undefined ? "option-missing" : "option-invalid"}: Orders.store, output "", name: `,
    );
    expect(others).toEqual([]);
  });

  it("is judged of a trigger too", () => {
    expect(problemsOf(declared({ store: [HttpTrigger({ name: "the-request" })] }))[0]).toContain(
      'binding-name-invalid: Orders.store, trigger "the-request": ',
    );
  });

  it("belongs to one binding of a function, ignoring case", () => {
    expect(problemsWith(output("order"), DaprStateInput({ name: "Order", stateStore: "s", key: "k" }))).toEqual([
      'error binding-name-duplicate: Orders.store, output "order": the input "Order" has this name too; ' +
        "rename one of them",
    ]);
  });

  it("may clash with what a trigger calls its payload by default", () => {
    expect(problemsWith(output("Payload"))).toEqual([
      'error binding-name-duplicate: Orders.store, output "Payload": the trigger calls its payload "payload"; ' +
        "rename this binding, or give the trigger another `name`",
    ]);
  });

  it("may clash with the name that a trigger was given", () => {
    expect(problemsOf(declared({ store: [DaprBindingTrigger({ name: "order" }), output("order")] }))).toEqual([
      'error binding-name-duplicate: Orders.store, output "order": the trigger "order" has this name too; ' +
        "rename one of them",
    ]);
  });

  it("may be that of another function's binding", () => {
    const methods = {
      a: [DaprServiceInvocationTrigger(), output("order")],
      b: [DaprServiceInvocationTrigger(), output("order")],
    };
    expect(problemsOf(declared(methods))).toEqual([]);
  });
});
