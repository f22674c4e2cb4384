import * as v from "valibot";
import { z } from "zod";
import type { PayloadType, StandardSchema } from "../../lib/model/payload-type.js";
import { compileCheck, describePayloadType } from "../../lib/payload/payload-type.js";

class Order {
  id!: string;
}

/** A schema that is a function, as those of arktype are (which is published in a form that jest does not load). */
const functionSchema = Object.assign(() => undefined, {
  "~standard": { version: 1, vendor: "arktype", validate: () => ({ issues: [{ message: "no" }] }) },
} as const) satisfies StandardSchema;

describe("describePayloadType", () => {
  it.each<[unknown, string]>([
    [Order, "Order"],
    [[Order], "Order[]"],
    [class {}, "a class without a name"],
    [z.string(), "a zod schema"],
    [v.string(), "a valibot schema"],
    [functionSchema, "an arktype schema"],
  ])("of %p", (type, text) => {
    expect(describePayloadType(type as PayloadType)).toBe(text);
  });
});

describe("compileCheck", () => {
  it("takes a function with ~standard for the schema that it is", () => {
    expect(compileCheck(functionSchema)({ id: 1 })).toHaveProperty("issues");
  });

  it("does without class-validator while no class has a rule", () => {
    expect(compileCheck(Order)({ id: "1" })).toEqual({ value: { id: "1" } });
    expect(globalThis).not.toHaveProperty("classValidatorMetadataStorage");
  });
});
