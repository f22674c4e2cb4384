// `node add.js SIDECAR_PORT ROUNDS`: the time of an item's `add`, of each kind of output, beside JSON.stringify of the
// same value. Inside a function that is served, and that throws in the end: nothing is sent.
import {
  DaprBindingOutput,
  DaprInvoke,
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprStateOutput,
  serve,
  type BindingCollector,
  type InvokeCollector,
  type PublishCollector,
  type StateCollector,
} from "dapr-functions";

interface Value {
  readonly id: string;
}

interface Outputs {
  readonly state: StateCollector<Value>;
  readonly publish: PublishCollector<Value>;
  readonly invoke: InvokeCollector<Value>;
  readonly binding: BindingCollector<Value>;
}

const [sidecarPort, rounds] = process.argv.slice(2).map(Number);
const silent = { log() {}, info() {}, warn() {}, error() {}, debug() {} };
const items = 2000;
const times: Record<string, number>[] = [];

class Adding {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "state", stateStore: "statestore", key: "{id}" })
  @DaprPublish({ name: "publish", pubSubName: "bus", topic: "items" })
  @DaprInvoke({ name: "invoke", appId: "other", methodName: "accept" })
  @DaprBindingOutput({ name: "binding", bindingName: "ledger", operation: "create" })
  add(value: Value, { state, publish, invoke, binding }: Outputs): void {
    const work: Record<string, () => unknown> = {
      "JSON.stringify": () => JSON.stringify(value),
      "state.add(value)": () => state.add(value),
      "state.add(value, { key })": () => state.add(value, { key: value.id }),
      "publish.add(value)": () => publish.add(value),
      "invoke.add(value)": () => invoke.add(value),
      "binding.add(value)": () => binding.add(value),
    };
    const time: Record<string, number> = {};
    for (const [name, once] of Object.entries(work)) {
      // Texts are kept as a collector keeps its messages, so that both pay for memory alike.
      const kept: unknown[] = [];
      const begin = performance.now();
      for (let index = 0; index < items; index++) kept.push(once());
      time[name] = ((performance.now() - begin) * 1e6) / items;
    }
    times.push(time);
    throw new Error("measured; nothing is to be sent");
  }
}

async function main(): Promise<void> {
  const app = await serve([Adding], { port: 0, daprUrl: `http://127.0.0.1:${sidecarPort}`, log: silent });
  const { order } = (await import("../bodies.js")) as typeof import("../bodies.js");
  const call = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(order) };
  for (let round = 0; round < rounds!; round++) await (await fetch(`${app.url}/add`, call)).arrayBuffer();
  // The first rounds are not compiled yet.
  console.log(JSON.stringify(times.slice(Math.ceil(rounds! / 3))));
  process.exit();
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
