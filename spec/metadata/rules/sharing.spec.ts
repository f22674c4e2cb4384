import { readFunctions } from "../../../lib/index.js";
import { sharingProblems } from "../../../lib/metadata/rules/sharing.js";
import { resolveSettings } from "../../../lib/expressions/resolve-settings.js";
import { settingsFrom } from "../../../lib/expressions/settings.js";
import { declared, problemsOf, untyped } from "../declared.js";

const { DaprBindingTrigger, DaprServiceInvocationTrigger, DaprTopicTrigger, FunctionName, HttpTrigger, Trigger } =
  untyped;
const bus = { pubSubName: "bus" };

describe("functions of one name", () => {
  it.each([
    [DaprServiceInvocationTrigger(), DaprServiceInvocationTrigger()],
    [DaprBindingTrigger(), DaprBindingTrigger()],
    [DaprTopicTrigger(bus), DaprTopicTrigger(bus)],
    [HttpTrigger(), HttpTrigger()],
    [DaprServiceInvocationTrigger(), DaprTopicTrigger(bus)],
    [Trigger({ type: "queueTrigger" }), Trigger({ type: "queueTrigger" })],
  ])("have no second problem where their route is that name", (a, b) => {
    expect(problemsOf(declared({ a: [FunctionName("x"), a], b: [FunctionName("X"), b] }))).toEqual([
      expect.stringContaining("function-name-duplicate"),
    ]);
  });

  it.each([
    ["route-duplicate", HttpTrigger({ route: "y" }), HttpTrigger({ route: "y" })],
    ["route-duplicate", DaprBindingTrigger({ bindingName: "y" }), DaprServiceInvocationTrigger({ methodName: "y" })],
    [
      "subscription-duplicate",
      DaprTopicTrigger({ ...bus, topic: "y", route: "1" }),
      DaprTopicTrigger({ ...bus, topic: "y", route: "2" }),
    ],
  ])("have a second problem where they were given one: %s", (code, a, b) => {
    expect(problemsOf(declared({ a: [FunctionName("x"), a], b: [FunctionName("X"), b] }))).toEqual([
      expect.stringContaining("function-name-duplicate"),
      expect.stringContaining(code),
    ]);
  });
});

describe("functions whose settings are in", () => {
  it("share a route that they did not seem to share", () => {
    const definitions = readFunctions([
      declared({
        a: [DaprServiceInvocationTrigger({ methodName: "%First%" })],
        b: [DaprServiceInvocationTrigger({ methodName: "%Second%" })],
      }),
    ]);
    expect(sharingProblems(definitions)).toEqual([]);
    const { definitions: resolved } = resolveSettings(definitions, settingsFrom({ First: "orders", Second: "Orders" }));
    expect(sharingProblems(resolved).map(({ code }) => code)).toEqual(["route-duplicate"]);
  });

  it("share a topic that they did not seem to share", () => {
    const on = (pubSubName: string, route: string) => [DaprTopicTrigger({ pubSubName, topic: "orders", route })];
    const definitions = readFunctions([declared({ a: on("%First%", "1"), b: on("bus", "2") })]);
    const { definitions: resolved } = resolveSettings(definitions, settingsFrom({ First: "bus" }));
    expect(sharingProblems(resolved).map(({ code }) => code)).toEqual(["subscription-duplicate"]);
  });
});
