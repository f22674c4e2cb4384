/** A unified diff of one file; `undefined` stands for no file. */
export function toPatch(path: string, before: string | undefined, after: string | undefined): string {
  const { createTwoFilesPatch } = require("diff") as typeof import("diff");
  const from = before === undefined ? "/dev/null" : `a/${path}`;
  const to = after === undefined ? "/dev/null" : `b/${path}`;
  const patch = createTwoFilesPatch(from, to, before ?? "", after ?? "", undefined, undefined, { context: 3 });
  return patch.replace(/^=+\n/, "");
}
