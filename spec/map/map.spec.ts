import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DaprApp,
  DaprInvoke,
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprState,
  DaprStateOutput,
  DaprTopicTrigger,
  Input,
  readFunctions,
  Trigger,
} from "dapr-functions";
import { loadComponents } from "dapr-functions/sidecar";
import * as orders from "../../examples/orders/functions.js";
import * as inventory from "../../examples/shop/inventory/functions.js";
import * as shop from "../../examples/shop/orders/functions.js";
import { resolveSettings } from "../../lib/expressions/resolve-settings.js";
import { settingsFrom } from "../../lib/expressions/settings.js";
import { mapOf } from "../../lib/map/graph.js";
import { toMermaid } from "../../lib/map/mermaid.js";
import { toSvg } from "../../lib/map/svg.js";
import { runCli } from "../support/functions-host.js";
import { built, makeProject, orders as twoFunctions, write } from "../cli/app.js";

const examples = join(__dirname, "..", "..", "examples");

const settings = settingsFrom({
  StateStoreName: "statestore",
  PubSubName: "messagebus",
  KafkaBindingName: "kafka-out",
  KafkaTriggerName: "kafka-in",
  SecretStoreName: "localsecretstore",
});

function classesOf(module: object): (new () => object)[] {
  return Object.values(module).filter(
    (value): value is new () => object => typeof value === "function" && Symbol.metadata in value,
  );
}

class Parts {
  @DaprServiceInvocationTrigger()
  @DaprState({ name: "entry", stateStore: "carts", key: "{id}", onConflict: "fail" })
  @DaprApp({ name: "billing", appId: "billing" })
  @DaprStateOutput({ name: "later" })
  @DaprInvoke({ name: "stock", appId: "stock", methodName: "m" })
  // oxlint-disable-next-line typescript/no-explicit-any -- a value of each kind of binding
  cart(_payload: unknown, _bindings: Record<string, any>): void {}

  @DaprTopicTrigger({ pubSubName: "bus", topic: "a", deadLetterTopic: "dead" })
  @DaprPublish({ name: "b", pubSubName: "bus", topic: "b" })
  pass(_event: unknown, _bindings: { b: unknown }): void {}

  @Trigger({ type: "timerTrigger", name: "timer", schedule: "0 0 * * * *" })
  @Input({ type: "blob", name: "blob", path: "x" })
  tick(_timer: unknown, _bindings: { blob: unknown }): void {}
}

describe("the map of an app", () => {
  it("has a node for all that functions name, once, and an arrow for each connection", () => {
    const { nodes, edges } = mapOf(readFunctions([Parts]), [{ name: "carts", type: "state.redis" }]);
    expect(nodes.map(({ id }) => id)).toEqual(
      [
        "function:cart",
        "callers",
        "state:carts",
        "app:billing",
        "app:stock",
        "function:pass",
        "topic:bus/a",
        "topic:bus/dead",
        "topic:bus/b",
        "function:tick",
        "other:timerTrigger",
        "other:blob",
      ].sort((a, b) => nodes.findIndex(({ id }) => id === a) - nodes.findIndex(({ id }) => id === b)),
    );
    expect(nodes.find(({ id }) => id === "state:carts")?.detail).toBe("state.redis");
    expect(edges.map(({ from, to, kind }) => `${from} ${kind} ${to}`).sort()).toEqual([
      "callers triggers function:cart",
      "function:cart calls app:billing",
      "function:cart invokes app:stock",
      "function:cart writes state:carts",
      "function:pass publishes topic:bus/b",
      "function:pass publishes topic:bus/dead",
      "other:blob reads function:tick",
      "other:timerTrigger triggers function:tick",
      "state:carts reads function:cart",
      "topic:bus/a triggers function:pass",
    ]);
  });

  it.each([
    ["orders", orders, {}, "orders/components"],
    ["shop", { ...shop, ...inventory }, {}, "shop/resources"],
  ])("of examples/%s is what the example shows", (example, module, _options, resources) => {
    const { definitions } = resolveSettings(readFunctions(classesOf(module)), settings);
    const svg = toSvg(mapOf(definitions, loadComponents(join(examples, resources))));
    const file = join(examples, example, "map.svg");
    if (process.env["UPDATE_MAPS"] !== undefined) writeFileSync(file, svg);
    expect(readFileSync(file, "utf8")).toBe(svg);
  });

  it("escapes names in both pictures, and is well-formed at sixty functions", () => {
    const nodes = Array.from({ length: 60 }, (_, index) => [
      { id: `function:f${index}`, kind: "function" as const, label: `f${index} <&>"`, detail: "#x" },
      { id: `topic:t${index}`, kind: "topic" as const, label: `t${index}` },
    ]).flat();
    const edges = Array.from({ length: 60 }, (_, index) => ({
      from: `topic:t${index}`,
      to: `function:f${(index * 7) % 60}`,
      kind: "triggers" as const,
    }));
    const svg = toSvg({ nodes, edges });
    expect(svg).not.toMatch(/f0 <&>/);
    expect(svg.match(/<rect/g)).toHaveLength(120);
    expect(svg).not.toContain("NaN");
    expect(toMermaid({ nodes, edges })).toContain(`["f0 #60;#38;#62;#34;<br/>#35;x"]`);
  });

  it("has no boxes on top of each other", () => {
    const { definitions } = resolveSettings(readFunctions(classesOf(orders)), settings);
    const boxes = [
      ...toSvg(mapOf(definitions)).matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g),
    ].map((match) => match.slice(1).map(Number) as [number, number, number, number]);
    const overlapping = boxes.flatMap((a, i) =>
      boxes
        .slice(i + 1)
        .filter((b) => a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3]),
    );
    expect([boxes.length > 10, overlapping]).toEqual([true, []]);
  });
});

describe("dapr-functions map", () => {
  let project: string;

  beforeAll(() => {
    project = makeProject();
    write(project, { "build/orders.js": built(twoFunctions) });
  }, 120_000);

  it.each([
    ["svg", /^<svg [^]*statestore[^]*<\/svg>\n$/],
    ["mermaid", /^flowchart LR\n[^]*\[\("statestore<br\/>state store"\)\]/],
    ["json", /"id": "state:statestore"/],
  ])("prints %s", (format, expected) => {
    const { status, stdout } = runCli(project, ["map", "build/orders.js", "--format", format], { Store: "statestore" });
    expect([status, stdout]).toEqual([0, expect.stringMatching(expected)]);
  });

  it("leaves settings as they are written when it is told, and writes a file", () => {
    expect(
      runCli(project, ["map", "build/orders.js", "--no-settings", "--out", "map.svg"], { Store: "x" }).stdout,
    ).toBe("");
    expect(readFileSync(join(project, "map.svg"), "utf8")).toContain("%Store%");
  });

  it.each([
    ["map", "build/orders.js"],
    ["describe", "build/orders.js"],
    ["types", "components"],
  ])("makes the folder of the file that --out of %s names, and says why it cannot be written", (...command) => {
    write(project, { "components/none.yaml": "" });
    const out = `made/by/${command[0]}`;
    expect(runCli(project, [...command, "--out", out])).toMatchObject({ status: 0 });
    expect(readFileSync(join(project, out), "utf8")).not.toBe("");
    expect(runCli(project, [...command, "--out", `${out}/below`])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^--out made\/by\/\w+\/below: it cannot be written \(.+\); name another file$/m),
    });
  });
});
