import { recordingSidecar, type RecordingSidecar } from "../support/recording-sidecar.js";
import { BI, BO, II, IO, PO, SE, SI, SO, invokeWith, type Declare } from "../support/wire.js";

let sidecar: RecordingSidecar;

beforeAll(async () => {
  sidecar = await recordingSidecar();
});

afterAll(async () => await sidecar.close());

// JSON can write one half of a surrogate pair, and no URL or UTF-8 can carry it.
const payload = JSON.parse('{"key":"a\\ud800"}') as unknown;

describe("half of a surrogate pair in what an expression finds", () => {
  it.each<[string, Declare]>([
    ["key", SI({ stateStore: "s", key: "{key}" })],
    ["metadata.a", SI({ stateStore: "s", key: "k", metadata: { a: "{key}" } })],
    ["metadata", SI({ stateStore: "s", key: "k", metadata: "a={key}" })],
    ["key", SE({ secretStoreName: "s", key: "{key}" })],
    ["metadata.a", SE({ secretStoreName: "s", key: "k", metadata: { a: "{key}" } })],
    ["metadata", SE({ secretStoreName: "s", key: "k", metadata: "a={key}" })],
    ["appId", II({ appId: "{key}", methodName: "m" })],
    ["methodName", II({ appId: "a", methodName: "{key}" })],
    ["methodName", II({ appId: "a", methodName: "m?a={key}" })],
    ["bindingName", BI({ bindingName: "{key}", operation: "get" })],
    ["metadata.a", BI({ bindingName: "b", operation: "get", metadata: { a: "{key}" } })],
  ])("is refused of an input's %s", async (member, input) => {
    const { error, requests } = await invokeWith(sidecar, [input], () => undefined, { payload });
    expect([error?.code, error?.message, requests]).toEqual([
      "ERR_DAPR_BAD_REQUEST",
      `Shipping.run, input "in", ${member}: must be well-formed text`,
      [],
    ]);
  });

  it.each<[string, Declare]>([
    ["key", SO({ stateStore: "s", key: "{key}" })],
    ["topic", PO({ pubSubName: "p", topic: "{key}" })],
    ["methodName", IO({ appId: "a", methodName: "{key}", httpVerb: "post" })],
    ["methodName", IO({ appId: "a", methodName: "m?a={key}", httpVerb: "post" })],
    ["bindingName", BO({ bindingName: "{key}", operation: "create" })],
  ])("is refused of an output's %s", async (member, output) => {
    const act = ({ out }: Record<string, { add(value: unknown): void }>) => out!.add("v");
    const { error, requests } = await invokeWith(sidecar, [output], act, { payload });
    expect([error?.code, requests]).toEqual(["ERR_DAPR_BAD_REQUEST", []]);
    expect(error?.message).toContain(`Shipping.run, output "out", ${member}: must be well-formed text`);
  });
});
