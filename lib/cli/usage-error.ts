/** A fault of how the command was used: a module that is not there or does not load, a folder that is not there. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
