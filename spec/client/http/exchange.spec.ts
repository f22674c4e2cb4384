import { Exchange } from "../../../lib/client/http/exchange.js";
import { UnderWay } from "../../../lib/client/http/under-way.js";

const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });

/** An exchange, and what its asker was told. */
function asked() {
  const told: unknown[] = [];
  const asker = {
    answered: ({ status }: { readonly status: number }) => void told.push(status),
    failed: (error: Error) => void told.push(error),
  };
  return { told, exchange: new Exchange(new UnderWay(), asker, false, 1000, undefined) };
}

describe("Exchange", () => {
  it("tells who asked why it was stopped, and not of the refusal that comes after it", () => {
    const { told, exchange } = asked();
    const reason = new Error("cancelled");
    exchange.stop(reason);
    exchange.onError(refused);
    expect(told).toEqual([reason]);
  });

  it.each<[string, (exchange: Exchange) => void]>([
    ["an answer", (exchange) => exchange.onComplete()],
    ["a failure", (exchange) => exchange.onError(refused)],
    ["a stop", (exchange) => exchange.stop(refused)],
  ])("tells of an answer once, though %s comes after it", (_, late) => {
    const { told, exchange } = asked();
    exchange.onHeaders(204, []);
    exchange.onComplete();
    late(exchange);
    expect(told).toEqual([204]);
  });
});
