import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./blocks.js";

interface ErrorCodes {
  readonly codes: () => readonly string[];
  readonly sections: () => ReadonlyMap<string, string>;
  readonly sourcesBelow: (folder: string) => readonly string[];
}

// eslint-disable-next-line @typescript-eslint/no-require-imports
const { codes, sections, sourcesBelow } = require("./error-codes.cjs") as ErrorCodes;

/** The text of the sources with what stands on two lines put together. */
const source = sourcesBelow(join(root, "lib"))
  .map((file) => readFileSync(file, "utf8"))
  .join("\n")
  .replace(/["`'] \+\s*(?:\/\/.*\s*)*["`']/g, "");

describe("docs/errors.md", () => {
  it("has a section for every code, and for nothing else (node spec/docs/error-codes.cjs prints what to fill in)", () => {
    expect([...sections().keys()].sort()).toEqual(codes());
  });

  it.each([...sections()])("shows for %s a message that the library has", (_code, text) => {
    const example = /^```text\n([\s\S]+?)\n```$/m.exec(text)?.[1] ?? "";
    const words = example.split(" ");
    const runs = words.map((_, index) => words.slice(index, index + 3).join(" ")).slice(0, -2);
    expect({
      example,
      found: [...runs, example.slice(example.lastIndexOf(";"))].some((run) => source.includes(run)),
    }).toEqual({ example, found: true });
    expect(text.split("```\n").at(-1)!.trim()).not.toBe("");
  });
});
