import { summaryOf } from "../../lib/model/payload-issues.js";

const issue = (path: string, message: string) => ({ path, message, rule: "rule" });

describe("summaryOf", () => {
  it("names a nested property by its whole path, once", () => {
    expect(summaryOf([issue("lines[1].sku", "sku must be a string")])).toBe("lines[1].sku must be a string");
    expect(summaryOf([issue("[1].sku", "sku must be a string")])).toBe("[1].sku must be a string");
    expect(summaryOf([issue("id", "id must be a UUID")])).toBe("id must be a UUID");
  });

  it("names a list once where each of its values is at fault", () => {
    expect(summaryOf([issue("tags", "each value in tags must be a string")])).toBe(
      "each value in tags must be a string",
    );
    expect(summaryOf([issue("order.tags", "each value in tags must be a string")])).toBe(
      "each value in order.tags must be a string",
    );
  });

  it("leaves a message that names the whole path itself", () => {
    expect(summaryOf([issue("order.lines[2]", "order.lines[2] must be an object")])).toBe(
      "order.lines[2] must be an object",
    );
  });

  it("puts the path before a message that names nothing, or only seems to name the property", () => {
    expect(summaryOf([issue("lines[0].qty", "Expected number, received string")])).toBe(
      "lines[0].qty: Expected number, received string",
    );
    expect(summaryOf([issue("id", "identity is not known")])).toBe("id: identity is not known");
    expect(summaryOf([issue("", "a body is required")])).toBe("a body is required");
  });

  it("counts what does not fit in a line", () => {
    const issues = ["a", "b", "c", "d", "e", "f", "g"].map((name) => issue(name, `${name} is wrong`));
    expect(summaryOf(issues)).toBe("a is wrong; b is wrong; c is wrong; d is wrong; e is wrong and 2 more");
  });
});
