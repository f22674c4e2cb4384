/** What a text is as JSON with comments; `fault` is the position where it stops being that. */
export interface ReadJson {
  readonly value: unknown;
  readonly fault?: number;
}

/** Reads JSON as the Functions host and TypeScript do: comments, trailing commas and a byte order mark are let pass. */
export function readJsonWithComments(text: string): ReadJson {
  const { parse } = require("jsonc-parser") as typeof import("jsonc-parser");
  const errors: import("jsonc-parser").ParseError[] = [];
  const value: unknown = parse(text.replace(/^\uFEFF/, ""), errors, { allowTrailingComma: true });
  const [first] = errors;
  return first === undefined ? { value } : { value: undefined, fault: first.offset };
}
