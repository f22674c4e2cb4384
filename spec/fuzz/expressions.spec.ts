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
  if ("error" in outcome) expect(outcome.error).toBeInstanceOf(ExpressionError);
}

describe("expressions of any text", () => {
  holds("are read or refused, and what is read is the same once printed", [template], (source) => {
    const outcome = outcomeOf(() => parseTemplate(source));
    expectExpressionError(outcome);
    if ("value" in outcome) expect(parseTemplate(printed(outcome.value))).toEqual(outcome.value);
  });

  holds("carry text with doubled braces as it is", [text], (literal) => {
    expect(compileTemplate(escaped(literal)).constant).toBe(literal);
  });

  holds("put a value in once, whatever it holds", [text, template, text], (before, value, after) => {
    const compiled = compileTemplate(`${escaped(before)}{key}${escaped(after)}`);
    expect(compiled.bind({ key: value })).toBe(before + value + after);
    expect(compiled.bind({ key: value }, encodeURIComponent)).toBe(before + encodeURIComponent(value) + after);
  });

  holds("find text in any data or say that they do not, without showing it", [template, json], (source, data) => {
    const outcome = outcomeOf(() => compileTemplate(source));
    if ("error" in outcome) return;
    const bound = outcomeOf(() => outcome.value.bind({ data, a: data, secret: "s3cr3t-value" }));
    expectExpressionError(bound);
    if ("error" in bound) expect((bound.error as Error).message).not.toContain("s3cr3t-value");
    else expect(typeof bound.value).toBe("string");
  });

  holds("are not refused for settings that make them right", [template, name], (source, value) => {
    const names = outcomeOf(() => settingNames(source));
    if ("error" in names) return expectExpressionError(names);
    const settings = settingsFrom(Object.fromEntries(names.value.map((each) => [each, value])));
    const outcome = outcomeOf(() => parseTemplate(substituteSettings(source, settings)));
    expectExpressionError(outcome);
    if ("value" in outcome) parseUnresolved(source);
    else expectExpressionError(outcomeOf(() => parseUnresolved(source)));
  });

  holds(
    "take settings as they are, whatever they hold",
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
      expect(outcome).toEqual({ value: parts.map(([literal, key]) => literal + values.get(key)!).join("") });
    },
  );
});

describe("formats of any text", () => {
  const format = textWith(["yyyy", "MM", "dd", "HH", "mm", "ss", "fff", "K", "'", '"', "\\", "-", "T", "y", "%"]);
  const date = fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true });
  holds("are known or not whatever the date", [format, date], (pattern, when) => {
    expect(formatDate(when, pattern) === undefined).toBe(formatDate(new Date(0), pattern) === undefined);
  });

  holds("write a date that reads as the same", [date], (when) => {
    expect(new Date(formatDate(when, "yyyy-MM-ddTHH:mm:ss.fffK")!)).toEqual(when);
  });
});
