// The pages of the site: the Markdown files of the repository, each at its own path, and a page for every file that one
// of them links to. Nothing is written twice; the site is a view of the tree.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, extname, join, posix } from "node:path";

const languages = { ".mts": "ts", ".cts": "ts", ".cjs": "js", ".mjs": "js", ".yml": "yaml" };
const pictures = [".svg", ".png", ".webp"];

/** Where the pages begin: every other page is linked from one of these. */
export function entryPages(root) {
  const docs = readdirSync(join(root, "docs")).filter((file) => file.endsWith(".md"));
  const own = ["README.md", "CHANGELOG.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE"];
  return [...own.filter((file) => existsSync(join(root, file))), ...docs.map((file) => `docs/${file}`)];
}

/** Copies the pages and what they link to into `target`, which mirrors the tree. */
export function writePages(root, target) {
  const done = new Set();
  const waiting = entryPages(root);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (done.has(path)) continue;
    done.add(path);
    const file = join(root, path);
    if (!existsSync(file)) throw new Error(`${path} is linked to and is not there`);
    if (statSync(file).isDirectory()) {
      write(join(target, path, "index.md"), listing(file, path, waiting));
    } else if (pictures.includes(extname(path))) {
      // Once to be shown in a page, once to be linked to.
      for (const folder of [target, join(target, "public")]) cpSync(file, join(folder, path), { recursive: true });
    } else if (path.endsWith(".md")) {
      const text = readFileSync(file, "utf8");
      write(join(target, path === "README.md" ? "index.md" : path), withLinks(text, path, root, waiting));
    } else {
      const language = languages[extname(path)] ?? extname(path).slice(1);
      write(
        join(target, `${path}.md`),
        `---\nsearch: false\noutline: false\n---\n\n# ${path}\n\n\`\`\`\`${language}\n${readFileSync(file, "utf8")}\n\`\`\`\`\n`,
      );
    }
  }
}

/** The links of a page, each to the page that the site has for it. */
function withLinks(text, path, root, waiting) {
  let fenced = false;
  const lines = text.split("\n").map((line) => {
    if (/^\s*```/.test(line)) fenced = !fenced;
    if (fenced) return line;
    return line.replace(/\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?(?: "[^"]*")?\)/g, (_, link, anchor = "") => {
      const aim = posix.normalize(posix.join(posix.dirname(path), link)).replace(/\/$/, "");
      const isFolder = existsSync(join(root, aim)) && statSync(join(root, aim)).isDirectory();
      const page = isFolder && existsSync(join(root, aim, "README.md")) ? `${aim}/README.md` : aim;
      waiting.push(page);
      if (page === "README.md") return `](/index.md${anchor})`;
      if (page.endsWith(".md") || pictures.includes(extname(page))) return `](/${page}${anchor})`;
      return isFolder ? `](/${page}/index.md)` : `](/${page}.md${anchor})`;
    });
  });
  return lines.join("\n");
}

function listing(folder, path, waiting) {
  const names = readdirSync(folder, { withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => entry.name);
  waiting.push(...files.map((file) => `${path}/${file}`));
  const links = files.map((file) => `- [${file}](/${path}/${file}${file.endsWith(".md") ? "" : ".md"})`);
  return `---\nsearch: false\n---\n\n# ${path}\n\n${links.join("\n")}\n`;
}

function write(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
