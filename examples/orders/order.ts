import { IsPositive, IsString } from "class-validator";

/** An order as callers send it: its rules are checked before any function runs. */
export class Order {
  @IsString() id!: string;
  @IsPositive() total!: number;
}
