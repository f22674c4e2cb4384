import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root, textOf } from "./blocks.js";

const text = textOf("ARCHITECTURE.md");

/** The folders of lib, and those in them that hold more than two files. */
const folders = readdirSync(join(root, "lib"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
  .sort();

describe("ARCHITECTURE.md", () => {
  it("has a line for each folder of lib", () => {
    const listed = [...text.matchAll(/^\| \[(lib\/[\w/-]+)\]/gm)].map((match) => match[1]!);
    expect([...listed].sort()).toEqual(folders);
  });

  it("tells of a request in ten steps", () => {
    const steps = /## One request in ten steps\n([\s\S]*?)\n## /.exec(text)![1]!;
    expect(steps.match(/^\d+\. /gm)).toHaveLength(10);
  });

  it.each(["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"])("%s names files that are there", (page) => {
    const links = [...textOf(page).matchAll(/\]\((?!\w+:|#)([^)#]+)/g)].map((match) => match[1]!);
    const named = [...textOf(page).matchAll(/`((?:lib|spec|examples|bench|site)\/[\w./-]+)`/g)].map(
      (match) => match[1]!,
    );
    expect([...links, ...named].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
