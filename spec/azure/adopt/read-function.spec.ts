import { readFunction } from "../../../lib/azure/adopt/read-function.js";

function adopt(trigger: object) {
  const functionJson = JSON.stringify({ bindings: [trigger] });
  return readFunction({ name: "Orders", functionJson, files: ["index.js"], exists: () => true });
}

describe("a trigger with a direction that no trigger has", () => {
  it.each([
    ["daprBindingTrigger", "inout", "DaprBindingTrigger"],
    ["daprBindingTrigger", "out", "DaprBindingTrigger"],
    ["timerTrigger", "inout", "Trigger"],
    ["timerTrigger", "into", "Trigger"],
  ])("is adopted, and said to be corrected: %s, %s", (type, direction, decorator) => {
    const { fn, findings } = adopt({ type, name: "payload", direction });
    expect(fn?.trigger.decorator).toBe(decorator);
    expect(findings).toContainEqual({
      kind: "corrected",
      function: "Orders",
      text: `binding "payload" (${type}): direction is "${direction}", where only "in" makes sense`,
    });
  });
});
