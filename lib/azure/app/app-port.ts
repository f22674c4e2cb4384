import type { Binding } from "../../model/bindings.js";
import { bindingsOf, type FunctionDefinition } from "../../model/function-definition.js";

/**
 * What to say of an app that uses Dapr and that Dapr never calls: the extension then listens nowhere, and a sidecar that
 * was given an app port waits for ever, its health endpoint with it.
 *
 * @see https://github.com/Azure/azure-functions-dapr-extension/blob/master/docs/troubleshooting.md
 */
export function appPortNotes(definitions: readonly FunctionDefinition[]): string[] {
  const usesDapr = definitions.some((one) => bindingsOf(one).some(isDapr));
  if (!usesDapr || definitions.some(({ trigger }) => isDapr(trigger))) return [];
  const what = "note: no function has a Dapr trigger, so the Dapr extension listens on no port";
  return [`${what}; give Dapr no app port (--app-port, dapr.io/app-port), or its sidecar never gets healthy`];
}

function isDapr({ type }: Binding): boolean {
  return type.startsWith("dapr");
}
