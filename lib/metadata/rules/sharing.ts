import type { Problem } from "../../model/errors.js";
import type { FunctionDefinition } from "../../model/function-definition.js";
import { routeProblems } from "./routes.js";
import { subscriptionProblems } from "./subscriptions.js";

/**
 * What functions do to each other: they share a route, or a topic on which they disagree. `readFunctions` asks this of
 * definitions as they are written, a host that knows the settings once more of what `resolveSettings` gives.
 */
export function sharingProblems(definitions: readonly FunctionDefinition[]): Problem[] {
  return [...subscriptionProblems(definitions), ...routeProblems(definitions)];
}
