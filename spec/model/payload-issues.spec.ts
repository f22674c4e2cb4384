import { summaryOf } from "../../lib/model/payload-issues.js";

const issue = (path: string, message: string) => ({ path, message, rule: "rule" });

describe("summaryOf", () => {
  it("names a nested property by its whole path, once", () => {
    expect(summaryOf({ issues: [issue("lines[1].sku", "sku must be a string")] })).toBe(
      "lines[1].sku must be a string",
    );
    expect(summaryOf({ issues: [issue("[1].sku", "sku must be a string")] })).toBe("[1].sku must be a string");
    expect(summaryOf({ issues: [issue("id", "id must be a UUID")] })).toBe("id must be a UUID");
  });

  it("names a list once where each of its values is at fault", () => {
    expect(summaryOf({ issues: [issue("tags", "each value in tags must be a string")] })).toBe(
      "each value in tags must be a string",
    );
    expect(summaryOf({ issues: [issue("order.tags", "each value in tags must be a string")] })).toBe(
      "each value in order.tags must be a string",
    );
  });

  it("leaves a message that names the whole path itself", () => {
    expect(summaryOf({ issues: [issue("order.lines[2]", "order.lines[2] must be an object")] })).toBe(
      "order.lines[2] must be an object",
    );
  });

  it("puts the path before a message that names nothing, or only seems to name the property", () => {
    expect(summaryOf({ issues: [issue("lines[0].qty", "Expected number, received string")] })).toBe(
      "lines[0].qty: Expected number, received string",
    );
    expect(summaryOf({ issues: [issue("id", "identity is not known")] })).toBe("id: identity is not known");
    expect(summaryOf({ issues: [issue("", "a body is required")] })).toBe("a body is required");
  });

  it("counts what does not fit in a line", () => {
    const issues = ["a", "b", "c", "d", "e", "f", "g"].map((name) => issue(name, `${name} is wrong`));
    expect(summaryOf({ issues })).toBe("a is wrong; b is wrong; c is wrong; d is wrong; e is wrong and 2 more");
  });

  it("gives rules in place of messages that may hold the value", () => {
    const issues = [issue("card.pin", 'expected a PIN, received "4711"'), issue("", "expected a list")];
    expect(summaryOf({ issues, quotesValues: true })).toBe("card.pin (rule); rule");
  });
});
