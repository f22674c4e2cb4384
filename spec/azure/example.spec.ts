import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { consumerProject } from "../support/packed.js";
import { compileInto, runCli, startHost, type FunctionsHost, type HostCall } from "../support/functions-host.js";

const examples = join(__dirname, "..", "..", "examples");
const packages = ["@azure/functions", "class-transformer", "class-validator"];

/** A copy of one of the example's apps, built, with the packed library. */
function buildApp(model: "v3" | "v4"): string {
  const app = consumerProject({ packages });
  const isSource = (path: string) => !/(^|[\\/])(build|node_modules)([\\/]|$)/.test(relative(examples, path));
  cpSync(join(examples, "azure", model), app, { recursive: true, filter: isSource });
  const orders = model === "v3" ? "build" : "build/orders";
  compileInto(app, join(examples, "orders", "functions.ts"), `${orders}/functions.js`);
  compileInto(app, join(examples, "orders", "order.ts"), `${orders}/order.js`);
  if (model === "v4") compileInto(app, join(examples, "azure", "v4", "main.ts"), "build/azure/v4/main.js");
  return app;
}

const names = [
  "ConsumeMessageFromKafka",
  "CreateNewOrder",
  "InvokeOutputBinding",
  "PrintTopicMessage",
  "PublishOutputBinding",
  "RetrieveOrder",
  "RetrieveSecret",
  "SendMessageToKafka",
  "StateInputBinding",
  "StateOutputBinding",
  "TransferEventBetweenTopics",
];

const order = { json: '{"id":"41","total":3}' };
const post = (path: string, body: string, params: Record<string, string>) => ({
  http: {
    url: `http://localhost:7071/api/${path}`,
    method: "POST",
    params,
    body: { base64: Buffer.from(body).toString("base64") },
  },
});
const event = {
  json: '{"id":"1","source":"s","type":"t","specversion":"1.0","topic":"A","pubsubname":"messagebus","data":{"a":1}}',
};

const calls: HostCall[] = [
  { function: "CreateNewOrder", payload: order },
  { function: "RetrieveOrder", payload: { json: '{"id":"41"}' }, inputs: { order } },
  { function: "StateOutputBinding", payload: post("state/k", "[1,2]", { key: "k" }) },
  { function: "StateInputBinding", payload: post("state/k", "", { key: "k" }), inputs: { state: { json: "[1,2]" } } },
  { function: "SendMessageToKafka", payload: order },
  { function: "ConsumeMessageFromKafka", payload: { string: "hello" } },
  { function: "PublishOutputBinding", payload: post("topic/t", '"text"', { topicName: "t" }) },
  { function: "TransferEventBetweenTopics", payload: event },
  { function: "PrintTopicMessage", payload: event },
  { function: "InvokeOutputBinding", payload: post("invoke/a/m", "{}", { appId: "a", methodName: "m" }) },
  { function: "RetrieveSecret", payload: { json: "1" }, inputs: { secret: { json: '{"api-key":"x"}' } } },
];

describe("examples/azure", () => {
  const hosts: FunctionsHost[] = [];
  afterAll(() => Promise.all(hosts.map((host) => host.close())));

  async function load(app: string): Promise<FunctionsHost> {
    const host = await startHost(app);
    hosts.push(host);
    return host;
  }

  it("has in its tree what generate writes, to the byte", () => {
    const { status, stdout, stderr } = runCli(buildApp("v3"), ["generate", "build/functions.js"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const changed = stdout.split("\n").filter((line) => !line.startsWith("unchanged"));
    // The settings have been given values.
    expect(changed).toEqual(["keep local.settings.json", ""]);
    expect(readdirSync(join(examples, "azure", "v3")).filter((name) => names.includes(name))).toEqual(names);
  });

  it("has one host.json and one local.settings.json for both models", () => {
    for (const name of ["host.json", "local.settings.json"]) {
      const [v3, v4] = ["v3", "v4"].map((model) => readFileSync(join(examples, "azure", model, name), "utf8"));
      expect(v4).toBe(v3);
    }
  });

  it("loads in both models, and hands the host the same", async () => {
    const [v3, v4] = [await load(buildApp("v3")), await load(buildApp("v4"))];
    expect([v3.model, v4.model]).toEqual(["v3", "v4"]);
    expect([...v3.functions].sort()).toEqual(names);
    expect([...v4.functions].sort()).toEqual(names);
    const [inV3, inV4] = [await v3.invoke(calls), await v4.invoke(calls)];
    expect(inV3.map(({ outputs, error }) => error ?? outputs)).toEqual([
      { order: { json: { value: { id: "41", total: 3 } } } },
      {},
      { state: { json: { value: [1, 2] } } },
      {},
      { messages: { json: { data: { id: "41", total: 3 } } } },
      {},
      { events: { json: { payload: "text" } } },
      { copies: { json: { payload: { a: 1 } } } },
      {},
      { call: { json: { body: {} } } },
      {},
    ]);
    expect(inV4.map(({ outputs, logs }) => ({ outputs, logs }))).toEqual(
      inV3.map(({ outputs, logs }) => ({ outputs, logs })),
    );
  });
});
