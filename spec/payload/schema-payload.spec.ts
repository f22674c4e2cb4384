import * as v from "valibot";
import { z } from "zod";
import type { StandardSchema } from "../../lib/model/payload-type.js";
import { compileCheck } from "../../lib/payload/payload-type.js";

const vendors: [string, StandardSchema][] = [
  [
    "zod",
    z.object({
      id: z.string(),
      items: z.array(z.object({ price: z.number().positive() })),
    }) as unknown as StandardSchema,
  ],
  [
    "valibot",
    v.object({
      id: v.string(),
      items: v.array(v.object({ price: v.pipe(v.number(), v.minValue(1)) })),
    }) as unknown as StandardSchema,
  ],
];

describe.each(vendors)("a schema of %s", (_, schema) => {
  const good = { id: "1", items: [{ price: 2 }] };

  it("accepts what fits", async () => {
    expect(await compileCheck(schema)(good)).toEqual({ value: good });
  });

  it("says where a payload does not fit, and by which rule", async () => {
    const { issues } = await compileCheck(schema)({ items: [{ price: 2 }, { price: -1 }] });
    expect(issues?.map(({ path }) => path).sort()).toEqual(["id", "items[1].price"]);
    for (const { message, rule } of issues!) {
      expect(message).not.toBe("");
      expect(rule).toMatch(/^[a-z_]+$/i);
      expect(rule).not.toBe("invalid");
    }
  });

  it.each([null, "text", 4, [[good]]])("refuses %p", async (payload) => {
    expect((await compileCheck(schema)(payload)).issues).not.toHaveLength(0);
  });

  it("refuses an empty body", async () => {
    const issues = [{ path: "", message: "a body is required", rule: "isDefined" }];
    expect(await compileCheck(schema)(undefined)).toEqual({ issues });
  });

  it.each<[string, z.ZodType, unknown]>([
    ["an optional schema", z.object({ id: z.string() }).optional(), undefined],
    ["one with a default", z.object({ id: z.string() }).default({ id: "none" }), { id: "none" }],
    ["one of whatever", z.unknown(), undefined],
    [
      "one that waits",
      z
        .string()
        .optional()
        .refine(async () => Promise.resolve(true)),
      undefined,
    ],
  ])("lets %s say what an empty body is", async (_, optional, value) => {
    expect(await compileCheck(optional)(undefined)).toEqual({ value });
  });

  it("never sees what is too deep, too long or replaces a prototype", async () => {
    let deep = {};
    for (let level = 0; level < 20_000; level++) deep = { items: deep };
    expect(await compileCheck(schema)(deep)).toMatchObject({ issues: [{ rule: "maxDepth" }] });
    const long = Array.from({ length: 100_000 }, () => ({ price: 1 }));
    expect(await compileCheck(schema)({ id: "1", items: long })).toMatchObject({ issues: [{ rule: "maxItems" }] });
    expect(await compileCheck(schema, { maxItems: 200_000 })({ id: "1", items: long })).not.toHaveProperty("issues");
    const replacing: unknown = JSON.parse('{"id":"1","items":[],"__proto__":{"polluted":true}}');
    expect(await compileCheck(schema)(replacing)).toMatchObject({ issues: [{ path: "__proto__" }] });
    expect({}).not.toHaveProperty("polluted");
  });

  it("lists a hundred issues at most", async () => {
    const { issues } = await compileCheck(schema)({ id: "1", items: Array.from({ length: 5000 }, () => ({})) });
    expect(issues).toHaveLength(101);
    expect(issues![100]!.rule).toBe("tooManyIssues");
  });
});

it("gives the method what a schema makes of the payload", () => {
  const schema = z.object({ at: z.iso.datetime().transform((text) => new Date(text)), count: z.number().default(1) });
  expect(compileCheck(schema as unknown as StandardSchema)({ at: "2031-05-01T10:00:00Z" })).toEqual({
    value: { at: new Date(Date.UTC(2031, 4, 1, 10)), count: 1 },
  });
});

it("leaves a schema every name that is none of a prototype", () => {
  const schema = z.object({ constructor: z.string(), prototype: z.number() });
  const payload = { constructor: "McLaren", prototype: 1 };
  expect(compileCheck(schema as unknown as StandardSchema)(payload)).toEqual({ value: payload });
});

it("answers with a promise where a schema does", async () => {
  const schema = z.object({ id: z.string().refine((id) => Promise.resolve(id !== "taken"), "id is taken") });
  const check = compileCheck(schema as unknown as StandardSchema);
  expect(check({ id: "free" })).toBeInstanceOf(Promise);
  expect(await check({ id: "free" })).toEqual({ value: { id: "free" } });
  expect(await check({ id: "taken" })).toMatchObject({ issues: [{ path: "id", message: "id is taken" }] });
});

it("writes paths of schemas that give objects, symbols or odd names in them", () => {
  const path = ["a", { key: 0 }, "b c", Symbol("s"), { key: "d" }];
  const schema = {
    "~standard": {
      version: 1,
      vendor: "own",
      validate: () => ({ issues: [{ message: "no", path }, { message: "no" }] }),
    },
  } as const;
  expect(compileCheck(schema)(1)).toEqual({
    issues: [
      { path: 'a[0]["b c"]["Symbol(s)"].d', message: "no", rule: "invalid" },
      { path: "", message: "no", rule: "invalid" },
    ],
    quotesValues: true,
  });
});
