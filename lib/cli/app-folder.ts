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
import type { AppEntry, AppPlan, AppState } from "../azure/app/app-files.js";
import { mainOf } from "../azure/app/app-rules.js";
import { functionFileNames } from "../azure/app/function-files.js";
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
    if (existsSync(join(out, name))) files[name] = textOf(join(out, name));
  }
  const main = mainOf(files["package.json"]);
  return { files, entries, mainFiles: main === undefined ? [] : filesMatching(main, out) };
}

/** No text for what is there and cannot be read, a folder for instance: the rules then say that it is not JSON. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
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

/** What `main` of a package.json names: the worker takes it for a pattern of the package glob, which this reads alike. */
function filesMatching(pattern: string, root: string): string[] {
  const plain = pattern.replace(/^\.\//, "");
  const stats = lstatSync(join(root, plain), { throwIfNoEntry: false });
  if (stats !== undefined) {
    return stats.isDirectory() ? entriesOf(join(root, plain)).map(({ name }) => `${plain}/${name}`) : [plain];
  }
  const { Minimatch, GLOBSTAR } = require("minimatch") as typeof import("minimatch");
  const alternatives = new Minimatch(plain, { windowsPathsNoEscape: true, magicalBraces: true });
  if (!alternatives.hasMagic()) return [];
  const folders = new Set(
    alternatives.set.map((parts) => {
      const from = parts.findIndex((part) => typeof part !== "string" || part === (GLOBSTAR as unknown));
      return parts.slice(0, from === -1 ? -1 : from).join("/");
    }),
  );
  const files = [...folders].flatMap((folder) => filesBelow(join(root, folder)));
  return [...new Set(files.map((file) => relative(root, file).replaceAll("\\", "/")))].filter((path) =>
    alternatives.match(path),
  );
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/(^|[\\/])node_modules([\\/]|$)/.test(relative(folder, entry.parentPath)))
    .map((entry) => join(entry.parentPath, entry.name));
}
