import { listed, setOwn } from "../../lib/model/values.js";

describe("a list in a message", () => {
  it.each([
    [0, ""],
    [1, "f0"],
    [2, "f0, f1"],
    [20, "f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19"],
    [21, "f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19 and 1 more"],
    [1000, "f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19 and 980 more"],
  ])("of %i names is %j", (count, text) => {
    const names = Array.from({ length: count }, (_, index) => ({ name: `f${index}` }));
    expect(listed(names, ({ name }) => name)).toBe(text);
  });
});

describe("an own member", () => {
  it.each(["a", "__proto__", "constructor", "toString", ""])("may be named %j", (name) => {
    const owner: Record<string, unknown> = {};
    setOwn(owner, name, { a: 1 });
    expect(Object.entries(owner)).toEqual([[name, { a: 1 }]]);
    expect(Object.getPrototypeOf(owner)).toBe(Object.prototype);
  });
});
