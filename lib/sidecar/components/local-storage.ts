import { randomUUID } from "node:crypto";
import { lstatSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { mkdir, readdir, readFile, rmdir, stat, unlink, writeFile } from "node:fs/promises";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import { messageOf } from "../../model/thrown.js";
import type { BindingRequest, OutputBinding } from "../api/bindings.js";
import { property, type Properties } from "./components.js";

/** `bindings.localstorage`: files below one folder. @throws Error when `rootPath` cannot be used. */
export function openLocalStorage(properties: Properties): OutputBinding {
  const root = openRoot(property(properties, "rootPath") ?? "");
  return {
    operations: ["create", "get", "list", "delete"],
    async invoke(request) {
      const { fileName } = request.metadata;
      switch (request.operation) {
        case "create":
          return { data: JSON.stringify({ fileName: await create(root, fileName || randomUUID(), request) }) };
        case "get":
          return { data: await get(pathIn(root, fileName)) };
        case "list":
          return { data: JSON.stringify(await list(pathIn(root, fileName))) };
        default:
          return remove(pathIn(root, fileName));
      }
    },
  };
}

function openRoot(rootPath: string): string {
  if (rootPath === "") throw new Error("property rootPath must not be empty");
  const path = resolve(rootPath);
  if (/^\/(proc|sys|boot|var\/run\/secrets)(\/|$)/.test(path)) {
    throw new Error("property rootPath points to a disallowed location");
  }
  mkdirSync(path, { recursive: true });
  if (!statSync(path).isDirectory()) throw new Error("property rootPath represents a file and not a directory");
  return realpathSync(path);
}

/** The absolute path of a file name. `..` ends at the root, and so does a link that leads out of it. */
function pathIn(root: string, fileName = ""): string {
  // A backslash is an ordinary character where it separates nothing.
  const name = sep === "\\" ? fileName.replaceAll("\\", "/") : fileName;
  const path = join(root, posix.normalize(`/${name}`)).replace(/(?<=[^/])\/+$/, "");
  for (let existing = path; existing.length > root.length; existing = dirname(existing)) {
    const real = realPath(existing);
    // A link that leads nowhere yet would lead to what is written through it.
    if (real === undefined && lstatSync(existing, { throwIfNoEntry: false })?.isSymbolicLink() !== true) continue;
    if (real === undefined || (real !== root && !real.startsWith(root + sep)))
      throw new Error(`file ${fileName} is outside of rootPath`);
    break;
  }
  return path;
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

async function create(root: string, fileName: string, { data }: BindingRequest): Promise<string> {
  const path = pathIn(root, fileName);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytesOf(typeof data === "string" ? data : JSON.stringify(data)));
  return relative(root, path);
}

/** daprd decodes whatever happens to be valid base64, the word `null` of missing data included. */
function bytesOf(text: string): Buffer {
  const unbroken = text.replaceAll(/[\r\n]/g, "");
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(unbroken);
  return Buffer.from(text, isBase64 ? "base64" : "utf8");
}

async function get(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new Error(`file not found: ${path}`, { cause: error });
    }
    throw new Error(`error reading file ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/** The absolute paths of all files below a folder; null for none, as Go writes an empty list. */
async function list(path: string): Promise<readonly string[] | null> {
  const stats = await stat(path).catch((error: unknown) => {
    throw new Error(`error getting stats for path ${path}: ${reasonOf(error)}`, { cause: error });
  });
  if (!stats.isDirectory()) {
    throw new Error(`unable to list files as the file specified is not a directory: ${path}`);
  }
  const files = await filesBelow(path);
  return files.length > 0 ? files : null;
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  const nested = sorted.map(async (entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
  return (await Promise.all(nested)).flat();
}

/** A file, or a folder that is empty. */
async function remove(path: string): Promise<undefined> {
  try {
    const stats = await stat(path);
    await (stats.isDirectory() ? rmdir(path) : unlink(path));
  } catch (error) {
    throw new Error(`error deleting file ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/** `no such file or directory` of Node's `ENOENT: no such file or directory, stat '…'`. */
function reasonOf(error: unknown): string {
  return messageOf(error)
    .replace(/^E[A-Z]+: /, "")
    .replace(/, \w+ '.*$/s, "");
}
