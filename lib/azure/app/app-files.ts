import { readJsonWithComments } from "../../model/jsonc.js";

/** What is in the folder of a function app, as far as `generate` and `check` need to know it. */
export interface AppState {
  /** Texts of the files at the root that are read: host.json, local.settings.json, package.json, extensions.csproj. */
  readonly files: Readonly<Record<string, string>>;
  /** What stands at each name directly below the root. */
  readonly entries: Readonly<Record<string, AppEntry>>;
  /** Paths named by `main` in package.json that are there. */
  readonly mainFiles: readonly string[];
}

export type AppEntry =
  | { readonly kind: "file" }
  | { readonly kind: "link" }
  | {
      readonly kind: "folder";
      /** Its entries by name; a text for function.json and index.cjs, `undefined` for what is not read. */
      readonly content: Readonly<Record<string, string | undefined>>;
      /** Those of function.json and index.cjs that are symbolic links, or no files. */
      readonly irregular: readonly string[];
    };

export interface FileAction {
  /** `keep`: there, different from what would be written or no longer needed, and left alone. */
  readonly action: "write" | "unchanged" | "remove" | "keep";
  /** Relative to the app's root, `/`-separated; a folder ends in `/`. */
  readonly path: string;
  /** What is there now; `undefined` for nothing. */
  readonly before: string | undefined;
  /** What will be there; `undefined` for nothing. */
  readonly after: string | undefined;
}

export interface AppPlan {
  /** One per file, sorted by path. */
  readonly actions: readonly FileAction[];
  /** Folders that are empty once the actions are done. */
  readonly emptied: readonly string[];
  /** Stale folders that stay because they hold files of others. */
  readonly leftOver: readonly string[];
}

/** True for a function.json that `generate` wrote, whatever comments an editor or a person has put into it since. */
export function isOurs(functionJson: string | undefined): boolean {
  if (functionJson === undefined) return false;
  const { value } = readJsonWithComments(functionJson);
  return (value as { generatedBy?: unknown } | null | undefined)?.generatedBy === "dapr-functions";
}

/**
 * What `generate` does to an app: the files to write and, unless `keepStale`, the generated folders that have no
 * function any more. Pure: equal files, state and options give equal plans.
 *
 * @param files the texts of `toFunctionFiles`, by path
 */
export function planApp(
  files: Readonly<Record<string, string>>,
  state: AppState,
  options: { readonly keepStale?: boolean | undefined } = {},
): AppPlan {
  const actions: FileAction[] = [];
  const emptied: string[] = [];
  const leftOver: string[] = [];
  const planned = new Set<string>();
  for (const [path, after] of Object.entries(files)) {
    const [folder = "", name] = path.split("/");
    if (name === undefined) {
      actions.push(atRoot(path, after, state));
      continue;
    }
    planned.add(folder);
    const entry = state.entries[folder];
    const before = entry?.kind === "folder" ? entry.content[name] : undefined;
    actions.push({ action: before === after ? "unchanged" : "write", path, before, after });
  }
  for (const [folder, entry] of Object.entries(state.entries)) {
    if (planned.has(folder) || entry.kind !== "folder" || !isOurs(entry.content["function.json"])) continue;
    const ours = ["function.json", "index.cjs"].filter((name) => entry.content[name] !== undefined);
    for (const name of ours) {
      const before = entry.content[name];
      const path = `${folder}/${name}`;
      if (options.keepStale === true) actions.push({ action: "keep", path, before, after: before });
      else actions.push({ action: "remove", path, before, after: undefined });
    }
    if (options.keepStale === true) continue;
    (Object.keys(entry.content).length === ours.length ? emptied : leftOver).push(folder);
  }
  return {
    actions: actions.sort((a, b) => compare(a.path, b.path)),
    emptied: emptied.sort(),
    leftOver: leftOver.sort(),
  };
}

/** host.json and local.settings.json are a person's once they exist. */
function atRoot(path: string, after: string, state: AppState): FileAction {
  if (!(path in state.entries)) return { action: "write", path, before: undefined, after };
  const before = state.files[path];
  return { action: before === after ? "unchanged" : "keep", path, before, after: before };
}

/** By code unit: the same order on every machine. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
