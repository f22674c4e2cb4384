import * as library from "../lib/index.js";
import { bindingTable, type TypedDecoratorName } from "../lib/model/binding-table.js";

/** The compiler asks for a decorator for each row of the table. */
const decorated: Readonly<Record<TypedDecoratorName, unknown>> = library;

describe("the root import", () => {
  it("has a decorator for each binding", () => {
    for (const name of Object.keys(bindingTable))
      expect(decorated[name as TypedDecoratorName]).toBeInstanceOf(Function);
  });

  it("has these values and no others", () => {
    const errors = ["DaprFunctionsError", "DefinitionError", "InvocationError", "PayloadError", "SidecarError"];
    const clients = ["HttpDaprClient", "SdkDaprClient"];
    const decorators = [
      "DaprApp",
      "DaprBindingInput",
      "DaprBindingOutput",
      "DaprBindingTrigger",
      "DaprInvoke",
      "DaprInvokeInput",
      "DaprPublish",
      "DaprSecret",
      "DaprServiceInvocationTrigger",
      "DaprSidecar",
      "DaprState",
      "DaprStateInput",
      "DaprStateOutput",
      "DaprTopicTrigger",
      "Flush",
      "FunctionName",
      "HttpTrigger",
      "Input",
      "Output",
      "Retry",
      "Trigger",
    ];
    const others = ["Reply", "createHandler", "readFunctions", "serve", "topic"];
    expect(Object.keys(library).sort()).toEqual([...decorators, ...errors, ...clients, ...others].sort());
  });
});
