import { setTimeout as delay } from "node:timers/promises";
import type { DaprClient, SidecarMetadata } from "../client/dapr-client.js";
import type { Binding } from "../model/bindings.js";
import { unfitForEntries } from "../model/entry-stores.js";
import { bindingsOf, placeOf, type FunctionDefinition } from "../model/function-definition.js";
import type { Log } from "../model/invocation.js";
import { after } from "../model/duration.js";
import { messageOf } from "../model/thrown.js";
import { subscriptionsOf } from "../server/routes.js";

export interface SidecarCheckOptions {
  readonly client: DaprClient;
  readonly definitions: readonly FunctionDefinition[];
  /** Where the app listens; undefined where a server of the program's own does. */
  readonly address: { readonly port: number; readonly host: string } | undefined;
  readonly log: Log;
  /** The sidecar's address, where it is known. */
  readonly sidecar?: string | undefined;
  /** Ends the check. */
  readonly signal: AbortSignal;
}

/** Milliseconds that a sidecar has to become reachable. */
const patience = 60_000;

/** Milliseconds after which a line says that there is no sidecar yet. */
const silence = 2000;

/**
 * A sidecar can be called before it has asked the app what it subscribes to: how often and, in milliseconds, after which
 * time it is asked again for topics that it does not list yet.
 */
const asksAgain = { times: 10, after: 200 };

/**
 * Compares what the sidecar says of itself with what the functions need, and warns of what would otherwise show as
 * silence: no sidecar, a sidecar of another app, a missing component, a topic without subscription. Never rejects.
 */
export async function checkSidecar(options: SidecarCheckOptions): Promise<void> {
  const { client, log, signal, sidecar } = options;
  let hasSaid = false;
  const stopWaiting = after(
    silence,
    () => {
      hasSaid = true;
      const where = sidecar === undefined ? "" : ` at ${sidecar}`;
      log.warn(`no sidecar answers${where} yet; start one, or set DAPR_HTTP_PORT to its port`);
    },
    { keepsAlive: false },
  );
  try {
    await client.waitForOutbound({ timeout: patience, signal });
    if (hasSaid) log.info("the sidecar answers now");
  } catch (error) {
    if (!signal.aborted)
      log.warn(`no sidecar answers: ${messageOf(error)}; start one, or set DAPR_HTTP_PORT to its port`);
    return;
  } finally {
    stopWaiting();
  }
  try {
    let metadata = await client.metadata({ signal });
    for (let i = 0; i < asksAgain.times && missingTopics(options.definitions, metadata).length > 0; i++) {
      await delay(asksAgain.after, undefined, { signal, ref: false });
      metadata = await client.metadata({ signal });
    }
    for (const warning of findings(options, metadata)) log.warn(warning);
  } catch (error) {
    if (!signal.aborted) log.warn(`the sidecar does not say what it has: ${messageOf(error)}`);
  }
}

/** What would keep functions from working, a sentence each. */
function findings(options: SidecarCheckOptions, metadata: SidecarMetadata): string[] {
  return [
    ...channelFindings(options, metadata),
    ...needsOf(options.definitions, metadata),
    ...unsafeTransactions(options.definitions, metadata),
    ...unguardedEntries(options.definitions, metadata),
  ];
}

/** What functions need and the sidecar has not, a sentence each. */
export function needsOf(definitions: readonly FunctionDefinition[], metadata: SidecarMetadata): string[] {
  return [...missingComponents(definitions, metadata), ...missingTopics(definitions, metadata)];
}

function channelFindings({ address }: SidecarCheckOptions, metadata: SidecarMetadata): string[] {
  const { appConnectionProperties, isPartial } = metadata;
  if (appConnectionProperties === undefined && isPartial === true) return [];
  const { port: itsPort, channelAddress } = appConnectionProperties ?? {};
  if (address === undefined) return itsPort === undefined ? ["the sidecar has no app; start it with --app-port"] : [];
  const { port, host } = address;
  if (itsPort === undefined) return [`the sidecar has no app; start it with --app-port ${port}`];
  if (itsPort !== port) {
    return [`the sidecar calls its app on port ${itsPort}, and this app listens on ${port}; make them the same`];
  }
  if (channelAddress === undefined || isSameAddress(channelAddress, host)) return [];
  return [
    `the sidecar calls its app at ${channelAddress}, and this app listens on ${host}; set APP_HOST or --app-channel-address`,
  ];
}

const loopback = new Set(["127.0.0.1", "localhost", "::1"]);
const anyAddress = new Set(["0.0.0.0", "::"]);

function isSameAddress(itsAddress: string, host: string): boolean {
  if (itsAddress === host || anyAddress.has(host)) return true;
  return loopback.has(itsAddress) && loopback.has(host);
}

function missingComponents(definitions: readonly FunctionDefinition[], metadata: SidecarMetadata): string[] {
  const present = new Set((metadata.components ?? []).map(({ name }) => name));
  const missing = new Map<string, string>();
  for (const definition of definitions) {
    for (const binding of bindingsOf(definition)) {
      const name = componentOf(binding, definition);
      if (name === undefined || present.has(name) || missing.has(name)) continue;
      const what = `the sidecar has no component "${name}", which ${placeOf(definition)} names`;
      missing.set(name, `${what}; add it, or check its spelling and scopes`);
    }
  }
  return [...missing.values()];
}

/** The component that a binding names, where it is one of the app's own sidecar and no request decides it. */
function componentOf(binding: Binding, definition: FunctionDefinition): string | undefined {
  if (binding.generic === true || ("daprAddress" in binding && binding.daprAddress !== undefined)) return undefined;
  const name = ((): string | undefined => {
    switch (binding.type) {
      case "daprTopicTrigger":
      case "daprPublish":
        return binding.pubSubName;
      case "daprBindingTrigger":
        return binding.bindingName ?? definition.name;
      case "daprBinding":
        return binding.bindingName;
      case "daprState":
      case "daprStateEntry":
        return binding.stateStore;
      case "daprSecret":
        return binding.secretStoreName;
      default:
        return undefined;
    }
  })();
  return name === undefined || name.includes("{") ? undefined : name;
}

/** In a transaction of which one etag is stale Redis writes the other keys (daprd 1.18). */
function unsafeTransactions(definitions: readonly FunctionDefinition[], metadata: SidecarMetadata): string[] {
  const types = new Map((metadata.components ?? []).map(({ name, type }) => [name, type]));
  return definitions
    .filter(({ entries }) => entries.length > 1)
    .filter((definition) => types.get(componentOf(definition.entries[0]!, definition) ?? "") === "state.redis")
    .map(
      (definition) =>
        `${placeOf(definition)} has several state entries, and "${definition.entries[0]!.stateStore}" is state.redis, whose ` +
        "transactions are not atomic: every call is refused; keep the values under one key, or use another store",
    );
}

/** Updates would be lost in a store without etags, or whose etags do not hold. */
function unguardedEntries(definitions: readonly FunctionDefinition[], metadata: SidecarMetadata): string[] {
  const components = new Map((metadata.components ?? []).map((component) => [component.name, component]));
  return definitions.flatMap((definition) => {
    const [entry] = definition.entries;
    const store = entry && components.get(componentOf(entry, definition) ?? "");
    const flaw = unfitForEntries(store?.type, store?.capabilities?.includes("ETAG"));
    if (store === undefined || flaw === undefined) return [];
    return [
      `${placeOf(definition)} has state entries, and "${store.name}" is ${store.type}, which ${flaw}: every call is refused; ` +
        "use another store",
    ];
  });
}

function missingTopics(definitions: readonly FunctionDefinition[], metadata: SidecarMetadata): string[] {
  const { subscriptions = [], isPartial } = metadata;
  if (metadata.subscriptions === undefined && isPartial === true) return [];
  const present = new Set(subscriptions.map(({ pubsubname, topic }) => `${pubsubname}/${topic}`));
  return subscriptionsOf(definitions)
    .filter(({ pubsubname, topic }) => !present.has(`${pubsubname}/${topic}`))
    .map(
      ({ pubsubname, topic }) =>
        `the sidecar has no subscription to topic "${topic}" of "${pubsubname}"; check that it has that pubsub and calls this app`,
    );
}
