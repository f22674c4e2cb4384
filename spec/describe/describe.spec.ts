import { readFileSync } from "node:fs";
import { join } from "node:path";
import { validate } from "@readme/openapi-parser";
import Ajv from "ajv";
import Ajv2020 from "ajv/dist/2020.js";
import { Type } from "class-transformer";
import { IsArray, IsPositive, IsString, ValidateNested } from "class-validator";
import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprTopicTrigger,
  FunctionName,
  HttpTrigger,
  readFunctions,
  type CloudEvent,
  type Collector,
  type HttpRequest,
} from "dapr-functions";
import { z } from "zod";
import { breakingChanges } from "../../lib/describe/breaking.js";
import { toAsyncApi, toJsonSchema, toOpenApi } from "../../lib/describe/documents.js";
import { built, makeProject, write } from "../cli/app.js";
import { runCli } from "../support/functions-host.js";

const options = { title: "orders", version: "1.2.3", from: process.cwd() };

class Line {
  @IsString()
  sku!: string;
}

class Order {
  @IsString()
  id!: string;

  @IsPositive()
  total!: number;

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Line)
  lines!: Line[];
}

const Created = z.object({ id: z.string(), total: z.number().positive() });

class Functions {
  @DaprServiceInvocationTrigger({ payload: Order })
  @DaprPublish({ name: "created", pubSubName: "bus", topic: "orders/created", valueType: Created })
  create(_order: Order, _outputs: { created: Collector<z.infer<typeof Created>> }): void {}

  @DaprServiceInvocationTrigger({ methodName: "orders/{id}", methods: ["GET", "DELETE"] })
  find(): void {}

  @HttpTrigger({ route: "files/{*rest}", methods: ["PUT"], payload: z.object({ name: z.string() }) })
  async put(_request: HttpRequest<{ name: string }>): Promise<void> {}

  @DaprTopicTrigger({ pubSubName: "bus", topic: "orders/created", payload: Created })
  seen(_event: CloudEvent<z.infer<typeof Created>>): void {}

  @DaprServiceInvocationTrigger({ payload: [Line] })
  many(_lines: Line[]): void {}
}

const definitions = readFunctions([Functions]);

describe("routes that OpenAPI cannot tell apart", () => {
  class Routes {
    @HttpTrigger({ route: "orders/{id:int}", methods: ["GET"] })
    byNumber(_request: HttpRequest): void {}
    @HttpTrigger({ route: "orders/{name}", methods: ["GET", "DELETE"] })
    byName(_request: HttpRequest): void {}
    @HttpTrigger({ route: "codes/{code:regex(^\\d{{3}}$)}/{id:guid?}", methods: ["GET"] })
    code(_request: HttpRequest): void {}
  }

  it("are one path, and what is left out is noted", async () => {
    const { document, notes } = toOpenApi(readFunctions([Routes]), options);
    expect(await validate(structuredClone(document) as never)).toMatchObject({ valid: true });
    const { paths } = document as { paths: Record<string, Record<string, unknown>> };
    expect(paths).toMatchObject({
      "/api/orders/{id}": {
        get: { operationId: "byNumber", parameters: [{ name: "id", schema: { type: "integer" } }] },
        delete: { operationId: "byName.delete", parameters: [{ name: "id" }] },
      },
      "/api/codes/{code}/{id}": {
        get: { parameters: [{ schema: { type: "string" } }, { schema: { format: "uuid" } }] },
      },
      "/api/codes/{code}": { get: { operationId: "code.without.id" } },
    });
    expect(Object.keys(paths)).toHaveLength(3);
    expect(notes).toEqual([
      "Routes.byName: GET /api/orders/{name} is left out, as OpenAPI has one operation at /api/orders/{id}",
    ]);
  });
});

describe("routes that may end early", () => {
  class Early {
    @HttpTrigger({ route: "notes/{year:int?}/{month=1}", methods: ["GET", "POST"] })
    notes(_request: HttpRequest): void {}
    @HttpTrigger({ route: "notes", methods: ["GET"] })
    all(_request: HttpRequest): void {}
    @HttpTrigger({ route: "files/{*rest}", methods: ["GET"] })
    files(_request: HttpRequest): void {}
    @HttpTrigger({ route: "pages/{name}.{ext?}", methods: ["GET"] })
    page(_request: HttpRequest): void {}
    @DaprServiceInvocationTrigger({ methodName: "orders/{id?}" })
    order(): void {}
  }

  it("are a path for each end, of which another function may have one", async () => {
    const { document, notes } = toOpenApi(readFunctions([Early]), options);
    expect(await validate(structuredClone(document) as never)).toMatchObject({ valid: true });
    expect(notes).toEqual([]);
    const { paths } = document as {
      paths: Record<string, Record<string, { operationId: string; parameters?: object }>>;
    };
    const operations = Object.entries(paths).flatMap(([path, byVerb]) =>
      Object.entries(byVerb).map(([verb, { operationId }]) => `${operationId}: ${verb} ${path}`),
    );
    expect(operations.sort()).toEqual([
      "all: get /api/notes",
      "files.without.rest: get /api/files",
      "files: get /api/files/{rest}",
      "notes.get.without.month: get /api/notes/{year}",
      "notes.get: get /api/notes/{year}/{month}",
      "notes.post.without.month: post /api/notes/{year}",
      "notes.post.without.year.month: post /api/notes",
      "notes.post: post /api/notes/{year}/{month}",
      "order.without.id: post /orders",
      "order: post /orders/{id}",
      "page.without.ext: get /api/pages/{name}",
      "page: get /api/pages/{name}.{ext}",
    ]);
    expect(paths["/api/notes"]!["post"]!.parameters).toBeUndefined();
  });
});

describe("the description of functions", () => {
  it("as OpenAPI is one that its own parser takes, with what is checked", async () => {
    const { document, notes } = toOpenApi(definitions, options);
    expect(await validate(structuredClone(document) as never)).toMatchObject({ valid: true });
    expect(notes).toEqual([]);
    expect(document).toMatchObject({
      info: { title: "orders", version: "1.2.3" },
      paths: {
        "/create": {
          post: {
            operationId: "create",
            requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Order" } } } },
          },
        },
        "/orders/{id}": { get: { parameters: [{ name: "id", in: "path" }] }, delete: { operationId: "find.delete" } },
        "/api/files/{rest}": {
          put: {
            requestBody: { content: { "application/json": { schema: { properties: { name: { type: "string" } } } } } },
          },
        },
        "/many": {
          post: {
            requestBody: {
              content: {
                "application/json": { schema: { type: "array", items: { $ref: "#/components/schemas/Line" } } },
              },
            },
          },
        },
      },
      components: {
        schemas: {
          Order: {
            properties: { lines: { items: { $ref: "#/components/schemas/Line" } } },
            required: ["id", "total", "lines"],
          },
          Line: {},
        },
      },
    });
  });

  it("as AsyncAPI is one that its schema takes, with what is received and sent", () => {
    const { document } = toAsyncApi(definitions, options);
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const schema = require("@asyncapi/specs/schemas/3.0.0.json") as object;
    const ajv = new Ajv({ meta: false, validateSchema: false, strict: false, validateFormats: false });
    expect([ajv.validate(schema, structuredClone(document)), ajv.errors]).toEqual([true, null]);
    expect(document).toMatchObject({
      channels: {
        "bus.orders_created": {
          address: "orders/created",
          messages: { seen: { payload: { required: ["id", "total"] } }, "create.created": {} },
        },
      },
      operations: { "receive.seen": { action: "receive" }, "send.create.created": { action: "send" } },
    });
  });

  it("as JSON Schema refuses what the function refuses", () => {
    const { document } = toJsonSchema(definitions, options);
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema(document, "functions");
    const takes = (name: string, value: unknown) => ajv.validate({ $ref: `functions#/$defs/${name}` }, value);
    expect([
      takes("create", { id: "1", total: 1, lines: [{ sku: "a" }] }),
      takes("create", { id: "1", total: 1, lines: [{}] }),
      takes("seen", { id: "1", total: -1 }),
    ]).toEqual([true, false, false]);
  });

  it("has the references of a schema lead to where they led in it", async () => {
    const Node = z.object({
      id: z.string(),
      get children() {
        return z.array(Node);
      },
    });
    const Shared = z.object({ sku: z.string() }).meta({ id: "SharedPart" });
    const Pair = z.object({ one: Shared, other: Shared, node: Node });
    class Nested {
      @DaprServiceInvocationTrigger({ payload: Node })
      @DaprPublish({ name: "out", pubSubName: "bus", topic: "t", valueType: Pair })
      node(_payload: unknown, _outputs: { out: Collector<never> }): void {}
      @DaprServiceInvocationTrigger({ payload: Pair })
      pair(_payload: unknown): void {}
      @DaprTopicTrigger({ pubSubName: "bus", topic: "t", payload: Node })
      seen(_event: CloudEvent): void {}
    }
    const nested = readFunctions([Nested]);
    const [openApi, asyncApi, jsonSchema] = [toOpenApi, toAsyncApi, toJsonSchema].map(
      (describe) => describe(nested, options).document,
    ) as [object, object, object];
    expect(await validate(structuredClone(openApi) as never)).toMatchObject({ valid: true });
    for (const [document, pointers] of [
      [
        openApi,
        [
          "paths/~1node/post/requestBody/content/application~1json/schema",
          "paths/~1pair/post/requestBody/content/application~1json/schema",
        ],
      ],
      [asyncApi, ["channels/bus.t/messages/seen/payload", "channels/bus.t/messages/node.out/payload"]],
      [jsonSchema, ["$defs/node", "$defs/pair"]],
    ] as const) {
      const ajv = new Ajv2020({ strict: false, validateSchema: false });
      ajv.addSchema(document, "described");
      const takes = (pointer: string, value: unknown) => ajv.validate({ $ref: `described#/${pointer}` }, value);
      const leaf = { id: "1", children: [] };
      const pair = { one: { sku: "a" }, other: { sku: "b" } };
      expect([
        takes(pointers[0], { id: "1", children: [leaf] }),
        takes(pointers[0], { id: "1", children: [{ id: 1, children: [] }] }),
        takes(pointers[1], { ...pair, node: leaf }),
        takes(pointers[1], { ...pair, other: { sku: 1 }, node: leaf }),
        takes(pointers[1], { ...pair, node: { id: "1", children: [{}] } }),
      ]).toEqual([true, false, true, false, false]);
    }
  });

  it("says what it leaves open", () => {
    const silent = { "~standard": { version: 1 as const, vendor: "mine", validate: (value: unknown) => ({ value }) } };
    class Unknown {
      @DaprServiceInvocationTrigger({ payload: silent })
      f(_payload: unknown): void {}
      @DaprServiceInvocationTrigger({ payload: z.object({ when: z.date() }) })
      g(_payload: { when: Date }): void {}
    }
    expect(toOpenApi(readFunctions([Unknown]), options).notes).toEqual([
      "Unknown.f: the schema of mine does not say its JSON Schema; it is left open",
      expect.stringContaining("Unknown.g: its schema cannot be said as JSON Schema"),
    ]);
  });
});

type Payload = z.ZodType;

/** Descriptions of one function that takes, or publishes, a payload. */
function versions(
  format: "openapi" | "asyncapi-received" | "asyncapi-sent",
  payload: Payload,
): Readonly<Record<string, unknown>> {
  class Called {
    @DaprServiceInvocationTrigger({ payload })
    f(_payload: unknown): void {}
  }
  class Received {
    @DaprTopicTrigger({ pubSubName: "bus", topic: "t", payload })
    f(_event: CloudEvent): void {}
  }
  class Sent {
    @DaprServiceInvocationTrigger()
    @DaprPublish({ name: "out", pubSubName: "bus", topic: "t", valueType: payload })
    f(_payload: unknown, _outputs: { out: Collector<unknown> }): void {}
  }
  const document =
    format === "openapi"
      ? toOpenApi(readFunctions([Called]), options)
      : toAsyncApi(readFunctions([format === "asyncapi-sent" ? Sent : Received]), options);
  return JSON.parse(JSON.stringify(document.document)) as Readonly<Record<string, unknown>>;
}

const base = z.object({
  id: z.string(),
  total: z.number().optional(),
  kind: z.enum(["a", "b"]),
  lines: z.array(z.object({ sku: z.string() })),
});

describe("an earlier description", () => {
  it.each<[string, Payload, readonly string[], readonly string[]]>([
    ["nothing", base, [], []],
    ["a property that may be left out", base.extend({ note: z.string().optional() }), [], []],
    ["a property that must be given", base.extend({ note: z.string() }), [".note: it must be given now"], []],
    [
      "a property that was optional and must be given",
      base.extend({ total: z.number() }),
      [".total: it must be given now"],
      [],
    ],
    [
      "a property of another type",
      base.extend({ id: z.number() }),
      [".id: string is no longer taken"],
      [".id: number may come now"],
    ],
    [
      "a property that may be left out now",
      base.extend({ id: z.string().optional() }),
      [],
      [".id: it may be missing now"],
    ],
    ["one word less", base.extend({ kind: z.enum(["a"]) }), ['.kind: "b" is no longer taken'], []],
    ["one word more", base.extend({ kind: z.enum(["a", "b", "c"]) }), [], ['.kind: "c" may come now']],
    ["a bound", base.extend({ id: z.string().min(2) }), [".id: minLength is new: 2"], []],
    [
      "something nested",
      base.extend({ lines: z.array(z.object({ sku: z.string(), amount: z.number() })) }),
      [".lines[].amount: it must be given now"],
      [],
    ],
    ["a format", base.extend({ id: z.email() }), [".id: format is new: email"], []],
    ["a pattern", base.extend({ id: z.string().regex(/^a/) }), [".id: pattern is new: ^a"], []],
    ["words in place of text", base.extend({ id: z.enum(["a", "b"]) }), ['.id: only "a" or "b" is taken now'], []],
    ["text in place of words", base.extend({ kind: z.string() }), [], ['.kind: only "a" or "b" came before']],
    ["a step", base.extend({ total: z.number().multipleOf(5).optional() }), [".total: multipleOf is new: 5"], []],
    ["null", base.extend({ id: z.string().nullable() }), [], [".id: null may come now"]],
    ["a choice", base.extend({ id: z.union([z.string(), z.number()]) }), [], [".id: number may come now"]],
    ["a bound that says nothing", base.extend({ id: z.string().min(0), lines: base.shape.lines.min(0) }), [], []],
    [
      "words one by one",
      base.extend({ kind: z.union([z.literal("a"), z.literal("b"), z.literal("c")]) }),
      [],
      ['.kind: "c" may come now'],
    ],
    [
      "words among others, and one less",
      base.extend({ kind: z.union([z.literal("a"), z.number()]) }),
      ['.kind: "b" is no longer taken'],
      [".kind: number may come now"],
    ],
    ["strict objects", z.strictObject(base.shape), [": unknown properties are no longer taken"], []],
  ])("knows whom %s breaks", (_what, now, callers, subscribers) => {
    expect(breakingChanges(versions("openapi", base), versions("openapi", now))).toEqual(
      callers.map((line) => `POST /f${line}`),
    );
    expect(breakingChanges(versions("asyncapi-received", base), versions("asyncapi-received", now))).toEqual(
      callers.map((line) => `receive.f${line}`),
    );
    expect(breakingChanges(versions("asyncapi-sent", base), versions("asyncapi-sent", now))).toEqual(
      subscribers.map((line) => `send.f.out${line}`),
    );
  });
});

describe("an earlier description of", () => {
  const zip = z.object({ zip: z.string() });
  const land = z.object({ zip: z.string(), land: z.string() });
  const cat = z.object({ kind: z.literal("cat"), lives: z.number() });
  const dog = z.object({ kind: z.literal("dog"), name: z.string() });
  type Node = { name: string; next?: Node | undefined };
  const node = (name: z.ZodType): z.ZodType<Node> =>
    z.object({
      name,
      get next() {
        return node(name).optional();
      },
    }) as never;

  const named = (name: z.ZodType): z.ZodType => z.object({ name }).meta({ id: "Part" });
  const tree = (name: z.ZodType): z.ZodType => {
    const one: z.ZodType = z.object({
      name,
      get next() {
        return one.optional();
      },
    });
    return one;
  };

  it.each<[string, Payload, Payload, readonly string[], readonly string[]]>([
    [
      "a list of words that are all too short now",
      z.enum(["a", "b", "c"]).nullable(),
      z.string().min(3).nullable(),
      [": minLength is new: 3"],
      [': only "a" or "b" or "c" came before'],
    ],
    ["a literal", z.literal("a"), z.literal("b"), [': "a" is no longer taken'], [': "b" may come now']],
    [
      "a record",
      z.record(z.string(), z.string()),
      z.record(z.string(), z.number()),
      [".*: string is no longer taken"],
      [".*: number may come now"],
    ],
    ["an object or null", zip.nullable(), land.nullable(), [".land: it must be given now"], []],
    ["a union that loses one", z.union([z.string(), z.number()]), z.string(), [": number is no longer taken"], []],
    [
      "a union that becomes one object",
      z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]),
      z.object({ a: z.string().optional(), b: z.string().optional() }),
      [],
      [": object may come now"],
    ],
    [
      "variants, one of which goes",
      z.discriminatedUnion("kind", [cat, dog]),
      z.discriminatedUnion("kind", [cat]),
      [': object with kind "dog" is no longer taken'],
      [],
    ],
    [
      "variants, one of which changes",
      z.discriminatedUnion("kind", [cat, dog]),
      z.discriminatedUnion("kind", [cat, dog.extend({ name: z.number() })]),
      [".name: string is no longer taken"],
      [".name: number may come now"],
    ],
    [
      "variants, one of which comes",
      z.discriminatedUnion("kind", [cat]),
      z.discriminatedUnion("kind", [cat, dog]),
      [],
      [': object with kind "dog" may come now'],
    ],
    [
      "both of two",
      zip.and(z.object({ a: z.string() })),
      zip.and(z.object({ a: z.number() })),
      [".a: string is no longer taken"],
      [".a: number may come now"],
    ],
    [
      "both of two that share a property",
      z.object({ a: z.string().min(2) }).and(z.object({ a: z.string().min(1) })),
      z.object({ a: z.string().min(3) }).and(z.object({ a: z.string().max(9) })),
      [".a: minLength was 2: 3", ".a: maxLength is new: 9"],
      [],
    ],
    [
      "a tuple",
      z.tuple([z.string(), z.number()]),
      z.tuple([z.string(), z.string()]),
      ["[1]: number is no longer taken"],
      ["[1]: string may come now"],
    ],
    ["a longer text", z.string().max(5), z.string().max(10), [], [": maxLength was 5: 10"]],
    ["a shorter list", z.array(z.string()).max(5), z.array(z.string()).max(2), [": maxItems was 5: 2"], []],
    ["what holds itself", node(z.string()), node(z.string()), [], []],
    ["whole numbers of which any is taken", z.literal([1, 2]), z.int(), [], [": only 1 or 2 came before"]],
    [
      "numbers, not all whole",
      z.literal([1, 2.5]),
      z.int(),
      [": number is no longer taken"],
      [": only 1 or 2.5 came before"],
    ],
    [
      "numbers within bounds",
      z.literal([2, 4]),
      z.number().min(2).lt(5).multipleOf(2),
      [],
      [": only 2 or 4 came before"],
    ],
    [
      "numbers beyond bounds",
      z.literal([2, 4]),
      z.number().gt(2).multipleOf(4),
      [": exclusiveMinimum is new: 2", ": multipleOf is new: 4"],
      [": only 2 or 4 came before"],
    ],
    ["words of a length", z.enum(["ab", "c"]), z.string().min(1).max(2), [], [': only "ab" or "c" came before']],
    [
      "words too short",
      z.enum(["ab", "c"]),
      z.string().min(2),
      [": minLength is new: 2"],
      [': only "ab" or "c" came before'],
    ],
    ["words of a pattern", z.enum(["ab"]), z.string().regex(/^[a-z]+$/), [], [': only "ab" came before']],
    [
      "words of no pattern",
      z.enum(["AB"]),
      z.string().regex(/^[a-z]+$/),
      [": pattern is new: ^[a-z]+$"],
      [': only "AB" came before'],
    ],
    [
      "a shared part",
      z.object({ a: named(z.string()), b: z.string() }),
      z.object({ a: named(z.number()), b: z.string() }),
      [".a.name: string is no longer taken"],
      [".a.name: number may come now"],
    ],
    [
      "what holds itself, by a shorter way",
      tree(z.string()),
      tree(z.number()),
      [".name: string is no longer taken"],
      [".name: number may come now"],
    ],
    [
      "the same",
      base.extend({ more: z.union([cat, dog, z.null()]) }),
      base.extend({ more: z.union([cat, dog, z.null()]) }),
      [],
      [],
    ],
  ])("%s says what breaks", (_, old, now, callers, subscribers) => {
    expect(breakingChanges(versions("openapi", old), versions("openapi", now))).toEqual(
      callers.map((line) => `POST /f${line}`),
    );
    expect(
      breakingChanges(versions("asyncapi-sent", old), versions("asyncapi-sent", now)).filter(
        (line) => !line.includes("is gone"),
      ),
    ).toEqual(subscribers.map((line) => `send.f.out${line}`));
  });

  it.each(["foo", "constructor", "toString"])("an object that loses the property %s says so", (name) => {
    const schema = (properties: object, more = {}) => ({ $defs: { F: { type: "object", properties, ...more } } });
    const old = schema({ [name]: { type: "string" } });
    expect(breakingChanges(old, schema({}, { additionalProperties: false }))).toEqual([
      "F: unknown properties are no longer taken",
      `F.${name}: it is no longer taken`,
    ]);
  });

  it("bytes says that they are no JSON, and JSON that it is no bytes", () => {
    const taking = (payload: object) => {
      class Taking {
        @DaprServiceInvocationTrigger({ payload: payload as typeof Object })
        @DaprPublish({ name: "out", pubSubName: "bus", topic: "t", valueType: payload as typeof Object })
        f(_payload: object, _outputs: { out: Collector<object> }): void {}
      }
      return readFunctions([Taking]);
    };
    const [bytes, any, date] = [taking(Uint8Array), taking(Object), taking(Date)];
    const noted = toOpenApi(bytes, options);
    expect([noted.notes, toOpenApi(any, options).notes, toOpenApi(date, options).notes]).toEqual([
      [],
      [],
      ["Taking.f: no JSON is a Date; it is left open"],
    ]);
    expect(noted.document).toMatchObject({
      paths: { "/f": { post: { requestBody: { content: { "application/octet-stream": { schema: {} } } } } } },
    });
    expect(breakingChanges(toOpenApi(any, options).document, noted.document)).toEqual([
      "POST /f: application/json is no longer taken, application/octet-stream is",
    ]);
    expect(breakingChanges(noted.document, noted.document)).toEqual([]);
    expect(breakingChanges(toAsyncApi(any, options).document, toAsyncApi(bytes, options).document)).toEqual([
      "send.f.out: the content type application/json became application/octet-stream",
    ]);
  });

  it("payloads does not ask what their parts are called", () => {
    const described = (part: string, more: object = {}) => ({
      $defs: {
        f: { $ref: `#/$defs/${part}` },
        [part]: { type: "object", properties: { id: { type: "string" } }, ...more },
      },
    });
    expect(breakingChanges(described("Order"), described("PlacedOrder"))).toEqual([]);
    expect(breakingChanges(described("Order"), described("PlacedOrder", { required: ["id"] }))).toEqual([
      "f.id: it must be given now",
    ]);
  });

  it("what it cannot compare fails", () => {
    const schema = (more: object) => ({ $defs: { f: { type: "object", ...more } } });
    expect(breakingChanges(schema({}), schema({ not: { required: ["a"] } }))).toEqual([
      "f: not changed, which cannot be compared",
    ]);
    expect(breakingChanges(schema({ not: {} }), schema({ not: {} }))).toEqual([]);
  });

  it.each([
    ["o/{id}", "o/{key}", []],
    [
      "o/{id}",
      "o/{id:int}",
      ["GET /api/o/{id} {id}: string is no longer taken", "GET /api/o/{id} {id}: format is new: int32"],
    ],
    ["o/{id:int}", "o/{id}", []],
    ["o/{id}", "p/{id}", ["GET /api/o/{id}: it is gone"]],
    ["o/{id?}", "o/{id}", ["GET /api/o: it is gone"]],
    ["o/{page=1}", "o/{page}", ["GET /api/o: it is gone"]],
    ["o/{id}", "o/{id?}", []],
    ["o/{*id}", "o/{id?}", ["GET /api/o/{id} {id}: only one segment of the path is taken now"]],
    ["o/{id?}", "o/{*id}", []],
    ["o/{id}", "o/{id:alpha}", ["GET /api/o/{id} {id}: pattern is new: ^[A-Za-z]+$"]],
    ["o/{id:length(3)}", "o/{id:length(4)}", ["GET /api/o/{id} {id}: minLength was 3: 4"]],
    ["o/{id:length(3)}", "o/{id:length(2,5)}", []],
    ["o/{id:int:min(1)}", "o/{id:int:range(1,9)}", ["GET /api/o/{id} {id}: maximum is new: 9"]],
    ["o/{id:int:range(1,9)}", "o/{id:int:min(1)}", []],
    ["o/{id:regex(^a)}", "o/{id:regex(^b)}", ["GET /api/o/{id} {id}: x-constraints changed, which cannot be compared"]],
    ["o/{id:datetime}", "o/{id:required}", []],
  ])("the route %s that becomes %s", (route, later, expected) => {
    const routed = (path: string) => {
      class Routed {
        @HttpTrigger({ route: path, methods: ["GET"] })
        f(_request: HttpRequest): void {}
      }
      return toOpenApi(readFunctions([Routed]), options).document;
    };
    expect(breakingChanges(routed(route), routed(later))).toEqual(expected);
  });

  it.each<[string, Payload | undefined, Payload | undefined, readonly string[]]>([
    ["that changes", z.object({ a: z.string() }), z.object({ a: z.number() }), [".a: string is no longer taken"]],
    ["that may be left out", z.object({}).optional(), z.object({}), [": a body must be given now"]],
    ["that may be left out from then on", z.object({}), z.object({}).optional(), []],
    ["that has a default", z.string(), z.string().default("a"), []],
    ["that nobody asked for", undefined, z.unknown(), []],
    ["that is asked for", undefined, z.string(), [": only string is taken now", ": a body must be given now"]],
  ])("a payload %s, whatever the verb", async (_what, old, fresh, expected) => {
    const taking = (payload: Payload | undefined) => {
      class Taking {
        @DaprServiceInvocationTrigger({ methods: ["GET", "DELETE", "PUT"], ...(payload !== undefined && { payload }) })
        f(_payload: unknown): void {}
      }
      return toOpenApi(readFunctions([Taking]), options).document;
    };
    expect(await validate(structuredClone(taking(old)) as never)).toMatchObject({ valid: true });
    const lines = ["GET", "DELETE", "PUT"].flatMap((verb) => expected.map((line) => `${verb} /f${line}`));
    expect(breakingChanges(taking(old), taking(fresh))).toEqual(lines);
  });

  it("a topic says where it went", () => {
    const listening = (pubSubName: string, topic: string) => {
      class Listening {
        @DaprTopicTrigger({ pubSubName, topic })
        f(_event: CloudEvent): void {}
      }
      return toAsyncApi(readFunctions([Listening]), options).document;
    };
    expect(breakingChanges(listening("one", "a"), listening("two", "b"))).toEqual([
      "receive.f: the topic a became b",
      "receive.f: the pubsub component one became two",
    ]);
  });

  it("a function that is called otherwise breaks nobody who knows its topic", () => {
    const Id = z.object({ id: z.string() });
    const Total = z.object({ total: z.number() });
    const described = (names: readonly [string, string, string], topic = "a", id: Payload = Id) => {
      class Functions {
        @FunctionName(names[0])
        @DaprTopicTrigger({ pubSubName: "p", topic, payload: id, match: 'event.type == "id"', route: "ids" })
        ids(_event: CloudEvent): void {}
        @FunctionName(names[1])
        @DaprTopicTrigger({ pubSubName: "p", topic, payload: Total, route: "totals" })
        totals(_event: CloudEvent): void {}
        @FunctionName(names[2])
        @DaprServiceInvocationTrigger()
        @DaprPublish({ name: "out", pubSubName: "p", topic, valueType: Id })
        send(_payload: unknown, _outputs: { out: Collector<unknown> }): void {}
      }
      return toAsyncApi(readFunctions([Functions]), options).document;
    };
    const before = described(["ids", "totals", "send"]);
    expect(breakingChanges(before, described(["newIds", "newTotals", "newSend"]))).toEqual([]);
    const longer = Id.extend({ name: z.string() });
    expect(breakingChanges(before, described(["newIds", "newTotals", "send"], "a", longer))).toEqual([
      "receive.ids.name: it must be given now",
    ]);
    expect(breakingChanges(before, described(["newIds", "newTotals", "newSend"], "b"))).toEqual([
      "receive.ids: it is gone",
      "receive.totals: it is gone",
      "send.send.out: it is gone",
    ]);
  });
});

describe("names that are not those of a description", () => {
  it("are kept apart: topics whose channels would be one", () => {
    class Two {
      @DaprTopicTrigger({ pubSubName: "p", topic: "orders/new" })
      one(_event: CloudEvent): void {}
      @DaprTopicTrigger({ pubSubName: "p", topic: "orders_new" })
      two(_event: CloudEvent): void {}
    }
    const { channels } = toAsyncApi(readFunctions([Two]), options).document as { channels: Record<string, object> };
    expect(channels).toMatchObject({
      "p.orders_new": { address: "orders/new", messages: { one: {} } },
      "p.orders_new_2": { address: "orders_new", messages: { two: {} } },
    });
  });

  it("are kept apart: two classes of one name, and what they are made of", () => {
    const first = (() => {
      class Item {
        @IsString()
        id!: string;
      }
      return Item;
    })();
    const second = (() => {
      class Item {
        @IsPositive()
        total!: number;
      }
      return Item;
    })();
    class Basket {
      @ValidateNested({ each: true })
      @Type(() => second)
      items!: object[];
    }
    class Both {
      @DaprServiceInvocationTrigger({ payload: first })
      one(_item: object): void {}
      @DaprServiceInvocationTrigger({ payload: second })
      two(_item: object): void {}
      @DaprServiceInvocationTrigger({ payload: Basket })
      all(_basket: Basket): void {}
    }
    const { document } = toJsonSchema(readFunctions([Both]), options);
    expect(document).toMatchObject({
      $defs: {
        one: { $ref: "#/$defs/Item" },
        two: { $ref: "#/$defs/Item2" },
        Item: { required: ["id"] },
        Item2: { required: ["total"] },
        Basket: { properties: { items: { items: { $ref: "#/$defs/Item2" } } } },
      },
    });
    expect([first.name, second.name]).toEqual(["Item", "Item"]);
  });

  it("are kept apart: a function that is called like its class", () => {
    class Named {
      @FunctionName("Line")
      @DaprServiceInvocationTrigger({ payload: Line })
      one(_line: Line): void {}
    }
    const { document } = toJsonSchema(readFunctions([Named]), options);
    expect(document).toMatchObject({
      $defs: { Line: { $ref: "#/$defs/LineClass" }, LineClass: { properties: { sku: { type: "string" } } } },
    });
    expect(breakingChanges(document, document)).toEqual([]);
  });
});

describe("dapr-functions describe", () => {
  let project: string;
  const source = (method: string) =>
    built(`export class Orders { @DaprServiceInvocationTrigger() ${method}(_: { id: string }): void {} }`);

  beforeAll(() => {
    project = makeProject();
    write(project, { "build/orders.js": source("create") });
  }, 120_000);

  it.each([
    ["openapi", '"openapi": "3.1.1"'],
    ["asyncapi", '"asyncapi": "3.0.0"'],
    ["json-schema", "draft/2020-12"],
  ])("prints %s", (format, expected) => {
    const { status, stdout } = runCli(project, ["describe", "build/orders.js", "--format", format]);
    expect([status, stdout]).toEqual([0, expect.stringContaining(expected)]);
  });

  it("says of a setting without a value that it is described as it is written", () => {
    const text = `export class Orders {
      @DaprServiceInvocationTrigger({ methodName: "%METHOD%" })
      @DaprStateOutput({ name: "order", stateStore: "%STORE%", key: "k" })
      create(_: { id: string }, bindings: never): void {}
      @DaprTopicTrigger({ pubSubName: "bus", topic: "other", deadLetterTopic: "%TOPIC%", route: "%ROUTE%" })
      first(_: CloudEvent): void {}
      @DaprTopicTrigger({ pubSubName: "bus", topic: "%TOPIC%" }) seen(_: CloudEvent): void {}
    }`;
    write(project, { "build/settings.js": built(text) });
    const notes = (format: string, settings: Record<string, string> = {}) => {
      const { status, stderr } = runCli(project, ["describe", "build/settings.js", "--format", format], settings);
      return [status, ...(stderr.match(/^.*?(?=; set it|; give it)/gm) ?? [])];
    };
    expect(notes("openapi")).toEqual([
      0,
      expect.stringMatching(/^note: Orders\.create, trigger "payload", methodName: the setting "METHOD"/),
    ]);
    expect(notes("asyncapi")).toEqual([
      0,
      expect.stringMatching(/^note: Orders\.seen, trigger "payload", topic: the setting "TOPIC"/),
    ]);
    expect(notes("json-schema")).toEqual([0]);
    expect(notes("openapi", { METHOD: "create" })).toEqual([0]);
  });

  it("writes into a folder that is not there, and no file while it checks", () => {
    const args = ["describe", "build/orders.js", "--out", "api/v1/openapi.json"];
    expect(runCli(project, args)).toMatchObject({ status: 0, stdout: "" });
    expect(readFileSync(join(project, "api/v1/openapi.json"), "utf8")).toContain('"openapi": "3.1.1"');
    expect(runCli(project, [...args, "--check", "api/v1/openapi.json"])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("'--out <file>' cannot be used with option '--check <file>'") as string,
    });
  });

  it("fails on a change that breaks a caller, and says which", () => {
    runCli(project, ["describe", "build/orders.js", "--out", "old.json"]);
    expect(runCli(project, ["describe", "build/orders.js", "--check", "old.json"])).toMatchObject({
      status: 0,
      stdout: "",
    });
    write(project, { "build/orders.js": source("place") });
    expect(runCli(project, ["describe", "build/orders.js", "--check", "old.json"])).toMatchObject({
      status: 1,
      stdout: "POST /create: it is gone\n",
    });
    expect(runCli(project, ["describe", "build/orders.js", "--check", "nowhere.json"]).status).toBe(2);
    for (const other of ['{"name":"orders"}', "null", "[]", '"text"']) {
      write(project, { "other.json": other });
      expect(runCli(project, ["describe", "build/orders.js", "--check", "other.json"])).toMatchObject({
        status: 2,
        stderr: "other.json: it is not an OpenAPI, AsyncAPI or JSON Schema document; give what describe printed\n",
      });
    }
  });
});
