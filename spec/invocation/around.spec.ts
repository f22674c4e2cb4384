import {
  DaprApp,
  DaprServiceInvocationTrigger,
  DaprSidecar,
  DaprState,
  DaprStateInput,
  DaprStateOutput,
  type AppClient,
  type Around,
  type Collector,
  type DaprClient,
  type StateEntry,
} from "../../lib/index.js";
import { post, serving } from "../serve/support.js";
import type { RecordingSidecar } from "../support/recording-sidecar.js";

/** Says what a method that runs could do. */
const ran: string[] = [];

declare class Billing {
  charge(payload: unknown): void;
}

interface Bindings {
  readonly in: unknown;
  readonly out: Collector<unknown>;
  readonly entry: StateEntry<unknown>;
  readonly app: AppClient<Billing>;
  readonly dapr: DaprClient;
}

async function act({ out, entry, app, dapr }: Partial<Bindings>): Promise<string> {
  ran.push("method");
  out?.add(1);
  entry?.set(1);
  await app?.charge({});
  await dapr?.publish({ pubSubName: "bus", topic: "t", payload: { content: "1", contentType: "text/plain" } });
  return "done";
}

class Orders {
  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "in", stateStore: "s", key: "read" })
  @DaprStateOutput({ name: "out", stateStore: "s", key: "out" })
  async output(_: unknown, bindings: Bindings): Promise<string> {
    return await act(bindings);
  }

  @DaprServiceInvocationTrigger()
  @DaprState({ name: "entry", stateStore: "s", key: "read" })
  async entry(_: unknown, bindings: Bindings): Promise<string> {
    return await act(bindings);
  }

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "in", stateStore: "s", key: "read" })
  @DaprApp({ name: "app", appId: "billing" })
  async client(_: unknown, bindings: Bindings): Promise<string> {
    return await act(bindings);
  }

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "in", stateStore: "s", key: "read" })
  @DaprSidecar({ name: "dapr" })
  async sidecar(_: unknown, bindings: Bindings): Promise<string> {
    return await act(bindings);
  }
}

const all = ["output", "entry", "client", "sidecar"];

/** What was asked but what the store of an entry is. */
const sentTo = ({ lines }: RecordingSidecar): readonly string[] =>
  lines.filter((line) => line !== "GET /v1.0/metadata");

/** Waits for what the test says has come, so that no clock is needed. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

beforeEach(() => void ran.splice(0));

describe("a hook that answers before next() is done", () => {
  it.each(all)("leaves the method out whose inputs are still being read, and says so: %s", async (name) => {
    const answered = gate();
    const reading = gate();
    const refused: unknown[] = [];
    const over = gate();
    const around: Around = (_, next) => {
      const method = next().then(
        () => over.open(),
        (error: unknown) => {
          refused.push(error);
          over.open();
        },
      );
      return Promise.race([method, reading.opened.then(() => "cached")]);
    };
    const { app, sidecar, log } = await serving([Orders], { around });
    sidecar.answer = async ({ path }) => {
      if (path !== "/v1.0/state/s/read") return {};
      reading.open();
      await answered.opened;
      return {};
    };
    const answer = await post(app, `/${name}`, {});
    expect(answer).toMatchObject({ status: 200, json: "cached" });
    answered.open();
    await over.opened;
    expect(ran).toEqual([]);
    expect(refused).toMatchObject([{ code: "ERR_COLLECTOR_CLOSED" }]);
    expect(log.lines.filter((line) => line.startsWith("error"))).toEqual([
      expect.stringContaining(`Orders.${name}: the hook around it had answered before the method was called`),
    ]);
    expect(sentTo(sidecar)).toEqual(["GET /v1.0/state/s/read"]);
  });

  it.each(all)("does not even read the inputs for a next() that comes after its answer: %s", async (name) => {
    let later: (() => Promise<unknown>) | undefined;
    const { app, sidecar, log } = await serving([Orders], {
      around: (_, next) => {
        later = next;
        return Promise.resolve("cached");
      },
    });
    expect(await post(app, `/${name}`, {})).toMatchObject({ status: 200, json: "cached" });
    await expect(later!()).rejects.toMatchObject({ code: "ERR_COLLECTOR_CLOSED" });
    expect(ran).toEqual([]);
    expect(log.lines.filter((line) => line.startsWith("error"))).toHaveLength(1);
    expect(sidecar.lines).toEqual([]);
  });

  it.each(all)("sends nothing of a method that runs on, and says so: %s", async (name) => {
    const answered = gate();
    const running = gate();
    const over = gate();
    const refused: unknown[] = [];
    class Slow extends Orders {}
    const original = Orders.prototype[name as "output"];
    const around: Around = (_, next) => {
      const method = next().then(over.open, (error: unknown) => {
        refused.push(error);
        over.open();
      });
      return Promise.race([method, running.opened.then(() => "cached")]);
    };
    const instance = new Slow();
    instance[name as "output"] = async (payload, bindings) => {
      running.open();
      await answered.opened;
      return await original.call(instance, payload, bindings);
    };
    const { app, sidecar, log } = await serving([instance], { around });
    expect(await post(app, `/${name}`, {})).toMatchObject({ status: 200, json: "cached" });
    answered.open();
    await over.opened;
    expect(refused).toMatchObject([{ code: "ERR_COLLECTOR_CLOSED" }]);
    expect(log.lines.filter((line) => line.startsWith("error"))).toEqual([expect.stringContaining("had ended")]);
    expect(sentTo(sidecar)).toEqual(["GET /v1.0/state/s/read"]);
  });
});
