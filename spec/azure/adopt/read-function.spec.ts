import { readFunction } from "../../../lib/azure/adopt/read-function.js";

function adopt(trigger: object, more: object = {}) {
  const functionJson = JSON.stringify({ bindings: [trigger], ...more });
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

it.each(["activityTrigger", "entityTrigger", "OrchestrationTrigger"])(
  "leaves a function of Durable Functions as it is, since what it returns would reach nobody: %s",
  (type) => {
    const { fn, findings } = adopt({ type, name: "context", direction: "in" });
    expect(fn).toBeUndefined();
    expect(findings).toEqual([
      {
        kind: "skipped",
        function: "Orders",
        text: "it is of Durable Functions, which read what a function returns; leave its folder as it is",
      },
    ]);
  },
);

it.each([true, "true"])("says that a function was excluded, which no decorator says: %j", (excluded) => {
  const { fn, findings } = adopt({ type: "daprServiceInvocationTrigger", name: "payload" }, { excluded });
  expect(fn?.name).toBe("Orders");
  expect(findings).toEqual([
    {
      kind: "by-hand",
      function: "Orders",
      text: 'it is excluded by function.json, which generate does not write; delete its method, or set AzureWebJobs.Orders.Disabled to "true"',
    },
  ]);
});

describe("a binding that has to be called otherwise", () => {
  const state = { type: "daprState", direction: "in", stateStore: "s", key: "k" };
  it.each([
    ["my-order", "myOrder", "a decorator takes letters and digits"],
    ["buffer", "bufferValue", "the Functions host would find a member of its own under that name"],
    ["toString", "toStringValue", "the Functions host would find a member of its own under that name"],
    ["payload", "payload2", "another binding has that name"],
    ["Payload", "Payload2", "another binding has that name"],
  ])("says why: %s, %s", (given, name, why) => {
    const { fn, findings } = adopt(
      { type: "daprServiceInvocationTrigger", name: "payload" },
      {
        bindings: [
          { type: "daprServiceInvocationTrigger", name: "payload" },
          { ...state, name: given },
        ],
      },
    );
    expect(fn?.inputs).toMatchObject([{ name, originalName: given }]);
    expect(findings.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      `corrected binding "${given}" (daprState): called ${name}, since ${why}; its handler still finds it as "${given}"`,
    ]);
  });
});

it("says which of several http outputs answers", () => {
  const http = { type: "http", direction: "out" };
  const bindings = [
    { type: "httpTrigger", name: "req" },
    { ...http, name: "$return" },
    { ...http, name: "res" },
  ];
  const { fn, findings } = adopt({}, { bindings });
  expect(fn?.reply).toBe("res");
  expect(findings.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
    'by-hand it has an http output "$return" as well as "res", which answers here; keep one',
  ]);
});
