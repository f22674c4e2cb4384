import { validate } from "@readme/openapi-parser";
import Ajv from "ajv";
import Ajv2020 from "ajv/dist/2020.js";
import { Type } from "class-transformer";
import { IsArray, IsPositive, IsString, ValidateNested } from "class-validator";
import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprTopicTrigger,
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
    });
    expect(Object.keys(paths)).toHaveLength(2);
    expect(notes).toEqual([
      "Routes.byName: GET /api/orders/{name} is left out, as OpenAPI has one operation at /api/orders/{id}",
    ]);
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
