import { IsString } from "class-validator";
import { z } from "zod";
import { compilePayloadCheck } from "../../lib/payload/decode.js";

class Order {
  @IsString() id!: string;
}

const order = '{"id":"1"}';
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const isOrder = Object.assign(new Order(), { id: "1" });

describe("a payload that comes as text or bytes", () => {
  it.each<[string, Parameters<typeof compilePayloadCheck>[0], unknown, unknown]>([
    ["JSON text, where a class is due", Order, order, isOrder],
    ["JSON bytes, where a class is due", Order, bytes(order), isOrder],
    ["JSON bytes behind a byte order mark", Order, bytes(`\uFEFF${order}`), isOrder],
    ["JSON bytes, where a list is due", [Order], bytes(`[${order}]`), [isOrder]],
    ["JSON text, where a list of texts is due", [String], '["a"]', ["a"]],
    ["JSON bytes, where a number is due", Number, bytes("5"), 5],
    ["JSON text, where a boolean is due", Boolean, "true", true],
    ["text that looks like a number, where text is due", String, "89e7073266", "89e7073266"],
    ["text that looks like an object, where text is due", String, order, order],
    ["bytes, where text is due", String, bytes("é"), "é"],
    ["bytes, where bytes are due", Uint8Array, bytes("5"), bytes("5")],
    ["bytes, where a Buffer is due", Buffer, bytes("5"), Buffer.from("5")],
    ["JSON text, for a schema of an object", z.object({ id: z.string() }), order, { id: "1" }],
    ["JSON bytes, for a schema of an object", z.object({ id: z.string() }), bytes(order), { id: "1" }],
    ["JSON text, for a schema of text", z.string(), order, order],
    ["bytes, for a schema of text", z.string(), bytes("5"), "5"],
    ["JSON bytes, for a schema of a number", z.number(), bytes("5"), 5],
    ["bytes, for a schema of bytes", z.instanceof(Uint8Array), bytes(order), bytes(order)],
    [
      "JSON text, for an asynchronous schema",
      z.object({ id: z.string().refine(async (id) => id === "1") }),
      order,
      { id: "1" },
    ],
  ])("is read as what is declared: %s", async (_case, type, value, expected) => {
    expect(await compilePayloadCheck(type, undefined)(value)).toEqual({ value: expected });
  });

  it.each<[string, Parameters<typeof compilePayloadCheck>[0], unknown, string]>([
    ["text that is not JSON", Order, "41", "the payload must be an object (Order), not a number"],
    [
      "text that is JSON of something else",
      Order,
      "hello",
      "the payload must be an object (Order), not text; send JSON",
    ],
    [
      "bytes that are not text",
      Order,
      new Uint8Array([0xff]),
      "the payload must be an object (Order), not bytes; send JSON",
    ],
    ["bytes that are not text, as text", String, new Uint8Array([0xff]), "the payload must be text, not bytes"],
    [
      "JSON that a schema refuses, and not the text",
      z.object({ id: z.string() }),
      '{"id":1}',
      "Invalid input: expected string, received number",
    ],
  ])("is refused for what it is: %s", async (_case, type, value, message) => {
    expect(await compilePayloadCheck(type, undefined)(value)).toMatchObject({ issues: [{ message }] });
  });
});
