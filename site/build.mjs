// `npm run docs [-- OUT]`: the pages of the repository and the API reference, made of the docstrings, as a static site with
// search. It needs no network, neither to be built nor to be read.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vitepress";
import { writePages } from "./pages.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const out = resolve(process.argv[2] ?? join(root, ".build", "site"));
// VitePress resolves its packages from where the pages are, so they lie inside the tree.
const pages = join(root, ".build", "site-pages");

rmSync(pages, { recursive: true, force: true });
mkdirSync(join(pages, ".vitepress"), { recursive: true });
for (const file of ["config.mjs", "theme"])
  cpSync(join(here, file), join(pages, ".vitepress", file), { recursive: true });
writePages(root, pages);
execFileSync(
  process.execPath,
  [
    join(root, "node_modules", "typedoc", "bin", "typedoc"),
    "--options",
    join(here, "typedoc.json"),
    "--out",
    join(pages, "reference"),
    "--logLevel",
    "Warn",
  ],
  { stdio: "inherit" },
);
await build(pages, { outDir: out });
process.stdout.write(`${join(out, "index.html")}\n`);
