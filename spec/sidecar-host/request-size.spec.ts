import { recordingSidecar, type RecordingSidecar } from "../support/recording-sidecar.js";
import { BO, invokeWith, IO, PO, SO, type Act, type Declare } from "../support/wire.js";

let sidecar: RecordingSidecar;

beforeEach(async () => {
  sidecar = await recordingSidecar();
});

afterEach(() => sidecar.close());

const limit = 10_000;
const run = (declared: Declare, act: Act) =>
  invokeWith(sidecar, [declared], act, { maxRequestSize: limit, payload: { id: "1" } });

const big = "x".repeat(3000);
const state = SO({ stateStore: "cart" });
const bulk = PO({ pubSubName: "bus", topic: "orders", bulk: true });

describe("requests that would be larger than the sidecar takes", () => {
  it("are cut, each as full as it may be, in the order of the items", async () => {
    const { error } = await run(state, ({ out }) => {
      for (let index = 0; index < 8; index++) out!.add(`${index}${big}`, { key: `k${index}` });
    });
    expect(error).toBeUndefined();
    const keys = sidecar.requests.map(({ body }) => (JSON.parse(body) as { key: string }[]).map(({ key }) => key));
    expect(keys).toEqual([
      ["k0", "k1", "k2"],
      ["k3", "k4", "k5"],
      ["k6", "k7"],
    ]);
    expect(Math.max(...sidecar.requests.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(limit);
  });

  it("count what was sent before the one that failed", async () => {
    let requests = 0;
    sidecar.answer = () => ({ status: ++requests === 2 ? 500 : 204 });
    const { error } = await run(state, ({ out }) => {
      for (let index = 0; index < 8; index++) out!.add(big, { key: `k${index}` });
    });
    expect(error).toMatchObject({ sent: [{ output: "out", items: 3 }] });
    expect(error!.message).toContain("item 4 of 8 failed");
    expect(requests).toBe(2);
  });

  it("are cut for topics in bulk as well", async () => {
    const { error } = await run(bulk, ({ out }) => {
      for (let index = 0; index < 7; index++) out!.add(`${index}${big}`);
    });
    expect(error).toBeUndefined();
    const events = sidecar.requests.map(({ path, body }) =>
      path.includes("/bulk/") ? (JSON.parse(body) as { event: string }[]).map(({ event }) => event[0]) : body[1],
    );
    expect(events).toEqual([["0", "1", "2"], ["3", "4", "5"], "6"]);
    expect(Math.max(...sidecar.requests.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(limit);
  });

  it("count bytes, not characters", async () => {
    const { error } = await run(state, ({ out }) => {
      for (let index = 0; index < 3; index++) out!.add("€".repeat(1500), { key: `k${index}` });
    });
    expect(error).toBeUndefined();
    expect(sidecar.requests.map(({ bytes }) => bytes.length)).toEqual([expect.any(Number), expect.any(Number)]);
  });

  it.each<[string, Declare, Act]>([
    ["a state item", SO({ stateStore: "cart", key: "k" }), ({ out }) => out!.add(big.repeat(4))],
    ["an event", PO({ pubSubName: "bus", topic: "orders" }), ({ out }) => out!.add(big.repeat(4))],
    ["an event in bulk", bulk, ({ out }) => out!.add(big.repeat(4))],
    [
      "bytes",
      PO({ pubSubName: "bus", topic: "orders" }),
      ({ out }) => out!.add(Buffer.alloc(8000), { contentType: "image/png" }),
    ],
    ["an invocation's body", IO({ appId: "a", methodName: "m" }), ({ out }) => out!.add(big.repeat(4))],
    ["a binding's data", BO({ bindingName: "b", operation: "o" }), ({ out }) => out!.add(big.repeat(4))],
  ])("refuse %s that cannot be cut in add, with the limit and what to do", async (_, declared, act) => {
    const { error, requests } = await run(declared, act);
    expect(requests).toEqual([]);
    expect(error).toMatchObject({ code: "ERR_DAPR_BAD_REQUEST" });
    for (const part of [String(limit), "--max-body-size", "maxRequestSize"]) expect(error!.message).toContain(part);
  });

  it("refuse the item with which a transaction gets too large", async () => {
    const added: number[] = [];
    const { error, requests } = await run(SO({ stateStore: "cart", transaction: true }), ({ out }) => {
      for (let index = 0; index < 5; index++) {
        out!.add(big, { key: `k${index}` });
        added.push(index);
      }
    });
    expect(requests).toEqual([]);
    expect(added).toEqual([0, 1, 2]);
    expect(error!.message).toContain("the transaction, with this item,");
  });
});
