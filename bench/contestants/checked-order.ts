import "reflect-metadata";
import { Type } from "class-transformer";
import { IsEmail, IsInt, IsPositive, IsString, Min, ValidateNested } from "class-validator";

class Customer {
  @IsString() name!: string;
  @IsEmail() email!: string;
}

class Item {
  @IsString() sku!: string;
  @IsInt() quantity!: number;
  @IsPositive() price!: number;
}

/** The order that most scenarios send, as a payload class. */
export class Order {
  @IsString() id!: string;
  @ValidateNested() @Type(() => Customer) customer!: Customer;
  @ValidateNested({ each: true }) @Type(() => Item) items!: Item[];
  @IsString() note!: string;
}

/** Classes with rules that an app has besides, each with a few. */
export function declareOthers(count: number): void {
  for (let index = 0; index < count; index++) {
    class Other {}
    IsString()(Other.prototype, "id");
    IsInt()(Other.prototype, "count");
    Min(0)(Other.prototype, "count");
  }
}
