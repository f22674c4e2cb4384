import { DaprServiceInvocationTrigger, FunctionName, readFunctions } from "../../lib/index.js";

describe("@FunctionName", () => {
  it("names a function, wherever it stands among the decorators", () => {
    class Orders {
      @FunctionName("Above")
      @DaprServiceInvocationTrigger()
      a(): void {}

      @DaprServiceInvocationTrigger()
      @FunctionName("Below")
      b(): void {}

      @DaprServiceInvocationTrigger()
      methodName(): void {}
    }
    expect(readFunctions([Orders]).map(({ name }) => name)).toEqual(["Above", "Below", "methodName"]);
  });
});
