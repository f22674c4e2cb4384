import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

export const root = join(__dirname, "..", "..");

/** README and the pages of docs/, relative to the root. */
export const pages: readonly string[] = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((file) => file.endsWith(".md"))
    .sort()
    .map((file) => `docs/${file}`),
];

export interface Block {
  readonly page: string;
  readonly line: number;
  /** `ts`, `json`, `yaml`; blank for commands and drawings. */
  readonly language: string;
  readonly code: string;
  /** From the block before to this one. */
  readonly before: string;
  /** The name that the reader is told to give it: in its first comment, else the last file named before it. */
  readonly file: string | undefined;
}

export function textOf(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

export function blocksOf(page: string): readonly Block[] {
  const text = textOf(page);
  const found: Block[] = [];
  let end = 0;
  for (const match of text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const [whole, language = "", code = ""] = match;
    const before = text.slice(end, match.index);
    const own = /^\/\/ (\S+\.\w+)\n/.exec(code)?.[1];
    const named = [...before.matchAll(/`([\w./-]+\.(?:[cm]?ts|json|yaml))`/g)].at(-1)?.[1];
    const line = text.slice(0, match.index).split("\n").length;
    found.push({ page, line, language, code, before, file: own ?? named });
    end = match.index + whole.length;
  }
  return found;
}

export interface Project {
  readonly name: string;
  readonly packages: readonly string[];
  readonly files: Readonly<Record<string, string>>;
}

/** What a reader has in each folder after following all of the steps: `mkdir x` begins the folder x. */
export function projectsOf(blocks: readonly Block[]): readonly Project[] {
  const found: { name: string; packages: string[]; files: Record<string, string> }[] = [];
  for (const { language, code, before, file, page, line } of blocks) {
    const folder = language === "" ? /^mkdir (\S+)/m.exec(code)?.[1] : undefined;
    if (folder !== undefined) found.push({ name: folder, packages: [], files: {} });
    const project = found.at(-1);
    if (project === undefined) continue;
    if (language !== "") {
      if (file === undefined) throw new Error(`${page}:${line} gives no file name to its block`);
      project.files[file] = code;
    }
    for (const [, names = ""] of `${before}\n${language === "" ? code : ""}`.matchAll(/npm install ([^\n`]+)/g)) {
      const others = ["dapr-functions", "typescript", "azure-functions-core-tools@4"];
      project.packages.push(...names.split(" ").filter((name) => !name.startsWith("--") && !others.includes(name)));
    }
  }
  return found;
}
