import type { Problem } from "./errors.js";
import type { FunctionDefinition } from "./function-definition.js";
import type { Settings } from "./settings.js";

/** Definitions with `%setting%` replaced, and what was wrong with that. */
export interface ResolvedSettings {
  readonly definitions: FunctionDefinition[];
  readonly problems: Problem[];
}

export function resolveSettings(definitions: readonly FunctionDefinition[], settings: Settings): ResolvedSettings {
  void settings;
  return { definitions: [...definitions], problems: [] };
}
