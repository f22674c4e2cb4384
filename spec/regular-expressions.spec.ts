import { execFileSync } from "node:child_process";
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
    const analysis = join(__dirname, "support", "slow-patterns.cjs");
    const options = { input: JSON.stringify(patterns), timeout: 100_000 };
    expect(JSON.parse(execFileSync(process.execPath, [analysis], options).toString())).toEqual([]);
  }, 120_000);
});
