import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const lib = join(__dirname, "../lib");

interface Pattern {
  readonly place: string;
  readonly source: string;
  readonly flags: string;
}

/** Every regular expression that is written in a file. */
function patternsOf(file: string): Pattern[] {
  const tree = ts.createSourceFile(file, readFileSync(join(lib, file), "utf8"), ts.ScriptTarget.Latest);
  const found: Pattern[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
      const end = node.text.lastIndexOf("/");
      found.push({
        place: `lib/${file}:${line + 1}`,
        source: node.text.slice(1, end),
        flags: node.text.slice(end + 1),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

describe("the regular expressions of lib", () => {
  const files = readdirSync(lib, { recursive: true, encoding: "utf8" }).filter((file) => /\.m?[jt]s$/.test(file));
  const patterns = files.flatMap(patternsOf);

  it("are found", () => {
    expect(patterns.length).toBeGreaterThan(50);
  });

  // Payloads, headers, component files: whoever writes the text must not decide how long it is looked at.
  it("take time in proportion to the text", () => {
    process.env.RECHECK_BACKEND = "pure";
    const { checkSync } = require("recheck") as typeof import("recheck");
    const slow = patterns.flatMap(({ place, source, flags }) => {
      // Not by the clock: the steps that the analysis may take are bounded, so that a busy machine decides the same.
      const result = checkSync(source, flags, { timeout: null, attackTimeout: null, checker: "auto" });
      if (result.status === "safe") return [];
      const why = result.status === "vulnerable" ? result.complexity.summary : result.error.kind;
      return [`${place} /${source}/${flags}: ${why}`];
    });
    expect(slow).toEqual([]);
  }, 120_000);
});
