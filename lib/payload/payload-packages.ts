/**
 * The packages of payload classes, as one copy of this library finds them; loaded when they are asked for. Their
 * types are not used, because programs need not have them installed.
 */
export interface PayloadPackages {
  /** Throws `MODULE_NOT_FOUND` where it is not installed. */
  transformer(): unknown;
  /** Null where the package keeps its records elsewhere. */
  transformerStorage(): unknown;
  /** Throws `MODULE_NOT_FOUND` where it is not installed. */
  validator(): unknown;
  /** The class of what its decorators record; undefined where it is elsewhere. */
  validatorRecord(): unknown;
}
