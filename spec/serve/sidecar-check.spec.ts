import {
  DaprBindingOutput,
  DaprPublish,
  DaprSecret,
  DaprServiceInvocationTrigger,
  DaprState,
  DaprStateInput,
  DaprTopicTrigger,
  HttpDaprClient,
  readFunctions,
  type Class,
  type CloudEvent,
  type Collector,
  type StateEntry,
} from "../../lib/index.js";
import { checkSidecar } from "../../lib/serve/sidecar-check.js";
import { recordingSidecar } from "../support/recording-sidecar.js";
import { atEnd, keptLog, serving, withVariable } from "./support.js";

class Orders {
  @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
  @DaprStateInput({ name: "cart", stateStore: "carts", key: "k" })
  @DaprSecret({ name: "secret", secretStoreName: "vault", key: "k" })
  @DaprPublish({ name: "copies", pubSubName: "bus", topic: "copies" })
  @DaprPublish({ name: "elsewhere", pubSubName: "far", topic: "t", daprAddress: "http://10.0.0.1:3500" })
  onOrder(
    _event: CloudEvent,
    _bindings: {
      cart: unknown;
      secret: Record<string, string>;
      copies: Collector<number>;
      elsewhere: Collector<number>;
    },
  ): void {}
  @DaprServiceInvocationTrigger()
  @DaprBindingOutput({ name: "mail", bindingName: "{kind}", operation: "create" })
  send(_payload: unknown, _bindings: { mail: Collector<number> }): void {}
}

const whole = {
  components: ["bus", "carts", "vault"].map((name) => ({ name, type: "x", version: "v1" })),
  subscriptions: [{ pubsubname: "bus", topic: "orders" }],
  appConnectionProperties: { port: 3001, protocol: "http", channelAddress: "127.0.0.1" },
};

/** What is warned of when the sidecar says this of itself. */
async function warnings(
  metadata: object | string | (() => string),
  host = "127.0.0.1",
  functions: Class = Orders,
): Promise<string[]> {
  const sidecar = await recordingSidecar();
  atEnd(() => sidecar.close());
  const body = (): string => {
    if (typeof metadata === "function") return metadata();
    return typeof metadata === "string" ? metadata : JSON.stringify(metadata);
  };
  sidecar.answer = ({ path }) => (path === "/v1.0/metadata" ? { body: body() } : undefined);
  const client = new HttpDaprClient({ url: sidecar.url });
  atEnd(() => client.close());
  const log = keptLog();
  const { signal } = new AbortController();
  await checkSidecar({ client, definitions: readFunctions([functions]), address: { port: 3001, host }, log, signal });
  return log.lines;
}

describe("the look at the sidecar", () => {
  it("says which state entries are in a store without etags", async () => {
    class Counters {
      @DaprServiceInvocationTrigger()
      @DaprState({ name: "one", stateStore: "cache", key: "{id}" })
      cached(_payload: object, _entries: { one: StateEntry<number> }): void {}

      @DaprServiceInvocationTrigger()
      @DaprState({ name: "one", stateStore: "kept", key: "{id}" })
      kept(_payload: object, _entries: { one: StateEntry<number> }): void {}
    }
    const components = [
      { name: "cache", type: "state.memcached", version: "v1", capabilities: ["TTL"] },
      { name: "kept", type: "state.sqlite", version: "v1", capabilities: ["ETAG", "TTL"] },
    ];
    const lines = await warnings({ ...whole, components }, "127.0.0.1", Counters);
    expect(lines).toEqual([
      expect.stringContaining(
        'Counters.cached has state entries, and "cache" is state.memcached, which keeps no etags',
      ),
    ]);
  });

  it("says which state entries are in a store whose etags do not hold, though it says that it has some", async () => {
    class Counters {
      @DaprServiceInvocationTrigger()
      @DaprState({ name: "one", stateStore: "kept", key: "{id}" })
      kept(_payload: object, _entries: { one: StateEntry<number> }): void {}
    }
    const components = [{ name: "kept", type: "state.etcd", version: "v2", capabilities: ["ETAG", "TTL"] }];
    expect(await warnings({ ...whole, components }, "127.0.0.1", Counters)).toEqual([
      expect.stringContaining(
        'Counters.kept has state entries, and "kept" is state.etcd, which calls a write done that came too late',
      ),
    ]);
  });

  it("says which state entries a store cannot keep as one, and which have no store", async () => {
    class Accounts {
      @DaprServiceInvocationTrigger()
      @DaprState({ name: "from", stateStore: "carts", key: "{from}" })
      @DaprState({ name: "to", stateStore: "carts", key: "{to}" })
      transfer(_payload: object, _entries: { from: StateEntry<number>; to: StateEntry<number> }): void {}

      @DaprServiceInvocationTrigger()
      @DaprState({ name: "one", stateStore: "lost", key: "{id}" })
      change(_payload: object, _entries: { one: StateEntry<number> }): void {}
    }
    const components = [{ name: "carts", type: "state.redis", version: "v1" }];
    const lines = await warnings({ ...whole, components }, "127.0.0.1", Accounts);
    expect(lines).toEqual([
      expect.stringContaining('no component "lost", which Accounts.change names'),
      expect.stringContaining('Accounts.transfer has several state entries, and "carts" is state.redis'),
    ]);
  });

  it("finds nothing to say when all is there", async () => {
    expect(await warnings(whole)).toEqual([]);
    const localhost = { ...whole.appConnectionProperties, channelAddress: "localhost" };
    expect(await warnings({ ...whole, appConnectionProperties: localhost }, "::1")).toEqual([]);
    const remote = { ...whole.appConnectionProperties, channelAddress: "10.0.0.7" };
    expect(await warnings({ ...whole, appConnectionProperties: remote }, "0.0.0.0")).toEqual([]);
  });

  it("warns of a sidecar without app, and of one that calls another port or address", async () => {
    expect(await warnings({ ...whole, appConnectionProperties: {} })).toEqual([
      "warn the sidecar has no app; start it with --app-port 3001",
    ]);
    expect(await warnings({ ...whole, appConnectionProperties: { port: 3002 } })).toEqual([
      "warn the sidecar calls its app on port 3002, and this app listens on 3001; make them the same",
    ]);
    const remote = { port: 3001, channelAddress: "10.0.0.7" };
    expect(await warnings({ ...whole, appConnectionProperties: remote })).toEqual([
      expect.stringContaining("the sidecar calls its app at 10.0.0.7, and this app listens on 127.0.0.1"),
    ]);
  });

  it("warns of components that functions name and it has not, each once", async () => {
    expect(await warnings({ ...whole, components: [{ name: "carts", type: "x" }] })).toEqual([
      expect.stringContaining('the sidecar has no component "bus", which Orders.onOrder names'),
      expect.stringContaining('the sidecar has no component "vault", which Orders.onOrder names'),
    ]);
  });

  it("warns of topics it has not subscribed to, when that lasts", async () => {
    expect(await warnings({ ...whole, subscriptions: [] })).toEqual([
      expect.stringContaining('the sidecar has no subscription to topic "orders" of "bus"'),
    ]);
  });

  it("asks again for a topic to which the sidecar subscribes later, and then has nothing to say", async () => {
    let times = 0;
    const metadata = () => JSON.stringify(times++ < 2 ? { ...whole, subscriptions: [] } : whole);
    expect(await warnings(metadata)).toEqual([]);
    expect(times).toBe(3);
  });

  it("warns of an answer that is not JSON", async () => {
    expect(await warnings("hello")).toEqual([expect.stringContaining("the sidecar does not say what it has")]);
  });

  it("runs beside the app, which serves meanwhile, and ends with it", async () => {
    withVariable("DAPR_DISABLE_SIDECAR_METADATA_CHECK", undefined);
    const asked: string[] = [];
    const client = {
      waitForOutbound: ({ signal }: { signal: AbortSignal }) =>
        new Promise((_resolve, reject) => {
          asked.push("outbound");
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        }),
    };
    const { app, log } = await serving([Orders], { client: client as never });
    expect(asked).toEqual(["outbound"]);
    await app.close();
    expect(log.lines.filter((line) => line.startsWith("warn"))).toEqual([]);
  });

  it("is left out where the variable says so", async () => {
    const client = { waitForOutbound: jest.fn() };
    await serving([Orders], { client: client as never });
    expect(client.waitForOutbound).not.toHaveBeenCalled();
  });
});

describe("a sidecar that is not there yet", () => {
  afterEach(() => jest.useRealTimers());

  it("is missed after two seconds, and said when it answers", async () => {
    jest.useFakeTimers();
    const log = keptLog();
    let answer!: () => void;
    const client = {
      waitForOutbound: () => new Promise<void>((resolve) => (answer = resolve)),
      metadata: () => Promise.resolve(whole),
    };
    const checking = checkSidecar({
      client: client as never,
      definitions: [],
      address: { port: 3001, host: "127.0.0.1" },
      sidecar: "http://127.0.0.1:3500",
      log,
      signal: new AbortController().signal,
    });
    jest.advanceTimersByTime(1999);
    expect(log.lines).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(log.lines).toEqual([
      "warn no sidecar answers at http://127.0.0.1:3500 yet; start one, or set DAPR_HTTP_PORT to its port",
    ]);
    answer();
    await checking;
    expect(log.lines.slice(1)).toEqual(["info the sidecar answers now"]);
  });

  it("is not missed when it answers before", async () => {
    jest.useFakeTimers();
    const log = keptLog();
    const client = { waitForOutbound: () => Promise.resolve(), metadata: () => Promise.resolve(whole) };
    const signal = new AbortController().signal;
    await checkSidecar({ client: client as never, definitions: [], address: undefined, log, signal });
    jest.advanceTimersByTime(5000);
    expect(log.lines).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
