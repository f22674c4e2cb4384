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

  const bytes = Uint8Array.of(1, 2);
  const date = new Date(0);

  it.each<[string, unknown, unknown]>([
    ["bytes", Uint8Array, bytes],
    ["no bytes", Uint8Array, new Uint8Array()],
    ["a date", Date, date],
    ["an ArrayBuffer", ArrayBuffer, bytes.buffer],
    ["a list of dates", [Date], [date, date]],
    ["an object", Object, { a: 1 }],
  ])("takes an instance of a class of the language as it is: %s", (_case, type, value) => {
    expect(compileCheck(type as PayloadType)(value)).toEqual({ value });
  });

  it("gives bytes as a Buffer where one is asked for", () => {
    const { value } = compileCheck(Buffer)(bytes) as { value: Buffer };
    expect([Buffer.isBuffer(value), value.toString("hex")]).toEqual([true, "0102"]);
  });

  const sent = [{ a: 1 }, [1, 2], "2020-01-01T00:00:00Z", 5, true, null];
  const ofOwn = "give a class of your own or a schema as its type";
  const classes: readonly [name: string, type: unknown, instead: string][] = [
    ["Uint8Array", Uint8Array, "send bytes"],
    ["Buffer", Buffer, "send bytes"],
    ["Date", Date, ofOwn],
    ["Map", Map, ofOwn],
    ["Set", Set, ofOwn],
    ["Headers", Headers, ofOwn],
    ["URL", URL, ofOwn],
    ["Float64Array", Float64Array, ofOwn],
  ];

  it.each(classes)("never makes an empty %s of JSON", (name, type, instead) => {
    for (const value of sent) {
      const { issues } = compileCheck(type as PayloadType)(value) as { issues: readonly { message: string }[] };
      const message = expect.stringMatching(new RegExp(`^the payload must be a ${name}, not [a-z ]+; ${instead}$`));
      expect([value, issues]).toEqual([value, [{ path: "", message, rule: "isInstance" }]]);
    }
    expect(compileCheck([type] as never)([{ a: 1 }])).toMatchObject({ issues: [{ path: "[0]", rule: "isInstance" }] });
    expect(compileCheck([type] as never)({ a: 1 })).toMatchObject({ issues: [{ path: "", rule: "isArray" }] });
  });
});
