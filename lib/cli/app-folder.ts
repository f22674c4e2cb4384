import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
  type Dirent,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import type { AppEntry, AppPlan, AppState } from "../azure/app-files.js";
import { mainOf } from "../azure/app-rules.js";
import { functionFileNames } from "../azure/function-files.js";
import { UsageError } from "./usage-error.js";

const rootFiles = ["host.json", "local.settings.json", "package.json", "extensions.csproj"];

/**
 * Reads what `generate` and `check` need to know of an app's folder, which need not be there.
 *
 * @throws UsageError where something else is
 */
export function readAppFolder(out: string): AppState {
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw new UsageError(`${out}: --out names a file; give the folder of the app`);
  }
  const entries: Record<string, AppEntry> = {};
  for (const entry of entriesOf(out)) entries[entry.name] = toEntry(join(out, entry.name), entry);
  const files: Record<string, string> = {};
  for (const name of rootFiles) {
    // A link to such a file is read like the file; it is never written.
    if (existsSync(join(out, name))) files[name] = readFileSync(join(out, name), "utf8");
  }
  const main = mainOf(files["package.json"]);
  return { files, entries, mainFiles: main === undefined ? [] : filesMatching(main, out) };
}

function entriesOf(folder: string): Dirent[] {
  return existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
}

function toEntry(path: string, entry: Dirent): AppEntry {
  if (entry.isSymbolicLink()) return { kind: "link" };
  if (!entry.isDirectory()) return { kind: "file" };
  const content: Record<string, string | undefined> = {};
  const irregular: string[] = [];
  for (const child of entriesOf(path)) {
    const isOneOfOurs = (functionFileNames as readonly string[]).includes(child.name);
    content[child.name] = isOneOfOurs && child.isFile() ? readFileSync(join(path, child.name), "utf8") : undefined;
    if (isOneOfOurs && !child.isFile()) irregular.push(child.name);
  }
  return { kind: "folder", content, irregular };
}

/** Does what the plan says, removals first: on some file systems `Orders` and `orders` are one folder. */
export function writeAppFolder(out: string, { actions, emptied }: AppPlan): void {
  for (const { action, path } of actions) if (action === "remove") rmSync(join(out, path));
  for (const folder of emptied) rmdirSync(join(out, folder));
  for (const { action, path, before, after } of actions) {
    if (action !== "write" || after === undefined) continue;
    const file = join(out, path);
    mkdirSync(dirname(file), { recursive: true });
    if (before !== undefined && lstatSync(file).isSymbolicLink()) throw new Error(`${file} has become a symbolic link`);
    // What was not there must still not be there: nothing is written through a link that appeared since.
    writeFileSync(file, after, before === undefined ? { flag: "wx" } : {});
  }
}

/** What `main` of a package.json names: the worker takes it for a pattern. */
function filesMatching(pattern: string, root: string): string[] {
  const plain = pattern.replace(/^\.\//, "");
  if (!/[*?{[]/.test(plain)) {
    const stats = lstatSync(join(root, plain), { throwIfNoEntry: false });
    if (stats === undefined) return [];
    return stats.isDirectory() ? entriesOf(join(root, plain)).map(({ name }) => `${plain}/${name}`) : [plain];
  }
  const expression = toExpression(plain);
  const from = plain.split("/").findIndex((part) => /[*?{[]/.test(part));
  const folder = join(root, ...plain.split("/").slice(0, from));
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/(^|[\\/])node_modules([\\/]|$)/.test(relative(folder, entry.parentPath)))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((path) => expression.test(path));
}

function toExpression(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/|\*\*|[*?{},[\]]|[.+^$()|\\]/g, (part) => {
    switch (part) {
      case "**/":
        return "(?:.*/)?";
      case "**":
        return ".*";
      case "*":
        return "[^/]*";
      case "?":
        return "[^/]";
      case "{":
        return "(?:";
      case "}":
        return ")";
      case ",":
        return "|";
      case "[":
      case "]":
        return part;
      default:
        return `\\${part}`;
    }
  });
  return new RegExp(`^${source}$`);
}
