import { DefinitionError } from "../model/errors.js";
import type { Class } from "../model/payload-type.js";

export type ClassTransformer = typeof import("class-transformer");
export type ClassValidator = typeof import("class-validator");

/** @throws DefinitionError `peer-missing` */
export function loadClassTransformer(type: Class): ClassTransformer {
  try {
    return require("class-transformer") as ClassTransformer;
  } catch (cause) {
    throw peerMissing("class-transformer", type, cause);
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
