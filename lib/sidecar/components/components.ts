import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Document } from "yaml";
import { DefinitionError, type Problem } from "../../model/errors.js";

/** A value of a component's metadata: text, or where to find it. Numbers and booleans stand for their text. */
export type ComponentValue =
  | string
  | number
  | boolean
  | { readonly secretKeyRef: { readonly name: string; readonly key?: string | undefined } }
  | { readonly envRef: string };

/**
 * A configured Dapr building block that bindings refer to by name: what a component file describes.
 *
 * @example { name: "statestore", type: "state.in-memory" }
 * @see https://docs.dapr.io/reference/resource-specs/component-schema/
 */
export interface Component {
  readonly name: string;
  /** `state.in-memory`, `pubsub.in-memory`, … */
  readonly type: string;
  readonly version?: string | undefined;
  readonly metadata?: Readonly<Record<string, ComponentValue>> | undefined;
  /** The app ids that see the component; all unless given. */
  readonly scopes?: readonly string[] | undefined;
  /** Name of the secret store in which a `secretKeyRef` is looked up: `auth.secretStore` of the file. */
  readonly secretStore?: string | undefined;
  /** Where it was read, for messages: `components/statestore.yaml:1`. */
  readonly source?: string | undefined;
}

/** A component's metadata once its references are resolved. */
export type Properties = Readonly<Record<string, string>>;

/** A property by its name in any case, as daprd reads them. */
export function property(properties: Properties, name: string): string | undefined {
  return Object.entries(properties).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

/**
 * Reads the components of a folder of Dapr resource files, or of one file: `.yaml` and `.yml`, several documents in a
 * file. Other files and resources of other kinds are passed over, as daprd does.
 *
 * @throws DefinitionError `component-invalid`, naming file and line, for YAML that cannot be read (which daprd passes
 *   over in silence) and for components without a name or a type.
 */
export function loadComponents(path: string): readonly Component[] {
  const problems: Problem[] = [];
  const components = filesOf(path).flatMap((file) => readComponents(file, problems));
  const [first, ...others] = problems;
  if (first) throw new DefinitionError([first, ...others]);
  return components;
}

/** A problem of a component file or of one component. */
export function componentProblem(message: string, file?: string): Problem {
  return { code: "component-invalid", level: "error", class: undefined, method: undefined, file, message };
}

function filesOf(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const entries = readdirSync(path, { withFileTypes: true });
    const names = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
    return names
      .filter((name) => /\.ya?ml$/i.test(name))
      .sort()
      .map((name) => join(path, name));
  } catch (error) {
    const problem = `components "${path}" cannot be read (${(error as Error).message}); name a folder of component files`;
    throw new DefinitionError([componentProblem(problem, path)], { cause: error });
  }
}

function readComponents(file: string, problems: Problem[]): readonly Component[] {
  const { LineCounter, parseAllDocuments } = require("yaml") as typeof import("yaml");
  const lines = new LineCounter();
  const documents = parseAllDocuments(readFileSync(file, "utf8"), { lineCounter: lines, prettyErrors: false });
  const components: Component[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    const start = `${file}:${lines.linePos(document.contents?.range?.[0] ?? 0).line}`;
    const [error] = document.errors;
    if (error) {
      const place = `${file}:${lines.linePos(error.pos[0]).line}`;
      problems.push(componentProblem(`${place}: ${error.message}; correct the YAML`, file));
      continue;
    }
    const manifest = toManifest(document);
    if (manifest?.kind !== "Component" || manifest.apiVersion !== "dapr.io/v1alpha1") continue;
    const component = toComponent(manifest, start);
    if (typeof component === "string") problems.push(componentProblem(`${start}: ${component}`, file));
    else components.push(component);
  }
  return components;
}

/** What a component file holds, as far as it is used; nothing of it is certain. */
interface Manifest {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly metadata?: { readonly name?: unknown } | null;
  readonly spec?: {
    readonly type?: unknown;
    readonly version?: unknown;
    readonly metadata?: readonly (ManifestEntry | null)[] | null;
  } | null;
  readonly auth?: { readonly secretStore?: unknown } | null;
  readonly scopes?: readonly unknown[] | null;
}

interface ManifestEntry {
  readonly name?: unknown;
  readonly value?: unknown;
  readonly secretKeyRef?: { readonly name: string; readonly key?: string };
  readonly envRef?: string;
}

function toManifest(document: Document): Manifest | undefined {
  const value = document.toJS() as unknown;
  return typeof value === "object" && value !== null ? value : undefined;
}

/** The component, or what is wrong with its manifest. */
function toComponent({ metadata, spec, auth, scopes }: Manifest, source: string): Component | string {
  const name = metadata?.name;
  if (typeof name !== "string" || name === "") return "the component has no name; give it metadata.name";
  if (/[/%]|^\.\.?$/.test(name)) return `the component's name "${name}" holds "/" or "%"; leave them out`;
  if (typeof spec?.type !== "string") return `component "${name}" has no type; give it spec.type`;
  const entries = spec.metadata ?? [];
  if (!Array.isArray(entries)) return `component "${name}" has metadata that is no list; write "- name: …" entries`;
  return {
    name,
    type: spec.type,
    version: spec.version === undefined ? undefined : String(spec.version as string),
    metadata: Object.fromEntries(
      entries.flatMap((entry) => (typeof entry?.name === "string" ? [[entry.name, valueOf(entry)]] : [])),
    ),
    scopes: scopes?.map(String),
    secretStore: typeof auth?.secretStore === "string" ? auth.secretStore : undefined,
    source,
  };
}

function valueOf(entry: ManifestEntry): ComponentValue {
  const { value } = entry;
  if (value === undefined || value === null) {
    if (entry.envRef) return { envRef: entry.envRef };
    if (entry.secretKeyRef?.name) return { secretKeyRef: entry.secretKeyRef };
    return "";
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}
