import { DefinitionError } from "../model/errors.js";
import type { Class } from "../model/payload-type.js";

export type ClassTransformer = typeof import("class-transformer");
export type ClassValidator = typeof import("class-validator");

/** What class-transformer keeps of `@Type`; `options` also of `@Expose` and `@Transform`. */
export interface TypeRecord {
  readonly reflectedType: unknown;
  readonly typeFunction?: (help: { newObject: object; object: object; property: string }) => unknown;
  readonly options?: { readonly discriminator?: Discriminator; readonly keepDiscriminatorProperty?: boolean };
}

/** Says by one of its members which class an object is of. */
export interface Discriminator {
  readonly property: string;
  readonly subTypes: readonly { readonly name: string; readonly value: unknown }[];
}

interface ExposeRecord {
  readonly propertyName: string;
  readonly options?: { readonly name?: string; readonly groups?: readonly string[] };
}

interface TransformRecord {
  readonly transformFn: (params: {
    readonly value: unknown;
    readonly key: string;
    readonly obj: unknown;
    readonly type: number;
    readonly options: object;
  }) => unknown;
  readonly options?: { readonly groups?: readonly string[] };
}

/**
 * Where class-transformer keeps what its decorators record. It is not published, and unchanged since 0.3.
 *
 * @see https://github.com/typestack/class-transformer/blob/v0.5.1/src/MetadataStorage.ts
 */
export interface TransformerStorage {
  getStrategy(type: Class): "excludeAll" | "exposeAll" | "none";
  getExposedMetadatas(type: Class): readonly ExposeRecord[];
  getExposedProperties(type: Class, direction: number): readonly string[];
  getExcludedProperties(type: Class, direction: number): readonly string[];
  findExposeMetadata(type: Class, property: string): ExposeRecord | undefined;
  findTypeMetadata(type: Class, property: string): TypeRecord | undefined;
  findTransformMetadatas(type: Class, property: string, direction: number): readonly TransformRecord[];
}

/** @throws DefinitionError `peer-missing` */
export function loadClassTransformer(type: Class): ClassTransformer {
  try {
    return require("class-transformer") as ClassTransformer;
  } catch (cause) {
    throw peerMissing("class-transformer", type, cause);
  }
}

/** Null where the package keeps its records elsewhere. */
export function loadTransformerStorage(): TransformerStorage | null {
  try {
    const { defaultMetadataStorage } = require("class-transformer/cjs/storage.js") as {
      defaultMetadataStorage?: TransformerStorage;
    };
    return typeof defaultMetadataStorage?.findTypeMetadata === "function" ? defaultMetadataStorage : null;
  } catch {
    return null;
  }
}

/**
 * Undefined when no class of this process has a rule, in which case the package is not loaded (100 ms). Its decorators
 * keep their rules on `globalThis`, so that several copies of it share them.
 *
 * @throws DefinitionError `peer-missing`
 * @see https://github.com/typestack/class-validator/blob/v0.15.1/src/metadata/MetadataStorage.ts
 */
export function loadClassValidator(type: Class): ClassValidator | undefined {
  if (!("classValidatorMetadataStorage" in globalThis)) return undefined;
  try {
    return require("class-validator") as ClassValidator;
  } catch (cause) {
    throw peerMissing("class-validator", type, cause);
  }
}

function peerMissing(name: string, type: Class, cause: unknown): unknown {
  if ((cause as { code?: unknown }).code !== "MODULE_NOT_FOUND") return cause;
  return new DefinitionError(
    [
      {
        code: "peer-missing",
        level: "error",
        class: type.name,
        method: undefined,
        message:
          `${type.name} is a payload class, which needs ${name}, and ${name} is not installed; ` +
          "run npm install class-validator class-transformer",
      },
    ],
    { cause },
  );
}
