import { createRequire } from "node:module";
import { join } from "node:path";
import { isPromise } from "../model/maybe-promise.js";
import { isBuiltIn, isStandardSchema, type Class, type PayloadType } from "../model/payload-type.js";

/** JSON Schema 2020-12, as far as it is looked into here. */
export type JsonSchema = { readonly [keyword: string]: unknown };

interface JsonSchemaConverter {
  readonly input?: (options: { readonly target: string }) => JsonSchema;
  readonly output?: (options: { readonly target: string }) => JsonSchema;
}

/**
 * The schemas of payload types, those of classes among `definitions` by their names.
 *
 * A Standard Schema says its own, where it has Standard JSON Schema (zod 4, arktype, valibot wrapped with
 * `toStandardJsonSchema` of `@valibot/to-json-schema`); classes go through class-validator-jsonschema, where the app has it. What neither says is
 * `{}`, and `notes` says why.
 *
 * @see https://standardschema.dev/json-schema
 */
export class PayloadSchemas {
  readonly definitions: Record<string, JsonSchema> = {};
  readonly notes = new Set<string>();
  #ofClasses: Readonly<Record<string, JsonSchema>> | undefined;
  /** The names of classes of which several are called the same. */
  #names: ReadonlyMap<Class, string> = new Map();
  /** References to the schemas of libraries that are among the definitions. */
  readonly #references = { input: new Map<object, JsonSchema>(), output: new Map<object, JsonSchema>() };

  /** @param from the folder of the app, whose packages are asked */
  constructor(private readonly from: string) {}

  /**
   * @param place says whose payload it is, for notes
   * @param direction what a caller may send, or what a function makes of it
   */
  of(type: PayloadType | undefined, place: string, direction: "input" | "output" = "input"): JsonSchema {
    if (type === undefined) return {};
    if (Array.isArray(type)) return { type: "array", items: this.of((type as readonly [Class])[0], place, direction) };
    const { "~standard": standard } = type as {
      readonly "~standard"?: { readonly vendor?: string; readonly jsonSchema?: JsonSchemaConverter };
    };
    if (standard !== undefined) {
      const known = this.#references[direction].get(type);
      return known ?? this.#ofStandard(type, standard, place, direction);
    }
    return this.#ofClass(type as Class, place);
  }

  #ofStandard(
    type: object,
    { vendor, jsonSchema }: { readonly vendor?: string; readonly jsonSchema?: JsonSchemaConverter },
    place: string,
    direction: "input" | "output",
  ): JsonSchema {
    const convert = jsonSchema?.[direction];
    if (convert === undefined) {
      this.notes.add(
        `${place}: the schema of ${vendor ?? "its library"} does not say its JSON Schema${remedies[vendor ?? ""] ?? ""}; it is left open`,
      );
      return {};
    }
    try {
      const { $schema: _, ...schema } = convert({ target: "draft-2020-12" });
      if (!refersToItself(schema)) return schema;
      const reference = this.#definedAs(place, schema);
      this.#references[direction].set(type, reference);
      return reference;
    } catch (error) {
      this.notes.add(
        `${place}: its schema cannot be said as JSON Schema (${(error as Error).message.split("\n", 1)[0]}); it is left open`,
      );
      return {};
    }
  }

  /** Its references begin at itself, and have to begin at the document. */
  #definedAs(place: string, schema: JsonSchema): JsonSchema {
    const name = freeName(place.replaceAll(/[^A-Za-z0-9.-]+/g, "_").replace(/_$/, ""), this.definitions);
    const pointer = `#/components/schemas/${name}`;
    this.definitions[name] = JSON.parse(
      JSON.stringify(schema, (key, value: unknown) =>
        key === "$ref" && isOwnReference(value) ? pointer + value.slice(1) : value,
      ),
    ) as JsonSchema;
    return { $ref: pointer };
  }

  #ofClass(type: Class, place: string): JsonSchema {
    const builtin = builtins.get(type);
    if (builtin !== undefined) return builtin;
    if (isBuiltIn(type)) {
      if (!isOfBytes(type)) this.notes.add(`${place}: no JSON is a ${type.name}; it is left open`);
      return {};
    }
    this.#ofClasses ??= this.#readClasses();
    const name = this.#names.get(type) ?? type.name;
    const schema = this.#ofClasses[name];
    if (schema === undefined) {
      this.notes.add(`${place}: install class-validator-jsonschema for the schema of ${name}; it is left open`);
      return {};
    }
    this.#define(name);
    return { $ref: `#/components/schemas/${name}` };
  }

  /** With the classes that it is made of. */
  #define(name: string): void {
    const schema = this.#ofClasses?.[name];
    if (schema === undefined || name in this.definitions) return;
    this.definitions[name] = schema;
    for (const [, other] of JSON.stringify(schema).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) this.#define(other!);
  }

  #readClasses(): Readonly<Record<string, JsonSchema>> {
    const require = createRequire(join(this.from, "package.json"));
    try {
      const converter = require("class-validator-jsonschema") as {
        validationMetadatasToSchemas(options: object): Record<string, JsonSchema>;
      };
      const transformer = require("class-transformer/cjs/storage") as { defaultMetadataStorage: unknown };
      const validator = require("class-validator") as {
        getMetadataStorage(): { readonly validationMetadatas?: ReadonlyMap<Class, unknown> };
      };
      const { validationMetadatas = new Map<Class, unknown>() } = validator.getMetadataStorage();
      this.#names = ownNames([...validationMetadatas.keys()]);
      return underNames(this.#names, () =>
        converter.validationMetadatasToSchemas({
          classTransformerMetadataStorage: transformer.defaultMetadataStorage,
          refPointerPrefix: "#/components/schemas/",
        }),
      );
    } catch {
      return {};
    }
  }
}

function refersToItself(schema: JsonSchema): boolean {
  let found = false;
  JSON.stringify(schema, (key, value: unknown) => {
    found ||= key === "$ref" && isOwnReference(value);
    return value;
  });
  return found;
}

function isOwnReference(value: unknown): value is string {
  return typeof value === "string" && (value === "#" || value.startsWith("#/"));
}

function freeName(name: string, taken: object): string {
  let own = name;
  for (let number = 2; own in taken; number++) own = `${name}${number}`;
  return own;
}

/** The content type under which a payload comes. */
export function contentTypeOf(type: PayloadType | undefined): string {
  return isOfBytes(type) ? "application/octet-stream" : "application/json";
}

/** Whether an empty body is a payload of the type: only a schema takes one, and of those that answer with a promise nobody can tell here. */
export function takesNothing(type: PayloadType): boolean {
  if (!isStandardSchema(type)) return false;
  try {
    const result = type["~standard"].validate(undefined);
    if (!isPromise(result)) return result.issues === undefined;
    result.then(undefined, () => undefined);
  } catch {
    // What throws takes nothing.
  }
  return false;
}

function isOfBytes(type: unknown): boolean {
  return isBuiltIn(type) && ["Uint8Array", "Buffer"].includes((type as Class).name);
}

const remedies: Readonly<Record<string, string>> = {
  valibot: " (wrap it with toStandardJsonSchema of @valibot/to-json-schema)",
};

const builtins: ReadonlyMap<unknown, JsonSchema> = new Map<unknown, JsonSchema>([
  [String, { type: "string" }],
  [Number, { type: "number" }],
  [Boolean, { type: "boolean" }],
  [Object, { type: "object" }],
]);

/** Runs with classes called by the names given: the converter knows them by nothing else. */
function underNames<T>(names: ReadonlyMap<Class, string>, run: () => T): T {
  const before = [...names.keys()].map((type) => [type, Object.getOwnPropertyDescriptor(type, "name")] as const);
  try {
    for (const [type, value] of names) Object.defineProperty(type, "name", { value, configurable: true });
    return run();
  } finally {
    for (const [type, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(type, "name");
      else Object.defineProperty(type, "name", descriptor);
    }
  }
}

/** `Order2` for a second class that is called `Order`, which would be one schema with the first. */
function ownNames(types: readonly Class[]): Map<Class, string> {
  const taken = new Set(types.map(({ name }) => name));
  const seen = new Set<string>();
  const names = new Map<Class, string>();
  for (const type of types) {
    if (!seen.has(type.name)) {
      seen.add(type.name);
      continue;
    }
    let number = 2;
    while (taken.has(`${type.name}${number}`)) number++;
    taken.add(`${type.name}${number}`);
    names.set(type, `${type.name}${number}`);
  }
  return names;
}
