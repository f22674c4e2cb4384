import { readFileSync } from "node:fs";
import { isTruthy } from "../values/go-values.js";
import { property, type Properties } from "./components.js";

/** One secret as Dapr delivers it: usually one entry named as the key. */
export type Secret = Readonly<Record<string, string>>;

export interface SecretStore {
  /** @throws Error when there is no such secret. */
  get(key: string): Secret;
  all(): Readonly<Record<string, Secret>>;
}

/** `secretstores.local.file`: a JSON file, read once. @throws Error naming what is wrong with it. */
export function openSecretsFile(properties: Properties): SecretStore {
  const file = property(properties, "secretsFile");
  if (!file) throw new Error("missing local secrets file in metadata");
  const parsed = JSON.parse(readFileSync(file, "utf8")) as unknown;
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new Error(`${file} holds no JSON object`);
  }
  const separator = property(properties, "nestedSeparator") || ":";
  const secrets = isTruthy(property(properties, "multiValued") ?? "")
    ? multiValued(parsed, separator, file)
    : new Map([...flatten(parsed, separator, file)].map(([key, value]) => [key, { [key]: value }]));
  return {
    get(key) {
      const secret = secrets.get(key);
      if (!secret) throw new Error(`secret ${key} not found`);
      return secret;
    },
    all: () => Object.fromEntries(secrets),
  };
}

/** Each top-level key is one secret, which holds the flattened values below it. Lists at the top are not secrets. */
function multiValued(secrets: object, separator: string, file: string): Map<string, Secret> {
  const entries = Object.entries(secrets).filter(([, value]) => !Array.isArray(value));
  return new Map(
    entries.map(([key, value]: [string, unknown]) => {
      const nested = typeof value === "object" && value !== null ? value : { [key]: value };
      return [key, Object.fromEntries(flatten(nested, separator, file))];
    }),
  );
}

function flatten(value: object, separator: string, file: string): Map<string, string> {
  const flat = new Map<string, string>();
  const visit = (path: readonly string[], element: unknown) => {
    if (typeof element === "string") {
      flat.set(path.join(separator), element);
    } else if (typeof element === "object" && element !== null) {
      for (const [key, child] of Object.entries(element)) visit([...path, key], child);
    } else {
      // daprd delivers such a value garbled (`%!s(float64=1)`), which nobody can have meant.
      throw new Error(`"${path.join(separator)}" in ${file} is not text; write its value in quotes`);
    }
  };
  visit([], value);
  return flat;
}

/** `secretstores.local.env`: the environment of this process, without the variables that configure Dapr itself. */
export function openSecretsEnvironment(properties: Properties): SecretStore {
  const prefix = property(properties, "prefix") ?? "";
  return {
    get: (key) => ({ [key]: (isReadable(prefix + key) ? process.env[prefix + key] : undefined) ?? "" }),
    all() {
      const names = Object.keys(process.env).filter(
        (name) => isReadable(name) && name.startsWith(prefix) && (prefix === "" || name.length > prefix.length),
      );
      return Object.fromEntries(
        names.map((name) => [name.slice(prefix.length), { [name.slice(prefix.length)]: process.env[name]! }]),
      );
    },
  };
}

function isReadable(name: string): boolean {
  return name.toUpperCase() !== "APP_API_TOKEN" && !name.toUpperCase().startsWith("DAPR_");
}
