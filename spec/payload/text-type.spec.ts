import * as v from "valibot";
import { z } from "zod";
import type { PayloadType } from "../../lib/model/payload-type.js";
import { takesText } from "../../lib/payload/text-type.js";

class Order {}

/** A zod schema of a version that describes itself in no other way than by its own members. */
function undescribed(schema: z.ZodType): PayloadType {
  const { version, vendor, validate } = schema["~standard"];
  return { "~standard": { version, vendor, validate }, def: schema.def } as unknown as PayloadType;
}

/** As arktype's schemas and others describe themselves. */
function described(input: object): object {
  return { "~standard": { version: 1, vendor: "x", validate: () => ({}), jsonSchema: { input: () => input } } };
}

const cases: [name: string, type: unknown, verdict: ReturnType<typeof takesText>][] = [
  ["String", String, "always"],
  ["Number", Number, undefined],
  ["[String]", [String], undefined],
  ["a class", Order, undefined],
  ["nothing", undefined, undefined],
  ["zod string", z.string().min(2), "always"],
  ["zod uuid", z.uuid(), "always"],
  ["zod enum", z.enum(["a", "b"]), "always"],
  ["zod literal", z.literal("a"), "always"],
  ["zod transform", z.string().transform(Number), "always"],
  ["zod optional", z.string().optional(), "always"],
  ["zod union", z.union([z.string(), z.number()]), "also"],
  ["zod nullable", z.string().nullable(), "also"],
  ["zod nullish", z.string().nullish(), "also"],
  ["zod intersection", z.string().and(z.string().min(2)), "always"],
  ["zod intersection of others", z.object({ a: z.string() }).and(z.object({ b: z.string() })), undefined],
  ["zod by its members: intersection", undescribed(z.string().and(z.string().min(2))), "always"],
  ["valibot intersect", v.intersect([v.string(), v.pipe(v.string(), v.minLength(2))]), "always"],
  ["zod stringbool", z.stringbool(), "always"],
  ["zod object", z.object({ a: z.string() }), undefined],
  ["zod number", z.number(), undefined],
  ["zod list", z.array(z.string()), undefined],
  ["zod any", z.any(), undefined],
  ["zod by its members: string", undescribed(z.string()), "always"],
  ["zod by its members: optional", undescribed(z.string().optional()), "always"],
  ["zod by its members: literal", undescribed(z.literal("a")), "always"],
  ["zod by its members: literals", undescribed(z.literal(["a", 1])), "also"],
  ["zod by its members: union", undescribed(z.union([z.string(), z.number()])), "also"],
  ["zod by its members: pipe", undescribed(z.string().pipe(z.string())), "always"],
  ["zod by its members: object", undescribed(z.object({ a: z.string() })), undefined],
  ["valibot string", v.string(), "always"],
  ["valibot pipe", v.pipe(v.string(), v.email()), "always"],
  ["valibot picklist", v.picklist(["a"]), "always"],
  ["valibot literal", v.literal("a"), "always"],
  ["valibot literal 1", v.literal(1), undefined],
  ["valibot optional", v.optional(v.string()), "always"],
  ["valibot union", v.union([v.string(), v.boolean()]), "also"],
  ["valibot object", v.object({ a: v.string() }), undefined],
  ["a description with lists", described({ type: ["string", "null"] }), "also"],
  ["a description with an enum", described({ enum: ["a", 1] }), "also"],
  ["a description of anything", described({}), undefined],
  ["a schema of nobody's", { "~standard": { version: 1, vendor: "x", validate: () => ({ value: 1 }) } }, undefined],
];

describe("whether a payload may be text", () => {
  it.each(cases)("%s", (_, given, verdict) => {
    expect(takesText(given as PayloadType)).toBe(verdict);
  });
});
