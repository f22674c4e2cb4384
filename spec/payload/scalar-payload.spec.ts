import type { PayloadType } from "../../lib/model/payload-type.js";
import { compileCheck } from "../../lib/payload/payload-type.js";

describe("the classes of JSON's own values", () => {
  it.each<[PayloadType, unknown]>([
    [String, ""],
    [Number, 0],
    [Boolean, false],
    [[String], ["a", "b"]],
    [[Number], []],
  ])("%p takes %j", (type, value) => {
    expect(compileCheck(type)(value)).toEqual({ value });
  });

  it.each<[PayloadType, unknown, string, string, string]>([
    [String, 5, "", "the payload must be text, not a number", "isString"],
    [Number, "5", "", "the payload must be a number, not text", "isNumber"],
    [Boolean, null, "", "the payload must be a boolean, not null", "isBoolean"],
    [String, ["a"], "", "the payload must be text, not a list", "isString"],
    [[String], "a", "", "the payload must be a list of strings, not text", "isArray"],
    [[Number], [1, "2"], "[1]", "[1] must be a number, not text", "isNumber"],
    [String, undefined, "", "a body is required", "isDefined"],
  ])("%p refuses %j", (type, value, path, message, rule) => {
    expect(compileCheck(type)(value)).toEqual({ issues: [{ path, message, rule }] });
  });

  it("are bounded, too", () => {
    const many = Array.from({ length: 100_000 }, () => "a");
    expect(compileCheck([String])(many)).toMatchObject({ issues: [{ rule: "maxItems" }] });
  });
});
