import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprStateOutput,
  serve,
  type App,
  type PublishCollector,
  type StateCollector,
} from "../../lib/index.js";
import { call, component, contract, type Contender, type Reply } from "./harness.js";

const limit = 4 * 1024 * 1024;
/** What a request of one state item holds beside the characters of its value: `[{"key":"k","value":""}]`. */
const around = '[{"key":"k","value":""}]'.length;

class Functions {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "state", stateStore: "store" })
  save({ count, size }: { count: number; size: number }, { state }: { state: StateCollector<string> }): void {
    for (let index = 0; index < count; index++) state.add("x".repeat(size), { key: count === 1 ? "k" : `k${index}` });
  }

  @DaprServiceInvocationTrigger()
  @DaprPublish({ name: "events", pubSubName: "bus", topic: "t", bulk: true })
  publish({ count, size }: { count: number; size: number }, { events }: { events: PublishCollector<string> }): void {
    for (let index = 0; index < count; index++) events.add("x".repeat(size));
  }
}

contract("requests of any size", (start) => {
  let app: App;
  let sidecar: Contender;
  const invoke = (name: string, body: object): Promise<Reply> => call(app.url, "POST", `/${name}`, { body });

  beforeAll(async () => {
    const components = { store: component("store", "state.in-memory"), bus: component("bus", "pubsub.in-memory") };
    sidecar = await start({ components });
    const log = { info() {}, warn() {}, error() {}, debug() {} };
    app = await serve([Functions], { port: 0, daprUrl: sidecar.url, log });
  });
  afterAll(async () => {
    await app.close();
    await sidecar.close();
  });

  it.each([
    ["save", { count: 6, size: 1_000_000 }],
    ["publish", { count: 6, size: 1_000_000 }],
    ["save", { count: 60_000, size: 65 }],
    ["save", { count: 1, size: limit - around }],
  ])("%s takes %j", async (name, body) => {
    expect(await invoke(name, body)).toMatchObject({ status: 200 });
  });

  it("refuses one byte more in add", async () => {
    const reply = await invoke("save", { count: 1, size: limit - around + 1 });
    expect(reply).toMatchObject({ status: 500, json: { errorCode: "ERR_DAPR_BAD_REQUEST" } });
  });
});
