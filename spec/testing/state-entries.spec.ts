import { Transform, Type } from "class-transformer";
import { IsDate, IsDefined, IsNumber, IsString } from "class-validator";
import { z } from "zod";
import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprState,
  DaprTopicTrigger,
  type CloudEvent,
  type InvocationContext,
  type PayloadType,
  type PublishCollector,
  type StateEntry,
} from "../../lib/index.js";
import { cloudEvent, invoke, stateEntry } from "../../lib/testing/index.js";

interface Cart {
  readonly lines: readonly string[];
}

class Carts {
  late: StateEntry<Cart> | undefined;

  @DaprServiceInvocationTrigger()
  @DaprState({ name: "cart", stateStore: "%Store%", key: "cart-{id}", attempts: 3 })
  @DaprPublish({ name: "added", pubSubName: "bus", topic: "added" })
  add(
    payload: { id: string; item: string; runs?: number[] },
    { cart, added }: { cart: StateEntry<Cart>; added: PublishCollector<unknown> },
    { attempt }: InvocationContext,
  ): readonly number[] {
    this.late = cart;
    (payload.runs ??= []).push(attempt);
    cart.set({ lines: [...(cart.value?.lines ?? []), payload.item] }, { ttlInSeconds: 60 });
    added.add(payload.item);
    return payload.runs;
  }

  @DaprServiceInvocationTrigger()
  @DaprState({ name: "cart", stateStore: "store", key: "cart-{id}", onConflict: "fail", required: true })
  clear({ keep }: { id: string; keep: boolean }, { cart }: { cart: StateEntry<Cart> }): string | undefined {
    if (!keep) cart.remove();
    return cart.etag;
  }

  @DaprTopicTrigger({ pubSubName: "bus" })
  @DaprState({ name: "cart", stateStore: "store", key: "{id}" })
  later(_: CloudEvent<{ id: string }>, { cart }: { cart: StateEntry<Cart> }): { status: "RETRY" } {
    cart.set({ lines: [] });
    return { status: "RETRY" };
  }
}

const payload = { id: "41", item: "tea" };

describe("state entries in invoke", () => {
  it("are the value given, and say what became of them", async () => {
    const inputs = { cart: { lines: ["milk"] } };
    const { entries, outputs, reply } = await invoke(new Carts(), "add", payload, { inputs });
    expect(entries.cart).toEqual({
      value: { lines: ["milk", "tea"] },
      isSet: true,
      isRemoved: false,
      metadata: { ttlInSeconds: "60" },
    });
    expect(outputs.added.values).toEqual(["tea"]);
    expect(reply).toEqual([1]);
  });

  it("do not exist where nothing is given", async () => {
    const { entries } = await invoke(new Carts(), "add", payload);
    expect(entries.cart.value).toEqual({ lines: ["tea"] });
  });

  it("have the etag of stateEntry", async () => {
    const inputs = { cart: stateEntry<Cart>({ value: { lines: [] }, etag: "7" }) };
    const { reply, entries } = await invoke(new Carts(), "clear", { id: "41", keep: false }, { inputs });
    expect(reply).toBe("7");
    expect(entries.cart).toMatchObject({ value: undefined, isSet: false, isRemoved: true });
  });

  it("stay as they are where the method leaves them alone", async () => {
    const inputs = { cart: { lines: ["milk"] } };
    const { entries } = await invoke(new Carts(), "clear", { id: "41", keep: true }, { inputs });
    expect(entries.cart).toMatchObject({ value: { lines: ["milk"] }, isSet: false, isRemoved: false });
  });

  it("run the method again after a conflict, with the payload as it was given", async () => {
    const { reply, entries, outputs } = await invoke(new Carts(), "add", payload, { conflicts: 2 });
    expect(reply).toEqual([3]);
    expect(entries.cart.value).toEqual({ lines: ["tea"] });
    expect(outputs.added.values).toEqual(["tea"]);
  });

  it("fail after the last attempt, and at once where the decorator says so", async () => {
    const conflict = { code: "ERR_STATE_CONFLICT" };
    await expect(invoke(new Carts(), "add", payload, { conflicts: 3 })).rejects.toMatchObject({
      ...conflict,
      message: expect.stringContaining("in each of 3 attempts; nothing was sent"),
    });
    const inputs = { cart: { lines: [] } };
    const clearing = invoke(new Carts(), "clear", { id: "41", keep: false }, { inputs, conflicts: 1 });
    await expect(clearing).rejects.toMatchObject(conflict);
  });

  it("fail where they are required and not there", async () => {
    await expect(invoke(new Carts(), "clear", { id: "41", keep: true })).rejects.toMatchObject({
      code: "ERR_NO_CONTENT",
    });
  });

  it("are not written for an event that is to come again", async () => {
    const { entries } = await invoke(new Carts(), "later", cloudEvent({ id: "41" }));
    expect(entries.cart.isSet).toBe(false);
  });

  it("refuse what comes after the invocation", async () => {
    const carts = new Carts();
    await invoke(carts, "add", payload, { context: { error: () => undefined } });
    expect(() => carts.late!.set({ lines: [] })).toThrow("set() came after the invocation had ended");
    expect(() => carts.late!.remove()).toThrow(expect.objectContaining({ code: "ERR_COLLECTOR_CLOSED" }));
  });

  it("refuse what cannot be stored", async () => {
    class Bad {
      @DaprServiceInvocationTrigger()
      @DaprState({ name: "entry", stateStore: "store", key: "k" })
      set({ what }: { what: string }, { entry }: { entry: StateEntry<unknown> }): void {
        if (what === "undefined") entry.set(undefined);
        if (what === "big") entry.set("x".repeat(5_000_000));
        if (what === "cycle") {
          const cycle: Record<string, unknown> = {};
          cycle["self"] = cycle;
          entry.set(cycle);
        }
        if (what === "ttl") entry.set(1, { ttlInSeconds: 0.5 });
      }
    }
    for (const what of ["undefined", "cycle", "ttl", "big"]) {
      await expect(invoke(new Bad(), "set", { what })).rejects.toMatchObject({ code: "ERR_DAPR_BAD_REQUEST" });
    }
  });
});

describe("an entry with a valueType", () => {
  /** What is stored of a value that is set, and what the next reader gets of it. */
  async function keep(valueType: PayloadType, value: unknown): Promise<readonly unknown[]> {
    const seen: unknown[] = [];
    class Kept {
      @DaprServiceInvocationTrigger()
      @DaprState({ name: "entry", stateStore: "store", key: "k", valueType })
      set(_: unknown, { entry }: { entry: StateEntry<unknown> }): void {
        entry.set(value);
      }

      @DaprServiceInvocationTrigger()
      @DaprState({ name: "entry", stateStore: "store", key: "k", valueType })
      read(_: unknown, { entry }: { entry: StateEntry<unknown> }): void {
        seen.push(entry.value);
      }
    }
    const stored = (await invoke(new Kept(), "set", undefined)).entries.entry.value;
    await invoke(new Kept(), "read", undefined, { inputs: { entry: stored } });
    return [stored, ...seen];
  }

  class Order {
    @IsString() id!: string;
    @Type(() => Date) @IsDate() at!: Date;
  }
  class Rounded {
    @Transform(({ value }: { value: number }) => Math.round(value)) @IsNumber() total!: number;
  }
  class Money {
    constructor(readonly cents: string) {}
    toJSON(): string {
      return this.cents;
    }
  }
  class Priced {
    @Transform(({ value }: { value: string }) => new Money(value)) @IsDefined() price!: Money;
  }
  const at = new Date(0);
  const text = at.toISOString();
  const price = new Money("500");
  const listOfSet = z.union([z.array(z.number()), z.set(z.number()).transform((set) => [...set])]);

  it.each<[string, PayloadType, unknown, unknown, unknown]>([
    ["a schema", z.object({ id: z.string() }), { id: "1", more: 2 }, { id: "1" }, { id: "1" }],
    ["one with a default", z.object({ n: z.number().default(1) }), {}, { n: 1 }, { n: 1 }],
    ["one that trims", z.string().trim(), " a ", "a", "a"],
    ["one that takes text or a date", z.coerce.date(), at, text, at],
    ["one that makes a date of text", z.iso.datetime().transform((given) => new Date(given)), at, text, at],
    [
      "one of members in its own order",
      z.object({ b: z.number(), a: z.number() }),
      { a: 1, b: 2 },
      { a: 1, b: 2 },
      { a: 1, b: 2 },
    ],
    ["a class", Order, Object.assign(new Order(), { id: "1", at }), { id: "1", at: text }, { id: "1", at }],
    [
      "a schema that wraps what JSON has",
      z.unknown().transform((given) => new Money(String(given))),
      price,
      "500",
      price,
    ],
    ["one that makes a list of a Set", listOfSet, new Set([1]), [1], [1]],
    ["a class that wraps what JSON has", Priced, Object.assign(new Priced(), { price }), { price: "500" }, { price }],
    ["a class that converts to the same", Rounded, { total: 1.4 }, { total: 1 }, { total: 1 }],
  ])("stores what is read as it was set: %s", async (_, valueType, value, stored, read) => {
    expect(await keep(valueType, value)).toEqual([stored, read]);
  });

  const another = "its valueType makes another value of what it has made";
  class Cents {
    @Transform(({ value }: { value: number }) => value / 100) @IsNumber() total!: number;
  }

  it.each<[string, PayloadType, unknown, string]>([
    ["cents that become euros", z.number().transform((cents) => cents / 100), 500, another],
    ["a list that grows", z.array(z.number()).transform((list) => [...list, 1]), [], another],
    ["a class that converts each time", Cents, { total: 500 }, another],
    ["a date that has to be one", z.date(), at, "its valueType refuses what would be stored"],
    ["a number that is made of text", z.string().transform(Number), "5", "its valueType refuses what would be stored"],
    ["what was never valid", z.object({ id: z.string() }), { id: 1 }, "the value is not valid: id"],
  ])("refuses what would be read as something else: %s", async (_, valueType, value, message) => {
    const expected = {
      code: "ERR_DAPR_BAD_REQUEST",
      message: expect.stringContaining(`Kept.set, entry "entry", value: ${message}`),
    };
    await expect(keep(valueType, value)).rejects.toMatchObject(expected);
  });
});

describe("the number of conflicts", () => {
  it.each([-1, NaN, 1.5, "2" as never])("is a whole number from 0 on, not %p", async (conflicts) => {
    await expect(invoke(new Carts(), "add", payload, { conflicts })).rejects.toThrow(
      "is not a whole number from 0 on; give one",
    );
  });

  it("ends with the attempts", async () => {
    const endless = invoke(new Carts(), "add", payload, { conflicts: Infinity });
    await expect(endless).rejects.toMatchObject({ code: "ERR_STATE_CONFLICT" });
  });

  it("comes with numbers of a validation that are checked as well", async () => {
    const options = { validation: { maxItems: NaN } };
    await expect(invoke(new Carts(), "add", payload, options)).rejects.toThrow("validation.maxItems");
  });
});

describe("stateEntry", () => {
  it("fits any entry where it holds nothing", async () => {
    for (const cart of [stateEntry(), stateEntry({}), stateEntry({ key: "7" })]) {
      const { entries } = await invoke(new Carts(), "add", payload, { inputs: { cart } });
      expect(entries.cart.value).toEqual({ lines: ["tea"] });
    }
    // @ts-expect-error The value is not that of a cart.
    await invoke(new Carts(), "add", payload, { inputs: { cart: stateEntry({ value: { lines: [1] } }) } });
  });

  it("is an entry to call a method with", () => {
    const cart = stateEntry<Cart>({ value: { lines: ["milk"] } });
    expect(cart).toMatchObject({ exists: true, etag: "1", value: { lines: ["milk"] } });
    cart.set({ lines: [] }, { metadata: { a: 1 } });
    expect(cart.result).toEqual({ value: { lines: [] }, isSet: true, isRemoved: false, metadata: { a: "1" } });
    cart.remove();
    expect(cart.result).toMatchObject({ value: undefined, isRemoved: true, isSet: false });
    expect(() => stateEntry({ lines: [1] } as object)).toThrow("lines: there is no such option");
    expect(stateEntry()).toMatchObject({ exists: false, etag: undefined, value: undefined });
  });
});

describe("an entry of stateEntry", () => {
  it.each<[string, unknown, string]>([
    ["seconds that are none", { ttlInSeconds: 0.5 }, "must be a whole number of seconds from 1"],
    ["no seconds at all", { ttlInSeconds: 0 }, "must be a whole number of seconds from 1"],
    ["seconds as text", { ttlInSeconds: "60" }, "not text"],
    ["metadata that is a list", { metadata: [1] }, "metadata"],
    ["what set does not know", { ttl: 60 }, "set() does not know it"],
    ["what is not an object", 60, "set() takes { metadata, ttlInSeconds } second"],
  ])("refuses %s, as one in production does", (_case, overrides, message) => {
    const entry = stateEntry<number>();
    expect(() => entry.set(1, overrides as never)).toThrow(
      expect.objectContaining({ code: "ERR_DAPR_BAD_REQUEST", message: expect.stringContaining(message) as string }),
    );
    expect(entry.result.isSet).toBe(false);
  });

  it.each<[string, object | undefined, object | undefined]>([
    ["nothing", undefined, undefined],
    ["metadata", { metadata: { a: 1, b: true } }, { a: "1", b: "true" }],
    [
      "seconds over those of the metadata",
      { metadata: { TTLInSeconds: "5" }, ttlInSeconds: 60 },
      { ttlInSeconds: "60" },
    ],
    ["no end", { ttlInSeconds: -1 }, { ttlInSeconds: "-1" }],
  ])("keeps of %s what is sent", (_case, overrides, metadata) => {
    const entry = stateEntry<number>();
    entry.set(1, overrides);
    expect(entry.result.metadata).toEqual(metadata);
  });
});
