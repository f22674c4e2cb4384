import "reflect-metadata";
import { Exclude, Expose, Transform, Type } from "class-transformer";
import {
  Allow,
  IsArray,
  IsBoolean,
  IsDate,
  IsDefined,
  IsEmail,
  IsEnum,
  IsInt,
  IsOptional,
  IsPositive,
  IsString,
  Min,
  registerDecorator,
  ValidateIf,
  ValidateNested,
  ValidatorConstraint,
  Validate,
  type ValidatorConstraintInterface,
} from "class-validator";
import type { PayloadIssue } from "../../lib/model/errors.js";
import type { Class, PayloadType } from "../../lib/model/payload-type.js";
import { warnOfDropped } from "../../lib/payload/dropped-properties.js";
import { type Checked, compileCheck, type ValidationOptions } from "../../lib/payload/payload-type.js";

function checkedNow(type: PayloadType, value: unknown, options?: ValidationOptions): Checked {
  const checked = compileCheck(type, options)(value);
  if (checked instanceof Promise) throw new Error("the check answered with a promise");
  return checked;
}

function valueOf<T>(type: Class<T>, value: unknown, options?: ValidationOptions): T {
  const checked = checkedNow(type, value, options);
  if (checked.issues !== undefined) throw new Error(JSON.stringify(checked.issues));
  return checked.value as T;
}

function issuesOf(type: PayloadType, value: unknown, options?: ValidationOptions): readonly PayloadIssue[] {
  return checkedNow(type, value, options).issues ?? [];
}

function within<T>(milliseconds: number, run: () => T): T {
  // Processor time: other processes take none of it.
  const start = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(milliseconds);
  return result;
}

class Item {
  @IsString() sku!: string;
  @IsPositive() price!: number;
}

class Order {
  @IsString() id!: string;
  @IsPositive() total!: number;

  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Item)
  items?: Item[];
}

const order = { id: "41", total: 3 };

describe("a payload class", () => {
  it("makes an instance of the payload", () => {
    const value = valueOf(Order, { ...order, items: [{ sku: "a", price: 1 }] });
    expect(value).toBeInstanceOf(Order);
    expect(value.items?.[0]).toBeInstanceOf(Item);
    expect(value).toEqual({ ...order, items: [{ sku: "a", price: 1 }] });
  });

  it("drops properties without a rule", () => {
    expect(valueOf(Order, { ...order, admin: true })).not.toHaveProperty("admin");
  });

  it("says once for each class what is dropped", () => {
    const warned: string[] = [];
    const onDropped = warnOfDropped({ warn: (text) => warned.push(text) });
    const check = compileCheck(Order, { onDropped });
    const items = [{ sku: "a", price: 1, "col\nour": "red" }];
    void check(order);
    void check({ ...order, note: "keep me", more: 1, items });
    void compileCheck(Order, { onDropped })({ ...order, other: 1 });
    const advice =
      "give the property a rule (@Allow() takes anything), or set validation: { whitelist: false }; said once for each class";
    expect(warned).toEqual([
      `Order: what has no rule is dropped, first "note"; ${advice}`,
      `Item: what has no rule is dropped, first "col\\nour"; ${advice}`,
    ]);
  });

  it("keeps them when whitelist is false", () => {
    expect(valueOf(Order, { ...order, admin: true }, { whitelist: false })).toHaveProperty("admin", true);
  });

  it("names them when forbidNonWhitelisted is true", () => {
    expect(issuesOf(Order, { ...order, admin: true }, { forbidNonWhitelisted: true })).toEqual([
      { path: "admin", message: "property admin should not exist", rule: "whitelistValidation" },
    ]);
  });

  it("names them when forbidNonWhitelisted is true and whitelist is false", () => {
    const options = { forbidNonWhitelisted: true, whitelist: false };
    expect(issuesOf(Order, { ...order, admin: true }, options)).toHaveLength(1);
  });

  it("does not blame a payload for the fields that a compiler gives every instance", () => {
    class Fields {
      @IsString() id!: string;
      note?: string;
      shout = (): string => this.id.toUpperCase();
      constructor() {
        // As with `useDefineForClassFields`, which targets from ES2022 on have by default.
        Object.defineProperty(this, "note", { value: undefined, enumerable: true, writable: true, configurable: true });
      }
    }
    expect(valueOf(Fields, { id: "1" }, { forbidNonWhitelisted: true }).shout()).toBe("1");
    expect(issuesOf(Fields, { id: "1", note: "x" }, { forbidNonWhitelisted: true })).toMatchObject([{ path: "note" }]);
  });

  it("says each broken rule with its path", () => {
    expect(
      issuesOf(Order, {
        id: 1,
        items: [
          { sku: "a", price: 1 },
          { sku: 2, price: -1 },
        ],
      }),
    ).toEqual([
      { path: "id", message: "id must be a string", rule: "isString" },
      { path: "total", message: "total must be a positive number", rule: "isPositive" },
      { path: "items[1].sku", message: "sku must be a string", rule: "isString" },
      { path: "items[1].price", message: "price must be a positive number", rule: "isPositive" },
    ]);
  });

  it("says in words about the payload what stands where objects are due", () => {
    expect(issuesOf(Order, { ...order, items: [7, null, [], { sku: "a", price: 1 }] })).toEqual([
      { path: "items[0]", message: "items[0] must be an object", rule: "nestedValidation" },
      { path: "items[1]", message: "items[1] must be an object", rule: "nestedValidation" },
    ]);
    expect(issuesOf(Order, { ...order, items: "none" })).toEqual([
      { path: "items", message: "items must be an array", rule: "isArray" },
      { path: "items", message: "items must be a list of objects", rule: "nestedValidation" },
    ]);
  });

  it.each([
    [undefined, "a body is required"],
    [null, "the payload must be an object (Order), not null"],
    ["x", "the payload must be an object (Order), not text; send JSON"],
    [new Uint8Array(1), "the payload must be an object (Order), not bytes; send JSON"],
    [5, "the payload must be an object (Order), not a number"],
    [true, "the payload must be an object (Order), not a boolean"],
    [[order], "the payload must be an object (Order), not a list"],
  ])("refuses %p where an object is due", (payload, message) => {
    expect(issuesOf(Order, payload)).toMatchObject([{ path: "", message }]);
  });

  it("leaves the payload itself as it was", () => {
    class Circle {
      @IsPositive() radius!: number;
    }
    class Drawing {
      @ValidateNested()
      @Type(() => Object, { discriminator: { property: "kind", subTypes: [{ name: "circle", value: Circle }] } })
      shape!: unknown;
    }
    const payload = { shape: { kind: "circle", radius: 1 }, extra: 1 };
    expect(valueOf(Drawing, payload).shape).toBeInstanceOf(Circle);
    expect(payload).toEqual({ shape: { kind: "circle", radius: 1 }, extra: 1 });
  });
});

describe("a list of a payload class", () => {
  it("makes an instance of each element", () => {
    const { value } = checkedNow([Order], [order, order]) as { value: Order[] };
    expect(value).toEqual([order, order]);
    expect(value.every((element) => element instanceof Order)).toBe(true);
  });

  it("says which element is wrong", () => {
    expect(issuesOf([Order], [order, null, { ...order, total: -1, items: [{ sku: "a" }] }])).toEqual([
      { path: "[1]", message: "[1] must be an object (Order), not null", rule: "isObject" },
      { path: "[2].total", message: "total must be a positive number", rule: "isPositive" },
      { path: "[2].items[0].price", message: "price must be a positive number", rule: "isPositive" },
    ]);
  });

  it.each([[{ ...order }], ["x"], [null]])("refuses %p", (payload) => {
    expect(issuesOf([Order], payload)).toMatchObject([{ path: "", rule: "isArray" }]);
  });

  it("accepts an empty list", () => {
    expect(checkedNow([Order], [])).toEqual({ value: [] });
  });
});

describe("many shapes of payload classes", () => {
  it("checks rules of the classes that a class extends", () => {
    abstract class Base {
      @IsInt() @Min(1) version!: number;
    }
    class Named extends Base {
      @IsString() name!: string;
    }
    class Customer extends Named {
      @IsEmail() mail!: string;
    }
    expect(valueOf(Customer, { version: 1, name: "n", mail: "a@b.io" })).toBeInstanceOf(Customer);
    expect(issuesOf(Customer, { version: 0, mail: "x" }).map(({ path }) => path)).toEqual(["mail", "version", "name"]);
  });

  it("checks classes that a function makes for another class", () => {
    function pageOf<T extends object>(type: new () => T) {
      class Page {
        @IsInt() next!: number;
        @IsArray() @ValidateNested({ each: true }) @Type(() => type) entries!: T[];
      }
      return Page;
    }
    const OrderPage = pageOf(Order);
    const ItemPage = pageOf(Item);
    expect(valueOf(OrderPage, { next: 1, entries: [order] }).entries[0]).toBeInstanceOf(Order);
    expect(issuesOf(ItemPage, { next: 1, entries: [order] })).toMatchObject([
      { path: "entries[0].sku" },
      { path: "entries[0].price" },
    ]);
  });

  it("makes dates where @Type says so", () => {
    class Visit {
      @IsDate() @Type(() => Date) at!: Date;
      @IsOptional() @IsDate() @Type(() => Date) until?: Date;
    }
    expect(valueOf(Visit, { at: "2031-05-01T10:00:00Z" }).at.getTime()).toBe(Date.UTC(2031, 4, 1, 10));
    expect(issuesOf(Visit, { at: "soon", until: {} })).toEqual([
      { path: "at", message: "at must be a date", rule: "isDate" },
      { path: "until", message: "until must be a date", rule: "isDate" },
    ]);
    expect(issuesOf(Visit, { at: { toString: 1, valueOf: 1 } })).toMatchObject([{ path: "", rule: "unreadable" }]);
  });

  it("checks enums", () => {
    enum Status {
      Open = "open",
      Closed = "closed",
    }
    class Ticket {
      @IsEnum(Status) status!: Status;
    }
    expect(valueOf(Ticket, { status: "open" }).status).toBe(Status.Open);
    expect(issuesOf(Ticket, { status: "lost" })).toEqual([
      { path: "status", message: "status must be one of the following values: open, closed", rule: "isEnum" },
    ]);
  });

  it("checks optional, conditional and required nested objects", () => {
    class Address {
      @IsString() city!: string;
    }
    class Person {
      @IsOptional() @IsString() nick?: string | null;
      @IsBoolean() company!: boolean;
      @ValidateIf((person: Person) => person.company) @IsString() vat?: string;
      @IsDefined() @ValidateNested() @Type(() => Address) address!: Address;
    }
    expect(valueOf(Person, { company: false, nick: null, address: { city: "Ulm" } }).address).toBeInstanceOf(Address);
    expect(issuesOf(Person, { company: true, address: {} }).map(({ path, rule }) => [path, rule])).toEqual([
      ["vat", "isString"],
      ["address.city", "isString"],
    ]);
    expect(issuesOf(Person, { company: false }).map(({ path, rule }) => [path, rule])).toEqual([
      ["address", "isDefined"],
    ]);
  });

  it("converts maps and sets and says where in them a value is wrong", () => {
    class Warehouse {
      @ValidateNested({ each: true }) @Type(() => Item) shelves!: Map<string, Item>;
      @IsString({ each: true }) @Type(() => String) tags!: Set<string>;
    }
    const good = valueOf(Warehouse, { shelves: { a1: { sku: "s", price: 1 } }, tags: ["x", "x"] });
    expect(good.shelves.get("a1")).toBeInstanceOf(Item);
    expect([...good.tags]).toEqual(["x"]);
    expect(issuesOf(Warehouse, { shelves: { "a 1": { sku: "s", price: 0 } }, tags: [] })).toMatchObject([
      { path: 'shelves["a 1"].price' },
    ]);
  });

  it("knows the names that the payload gives to properties", () => {
    class Invoice {
      @Expose({ name: "invoice_no" }) @IsString() number!: string;
      @Expose({ name: "lines" }) @ValidateNested({ each: true }) @Type(() => Item) items!: Item[];
    }
    expect(valueOf(Invoice, { invoice_no: "7", lines: [] }).number).toBe("7");
    expect(issuesOf(Invoice, { invoice_no: 7, lines: [{ sku: "a", price: 0 }] })).toEqual([
      { path: "invoice_no", message: "invoice_no must be a string", rule: "isString" },
      { path: "lines[0].price", message: "price must be a positive number", rule: "isPositive" },
    ]);
  });

  it("leaves out what @Exclude hides and applies @Transform", () => {
    class Account {
      @Transform(({ value }) => (value as string).trim()) @IsString() name!: string;
      @Exclude() @Allow() password?: string;
    }
    const account = valueOf(Account, { name: " n ", password: "p" });
    expect(account.name).toBe("n");
    expect(account).not.toHaveProperty("password");
  });

  it("reports a conversion that trips over the payload as an issue of the payload", () => {
    class Account {
      @Transform(({ value }) => (value as string).trim()) name!: string;
    }
    const [issue] = issuesOf(Account, { name: 5 });
    expect(issue).toMatchObject({ path: "", rule: "unreadable" });
    expect(issue!.message).toMatch(/^the payload cannot be read as Account: .*trim/);
  });

  it("reports a rule that trips over the payload as an issue of the payload", () => {
    class Basket {
      @ValidateIf((basket: Basket) => basket.kind.startsWith("gift")) @IsString() card!: string;
      kind!: string;
    }
    expect(issuesOf(Basket, { kind: 1 })).toMatchObject([{ path: "", rule: "unreadable" }]);
  });

  it("gives rules without a text one", () => {
    @ValidatorConstraint({ name: "even" })
    class Even implements ValidatorConstraintInterface {
      validate(value: unknown): boolean {
        return Number(value) % 2 === 0;
      }
    }
    class Pair {
      @Validate(Even) count!: number;
    }
    expect(issuesOf(Pair, { count: 1 })).toEqual([
      { path: "count", message: "count does not satisfy even", rule: "even" },
    ]);
  });

  it("keeps texts of the user's own", () => {
    class Coded {
      @IsString({ message: "E-17: give $property" }) code!: string;
    }
    expect(issuesOf(Coded, {})).toEqual([{ path: "code", message: "E-17: give code", rule: "isString" }]);
  });
});

describe("classes without rules", () => {
  class Note {
    text!: string;
    at?: unknown;

    shout(): string {
      return this.text.toUpperCase();
    }
  }

  it("are converted, nothing more", () => {
    const note = valueOf(Note, { text: "hi", other: [1] });
    expect(note.shout()).toBe("HI");
    expect(note).toEqual({ text: "hi", other: [1] });
  });

  it("still are objects", () => {
    expect(issuesOf(Note, "hi")).toMatchObject([{ rule: "isObject" }]);
  });

  it("are seen through: what they hold is checked by its own class", () => {
    class Envelope {
      @Type(() => Order) data!: Order;
      @Type(() => Order) others?: Order[];
    }
    expect(valueOf(Envelope, { data: order }).data).toBeInstanceOf(Order);
    expect(issuesOf(Envelope, { data: { id: "1" }, others: [order, { id: 1, total: 1 }] })).toEqual([
      { path: "data.total", message: "total must be a positive number", rule: "isPositive" },
      { path: "others[1].id", message: "id must be a string", rule: "isString" },
    ]);
  });

  it("may be nested in classes with rules", () => {
    class Report {
      @ValidateNested() @Type(() => Note) note!: Note;
    }
    class Wrapped {
      @Type(() => Item) item!: Item;
    }
    class Parcel {
      @ValidateNested() @Type(() => Wrapped) content!: Wrapped;
    }
    expect(valueOf(Report, { note: { text: "hi" } }).note.shout()).toBe("HI");
    expect(issuesOf(Parcel, { content: { item: { sku: "a", price: 0 } } })).toMatchObject([
      { path: "content.item.price", rule: "isPositive" },
    ]);
  });

  it("are not meant by a nested object without a class, which is refused with the remedy", () => {
    class Careless {
      @ValidateNested() item!: Item;
    }
    expect(issuesOf(Careless, { item: { sku: "a", price: 1 } })).toEqual([
      {
        path: "item",
        message: "item has no class to be checked by; give it one with @Type(() => …)",
        rule: "unknownValue",
      },
    ]);
    expect(valueOf(Careless, { item: { sku: "a" } }, { forbidUnknownValues: false, whitelist: false }).item).toEqual({
      sku: "a",
    });
  });
});

describe("instances", () => {
  it("are checked as they are and left as they are", () => {
    const given = Object.assign(new Order(), order, { extra: 1 });
    expect(valueOf(Order, given)).toBe(given);
    expect(given).toHaveProperty("extra", 1);
    expect(issuesOf(Order, Object.assign(new Order(), { id: 1, total: 1 }))).toMatchObject([{ path: "id" }]);
  });

  it("may hold plain objects", () => {
    const good = Object.assign(new Order(), order, { items: [{ sku: "a", price: 1 }] });
    const bad = Object.assign(new Order(), order, { items: [{ sku: "a", price: 0 }] });
    expect(valueOf(Order, good).items?.[0]).toBeInstanceOf(Item);
    expect(issuesOf(Order, bad)).toMatchObject([{ path: "items[0].price" }]);
  });

  it("may be elements of a list", () => {
    const given = Object.assign(new Order(), order);
    expect((checkedNow([Order], [given, order]) as { value: unknown[] }).value[0]).toBe(given);
  });
});

describe("rules that answer later", () => {
  @ValidatorConstraint({ name: "declaredLate", async: true })
  class DeclaredLate implements ValidatorConstraintInterface {
    async validate(value: unknown): Promise<boolean> {
      await Promise.resolve();
      if (value === "down") throw new Error("no connection");
      return value === "good";
    }
    defaultMessage(): string {
      return "$property is not known";
    }
  }

  function Late(): PropertyDecorator {
    return (target, propertyName) =>
      registerDecorator({
        name: "late",
        target: target.constructor,
        propertyName: propertyName as string,
        validator: {
          validate: (value) => new Promise<boolean>((resolve) => setImmediate(() => resolve(value === "good"))),
          defaultMessage: () => "$property is not known",
        },
      });
  }

  class Declared {
    @Validate(DeclaredLate) sku!: unknown;
  }
  class Undeclared {
    @Late() sku!: string;
  }
  class Outer {
    @IsString() id!: string;
    @ValidateNested({ each: true }) @Type(() => Undeclared) nested!: Undeclared[];
  }

  it.each([
    ["declared with async: true", Declared],
    ["not declared", Undeclared],
  ])("are waited for when %s", async (_, type) => {
    const check = compileCheck(type);
    for (let times = 0; times < 2; times++) {
      expect(await check({ sku: "good" })).toEqual({ value: { sku: "good" } });
      expect(await check({ sku: "bad" })).toEqual({
        issues: [{ path: "sku", message: "sku is not known", rule: expect.stringMatching(/late/i) as string }],
      });
    }
    expect(check({ sku: "good" })).toBeInstanceOf(Promise);
  });

  it("are waited for in nested objects and lists", async () => {
    const check = compileCheck([Outer]);
    expect(await check([{ id: "1", nested: [{ sku: "good" }, { sku: "bad" }] }])).toMatchObject({
      issues: [{ path: "[0].nested[1].sku" }],
    });
    expect(await check([{ id: "1", nested: [{ sku: "good" }] }])).toMatchObject({ value: [{ id: "1" }] });
  });

  it("fail the check, not the payload, when they fail by themselves", async () => {
    const check = compileCheck(Declared);
    await expect(check({ sku: "down" })).rejects.toThrow("no connection");
    await expect(check({ sku: "down" })).rejects.toThrow("no connection");
  });

  it("leave classes without such rules synchronous", () => {
    expect(compileCheck(Order)(order)).not.toBeInstanceOf(Promise);
  });
});

describe("hostile payloads", () => {
  const wide = (members: number): object =>
    Object.fromEntries(Array.from({ length: members }, (_, index) => [`p${index}`, 1]));

  it("may not have more members than are compared with each other, where that is left to class-transformer", () => {
    class Plain {
      bag!: object;
    }
    const message = "an object of the payload must not hold more than 1000 properties";
    expect(issuesOf(Plain, { bag: wide(1001) })).toEqual([{ path: "", message, rule: "maxItems" }]);
    expect(issuesOf(Plain, { bag: wide(1000) })).toEqual([]);
  });

  function nested(levels: number): object {
    let value = {};
    for (let level = 0; level < levels; level++) value = { items: value };
    return value;
  }

  it("may not be nested too deep", () => {
    for (const payload of [nested(20_000), { ...order, items: nested(20_000) }, { ...order, items: [[nested(200)]] }]) {
      expect(within(2000, () => issuesOf(Order, payload))).toEqual([
        { path: "", message: "the payload must not be nested deeper than 100 levels", rule: "maxDepth" },
      ]);
    }
    expect(issuesOf(Order, nested(300), { maxDepth: 10_000 }).map(({ rule }) => rule)).not.toContain("maxDepth");
  });

  it("may not be too long", () => {
    const many = Array.from({ length: 100_000 }, () => ({ sku: "a", price: 1 }));
    const issue = {
      path: "",
      message: "the payload must not hold more than 50000 objects and list elements",
      rule: "maxItems",
    };
    expect(within(2000, () => issuesOf(Order, { ...order, items: many }))).toEqual([issue]);
    expect(within(2000, () => issuesOf([Item], many))).toEqual([issue]);
    const spread = Array.from({ length: 100 }, () => many.slice(0, 1000));
    expect(within(2000, () => issuesOf(Order, { ...order, items: spread }))).toEqual([issue]);
  });

  it("may not have too many properties", () => {
    const wide = Object.fromEntries(Array.from({ length: 600_000 }, (_, index) => [`p${index}`, 1]));
    expect(within(10_000, () => issuesOf(Order, wide))).toMatchObject([{ rule: "maxItems" }]);
  });

  it("are answered in bounded time up to those limits", () => {
    const many = Array.from({ length: 20_000 }, () => ({ sku: "a", price: 1 }));
    expect(within(20_000, () => issuesOf(Order, { ...order, items: many }))).toEqual([]);
  });

  it("get a hundred issues and a remark at most", () => {
    const wrong = Array.from({ length: 40_000 }, () => ({ sku: 1 }));
    for (const issues of [issuesOf([Item], wrong), issuesOf(Order, { ...order, items: wrong })]) {
      expect(issues).toHaveLength(101);
      expect(issues[100]).toEqual({
        path: "",
        message: "only the first 100 problems are listed",
        rule: "tooManyIssues",
      });
    }
  });

  it.each([
    ['{"id":"1","total":1,"__proto__":{"polluted":true}}', "__proto__"],
    ['{"id":"1","total":1,"items":[{"sku":"a","price":1,"__proto__":{"polluted":true}}]}', "items[0].__proto__"],
  ])("cannot replace a prototype: %s", (text, path) => {
    expect(issuesOf(Order, JSON.parse(text))).toEqual([
      { path, message: "__proto__ is not accepted as the name of a property", rule: "forbiddenKey" },
    ]);
    expect({}).not.toHaveProperty("polluted");
  });

  it("cannot name a constructor", () => {
    class Open {
      @Allow() any!: unknown;
    }
    const constructor = { prototype: { polluted: true } };
    const value = valueOf(Open, { constructor, any: { constructor, a: { constructor: "x", b: 1 } } });
    expect(value).toBeInstanceOf(Open);
    expect(value.any).toEqual({ a: { b: 1 } });
    expect({}).not.toHaveProperty("polluted");
  });

  it("cannot replace methods", () => {
    class Tool {
      @IsString() name!: string;
      use(): string {
        return "used";
      }
    }
    const tool = valueOf(
      Tool,
      { name: "t", use: "broken", toString: "broken", hasOwnProperty: 1 },
      { whitelist: false },
    );
    expect(tool.use()).toBe("used");
    expect(Object.keys(tool)).toEqual(["name"]);
  });
});
