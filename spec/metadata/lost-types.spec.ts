import { DaprServiceInvocationTrigger } from "../../lib/index.js";
import { readFunctions } from "../../lib/metadata/functions.js";
import { lostTypesOf } from "../../lib/metadata/lost-types.js";
import type { Class } from "../../lib/model/payload-type.js";
import { invoke } from "../../lib/testing/index.js";
import { serving } from "../serve/support.js";

const text =
  "place: compiled without decorator metadata (by esbuild, tsx or vitest 3?), so no payload is checked by its declared " +
  "type; give the trigger `payload`, or compile with tsc or swc and emitDecoratorMetadata";

/** As compilers leave a class that drop the types of `experimentalDecorators`. */
function compiledWithoutTypes(options: { payload?: Class } = {}) {
  class Orders {
    place(order: { total: number }): number {
      return order.total;
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Orders.prototype, "place")!;
  const decorate = DaprServiceInvocationTrigger(options as object) as unknown as MethodDecorator;
  decorate(Orders.prototype, "place", descriptor);
  return Orders;
}

describe("types that a compiler dropped", () => {
  it("are told, with both remedies", () => {
    expect(lostTypesOf(readFunctions([compiledWithoutTypes()]))).toBe(text);
  });

  it("are not missed where the payload has a type, or the compiler keeps them", () => {
    class Kept {
      @DaprServiceInvocationTrigger()
      place(order: object): object {
        return order;
      }
    }
    expect(lostTypesOf(readFunctions([compiledWithoutTypes({ payload: Number })]))).toBeUndefined();
    expect(lostTypesOf(readFunctions([Kept]))).toBeUndefined();
  });

  it("are told when an app starts", async () => {
    const { log } = await serving([compiledWithoutTypes()]);
    expect(log.lines.filter((line) => line.startsWith("warn"))).toEqual([`warn ${text}`]);
  });

  it("are told once for each class by invoke of testing, and change nothing", async () => {
    const warn = jest.spyOn(console, "warn").mockImplementation(() => undefined);
    try {
      const orders = new (compiledWithoutTypes())();
      const call = invoke as unknown as (
        instance: object,
        method: string,
        payload: object,
      ) => Promise<{ reply: unknown }>;
      expect((await call(orders, "place", { total: -1 })).reply).toBe(-1);
      await call(orders, "place", { total: 1 });
      expect(warn.mock.calls).toEqual([[text]]);
    } finally {
      warn.mockRestore();
    }
  });
});
