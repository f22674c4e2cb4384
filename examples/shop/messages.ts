import { IsInt, IsPositive, IsString } from "class-validator";

/** An order, as callers send it and as both applications pass it on. */
export class Order {
  @IsString() id!: string;
  @IsString() customer!: string;
  @IsString() sku!: string;
  @IsInt() @IsPositive() quantity!: number;
}

/** What inventory says once an order is on its way. */
export interface Shipment {
  readonly orderId: string;
  readonly customer: string;
  readonly quantity: number;
}

/** What is left of one kind of goods, and which orders took the rest. */
export interface Stock {
  readonly available: number;
  readonly reserved: Readonly<Record<string, number>>;
}

/** What a customer has bought, and the events that say so, each by its source and id. */
export interface Account {
  readonly bought: number;
  readonly counted: readonly string[];
}
