import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { join, posix } from "node:path";
import { root } from "./blocks.js";

let site: string;
let said: string;
let pages: ReadonlyMap<string, string>;

beforeAll(() => {
  site = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "site-"));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "site", "build.mjs"), site], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the site could not be built:\n${stderr}`);
  said = stdout + stderr;
  const files = readdirSync(site, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".html"));
  pages = new Map(files.map((file) => [file.replaceAll("\\", "/"), readFileSync(join(site, file), "utf8")]));
}, 900_000);

/** What the attribute of the tags says, with its HTML escapes read. */
function valuesOf(html: string, pattern: RegExp): readonly string[] {
  return [...html.matchAll(pattern)].map((match) => match[1]!.replaceAll("&amp;", "&"));
}

describe("the site", () => {
  it("has the pages of docs, the reference of each import, and the examples", () => {
    const expected = [
      "index.html",
      "docs/errors.html",
      "reference/index.html",
      "examples/README.html",
      "CHANGELOG.html",
    ];
    expect([...pages.keys()]).toEqual(expect.arrayContaining(expected));
    const reference = [...pages.keys()].filter((file) => file.startsWith("reference/"));
    for (const name of ["serve", "invoke", "register", "startSidecar", "DaprStateOutput"]) {
      expect(reference).toContainEqual(expect.stringMatching(new RegExp(`[/.]${name}\\.html$`)));
    }
  });

  it("has every type that a public one names, but for those that site/typedoc.json lists as the compiler's own", () => {
    expect(said.match(/.*(?:is referenced by|Failed to resolve link).*/g)).toBeNull();
  });

  it("leads from each of its links to a page and a heading that is there", () => {
    const missing: string[] = [];
    for (const [file, html] of pages) {
      if (file === "404.html") continue;
      for (const link of valuesOf(html, /<a [^>]*?href="((?![a-z]+:)[^"]*)"/g)) {
        const [path = "", anchor] = decodeURIComponent(link).split("#");
        const plain = path === "" ? file : posix.join(path.startsWith("/") ? "." : posix.dirname(file), path);
        const aim = plain.endsWith("/") || plain === "." ? posix.join(plain, "index.html") : plain;
        const there = pages.get(aim.replace(/^\//, ""));
        if (there === undefined ? !existsSync(join(site, aim)) : anchor && !there.includes(`id="${anchor}"`)) {
          missing.push(`${file}: ${link}`);
        }
      }
    }
    expect([...new Set(missing)]).toEqual([]);
  });

  it("loads nothing from elsewhere", () => {
    const foreign = [...pages.values()].flatMap((html) =>
      valuesOf(html, /<(?:script|link|img|iframe)[^>]*? (?:src|href)="((?:https?:)?\/\/[^"]*)"/g),
    );
    expect(foreign).toEqual([]);
  });

  it("has an index to search in, which knows an error code and a decorator", () => {
    const chunks = readdirSync(join(site, "assets", "chunks")).filter((file) => /localSearchIndex/.test(file));
    const text = chunks.map((file) => readFileSync(join(site, "assets", "chunks", file), "utf8")).join("");
    expect(text).toContain("ERR_COLLECTOR_CLOSED");
    expect(text).toContain("DaprStateOutput");
  });
});
