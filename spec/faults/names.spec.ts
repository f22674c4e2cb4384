import dns, { type LookupAddress, type LookupAllOptions } from "node:dns";
import { DaprServiceInvocationTrigger, DaprStateOutput, DaprTopicTrigger, type Collector } from "dapr-functions";
import { atEnd, deliver, heldTimers, post, serving } from "../serve/support.js";
import { recordingSidecar } from "../support/recording-sidecar.js";

class Orders {
  ran = 0;

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "s", key: "k" })
  save(_payload: unknown, { order }: { order: Collector<number> }): string {
    order.add(++this.ran);
    return "saved";
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
  @DaprStateOutput({ name: "seen", stateStore: "s", key: "seen" })
  seen(_event: unknown, { seen }: { seen: Collector<number> }): void {
    seen.add(1);
  }
}

type Answer = (error: NodeJS.ErrnoException | null, addresses?: readonly LookupAddress[]) => void;
type Resolver = (name: string, answer: Answer) => void;

/** What the machine's resolver says of `dapr.internal`; an address of this machine's is this machine's. */
function resolving(resolver: Resolver): string[] {
  const asked: string[] = [];
  const own = dns.lookup as (...args: unknown[]) => void;
  const lookup = (name: string, ...rest: unknown[]): void => {
    if (name !== "dapr.internal") return own(name, ...rest);
    asked.push(name);
    const [options, answer] = rest as [LookupAllOptions, (...args: unknown[]) => void];
    resolver(name, (error, addresses = []) => {
      if (error !== null) answer(error);
      else if (options.all) answer(null, addresses);
      else answer(null, addresses[0]!.address, addresses[0]!.family);
    });
  };
  jest.spyOn(dns, "lookup").mockImplementation(lookup as never);
  return asked;
}

afterEach(() => jest.restoreAllMocks());

const unknown =
  (code: string): Resolver =>
  (name, answer) =>
    setImmediate(() => {
      const message = `getaddrinfo ${code} ${name}`;
      answer(Object.assign(new Error(message), { code, syscall: "getaddrinfo", hostname: name }));
    });
const here = { address: "127.0.0.1", family: 4 };
/** This machine, too, and nothing listens on it. */
const elsewhere = { address: "127.0.0.3", family: 4 };

/** A name of the sidecar that comes to nothing, and what the caller is told. */
const faults: readonly (readonly [what: string, resolver: Resolver, code: string, says: string])[] = [
  [
    "is not known",
    unknown("ENOTFOUND"),
    "ERR_DAPR_SIDECAR_DOES_NOT_EXIST",
    "no sidecar at http://dapr.internal:{port}: getaddrinfo ENOTFOUND dapr.internal",
  ],
  [
    "cannot be looked up just now",
    unknown("EAI_AGAIN"),
    "ERR_DAPR_SIDECAR_DOES_NOT_EXIST",
    "no sidecar at http://dapr.internal:{port}: getaddrinfo EAI_AGAIN dapr.internal",
  ],
  [
    "is that of an address where nothing listens",
    (_name, answer) => setImmediate(() => answer(null, [elsewhere])),
    "ERR_DAPR_SIDECAR_DOES_NOT_EXIST",
    "no sidecar at http://dapr.internal:{port}",
  ],
  ["is looked up without end", () => undefined, "ERR_DAPR_REQUEST_FAILED", "no answer within 1500 ms"],
];

describe.each(faults)("a sidecar whose name %s", (_what, resolver, code, says) => {
  it("costs the caller an answer that says so, and an event nothing; the next request finds it where it is then", async () => {
    const sidecar = await recordingSidecar();
    atEnd(() => sidecar.close());
    const { port } = new URL(sidecar.url);
    const isEndless = code === "ERR_DAPR_REQUEST_FAILED";
    const timeout = isEndless ? 1500 : 20_000;
    const { app, log } = await serving([new Orders()], { daprUrl: `http://dapr.internal:${port}`, timeout });
    // A client that was refused tries again a moment later, and no time is to be held there.
    const pass = isEndless ? heldTimers() : undefined;
    const asked = resolving((name, found) => {
      resolver(name, found);
      void pass?.(timeout);
    });
    const answer = await post(app, "/save", 1);
    expect(answer).toMatchObject({ status: 500, json: { errorCode: code, functionName: "save" } });
    expect((answer.json as { message: string }).message).toContain(says.replace("{port}", port));
    expect((await deliver(app, "/orders", { data: 1 })).status).toBe(500);
    expect(log.lines.filter((line) => line.startsWith("error ") && line.includes(code))).toHaveLength(2);
    expect(new Set(asked)).toEqual(new Set(["dapr.internal"]));
    expect(sidecar.lines).toEqual([]);

    jest.restoreAllMocks();
    resolving((_name, found) => setImmediate(() => found(null, [here])));
    expect(await post(app, "/save", 1)).toMatchObject({ status: 200, body: '"saved"' });
    expect((await deliver(app, "/orders", { data: 1 })).status).toBe(200);
    expect(sidecar.lines).toHaveLength(2);
  });
});

it("a sidecar whose name is known a moment later is found by the same request", async () => {
  let lookups = 0;
  resolving((name, answer) =>
    ++lookups === 1 ? unknown("EAI_AGAIN")(name, answer) : setImmediate(() => answer(null, [here])),
  );
  const orders = new Orders();
  const { app, sidecar } = await serving([orders]);
  const { port } = new URL(sidecar.url);
  const named = await serving([orders], { daprUrl: `http://dapr.internal:${port}` });
  expect(await post(named.app, "/save", 1)).toMatchObject({ status: 200, body: '"saved"' });
  expect(orders.ran).toBe(1);
  expect(sidecar.lines).toEqual(['POST /v1.0/state/s [{"key":"k","value":1}]']);
  await app.close();
});

it("a sidecar of whose addresses only one answers is reached there", async () => {
  resolving((_name, answer) => setImmediate(() => answer(null, [elsewhere, here])));
  const orders = new Orders();
  const { sidecar } = await serving([orders]);
  const { app } = await serving([orders], { daprUrl: `http://dapr.internal:${new URL(sidecar.url).port}` });
  expect(await post(app, "/save", 1)).toMatchObject({ status: 200, body: '"saved"' });
  expect(sidecar.lines).toHaveLength(1);
});
