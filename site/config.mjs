import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";

const pages = dirname(dirname(fileURLToPath(import.meta.url)));

/** Each page under its own title. */
const page = (name) => ({
  text: /^# (.+)$/m.exec(readFileSync(join(pages, "docs", `${name}.md`), "utf8"))?.[1] ?? name,
  link: `/docs/${name}`,
});
const groups = {
  Begin: ["getting-started", "coming-from", "comparison", "faq"],
  Functions: ["decorators", "payloads", "state", "calls", "topics", "testing"],
  Running: ["running", "mounting", "embedded-sidecar", "inspector", "deploy", "operating", "azure", "command-line"],
  Promises: ["guarantees", "limits", "compatibility", "performance", "cold-start"],
  "To look up": ["errors", "wire-format"],
};
const isThere = (name) => existsSync(join(pages, "docs", `${name}.md`));
const listed = Object.values(groups).flat();
const others = readdirSync(join(pages, "docs"))
  .filter((file) => file.endsWith(".md"))
  .map((file) => file.replace(/\.md$/, ""))
  .filter((name) => !listed.includes(name));
const project = [
  ["Architecture", "ARCHITECTURE"],
  ["Contributing", "CONTRIBUTING"],
  ["Security", "SECURITY"],
  ["Changelog", "CHANGELOG"],
].filter(([, file]) => existsSync(join(pages, `${file}.md`)));

export default defineConfig({
  title: "dapr-functions",
  description: "A class method is a function, its decorators are its bindings, and Dapr does the rest.",
  lang: "en",
  cleanUrls: false,
  markdown: {
    attrs: { disable: true },
    // As GitHub makes them, so that a link works in both.
    anchor: {
      slugify: (text) =>
        text
          .toLowerCase()
          .replace(/[^\p{L}\p{N}\s_-]/gu, "")
          .trim()
          .replace(/\s/g, "-"),
    },
    config(md) {
      // Braces in code are expressions of this library, and none of Vue's.
      const code = md.renderer.rules.code_inline;
      md.renderer.rules.code_inline = (...given) => code(...given).replace("<code", "<code v-pre");
    },
  },
  themeConfig: {
    search: { provider: "local" },
    outline: { level: [2, 3] },
    nav: [
      { text: "Pages", link: "/docs/getting-started" },
      { text: "Reference", link: "/reference/" },
      ...(existsSync(join(pages, "examples", "README.md")) ? [{ text: "Examples", link: "/examples/README" }] : []),
    ],
    sidebar: [
      ...Object.entries(groups).map(([text, names]) => ({ text, items: names.filter(isThere).map(page) })),
      ...(others.length === 0 ? [] : [{ text: "More", items: others.map(page) }]),
      { text: "Reference", items: [{ text: "API", link: "/reference/" }] },
      { text: "The project", items: project.map(([text, file]) => ({ text, link: `/${file}` })) },
    ],
  },
});
