import { DefinitionError, type Problem } from "../../model/errors.js";
import { componentProblem, readManifests, type Manifest, type ManifestObject } from "./manifests.js";

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
  /** Its name. */
  readonly name: string;
  /** `state.in-memory`, `pubsub.in-memory`, … */
  readonly type: string;
  /** Its version. */
  readonly version?: string | undefined;
  /** The values of its metadata, by name. */
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
export function property<T>(properties: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.entries(properties).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

/**
 * Reads the components of a folder of Dapr resource files, or of one file: `.yaml` and `.yml`, several documents in a
 * file. Other files and resources of other kinds are passed over, as daprd does.
 *
 * @throws DefinitionError `component-invalid`, naming file and line, for files that cannot be read (which daprd passes
 *   over in silence) and for components that are not as Dapr's schema has them.
 */
export function loadComponents(path: string): readonly Component[] {
  const problems: Problem[] = [];
  const components = readManifests(path, problems, [])
    .filter(isComponent)
    .flatMap((manifest) => {
      try {
        return [toComponent(manifest)];
      } catch (error) {
        problems.push(componentProblem(`${manifest.source}: ${(error as Error).message}`, manifest.file));
        return [];
      }
    });
  const [first, ...others] = problems;
  if (first) throw new DefinitionError([first, ...others]);
  return components;
}

export function isComponent({ kind, apiVersion }: Manifest): boolean {
  return kind === "Component" && apiVersion === "dapr.io/v1alpha1";
}

/** @throws Error saying what is wrong with the manifest */
export function toComponent({ value, source }: Manifest): Component {
  const name = value.object("metadata")?.text("name");
  if (name === undefined || name === "") throw new Error("the component has no name; give it metadata.name");
  if (/[/%]|^\.\.?$/.test(name)) throw new Error(`the component's name "${name}" holds "/" or "%"; leave them out`);
  try {
    const spec = value.object("spec");
    const type = spec?.text("type");
    if (spec === undefined || type === undefined) throw new Error("it has no type; give it spec.type");
    const entries = spec.objects("metadata");
    return {
      name,
      type,
      version: spec.scalar("version"),
      metadata: Object.fromEntries(
        entries.flatMap((entry) => {
          const key = entry.text("name");
          return key === undefined ? [] : [[key, valueOf(entry)]];
        }),
      ),
      scopes: value.texts("scopes"),
      secretStore: value.object("auth")?.text("secretStore"),
      source,
    };
  } catch (error) {
    throw new Error(`component "${name}": ${(error as Error).message}`, { cause: error });
  }
}

function valueOf(entry: ManifestObject): ComponentValue {
  const value = entry.value("value");
  if (value !== undefined) return typeof value === "string" ? value : JSON.stringify(value);
  const envRef = entry.text("envRef");
  if (envRef) return { envRef };
  const reference = entry.object("secretKeyRef");
  const name = reference?.text("name");
  return name ? { secretKeyRef: { name, key: reference?.text("key") } } : "";
}
