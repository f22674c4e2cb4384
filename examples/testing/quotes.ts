import { DaprPublish, DaprServiceInvocationTrigger, DaprStateInput, type Collector } from "dapr-functions";
import { Type } from "class-transformer";
import { ArrayNotEmpty, IsInt, IsPositive, IsString, ValidateNested } from "class-validator";

export class Line {
  @IsString() sku!: string;
  @IsInt() @IsPositive() quantity!: number;
}

export class QuoteRequest {
  @IsString() customer!: string;
  @ArrayNotEmpty() @ValidateNested({ each: true }) @Type(() => Line) lines!: Line[];
}

export interface Quote {
  customer: string;
  total: number;
}

/** What quotes need of the world besides Dapr. */
export abstract class PriceList {
  abstract priceOf(sku: string): Promise<number>;
}

/** A class with a dependency: it is given an instance, or a container makes it (see ../README.md). */
export class QuoteFunctions {
  constructor(private readonly prices: PriceList) {}

  @DaprServiceInvocationTrigger({ payload: QuoteRequest })
  @DaprStateInput({ name: "discount", stateStore: "%StateStoreName%", key: "discount-{customer}" })
  @DaprPublish({ name: "quotes", pubSubName: "%PubSubName%", topic: "quotes" })
  async quote(
    { customer, lines }: QuoteRequest,
    { discount, quotes }: { discount: number | undefined; quotes: Collector<Quote> },
  ): Promise<Quote> {
    const prices = await Promise.all(
      lines.map(async ({ sku, quantity }) => quantity * (await this.prices.priceOf(sku))),
    );
    const sum = prices.reduce((total, price) => total + price, 0);
    const quote = { customer, total: sum * (1 - (discount ?? 0)) };
    quotes.add(quote);
    return quote;
  }
}
