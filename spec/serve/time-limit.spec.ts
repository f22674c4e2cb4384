import { once } from "node:events";
import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprStateOutput,
  type Collector,
  type InvocationContext,
} from "../../lib/index.js";
import { heldTimers, post, serving } from "./support.js";

class Orders {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "s", key: "k" })
  @DaprPublish({ name: "created", pubSubName: "bus", topic: "orders" })
  create(_payload: unknown, { order, created }: { order: Collector<unknown>; created: Collector<unknown> }): void {
    order.add(1);
    created.add(1);
  }

  @DaprServiceInvocationTrigger()
  async never(): Promise<void> {
    await new Promise(() => {});
  }
}

let began: () => void;
let refused: unknown;

class Late {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "s", key: "k" })
  async create(
    _payload: unknown,
    { order }: { order: Collector<unknown> },
    { signal }: InvocationContext,
  ): Promise<void> {
    began();
    await once(signal, "abort");
    try {
      order.add(1);
    } catch (error) {
      refused = error;
    }
  }
}

describe("a time limit", () => {
  it("that is over refuses what the method adds after it", async () => {
    refused = undefined;
    const begun = new Promise<void>((resolve) => (began = resolve));
    const { app, sidecar } = await serving([Late], { invocationTimeout: 20 });
    const pass = heldTimers();
    const answer = post(app, "/create", {});
    await begun;
    await pass(20);
    expect(await answer).toMatchObject({ status: 504 });
    while (refused === undefined) await new Promise(setImmediate);
    expect(refused).toMatchObject({ code: "ERR_COLLECTOR_CLOSED" });
    expect(sidecar.requests.filter(({ method }) => method === "POST")).toEqual([]);
  });

  it("that is over while outputs are sent says so, and the log says which were", async () => {
    const { app, sidecar, log } = await serving([Orders], { invocationTimeout: 1500 });
    const pass = heldTimers();
    const published = new Promise<void>((resolve) => {
      sidecar.answer = ({ path }) => {
        if (!path.startsWith("/v1.0/publish")) return undefined;
        resolve();
        return new Promise(() => {});
      };
    });
    const answer = post(app, "/create", {});
    await published;
    await pass(1500);
    expect(await answer).toMatchObject({
      status: 504,
      json: {
        errorCode: "ERR_INVOCATION_TIMEOUT",
        message:
          "there was no answer within 1500 ms, its time limit; its outputs were being sent, and the log says which were",
      },
    });
    while (!log.lines.some((line) => line.includes("after its time limit"))) await new Promise(setImmediate);
    expect(log.lines.find((line) => line.includes("after its time limit"))).toMatch(/sent before: 1 of "order"/);
  });

  it("that is over before says nothing of outputs", async () => {
    const { app } = await serving([Orders], { invocationTimeout: 20 });
    expect(await post(app, "/never", {})).toMatchObject({
      status: 504,
      json: { message: "there was no answer within 20 ms, its time limit" },
    });
  });
});
