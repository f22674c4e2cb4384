import { readConstraint } from "../../lib/model/route-constraints.js";

/** Whether each of the values meets a constraint. */
function admitted(text: string, values: readonly (string | undefined)[]): (string | undefined)[] {
  const constraint = readConstraint(text);
  if ("fault" in constraint) throw new Error(constraint.fault);
  return values.filter((value) => constraint.admits!(value));
}

const guid = "cd2c1638-1638-72d5-1638-deadbeef1638";

describe("a constraint of a route", () => {
  it.each<[string, readonly string[], readonly (string | undefined)[]]>([
    ["int", ["0", "-41", "+7", " 41 ", "2147483647", "-2147483648"], ["2147483648", "1.5", "abc", "", "1e3", "٣"]],
    ["INT", ["1"], ["a"]],
    ["long", ["2147483648", "9223372036854775807"], ["9223372036854775808", "1.0", "0x1", "9".repeat(10_000)]],
    ["bool", ["true", "FALSE", " True "], ["1", "yes", "", undefined]],
    ["decimal", ["49.99", "-1,000.01", ".5", "5.", "1-"], ["1e3", "1.2.3", ".", "NaN", "-1-", "abc"]],
    ["double", ["1.234", "-1,001.01e8", "NaN", "-Infinity", ".5"], ["1e", "e1", "1.2.3", "12f"]],
    ["float", ["1.5e-3"], ["one"]],
    [
      "datetime",
      ["2016-12-31", "2016-12-31 7:32pm", "2016-02-29T12:00:00.1234567Z", "2016-12-31T23:59:59+02:00"],
      ["2016-02-30", "2017-02-29", "2016-13-01", "2016-12-31T24:00", "2016-12-31 13:00pm", "today", "0000-01-01", ""],
    ],
    [
      "guid",
      [guid, guid.toUpperCase(), guid.replaceAll("-", ""), `{${guid}}`, `(${guid})`],
      [`{${guid})`, "cd2c1638", ""],
    ],
    ["minlength(3)", ["abc", "abcd"], ["ab", ""]],
    ["maxlength(3)", ["", "abc"], ["abcd", undefined]],
    ["length(3)", ["abc"], ["ab", "abcd"]],
    ["length(2,3)", ["ab", "abc"], ["a", "abcd"]],
    ["min(18)", ["18", "900"], ["17", "18.5", "abc", "9".repeat(30)]],
    ["max(-1)", ["-1", "-5"], ["0", "1"]],
    ["range(18, 120)", ["18", "120"], ["17", "121", ""]],
    ["alpha", ["Rick"], ["Rick1", "é", "", undefined]],
    ["regex(^\\d{3}-[a-c]$)", ["123-a", "123-B"], ["1234-a", "123-d"]],
    ["regex(b)", ["abc"], ["xyz", undefined]],
    ["required", ["x"], ["", undefined]],
    ["file", ["a.txt", "x/y.z"], ["a", "a.", "x.y/z", undefined]],
    ["nonfile", ["a", "a.", "x.y/z"], ["a.txt"]],
  ])("%s admits %j, and none of %j", (text, good, bad) => {
    expect(admitted(text, [...good, ...bad])).toEqual(good);
  });

  it("nonfile admits a path that ends before it, which no other does", () => {
    expect(admitted("nonfile", [undefined])).toEqual([undefined]);
    for (const text of ["int", "long", "bool", "guid", "datetime", "decimal", "double", "min(1)", "minlength(0)"]) {
      expect(admitted(text, [undefined])).toEqual([]);
    }
  });

  it.each([
    ["slug", 'the constraint "slug" is unknown; write one of int, bool, datetime'],
    ["__proto__", "is unknown"],
    ["", 'the constraint "" is unknown'],
    ["int(1)", '"int(1)" takes nothing; write int'],
    ["min", '"min" does not say what it asks for; write min(n)'],
    ["min(a)", "write min(n)"],
    ["min(1,2)", "write min(n)"],
    ["length(-1)", "write length(n, or n,m)"],
    ["length(3,2)", "write length(n, or n,m)"],
    ["range(5,1)", "write range(n,m)"],
    ["range(5)", "write range(n,m)"],
    ["regex()", "write regex(expression)"],
    ["regex(a", "is unknown"],
  ])("%s is refused: %s", (text, fault) => {
    expect(readConstraint(text)).toEqual({ fault: expect.stringContaining(fault) });
  });

  it("is the host's alone where its expression is not JavaScript's", () => {
    expect(readConstraint("regex(\\A[0-9]+\\z)")).toEqual({ text: "regex(\\A[0-9]+\\z)", admits: undefined });
  });
});
