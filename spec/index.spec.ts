import * as library from "../lib/index.js";

describe("the root import", () => {
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
    const others = ["Reply", "createHandler", "readFunctions", "serve"];
    expect(Object.keys(library).sort()).toEqual([...decorators, ...errors, ...clients, ...others].sort());
  });
});
