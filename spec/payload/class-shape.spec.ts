import "reflect-metadata";
import { Exclude, Expose, Transform, Type } from "class-transformer";
import * as validator from "class-validator";
import { IsInt, IsOptional, IsString, ValidateIf, ValidateNested } from "class-validator";
import type { Class } from "../../lib/model/payload-type.js";
import { ownPackages } from "../../lib/payload/class-packages.js";
import { compileClassCheck, type ClassCheckOptions } from "../../lib/payload/class-payload.js";
import { Shapes } from "../../lib/payload/class-shape.js";

const defaults: ClassCheckOptions = {
  whitelist: true,
  forbidNonWhitelisted: false,
  forbidUnknownValues: true,
  maxDepth: 100,
  maxItems: 50_000,
};

/** What a check by shapes says of payloads, and what the packages say of them by themselves. */
function saidOf(type: Class | readonly [Class], options: Partial<ClassCheckOptions>, payloads: readonly unknown[]) {
  const byShape = compileClassCheck(type, { ...defaults, ...options });
  const byPackages = compileClassCheck(type, { ...defaults, ...options }, { byShape: false });
  return {
    byShape: payloads.map((payload) => ({ payload, said: byShape(structuredClone(payload)) })),
    byPackages: payloads.map((payload) => ({ payload, said: byPackages(structuredClone(payload)) })),
  };
}

/** True where the class needs the packages for each payload. */
function isLeftToPackages(type: Class): boolean {
  return new Shapes(ownPackages.transformerStorage()!, validator.getMetadataStorage()).of(type) === undefined;
}

type Decorate = (options?: validator.ValidationOptions) => PropertyDecorator;
type Factory = (...args: readonly unknown[]) => PropertyDecorator;

/** Arguments of the decorators that need any; the others are given their options only. */
const needed: Readonly<Record<string, readonly unknown[]>> = {
  ArrayContains: [["a", 1]],
  ArrayMaxSize: [1],
  ArrayMinSize: [2],
  ArrayNotContains: [["a"]],
  Contains: ["a"],
  Equals: [5],
  IsByteLength: [1, 4],
  IsDivisibleBy: [2],
  IsEnum: [{ red: "red", one: 1 }],
  IsHash: ["md5"],
  IsIdentityCard: ["any"],
  IsIn: [["a", 5, null]],
  IsInstance: [Date],
  IsNotIn: [["a", 5]],
  IsPassportNumber: ["DE"],
  IsPostalCode: ["DE"],
  IsTaxId: ["de-DE"],
  Length: [2, 4],
  Matches: [/^a/],
  Max: [5],
  MaxDate: [new Date(1e12)],
  MaxLength: [3],
  Min: [5],
  MinDate: [new Date(1e12)],
  MinLength: [3],
  NotContains: ["a"],
  NotEquals: [5],
  ValidateBy: [{ name: "own", validator: { validate: (value: unknown) => value === 5 } }],
};
/** Those that take options of their own before the common ones. */
const configured = new Set(
  (
    "IsAlpha IsAlphanumeric IsBase64 IsCurrency IsDecimal IsEmail IsFQDN IsIP IsISBN IsISO8601 IsISSN IsMACAddress " +
    "IsMobilePhone IsNumber IsNumberString IsPhoneNumber IsDateString IsRgbColor IsStrongPassword IsUrl IsUUID ArrayUnique IsNotEmptyObject"
  ).split(" "),
);
const notRules = [
  "Allow",
  "IsOptional",
  "MetadataStorage",
  "Validate",
  "ValidateIf",
  "ValidateNested",
  "ValidatePromise",
  "ValidationError",
  "ValidationTypes",
  "Validator",
  "ValidatorConstraint",
];
const all = validator as unknown as Readonly<Record<string, unknown>>;
const rules: readonly (readonly [string, Decorate])[] = Object.keys(all)
  .filter((name) => /^[A-Z]/.test(name) && typeof all[name] === "function" && !notRules.includes(name))
  .map((name) => [
    name,
    (options) => {
      const args = needed[name] ?? (configured.has(name) ? [undefined] : []);
      return (all[name] as Factory)(...args, options);
    },
  ]);

const values: readonly unknown[] = (
  [
    [undefined, null, true, false, 0, 1, 2, 5, -5, 1.5, 1e300, "", " ", "a", "abc", "A", "5", "-1.5", "true", "null"],
    ["a@b.example", "https://b.example/x?y=1", "127.0.0.1", "::1", "2024-02-29", "2024-02-30T10:00:00Z", "12:30"],
    ["550e8400-e29b-41d4-a716-446655440000", "507f1f77bcf86cd799439011", "#ff0000", "DE89370400440532013000"],
    [
      "4111111111111111",
      "+4930123456",
      "eyJh.eyJz.c2ln",
      '{"a":1}',
      "aGVsbG8=",
      "d41d8cd98f00b204e9800998ecf8427e",
      "é日本",
    ],
    ["US", "USA", "840", "EUR", "en", "text/plain", "1.2.3", "Europe/Berlin", "52.5,13.4", "data:,x", "$1.00", "0x1f"],
    [
      [],
      ["a"],
      ["a", "a"],
      [1, "a", null],
      [[1]],
      [{}],
      {},
      { a: 1 },
      { a: { b: [1] } },
      { latitude: 1 },
      { toString: 1 },
    ],
    [["a@b.example", "c"], [5, 5], [true], ["red"], { constructor: 1 }, [null], [undefined]],
  ] as readonly unknown[][]
).flat();

it("the table names every rule that class-validator has", () => {
  expect(rules.length).toBeGreaterThan(95);
  for (const [name, decorate] of rules) expect([name, typeof decorate()]).toEqual([name, "function"]);
});

describe.each(rules)("what @%s says is what class-validator says,", (name, decorate) => {
  it.each([
    ["of a value", {}, []],
    ["of each value", { each: true }, []],
    ["of an optional value", {}, [IsOptional()]],
    ["with a text of the user's own", { message: "$property is $value for $target under $constraint1" }, []],
    ["beside another rule", {}, [IsString({ message: ({ value }) => `not ${typeof value}` })]],
  ] as const)("%s", (_case, options, others) => {
    class Payload {
      value!: unknown;
    }
    for (const other of others) other(Payload.prototype, "value");
    decorate(options)(Payload.prototype, "value");
    expect([name, isLeftToPackages(Payload)]).toEqual([name, false]);
    const { byShape, byPackages } = saidOf(Payload, {}, [{}, ...values.map((value) => ({ value }))]);
    expect(byShape).toStrictEqual(byPackages);
  });
});

class Address {
  @IsString() city!: string;
  @IsOptional()
  @Transform(({ value }) => (typeof value === "string" ? value.trim() : value))
  @IsString()
  street?: string;
}

class Line {
  @IsString() sku!: string;
  @IsInt() count = 1;
  @IsOptional() @ValidateNested() @Type(() => Address) from?: Address;
  note = "a default that no rule is about";
}

class Customer {
  @Expose({ name: "e-mail" }) @IsString() email!: string;
  @Exclude() @IsOptional() @IsString() role?: string;
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Address) addresses?: Address[];
}

class Order {
  @IsString() id!: string;
  @ValidateIf((order: Order) => order.id !== "free") @IsInt({ message: "$value is not a total" }) total!: number;
  @Type(() => Date) @validator.IsDate() @IsOptional() due?: Date;
  @IsOptional() @validator.IsArray() @ValidateNested({ each: true }) @Type(() => Line) lines?: Line[];
  @IsOptional() @ValidateNested() @Type(() => Customer) customer?: Customer;
  @IsOptional() @validator.IsObject() attributes?: Record<string, unknown>;
  @IsOptional() @IsString({ each: true }) tags?: string[];
  @IsOptional() @Type(() => Number) @validator.Min(1) weight?: number;
}

class Defaults {
  @ValidateNested() @Type(() => Line) line = new Line();
  @IsOptional() @ValidateNested() @Type(() => Line) other?: Line | null = null;
}

class Circle {
  @IsInt() radius!: number;
}

class Square {
  @IsInt() side!: number;
  @IsOptional() @IsString() kind?: string;
}

const subTypes = [
  { name: "circle", value: Circle },
  { name: "square", value: Square },
];

class Drawing {
  @IsOptional()
  @ValidateNested()
  @Type(() => Object, { discriminator: { property: "kind", subTypes } })
  first?: unknown;

  @IsOptional()
  @ValidateNested({ each: true })
  @Type(() => Square, { discriminator: { property: "kind", subTypes }, keepDiscriminatorProperty: true })
  others?: unknown[];

  @IsOptional() @ValidateNested() untyped?: object;
}

class Rush extends Order {
  @IsInt() hours!: number;
}

/** The same numbers at each run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Mostly what is due, now and then something else, left out, or beside it. */
function someOrder(random: () => number): unknown {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const or = (make: () => unknown): unknown => (random() < 0.06 ? pick(values) : make());
  const list = (make: () => unknown): unknown => (random() < 0.02 ? [[make(), 5], make()] : listOf(make));
  const listOf = (make: () => unknown): unknown => or(() => Array.from({ length: Math.floor(random() * 4) }, make));
  const some = (members: Readonly<Record<string, () => unknown>>): unknown =>
    or(() => {
      const entries = Object.entries(members).filter(() => random() < 0.85);
      if (random() < 0.15) entries.push([pick(["more", "toString", "note", "constructor"]), () => pick(values)]);
      if (random() < 0.3) entries.reverse();
      return Object.fromEntries(entries.map(([name, make]) => [name, make()]));
    });
  const address = () => some({ city: () => or(() => "Berlin"), street: () => or(() => " Unter den Linden ") });
  const line = () => some({ sku: () => or(() => "a"), count: () => or(() => 2), from: address });
  return some({
    id: () => or(() => pick(["1", "free"])),
    total: () => or(() => 5),
    due: () => or(() => "2024-02-29T00:00:00.000Z"),
    lines: () => list(line),
    customer: () =>
      some({ "e-mail": () => or(() => "a@b"), email: () => "x", role: () => "admin", addresses: () => list(address) }),
    attributes: () => or(() => ({ a: { b: [pick(values)] } })),
    tags: () => list(() => or(() => "t")),
    weight: () => or(() => pick([2, "3", 0])),
    hours: () => or(() => 4),
  });
}

describe("classes of many shapes", () => {
  it.each([
    ["by default", {}],
    ["without a whitelist", { whitelist: false }],
    ["with a whitelist that refuses", { forbidNonWhitelisted: true }],
    ["with narrow limits", { maxDepth: 4, maxItems: 12 }],
  ] satisfies [string, Partial<ClassCheckOptions>][])("are checked alike %s", (_case, options) => {
    const random = generator(41);
    const payloads = Array.from({ length: 1000 }, () => someOrder(random));
    const { byShape, byPackages } = saidOf(Rush, options, payloads);
    expect(byShape).toStrictEqual(byPackages);
  });

  it.each([{}, { line: {} }, { line: { sku: "a", note: "b" } }, { line: new Line() }, { other: 5, line: null }])(
    "are checked alike where a class has defaults: %j",
    (payload) => {
      for (const options of [{}, { whitelist: false }, { forbidNonWhitelisted: true }]) {
        const { byShape, byPackages } = saidOf(Defaults, options, [payload]);
        expect(byShape).toStrictEqual(byPackages);
      }
    },
  );

  it("are checked alike where the payload names the class", () => {
    const objects = ["circle", "square", "other", 5, undefined].flatMap((kind) => [
      { kind, radius: 1, side: 1 },
      { kind, radius: "x" },
      { radius: 1, side: 2, more: kind },
    ]);
    const payloads = [...objects, 5, "a", null, [], [objects[0]]].flatMap((value) => [
      { first: value },
      { others: value },
      { others: [value, objects[0]] },
      { others: [[value]] },
      { untyped: value },
    ]);
    for (const options of [{}, { whitelist: false }, { forbidNonWhitelisted: true }, { forbidUnknownValues: false }]) {
      const { byShape, byPackages } = saidOf(Drawing, options, payloads);
      expect(byShape).toStrictEqual(byPackages);
    }
  });

  it("are checked alike in lists", () => {
    const random = generator(43);
    const list = () => Array.from({ length: 4 }, () => someOrder(random));
    const { byShape, byPackages } = saidOf([Order], {}, Array.from({ length: 300 }, list));
    expect(byShape).toStrictEqual(byPackages);
  });

  it("are not left to the packages, but for accessors and what has no rule", () => {
    class Named {
      @IsString()
      get name(): string {
        return "n";
      }
    }
    class Settable {
      @IsString() id!: string;
      set more(_: unknown) {
        throw new Error("not to be set");
      }
    }
    const byShape = [Address, Line, Customer, Order, Rush, Drawing].map(isLeftToPackages);
    expect(byShape).toEqual(byShape.map(() => false));
    expect([Named, Settable, class {}, Object, Date, undefined].map((type) => isLeftToPackages(type as Class))).toEqual(
      Array(6).fill(true),
    );
  });

  it("show a function of the user's own the payload, and keep it as it was", () => {
    class Shown {
      @IsString() first!: string;
      @IsString()
      @Transform(({ obj }: { obj: { first?: unknown; rest?: unknown } }) => {
        const text = `${String(obj.first)} ${String(obj.rest)}`;
        obj.rest = "changed";
        return text;
      })
      full!: string;
    }
    const payload = { first: "a", rest: "b", full: "" };
    const { byShape, byPackages } = saidOf(Shown, {}, [payload]);
    expect(byShape).toStrictEqual(byPackages);
    expect(compileClassCheck(Shown, defaults)(payload)).toMatchObject({ value: { full: "a b" } });
    expect(payload.rest).toBe("b");
  });

  it("may throw of what a payload holds, which is said of the payload", () => {
    class Tripping {
      @IsString()
      @Transform(({ value }: { value: { trim(): string } }) => value.trim())
      id!: string;
    }
    const { byShape, byPackages } = saidOf(Tripping, {}, [{ id: 5 }, { id: " a " }]);
    expect(byShape).toStrictEqual(byPackages);
  });
});
