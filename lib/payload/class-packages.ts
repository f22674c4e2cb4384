import { dirname, join } from "node:path";
import { DefinitionError } from "../model/errors.js";
import type { Class } from "../model/payload-type.js";
import type { PayloadPackages } from "./payload-packages.js";

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

/** Each `require` is spelled out, so that a bundler puts the same copies into its bundle. */
export const ownPackages = {
  transformer: () => require("class-transformer") as ClassTransformer,
  transformerStorage(): TransformerStorage | null {
    try {
      return storageIn(require("class-transformer/cjs/storage.js"));
    } catch {
      return null;
    }
  },
  validator: () => require("class-validator") as ClassValidator,
  validatorRecord(): unknown {
    try {
      return (require("class-validator/cjs/metadata/ValidationMetadata.js") as { ValidationMetadata: unknown })
        .ValidationMetadata;
    } catch {
      return undefined;
    }
  },
} satisfies PayloadPackages;

/** What a class is read with. */
export interface ClassPackages {
  readonly transformer: ClassTransformer;
  readonly transformerStorage: TransformerStorage | null;
  /**
   * Undefined when no class of this process has a rule, in which case the package is not loaded (100 ms). Its decorators
   * keep their rules on `globalThis`, so that several copies of it share them.
   */
  readonly validator: ClassValidator | undefined;
}

/**
 * Finds the copies of the packages that recorded a class. class-transformer keeps its records to itself, so that another
 * copy (that of a bundle beside node_modules, a nested one beside a hoisted one) knows neither `@Type` nor `@Exclude`.
 *
 * @param recording those of the copy of this library that recorded the function
 * @throws DefinitionError `peer-missing`; `payload-packages` where the copy that recorded the class is out of reach
 * @see https://github.com/typestack/class-validator/blob/v0.15.1/src/metadata/MetadataStorage.ts
 */
export function packagesOf(type: Class, recording: PayloadPackages = ownPackages): ClassPackages {
  const rules = (globalThis as { classValidatorMetadataStorage?: ReturnType<ClassValidator["getMetadataStorage"]> })
    .classValidatorMetadataStorage;
  const [record] = rules?.getTargetValidationMetadatas(type, "", false, false) ?? [];
  const isRecorder = (packages: PayloadPackages): boolean =>
    [undefined, record?.constructor].includes(packages.validatorRecord() as undefined);
  const recorder = record === undefined ? recording : [recording, ownPackages].find(isRecorder);
  const packages = recorder ?? recording;
  const own = packages.transformerStorage() as TransformerStorage | null;
  const isKnown = own !== null && knows(own, type);
  const other = isKnown ? undefined : otherTransformer(type, own);
  const isReachable = recorder !== undefined || isKnown || other !== undefined;
  if (!isReachable && !isLoaded("class-validator/cjs/metadata/ValidationMetadata.js", record!.constructor)) {
    throw unreachable(type);
  }
  return {
    transformer:
      other?.transformer ?? load("class-transformer", type, () => packages.transformer() as ClassTransformer),
    transformerStorage: other?.storage ?? own,
    validator: rules && load("class-validator", type, () => packages.validator() as ClassValidator),
  };
}

function load<T>(name: string, type: Class, loader: () => T): T {
  try {
    return loader();
  } catch (cause) {
    throw peerMissing(name, type, cause);
  }
}

/** A copy of class-transformer in another folder that knows the class. */
function otherTransformer(type: Class, own: TransformerStorage | null) {
  for (const [file, exports] of loadedFiles("class-transformer/cjs/storage.js")) {
    const storage = storageIn(exports);
    if (storage === null || storage === own || !knows(storage, type)) continue;
    return { storage, transformer: require(join(dirname(file), "index.js")) as ClassTransformer };
  }
  return undefined;
}

function knows(storage: TransformerStorage, type: Class): boolean {
  const maps = ["_typeMetadatas", "_transformMetadatas", "_exposeMetadatas", "_excludeMetadatas"] as const;
  const records = storage as unknown as Readonly<
    Record<(typeof maps)[number], ReadonlyMap<unknown, unknown> | undefined>
  >;
  return maps.some((name) => records[name]?.has(type) === true);
}

function storageIn(exports: unknown): TransformerStorage | null {
  const { defaultMetadataStorage: storage } = exports as { defaultMetadataStorage?: TransformerStorage };
  return typeof storage?.findTypeMetadata === "function" ? storage : null;
}

function isLoaded(path: string, exported: unknown): boolean {
  return loadedFiles(path).some(([, exports]) => Object.values(exports).includes(exported));
}

/** Modules of all copies of a package that this process has loaded. A bundle has none, a start-up snapshot no cache either. */
function loadedFiles(path: string): [file: string, exports: object][] {
  const end = join("node_modules", path);
  return Object.entries((require.cache as NodeJS.Dict<NodeModule> | undefined) ?? {})
    .filter(([file]) => file.endsWith(end))
    .map(([file, module]) => [file, (module?.exports ?? {}) as object]);
}

function unreachable(type: Class): DefinitionError {
  const message =
    `${type.name}: its rules were recorded by a copy of class-validator that is out of reach of dapr-functions (inside ` +
    "a bundle?), and so may @Type, @Exclude and @Transform be, which would be lost; bundle dapr-functions as well, or " +
    "leave class-validator and class-transformer out of the bundle";
  return new DefinitionError([
    { code: "payload-packages", level: "error", class: type.name, method: undefined, message },
  ]);
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
