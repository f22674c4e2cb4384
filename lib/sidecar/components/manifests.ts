import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Document, Scalar } from "yaml";
import { DefinitionError, type Problem } from "../../model/errors.js";
import { messageOf } from "../../model/thrown.js";

/** One document of a resource file. */
export interface Manifest {
  readonly kind: string;
  readonly apiVersion: string;
  readonly value: ManifestObject;
  readonly file: string;
  /** `components/statestore.yaml:1` */
  readonly source: string;
  /** It stands first in its file. */
  readonly isFirst: boolean;
}

/** Bytes of a resource file that are read; those of people are a hundredth of it. */
const maxFileSize = 1024 * 1024;

/** A problem of a resource file or of one component. */
export function componentProblem(message: string, file?: string): Problem {
  return { code: "component-invalid", level: "error", class: undefined, method: undefined, file, message };
}

/**
 * Reads the documents of a folder of Dapr resource files, or of one file: `.yaml` and `.yml`, several documents in a
 * file. What is wrong with one is added to `problems`, what is passed over to `notes`.
 *
 * @throws DefinitionError `component-invalid` for a path that cannot be read
 */
export function readManifests(path: string, problems: Problem[], notes: string[]): readonly Manifest[] {
  return filesOf(path).flatMap((file) => {
    try {
      return readFile(file, problems, notes);
    } catch (error) {
      problems.push(
        componentProblem(`${file} cannot be read: ${messageOf(error)}; correct the file or remove it`, file),
      );
      return [];
    }
  });
}

function filesOf(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path)
      .filter((name) => /\.ya?ml$/i.test(name))
      .sort()
      .map((name) => join(path, name))
      .filter((file) => !isFolder(file));
  } catch (error) {
    const problem = `components "${path}" cannot be read (${messageOf(error)}); name a folder of component files`;
    throw new DefinitionError([componentProblem(problem, path)], { cause: error });
  }
}

/** Links that lead nowhere or in a circle are files: reading them says what is wrong. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The text of a file of people's. A pipe or a device might never end, so neither is read. */
export function readResourceText(file: string): string {
  const stats = statSync(file);
  if (!stats.isFile()) throw new Error("it is not a regular file");
  if (stats.size > maxFileSize)
    throw new Error(`it has ${stats.size} bytes, more than the ${maxFileSize} of a resource file`);
  return readFileSync(file, "utf8");
}

function readFile(file: string, problems: Problem[], notes: string[]): readonly Manifest[] {
  const { LineCounter, parseAllDocuments } = require("yaml") as typeof import("yaml");
  const lines = new LineCounter();
  const options = { ...linearly, lineCounter: lines, prettyErrors: false };
  const documents = parseAllDocuments(readResourceText(file), options);
  const manifests: Manifest[] = [];
  for (const [index, document] of (Array.isArray(documents) ? documents : []).entries()) {
    const source = `${file}:${lines.linePos(document.contents?.range?.[0] ?? 0).line}`;
    const [error] = document.errors;
    if (error) {
      const place = `${file}:${lines.linePos(error.pos[0]).line}`;
      problems.push(componentProblem(`${place}: ${error.message}; correct the YAML`, file));
      continue;
    }
    const repeated = repeatedKey(document);
    if (repeated !== undefined) {
      const place = `${file}:${lines.linePos(repeated.range?.[0] ?? 0).line}`;
      problems.push(componentProblem(`${place}: Map keys must be unique; correct the YAML`, file));
      continue;
    }
    try {
      const value = plain(document);
      if (value === null) continue;
      const object = new ManifestObject(value, "");
      const kind = object.text("kind");
      if (kind === undefined) notes.push(`${source}: a document without a kind is passed over`);
      else
        manifests.push({
          kind,
          apiVersion: object.text("apiVersion") ?? "",
          value: object,
          file,
          source,
          isFirst: index === 0,
        });
    } catch (thrown) {
      problems.push(componentProblem(`${source}: ${messageOf(thrown)}`, file));
    }
  }
  return manifests;
}

/**
 * What the yaml package is told before {@link repeatedKey} is asked: its own search for a key that comes twice compares each
 * with each, and a file of 760 kB took 40 s.
 */
export const linearly = { uniqueKeys: false };

/** The first key of a document that its map has already. */
export function repeatedKey(document: Document): Scalar | undefined {
  const { isScalar, visit } = require("yaml") as typeof import("yaml");
  let repeated: Scalar | undefined;
  visit(document, {
    Map(_, { items }) {
      const values = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (values.has(key.value)) {
          repeated = key;
          return visit.BREAK;
        }
        values.add(key.value);
      }
      return undefined;
    },
  });
  return repeated;
}

/** A document as JSON has it. Aliases are followed a bounded number of times, and never in a circle. */
function plain(document: Document): unknown {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
    return JSON.parse(JSON.stringify(value ?? null)) as unknown;
  } catch (error) {
    throw new Error(`its aliases cannot be followed (${messageOf(error).split("\n")[0]}); write the values out`, {
      cause: error,
    });
  }
}

/** An object of a manifest whose members are read by shape. Every read throws an Error that names the member. */
export class ManifestObject {
  readonly #members: Readonly<Record<string, unknown>>;

  constructor(
    value: unknown,
    private readonly path: string,
  ) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new Error(`${path || "the document"} is ${kindOf(value)}; write an object of members`);
    }
    this.#members = value as Record<string, unknown>;
  }

  get names(): readonly string[] {
    return Object.keys(this.#members);
  }

  /** Undefined when it is absent or null, as for all that follow. */
  value(name: string): unknown {
    return (Object.hasOwn(this.#members, name) ? this.#members[name] : undefined) ?? undefined;
  }

  text(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === "string") return value;
    throw this.#wrong(name, "text", value);
  }

  /** Text, or a number or boolean that stands for its text. */
  scalar(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    throw this.#wrong(name, "text", value);
  }

  whole(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined || Number.isSafeInteger(value)) return value as number | undefined;
    throw this.#wrong(name, "a whole number", value);
  }

  flag(name: string): boolean | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === "boolean") return value;
    throw this.#wrong(name, "true or false", value);
  }

  object(name: string): ManifestObject | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : new ManifestObject(value, this.#at(name));
  }

  list(name: string): readonly unknown[] | undefined {
    const value = this.value(name);
    if (value === undefined || Array.isArray(value)) return value;
    throw this.#wrong(name, "a list", value);
  }

  objects(name: string): readonly ManifestObject[] {
    return (this.list(name) ?? []).flatMap((item, index) =>
      item === null ? [] : [new ManifestObject(item, `${this.#at(name)}[${index}]`)],
    );
  }

  texts(name: string): readonly string[] | undefined {
    return this.list(name)?.map((item, index) => {
      if (typeof item === "string") return item;
      throw this.#wrong(`${name}[${index}]`, "text", item);
    });
  }

  /** An object whose members are all text, or stand for it. */
  textMap(name: string): Readonly<Record<string, string>> {
    const object = this.object(name);
    return Object.fromEntries((object?.names ?? []).map((key) => [key, object!.scalar(key) ?? ""]));
  }

  #at(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  #wrong(name: string, expected: string, value: unknown): Error {
    return new Error(`${this.#at(name)} is ${kindOf(value)}; write ${expected}`);
  }
}

/** What a value is, as the start of a sentence about it has it. */
export function kindOf(value: unknown): string {
  if (value === undefined) return "undefined";
  if (Array.isArray(value)) return "a list";
  if (value === null) return "null";
  return { string: "text", number: "a number", boolean: "a boolean" }[typeof value as string] ?? "an object";
}
