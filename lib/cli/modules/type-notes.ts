import { lostTypesOf } from "../../metadata/lost-types.js";
import type { FunctionDefinition } from "../../model/function-definition.js";

/** Notes on types that the compiler dropped, none or one. */
export function lostTypeNotes(definitions: readonly FunctionDefinition[]): string[] {
  const lost = lostTypesOf(definitions);
  return lost === undefined ? [] : [`note: ${lost}`];
}
