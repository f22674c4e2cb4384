import { Type } from "class-transformer";
import { IsEmail, IsInt, IsPositive, IsString, ValidateNested } from "class-validator";
import { DaprServiceInvocationTrigger, DaprStateOutput, serve, type Collector } from "dapr-functions";
import type { Contestant } from "./contestant.js";
import { silent } from "./ours.js";

class Customer {
  @IsString() name!: string;
  @IsEmail() email!: string;
}

class Item {
  @IsString() sku!: string;
  @IsInt() quantity!: number;
  @IsPositive() price!: number;
}

export class Order {
  @IsString() id!: string;
  @ValidateNested() @Type(() => Customer) customer!: Customer;
  @ValidateNested({ each: true }) @Type(() => Item) items!: Item[];
  @IsString() note!: string;
}

/** What `ours` does with an order, with a payload class: it is validated and becomes an instance. */
export class CheckedOrders {
  @DaprServiceInvocationTrigger({ methodName: "save-order" })
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  saveOrder(payload: Order, { order }: { order: Collector<Order> }): void {
    order.add(payload);
  }
}

export const contestant: Contestant = {
  start: (sidecarPort, port) =>
    serve([CheckedOrders], { port, daprUrl: `http://127.0.0.1:${sidecarPort}`, log: silent }),
};
