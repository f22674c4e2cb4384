import "reflect-metadata";
import { container as tsyringe, injectable } from "tsyringe";
import { DaprServiceInvocationTrigger, serve } from "../../lib/index.js";

const quiet = { log() {}, info() {}, warn() {}, error() {}, debug() {} };

abstract class PriceList {
  abstract priceOf(sku: string): number;
}

@injectable()
class QuoteFunctions {
  constructor(private readonly prices: PriceList) {}

  @DaprServiceInvocationTrigger()
  quote({ sku }: { sku: string }): { price: number } {
    return { price: this.prices.priceOf(sku) };
  }
}

it("takes instances from tsyringe", async () => {
  const container = tsyringe.createChildContainer();
  container.register(PriceList as never, { useValue: { priceOf: (sku: string) => sku.length } satisfies PriceList });
  const app = await serve([QuoteFunctions], { container: { get: (c) => container.resolve(c) }, port: 0, log: quiet });
  const body = JSON.stringify({ sku: "tea" });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${app.url}/quote`, { method: "POST", headers, body });
  expect(await response.json()).toEqual({ price: 3 });
  await app.close();
});
