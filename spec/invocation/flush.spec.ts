import {
  DaprInvoke,
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprState,
  DaprStateOutput,
  Flush,
  readFunctions,
  serve,
  type Collector,
  type FlushMode,
  type ServeOptions,
  type StateEntry,
} from "../../lib/index.js";
import { recordingSidecar, type RecordingSidecar } from "../support/recording-sidecar.js";

interface Outputs {
  readonly order: Collector<unknown>;
  readonly created: Collector<unknown>;
  readonly bill: Collector<unknown>;
}

class Orders {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "store", key: "k" })
  @DaprPublish({ name: "created", pubSubName: "bus", topic: "orders" })
  @DaprInvoke({ name: "bill", appId: "billing", methodName: "charge" })
  create(_: unknown, outputs: Outputs): void {
    fill(outputs);
  }

  @Flush("parallel")
  @DaprServiceInvocationTrigger()
  @DaprState({ name: "stock", stateStore: "store", key: "stock" })
  @DaprStateOutput({ name: "order", stateStore: "store", key: "k" })
  @DaprPublish({ name: "created", pubSubName: "bus", topic: "orders" })
  @DaprInvoke({ name: "bill", appId: "billing", methodName: "charge" })
  createAtOnce(_: unknown, { stock, ...outputs }: Outputs & { stock: StateEntry<number> }): void {
    stock.set(1);
    fill(outputs);
  }

  @Flush("ordered")
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "store", key: "k" })
  @DaprPublish({ name: "created", pubSubName: "bus", topic: "orders" })
  @DaprInvoke({ name: "bill", appId: "billing", methodName: "charge" })
  createInTurn(_: unknown, outputs: Outputs): void {
    fill(outputs);
  }
}

function fill({ order, created, bill }: Outputs): void {
  order.add(1);
  created.add(1);
  created.add(2);
  bill.add(1);
}

const log = { info() {}, warn() {}, error() {}, debug() {} };

let sidecar: RecordingSidecar;
let waiting: (() => void)[];

beforeEach(async () => {
  waiting = [];
  sidecar = await recordingSidecar();
});

afterEach(() => sidecar.close());

/** What the sidecar is asked to send, without reads and what the start asks. */
function written(): string[] {
  return sidecar.requests.filter(({ method }) => method === "POST").map(({ path, body }) => `${path} ${body}`);
}

async function called(name: string, options: ServeOptions = {}) {
  const app = await serve([Orders], { port: 0, daprUrl: sidecar.url, log, ...options });
  try {
    const response = await fetch(`${app.url}/${name}`, { method: "POST", body: "{}" });
    return { status: response.status, text: await response.text() };
  } finally {
    await app.close();
  }
}

/** Answers no request until as many have come. */
function holdUntil(count: number): void {
  sidecar.answer = ({ method }) => {
    if (method !== "POST") return undefined;
    return new Promise((resolve) => {
      waiting.push(() => resolve({}));
      if (waiting.length >= count) for (const answer of waiting) answer();
    });
  };
}

const state = '/v1.0/state/store [{"key":"k","value":1}]';
const events = ["/v1.0/publish/bus/orders 1", "/v1.0/publish/bus/orders 2"];
const bill = "/v1.0/invoke/billing/method/charge 1";

describe("outputs", () => {
  it("are sent one after the other unless told otherwise", async () => {
    expect(await called("create")).toMatchObject({ status: 200 });
    expect(written()).toEqual([state, ...events, bill]);
  });

  it("are sent side by side where the app says so, the items of one in order", async () => {
    // Each output's first request is answered when all of them are there.
    holdUntil(3);
    expect(await called("create", { flush: "parallel" })).toMatchObject({ status: 200 });
    expect(new Set(written().slice(0, 3))).toEqual(new Set([state, events[0], bill]));
    expect(written()[3]).toBe(events[1]);
  });

  it("are sent as the function says, whatever the app does", async () => {
    expect(await called("createInTurn", { flush: "parallel" })).toMatchObject({ status: 200 });
    expect(written()).toEqual([state, ...events, bill]);
  });

  it("come after the state entries", async () => {
    expect(await called("createAtOnce")).toMatchObject({ status: 200 });
    expect(written()[0]).toContain('"key":"stock"');
    expect(written()).toHaveLength(5);
  });

  it.each(["ordered", "parallel"] as const)(
    "are not sent, with %s, where the state entries were not",
    async (flush) => {
      class Guarded {
        @Flush(flush)
        @DaprServiceInvocationTrigger()
        @DaprState({ name: "stock", stateStore: "store", key: "stock" })
        @DaprStateOutput({ name: "order", stateStore: "store", key: "k" })
        run(_payload: unknown, { stock, order }: { stock: StateEntry<number>; order: Collector<unknown> }): void {
          stock.set(1);
          order.add(1);
        }
      }
      sidecar.answer = ({ method, body }) =>
        method === "POST" && body.includes('"stock"') ? { status: 400, body: "{}" } : undefined;
      const app = await serve([Guarded], { port: 0, daprUrl: sidecar.url, log });
      const { status } = await fetch(`${app.url}/run`, { method: "POST", body: "{}" });
      await app.close();
      expect(status).toBeGreaterThanOrEqual(400);
      expect(written()).toEqual([expect.stringContaining('"key":"stock"')]);
    },
  );

  it.each(["ordered", "parallel"] as const)(
    "may be none, with %s, where a hook answers for the method",
    async (flush) => {
      class Held {
        @Flush(flush)
        @DaprServiceInvocationTrigger()
        @DaprState({ name: "stock", stateStore: "store", key: "stock" })
        @DaprStateOutput({ name: "order", stateStore: "store", key: "k" })
        run(payload: number, { stock, order }: { stock: StateEntry<number>; order: Collector<unknown> }): void {
          stock.set(payload);
          order.add(payload);
        }
      }
      const around = () => Promise.resolve("instead");
      const app = await serve([Held], { port: 0, daprUrl: sidecar.url, log, around });
      const response = await fetch(`${app.url}/run`, { method: "POST", body: "{}" });
      await app.close();
      expect([response.status, await response.json()]).toEqual([200, "instead"]);
      expect(written()).toEqual([]);
    },
  );

  it("are all awaited, and the error says what each had sent", async () => {
    let events = 0;
    sidecar.answer = ({ path }) => {
      if (path.includes("/publish/")) return ++events === 2 ? { status: 500 } : {};
      return path.includes("/invoke/") ? { status: 404, body: "no such method" } : {};
    };
    const { status, text } = await called("createAtOnce");
    expect(status).toBe(500);
    const { message } = JSON.parse(text) as { message: string };
    expect(message).toContain('output "created": item 2 of 2 failed: ');
    expect(message).toContain('; output "bill": item 1 of 1 failed: ');
    expect(message).toContain('; sent: 1 of "stock", 1 of "order", 1 of "created"');
  });

  it.each(["sideways", "", null])("are not sent %j", async (mode) => {
    const flush = mode as FlushMode;
    await expect(called("create", { flush })).rejects.toThrow("flush:");
    class Odd {
      @Flush(flush)
      @DaprServiceInvocationTrigger()
      run(): void {}
    }
    expect(() => readFunctions([Odd])).toThrow('@Flush takes "ordered" or "parallel"');
  });
});
