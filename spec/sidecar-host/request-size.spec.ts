import { cutBySize } from "../../lib/sidecar-host/request-size.js";
import { JsonText } from "../../lib/model/json.js";
import fc from "fast-check";
import { holds } from "../fuzz/property.js";
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

  it("take thousands of small items without a look at each one's bytes", () => {
    const never = (): number => {
      throw new Error("counted");
    };
    const items = Array.from({ length: 3000 }, (_, index) => index);
    expect(cutBySize(items, 4 << 20, () => 1000, never, 2)).toEqual([{ first: 0, end: 3000 }]);
  });

  it("count each item of a long list once", () => {
    let counted = 0;
    const items = Array.from({ length: 5000 }, (_, index) => index);
    const cuts = cutBySize(
      items,
      1000,
      () => 300,
      () => (counted++, 100),
      2,
    );
    expect(cuts).toHaveLength(556);
    expect(counted).toBe(5000);
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

describe("events in bulk", () => {
  const digits = (least: number, most: number): fc.Arbitrary<string> =>
    fc.stringMatching(new RegExp(`^[1-9]\\d{${least - 1},${most - 1}}$`));
  const spelling = fc
    .record({
      sign: fc.constantFrom("", "-"),
      whole: fc.oneof(fc.constant("0"), digits(1, 3), digits(7, 25)),
      fraction: fc.option(fc.stringMatching(/^\d{1,20}$/), { nil: undefined }),
      exponent: fc.option(fc.stringMatching(/^[eE][+-]?\d{1,2}$/), { nil: undefined }),
    })
    .map(({ sign, whole, fraction, exponent }) => {
      return sign + whole + (fraction === undefined ? "" : `.${fraction}`) + (exponent ?? "");
    })
    // Nobody tells it from 0.
    .filter((text) => text !== "-0");

  // Dapr reads an entry's numbers as floating point and writes them anew.
  it("go alone where a request for many would spell their numbers anew, and hardly ever else", () =>
    expect(
      holds([spelling, fc.constantFrom("@", '{"n":@}', "[1,@]", '[ @ ,"x"]', '{"a": {"n": @}}')], async (n, frame) => {
        const text = frame.replace("@", n);
        const from = sidecar.requests.length;
        const { error } = await invokeWith(sidecar, [bulk], ({ out }) => {
          out!.add(Buffer.from(text), { contentType: "application/json" });
          out!.add(1);
        });
        if (error !== undefined) throw error;
        const isAlone = sidecar.requests.length - from === 2;
        const isRespelt = JSON.stringify(JSON.parse(n)) !== n;
        if (isRespelt && !isAlone) throw new Error(`${text} was not sent alone`);
        if (isAlone && !isRespelt && !frame.includes(" ")) throw new Error(`${text} was sent alone`);
      }),
    ).resolves.toBe("held"));

  it("are looked at where a value holds raw JSON", async () => {
    const { error } = await invokeWith(sidecar, [bulk], ({ out }) => {
      out!.add(new JsonText('{"n":12345678901234567890}'));
      out!.add(1);
    });
    expect(error).toBeUndefined();
    expect(sidecar.requests.map(({ path }) => path.includes("/bulk/"))).toEqual([false, false]);
  });
});
