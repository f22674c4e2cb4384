import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pages, root, textOf } from "./blocks.js";

const shown = pages.flatMap((page) =>
  [...textOf(page).matchAll(/\]\(([^)\s]+\.ts) "([^"]+)"\)/g)].map(([, path, title]) => ({
    page,
    path: join(dirname(page), path!),
    title: title!,
  })),
);

/** Titles may stand in either kind of quotes, and a quote in them behind a backslash. */
function titlesOf(path: string): string {
  return readFileSync(join(root, path), "utf8").replaceAll("\\", "");
}

describe("a promise of the pages", () => {
  it("is made", () => {
    expect(shown.length).toBeGreaterThan(20);
  });

  it.each(shown)("is shown by $path: $title", ({ path, title }) => {
    expect(titlesOf(path)).toContain(title);
  });
});

describe("docs/guarantees.md", () => {
  it("has a spec for each row", () => {
    const rows = textOf("docs/guarantees.md").match(/^\| (?!.*\| shown by \|$|---).+$/gm) ?? [];
    expect(rows.filter((row) => !/\.ts "[^"]+"\) \|$/.test(row))).toEqual([]);
  });
});
