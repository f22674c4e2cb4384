import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

// A script, which `npm run mutate` reads, too.
const mutants = require("./mutants.cjs") as Readonly<Record<string, Mutants>>;

interface Mutants {
  readonly specs: readonly string[];
  /** What stands in the file, and what takes its place. */
  readonly changes: readonly (readonly [from: string, to: string])[];
}

const root = join(__dirname, "..", "..");

describe.each(Object.entries(mutants))("the changes that npm run mutate makes to %s", (file, { specs, changes }) => {
  const source = readFileSync(join(root, "lib", `${file}.ts`), "utf8");

  it.each(changes)("begin with what stands there once: %s", (from) => {
    expect(source.split(from)).toHaveLength(2);
  });

  it("are held against specs that are there", () => {
    expect(specs.filter((spec) => !existsSync(join(root, "spec", `${spec}.spec.ts`)))).toEqual([]);
  });
});
