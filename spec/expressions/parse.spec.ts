import { ExpressionError } from "../../lib/expressions/error.js";
import { parseTemplate, parseUnresolved, printExpression, type Token } from "../../lib/expressions/parse.js";

function messageOf(text: string, parse: (text: string) => unknown = parseTemplate): string | undefined {
  try {
    parse(text);
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
}

function tryToParse(text: string): readonly Token[] | ExpressionError {
  try {
    return parseTemplate(text);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
}

function isWithin(text: string, position = 0): boolean {
  return position >= 1 && position <= text.length;
}

function print(tokens: readonly Token[]): string {
  const texts = tokens.map((token) =>
    "literal" in token ? token.literal.replaceAll("{", "{{").replaceAll("}", "}}") : printExpression(token),
  );
  return texts.join("");
}

/** A generator of numbers from 0 to below `limit`, the same for each run. */
function seeded(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

describe("parseTemplate", () => {
  it.each([
    ["{id}}", 'in "{id}}" the "}" at position 5 is not opened; write "}}" for a brace'],
    ["a-{id", 'in "a-{id" the "{" at position 3 is not closed; write "{{" for a brace'],
    ["x{}", 'in "x{}" the braces at position 2 are empty; name the data between them'],
    [
      "{a b}",
      'in "{a b}" "a b" at position 1 is not an expression; name data with letters, digits and "_", members after a "."',
    ],
    ["{a-b}", 'in "{a-b}" the name "a-b" at position 1 has a "-"; only members after a "." may have one'],
    ["{a..b}", 'in "{a..b}" "a..b" at position 1 has a blank part; write one "." between names'],
  ])("says what is wrong with %s, where, and what to do", (text, message) => {
    expect(messageOf(text)).toBe(message);
  });

  it("takes letters, digits, connectors, marks and format characters of any script", () => {
    expect(parseTemplate("{ключ_1.a‿b.é\u0301\u200D}")).toEqual([{ path: ["ключ_1", "a‿b", "é\u0301\u200D"] }]);
  });

  it("makes one literal of text and braces that follow each other", () => {
    expect(parseTemplate("a{{b}}c")).toEqual([{ literal: "a{b}c" }]);
  });

  it("finds no hidden line end after a name", () => {
    expect(() => parseTemplate("{a\n}")).toThrow(ExpressionError);
  });

  it("reads any text or refuses it with an ExpressionError, and reads again what it read", () => {
    const alphabet = "{ } {{ }} . : - _ % a key 1 é \u{1F4E6} datetime".split(" ").concat(" ");
    const pick = seeded(20261121);
    const texts = Array.from({ length: 20_000 }, () =>
      Array.from({ length: pick(12) }, () => alphabet[pick(alphabet.length)]).join(""),
    );
    const results = texts.map(tryToParse);
    const read = results.flatMap((result) => (result instanceof ExpressionError ? [] : [result]));
    const misplaced = results.filter(
      (result, index) => result instanceof ExpressionError && !isWithin(texts[index]!, result.position),
    );
    expect(misplaced).toEqual([]);
    expect(read.length).toBeGreaterThan(1000);
    expect(read.map((tokens) => parseTemplate(print(tokens)))).toEqual(read);
  });

  it("takes time in proportion to the text", () => {
    // Processor time: other processes take none of it.
    const start = process.cpuUsage();
    parseTemplate("{{".repeat(500_000));
    parseTemplate("{a}".repeat(100_000));
    expect(() => parseTemplate("{".repeat(1_000_001))).toThrow(ExpressionError);
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(5000);
  });
});

describe("parseUnresolved", () => {
  it("leaves out the expressions that a setting has a part in", () => {
    const paths = parseUnresolved("%st%-{id}-{%c1%}-{data.%c1%}").flatMap((token) =>
      "path" in token ? [token.path] : [],
    );
    expect(paths).toEqual([["id"]]);
  });

  it.each(["{%c1%}", "{1%c1%}", "{%a%-b}", "{%a%", "%a%"])("leaves %s for later", (text) => {
    expect(messageOf(text, parseUnresolved)).toBeUndefined();
  });

  it("throws what is wrong whatever the settings hold, quoting the text as written", () => {
    const message = 'in "%st%-{id" the "{" at position 6 is not closed; write "{{" for a brace';
    expect(messageOf("%st%-{id", parseUnresolved)).toBe(message);
    expect(messageOf("%st%-{}", parseUnresolved)).toContain('in "%st%-{}" the braces at position 6 are empty');
  });
});
