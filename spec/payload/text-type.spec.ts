import * as v from "valibot";
import { z } from "zod";
import { z as z3 } from "zod/v3";
import type { PayloadType } from "../../lib/model/payload-type.js";
import { takesText } from "../../lib/payload/text-type.js";

class Order {}

enum Level {
  Low,
  High,
}

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
  ["zod any", z.any(), "unknown"],
  ["zod custom", z.custom<string>((value) => typeof value === "string"), "unknown"],
  ["zod date", z.date(), undefined],
  ["zod bigint that is coerced", z.coerce.bigint(), "unknown"],
  ["zod object that is custom, too", z.object({}).and(z.custom()), undefined],
  ["zod by its members: nullable", undescribed(z.string().nullable()), "also"],
  ["zod by its members: custom", undescribed(z.custom()), "unknown"],
  ["zod by its members: string that is custom, too", undescribed(z.string().and(z.custom())), "always"],
  ["zod by its members: nullable number", undescribed(z.number().nullable()), undefined],
  ["zod 3 string that is refined", z3.string().refine(() => true), "always"],
  ["zod 3 object that is refined", z3.object({}).refine(() => true), undefined],
  ["zod 3 string after something else", z3.preprocess((value) => value, z3.string()), "unknown"],
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
  ["valibot picklist of numbers", v.picklist([1, 2]), undefined],
  ["valibot picklist of both", v.picklist([1, "2"]), "also"],
  ["valibot enum of numbers", v.enum(Level), undefined],
  ["valibot nullable", v.nullable(v.string()), "also"],
  ["valibot nullish", v.nullish(v.string()), "also"],
  ["valibot lazy", v.lazy(() => v.string()), "unknown"],
  ["valibot custom", v.custom<string>(() => true), "unknown"],
  ["valibot unknown", v.pipe(v.unknown(), v.string()), "unknown"],
  ["valibot list", v.array(v.string()), undefined],
  ["valibot variant", v.variant("a", [v.object({ a: v.literal("b") })]), undefined],
  ["valibot literal", v.literal("a"), "always"],
  ["valibot literal 1", v.literal(1), undefined],
  ["valibot optional", v.optional(v.string()), "always"],
  ["valibot union", v.union([v.string(), v.boolean()]), "also"],
  ["valibot object", v.object({ a: v.string() }), undefined],
  ["a description with lists", described({ type: ["string", "null"] }), "also"],
  ["a description with an enum", described({ enum: ["a", 1] }), "also"],
  ["a description of anything", described({}), "unknown"],
  ["a description that refers to another", described({ $ref: "#/$defs/a" }), undefined],
  ["a schema of nobody's", { "~standard": { version: 1, vendor: "x", validate: () => ({ value: 1 }) } }, "unknown"],
];

describe("whether a payload may be text", () => {
  it.each(cases)("%s", (_, given, verdict) => {
    expect(takesText(given as PayloadType)).toBe(verdict);
  });
});
