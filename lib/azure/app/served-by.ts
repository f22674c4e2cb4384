import { resolveSettings, type ResolvedSettings } from "../../expressions/resolve-settings.js";
import type { Settings } from "../../expressions/settings.js";
import type { Binding, GenericBinding, TriggerBinding } from "../../model/bindings.js";
import type { FunctionDefinition } from "../../model/function-definition.js";

/**
 * Who serves the Dapr inputs and outputs of functions: `host` writes them into function.json for the Dapr extension of
 * the Functions host, `sidecar` leaves them to the worker itself, which asks the sidecar as `serve` does.
 */
export type Bindings = "host" | "sidecar";

/** Whether function.json tells the Functions host of a binding. Triggers, and what is not Dapr's, are always its own. */
export function isServedByHost(
  { trigger }: Pick<FunctionDefinition, "trigger">,
  binding: Binding,
  by: Bindings,
): boolean {
  return by === "host" || binding === trigger || binding.generic === true;
}

/** A function with the inputs and outputs alone that function.json tells the Functions host of. */
export function servedByHost(definition: FunctionDefinition, by: Bindings): FunctionDefinition {
  if (by === "host") return definition;
  const isHosts = (binding: Binding): boolean => isServedByHost(definition, binding, by);
  const { inputs, outputs } = definition;
  return { ...definition, inputs: inputs.filter(isHosts), outputs: outputs.filter(isHosts), entries: [], clients: [] };
}

/**
 * Puts the settings into what the worker serves. Triggers keep theirs: function.json tells them to the host, which has
 * its own way with them.
 */
export function resolveWorkerSettings(
  definitions: readonly FunctionDefinition[],
  settings: Settings,
): ResolvedSettings {
  const untriggered = definitions.map((definition) => ({ ...definition, trigger: unread(definition.trigger) }));
  const { definitions: resolved, problems } = resolveSettings(untriggered, settings);
  return { definitions: resolved.map((one, index) => ({ ...one, trigger: definitions[index]!.trigger })), problems };
}

/** A binding in which nothing is looked for. */
function unread({ type, name }: TriggerBinding): GenericBinding<"in"> {
  return { generic: true, type, direction: "in", name, members: {} };
}
