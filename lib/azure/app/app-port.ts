import { bindingsOf, type FunctionDefinition } from "../../model/function-definition.js";

const isDaprTrigger = ({ trigger }: FunctionDefinition): boolean => /^dapr/.test(trigger.type);

/**
 * What to say of an app that uses Dapr and that Dapr never calls: the extension then listens nowhere, and a sidecar that
 * was given an app port waits for ever, its health endpoint with it.
 *
 * @see https://github.com/Azure/azure-functions-dapr-extension/blob/master/docs/troubleshooting.md
 */
export function appPortNotes(definitions: readonly FunctionDefinition[]): string[] {
  const usesDapr = definitions.some((one) => bindingsOf(one).some(({ type }) => /^dapr/.test(type)));
  if (!usesDapr || definitions.some(isDaprTrigger)) return [];
  const what = "note: no function has a Dapr trigger, so the Dapr extension listens on no port";
  return [`${what}; give Dapr no app port (--app-port, dapr.io/app-port), or its sidecar never gets healthy`];
}
