import { inspect } from "node:util";
import { DefinitionError, type Problem } from "../../lib/model/errors.js";

describe("a DefinitionError", () => {
  const problem = (message: string): Problem => ({
    code: "option-missing",
    level: "error",
    class: "Orders",
    method: "save",
    message,
  });

  it("says everything once where nobody catches it, as Node prints it then", () => {
    const error = new DefinitionError([problem("Orders.save: first"), problem("Orders.save: second")]);
    const printed = inspect(error, { customInspect: false, depth: 5 });
    expect(printed.match(/Orders\.save: \w+/g)).toEqual(["Orders.save: first", "Orders.save: second"]);
    expect(error.problems.map(({ message }) => message)).toEqual(["Orders.save: first", "Orders.save: second"]);
  });
});
