import { DefinitionError } from "../model/errors.js";

/**
 * Refuses a runtime on which the sidecar starts and then does not answer.
 *
 * @throws DefinitionError `runtime-unsupported`
 */
export function refuseUnsupportedRuntime(
  versions: Readonly<Record<string, string | undefined>> = process.versions,
): void {
  if (versions["bun"] === undefined) return;
  const message = "the embedded sidecar runs on Node.js 20.19 or later, not on Bun; run it with node, or use daprd";
  throw new DefinitionError([
    { code: "runtime-unsupported", level: "error", class: undefined, method: undefined, message },
  ]);
}
