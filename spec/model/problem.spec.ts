import type { FunctionDefinition } from "../../lib/model/function-definition.js";
import { functionProblem } from "../../lib/model/problem.js";

describe("functionProblem", () => {
  const definition: FunctionDefinition = {
    name: "Store",
    className: "Parcels",
    methodName: "store",
    target: class {},
    trigger: { type: "daprBindingTrigger", direction: "in", name: "payload" },
    inputs: [{ type: "daprState", direction: "in", name: "found", stateStore: "s", key: "k" }],
    outputs: [{ type: "daprState", direction: "out", name: "stored" }],
    entries: [],
    clients: [],
  };

  it("says where before what, as precisely as it is known", () => {
    const texts = [
      { definition },
      { definition, binding: definition.trigger },
      { definition, binding: definition.inputs[0] },
      { definition, binding: definition.outputs[0], member: "key" },
    ].map((place) => functionProblem("warning", "option-invalid", place, "what; do").message);
    expect(texts).toEqual([
      "Parcels.store: what; do",
      'Parcels.store, trigger "payload": what; do',
      'Parcels.store, input "found": what; do',
      'Parcels.store, output "stored", key: what; do',
    ]);
  });

  it("has a member for each part of the place", () => {
    const place = { definition, binding: definition.outputs[0], member: "key" };
    expect(functionProblem("error", "option-invalid", place, "what; do")).toEqual({
      code: "option-invalid",
      level: "error",
      class: "Parcels",
      method: "store",
      binding: 'output "stored"',
      member: "key",
      message: 'Parcels.store, output "stored", key: what; do',
    });
  });
});
