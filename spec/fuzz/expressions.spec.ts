import assert from "node:assert/strict";
import fc from "fast-check";
import { ExpressionError } from "../../lib/expressions/error.js";
import { formatDate } from "../../lib/expressions/format.js";
import { parseTemplate, parseUnresolved, printExpression, type Token } from "../../lib/expressions/parse.js";
import { settingNames, settingsFrom, substituteSettings } from "../../lib/expressions/settings.js";
import { compileTemplate } from "../../lib/expressions/template.js";
import { holds, json, outcomeOf, text, textWith } from "./property.js";

const template = textWith([
  "{",
  "}",
  "{{",
  "}}",
  "%",
  ".",
  ":",
  "-",
  "'",
  "\\",
  "a",
  "data",
  "rand-guid",
  "datetime",
  "yyyy",
  "N",
]);
const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,6}$/);

function escaped(literal: string): string {
  return literal.replaceAll(/[{}]/g, "$&$&");
}

function printed(tokens: readonly Token[]): string {
  return tokens.map((token) => ("literal" in token ? escaped(token.literal) : printExpression(token))).join("");
}

function expectExpressionError(outcome: { readonly error: unknown } | { readonly value: unknown }): void {
  if ("error" in outcome) assert.ok(outcome.error instanceof ExpressionError);
}

describe("expressions of any text", () => {
  it("are read or refused, and what is read is the same once printed", () =>
    expect(
      holds([template], (source) => {
        const outcome = outcomeOf(() => parseTemplate(source));
        expectExpressionError(outcome);
        if ("value" in outcome) assert.deepEqual(parseTemplate(printed(outcome.value)), outcome.value);
      }),
    ).resolves.toBe("held"));

  it("carry text with doubled braces as it is", () =>
    expect(
      holds([text], (literal) => {
        assert.equal(compileTemplate(escaped(literal)).constant, literal);
      }),
    ).resolves.toBe("held"));

  it("put a value in once, whatever it holds", () =>
    expect(
      holds([text, template, text], (before, value, after) => {
        const compiled = compileTemplate(`${escaped(before)}{key}${escaped(after)}`);
        assert.equal(compiled.bind({ key: value }), before + value + after);
        assert.equal(compiled.bind({ key: value }, encodeURIComponent), before + encodeURIComponent(value) + after);
      }),
    ).resolves.toBe("held"));

  it("find text in any data or say that they do not, without showing it", () =>
    expect(
      holds([template, json], (source, data) => {
        const outcome = outcomeOf(() => compileTemplate(source));
        if ("error" in outcome) return;
        const bound = outcomeOf(() => outcome.value.bind({ data, a: data, secret: "s3cr3t-value" }));
        expectExpressionError(bound);
        if ("error" in bound) assert.ok(!(bound.error as Error).message.includes("s3cr3t-value"));
        else assert.equal(typeof bound.value, "string");
      }),
    ).resolves.toBe("held"));

  it("are not refused for settings that make them right", () =>
    expect(
      holds([template, name], (source, value) => {
        const names = outcomeOf(() => settingNames(source));
        if ("error" in names) return expectExpressionError(names);
        const settings = settingsFrom(Object.fromEntries(names.value.map((each) => [each, value])));
        const outcome = outcomeOf(() => parseTemplate(substituteSettings(source, settings)));
        expectExpressionError(outcome);
        if ("value" in outcome) parseUnresolved(source);
        else expectExpressionError(outcomeOf(() => parseUnresolved(source)));
      }),
    ).resolves.toBe("held"));

  it("take settings as they are, whatever they hold", () =>
    expect(
      holds(
        [
          fc.array(
            fc.tuple(
              text.map((each) => each.replaceAll("%", "")),
              fc.stringMatching(/^[A-Z]{1,3}$/),
              template,
            ),
          ),
        ],
        (parts) => {
          const values = new Map(parts.map(([, key, value]) => [key, value]));
          const source = parts.map(([literal, key]) => `${literal}%${key}%`).join("");
          const blank = [...values.values()].some((value) => value.trim() === "");
          const outcome = outcomeOf(() => substituteSettings(source, settingsFrom(Object.fromEntries(values))));
          if (blank) return expectExpressionError(outcome);
          assert.deepEqual(outcome, { value: parts.map(([literal, key]) => literal + values.get(key)!).join("") });
        },
      ),
    ).resolves.toBe("held"));
});

describe("formats of any text", () => {
  const format = textWith(["yyyy", "MM", "dd", "HH", "mm", "ss", "fff", "K", "'", '"', "\\", "-", "T", "y", "%"]);
  const date = fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true });
  it("are known or not whatever the date", () =>
    expect(
      holds([format, date], (pattern, when) => {
        assert.equal(formatDate(when, pattern) === undefined, formatDate(new Date(0), pattern) === undefined);
      }),
    ).resolves.toBe("held"));

  it("write a date that reads as the same", () =>
    expect(
      holds([date], (when) => {
        assert.deepEqual(new Date(formatDate(when, "yyyy-MM-ddTHH:mm:ss.fffK")!), when);
      }),
    ).resolves.toBe("held"));
});
