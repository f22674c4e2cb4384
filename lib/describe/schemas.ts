import { createRequire } from "node:module";
import { join } from "node:path";
import type { Class, PayloadType } from "../model/payload-type.js";

/** JSON Schema 2020-12, as far as it is looked into here. */
export type JsonSchema = { readonly [keyword: string]: unknown };

interface JsonSchemaConverter {
  readonly input?: (options: { readonly target: string }) => JsonSchema;
  readonly output?: (options: { readonly target: string }) => JsonSchema;
}

/**
 * The schemas of payload types, those of classes among `definitions` by their names.
 *
 * A Standard Schema says its own, where it has Standard JSON Schema (zod 4, arktype, valibot through
 * `@valibot/to-json-schema`); classes go through class-validator-jsonschema, where the app has it. What neither says is
 * `{}`, and `notes` says why.
 *
 * @see https://standardschema.dev/json-schema
 */
export class PayloadSchemas {
  readonly definitions: Record<string, JsonSchema> = {};
  readonly notes = new Set<string>();
  #ofClasses: Readonly<Record<string, JsonSchema>> | undefined;

  /** @param from the folder of the app, whose packages are asked */
  constructor(private readonly from: string) {}

  /**
   * @param place says whose payload it is, for notes
   * @param direction what a caller may send, or what a function makes of it
   */
  of(type: PayloadType | undefined, place: string, direction: "input" | "output" = "input"): JsonSchema {
    if (type === undefined) return {};
    if (Array.isArray(type)) return { type: "array", items: this.of((type as readonly [Class])[0], place, direction) };
    const standard = (
      type as { readonly "~standard"?: { readonly vendor?: string; readonly jsonSchema?: JsonSchemaConverter } }
    )["~standard"];
    if (standard !== undefined) return this.#ofStandard(standard, place, direction);
    return this.#ofClass(type as Class, place);
  }

  #ofStandard(
    { vendor, jsonSchema }: { readonly vendor?: string; readonly jsonSchema?: JsonSchemaConverter },
    place: string,
    direction: "input" | "output",
  ): JsonSchema {
    const convert = jsonSchema?.[direction];
    if (convert === undefined) {
      this.notes.add(
        `${place}: the schema of ${vendor ?? "its library"} does not say its JSON Schema; it is left open`,
      );
      return {};
    }
    try {
      const { $schema: _, ...schema } = convert({ target: "draft-2020-12" });
      return schema;
    } catch (error) {
      this.notes.add(
        `${place}: its schema cannot be said as JSON Schema (${(error as Error).message.split("\n", 1)[0]}); it is left open`,
      );
      return {};
    }
  }

  #ofClass(type: Class, place: string): JsonSchema {
    const { name } = type;
    const builtin = (
      { String: { type: "string" }, Number: { type: "number" }, Boolean: { type: "boolean" } } as Readonly<
        Record<string, JsonSchema>
      >
    )[name];
    if (builtin !== undefined) return builtin;
    this.#ofClasses ??= this.#readClasses();
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
      return converter.validationMetadatasToSchemas({
        classTransformerMetadataStorage: transformer.defaultMetadataStorage,
        refPointerPrefix: "#/components/schemas/",
      });
    } catch {
      return {};
    }
  }
}
