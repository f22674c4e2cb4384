import { randomUUID } from "node:crypto";
import type { Dispatcher } from "undici";
import { DefinitionError, type Problem } from "../../model/errors.js";
import { messageOf } from "../../model/thrown.js";
import type { Backing } from "../backing.js";
import type { InputBinding, OutputBinding } from "../api/bindings.js";
import { property, type Component, type ComponentValue, type Properties } from "./components.js";
import { openCron } from "./cron-binding.js";
import { openHttpBinding } from "./http-binding.js";
import { componentProblem } from "./manifests.js";
import { openLocalStorage } from "./local-storage.js";
import { openSecretsEnvironment, openSecretsFile, type SecretStore } from "./secret-stores.js";
import { isTruthy } from "../values/go-values.js";
import { InMemoryState, keyPrefixOf } from "./state-store.js";
import { readTopicScopes, type TopicScopes } from "../app/topic-scopes.js";

/** What the components of a sidecar became, by their names. */
export class OpenComponents {
  readonly states = new Map<string, InMemoryState>();
  readonly pubsubs = new Map<string, TopicScopes>();
  readonly outputs = new Map<string, OutputBinding>();
  readonly inputs = new Map<string, InputBinding>();
  readonly secrets = new Map<string, SecretStore>();
  /** As `GET /v1.0/metadata` lists them. */
  readonly registered: { name: string; type: string; version?: string; capabilities?: readonly string[] }[] = [];
}

/** What opening a component needs besides its own properties. */
interface Surroundings {
  readonly appId: string;
  readonly dispatcher: () => Dispatcher;
  readonly backing: Pick<Backing, "items" | "onChange">;
  /** State stores and brokers that are not in the table are kept in memory, other types left out; both are said. */
  readonly standIns?: ((note: string) => void) | undefined;
}

interface ComponentType {
  readonly capabilities: (properties: Properties) => readonly string[];
  /** @throws Error saying what is wrong with the properties. */
  readonly open: (open: OpenComponents, name: string, properties: Properties, surroundings: Surroundings) => void;
}

const types: Readonly<Record<string, ComponentType>> = {
  "state.in-memory": {
    capabilities: () => ["ETAG", "TRANSACTIONAL", "TTL"],
    open: (open, name, properties, { appId, backing }) => {
      const prefix = keyPrefixOf(property(properties, "keyPrefix"), name, appId);
      open.states.set(name, new InMemoryState(prefix, { items: backing.items(name), onChange: backing.onChange }));
    },
  },
  "pubsub.in-memory": {
    capabilities: () => ["SUBSCRIBE_WILDCARDS"],
    open: (open, name, properties, { appId }) => open.pubsubs.set(name, readTopicScopes(properties, appId)),
  },
  "bindings.localstorage": {
    capabilities: () => ["OUTPUT_BINDING"],
    open: (open, name, properties) => addOutput(open, name, properties, openLocalStorage(properties)),
  },
  "bindings.http": {
    capabilities: () => ["OUTPUT_BINDING"],
    open: (open, name, properties, { dispatcher }) =>
      addOutput(open, name, properties, openHttpBinding(properties, dispatcher)),
  },
  "bindings.cron": {
    capabilities: () => ["INPUT_BINDING"],
    open: (open, name, properties) => {
      const binding = openCron(properties);
      if (hasDirection(properties, "input") ?? true) {
        const route = property(properties, "route") || name;
        // With the direction said, the app is not asked whether it takes the events.
        open.inputs.set(name, { ...binding, route, explicit: hasDirection(properties, "input") === true });
      }
    },
  },
  "secretstores.local.file": {
    capabilities: (properties) =>
      isTruthy(property(properties, "multiValued") ?? "") ? ["MULTIPLE_KEY_VALUES_PER_SECRET"] : [],
    open: (open, name, properties) => open.secrets.set(name, openSecretsFile(properties)),
  },
  "secretstores.local.env": {
    capabilities: () => [],
    open: (open, name, properties) => open.secrets.set(name, openSecretsEnvironment(properties)),
  },
};

/**
 * Opens the components that the app sees, secret stores first, since others may refer to them.
 *
 * @throws DefinitionError `component-invalid` with everything that is wrong: a name used twice, a type that the
 *   embedded sidecar does not have, a reference that leads nowhere, properties that the component refuses.
 */
export function openComponents(components: readonly Component[], surroundings: Surroundings): OpenComponents {
  const open = new OpenComponents();
  const seen = components.filter(({ scopes }) => !scopes?.length || scopes.includes(surroundings.appId));
  const problems: Problem[] = [];
  const isSecretStore = (component: Component) => component.type.startsWith("secretstores.");
  const refersToSecret = (component: Component) =>
    Object.values(component.metadata ?? {}).some((value) => typeof value === "object" && "secretKeyRef" in value);
  const order = (component: Component) => (isSecretStore(component) ? (refersToSecret(component) ? 1 : 0) : 2);
  for (const component of [...seen].sort((a, b) => order(a) - order(b))) {
    try {
      openOne(open, component, surroundings);
    } catch (error) {
      const place = component.source === undefined ? "" : `${component.source}: `;
      const message = `${place}component "${component.name}" ${messageOf(error)}`;
      problems.push(componentProblem(message, component.source?.replace(/:\d+$/, "")));
    }
  }
  const [first, ...others] = problems;
  if (first) throw new DefinitionError([first, ...others]);
  return open;
}

function openOne(open: OpenComponents, component: Component, surroundings: Surroundings): void {
  const { name, type, version } = component;
  if (open.registered.some((other) => other.name === name)) {
    throw new Error("has a name that another component has too; names are unique, even among different types");
  }
  const known = Object.hasOwn(types, type) ? types[type] : undefined;
  if (!known && surroundings.standIns) {
    openStandIn(open, component, surroundings, surroundings.standIns);
    return;
  }
  if (!known) {
    throw new Error(
      `is of type ${type}, which the embedded sidecar does not have (it has ${Object.keys(types).join(", ")}); ` +
        "use one of these, or run daprd instead, which has all of Dapr's: https://docs.dapr.io/getting-started/",
    );
  }
  const properties = resolveProperties(component, open.secrets, surroundings.appId);
  try {
    known.open(open, name, properties, surroundings);
  } catch (error) {
    throw new Error(`of type ${type} cannot start: ${messageOf(error)}; correct its metadata`, { cause: error });
  }
  const capabilities = known.capabilities(properties);
  open.registered.push({
    name,
    type,
    ...(version !== undefined && { version }),
    ...(capabilities.length > 0 && { capabilities }),
  });
}

/** The properties that a stand-in heeds. */
const heeded = ["keyprefix", "allowedtopics", "protectedtopics", "publishingscopes", "subscriptionscopes"];

function openStandIn(
  open: OpenComponents,
  component: Component,
  surroundings: Surroundings,
  say: (note: string) => void,
): void {
  const { name, type, metadata = {} } = component;
  const kind = /^(state|pubsub)\./.exec(type)?.[1];
  if (kind === undefined) {
    say(`component "${name}" of type ${type} is left out: the embedded sidecar does not have that type; daprd has it`);
    return;
  }
  say(`component "${name}" of type ${type}: one in memory stands in for it`);
  const kept = Object.entries(metadata).filter(([key]) => heeded.includes(key.toLowerCase()));
  openOne(open, { ...component, type: `${kind}.in-memory`, metadata: Object.fromEntries(kept) }, surroundings);
}

function resolveProperties(
  { metadata = {}, secretStore }: Component,
  stores: ReadonlyMap<string, SecretStore>,
  appId: string,
): Properties {
  const resolve = (value: ComponentValue): string => {
    if (typeof value !== "object") return String(value);
    if ("envRef" in value)
      return /^(APP_API_TOKEN$|DAPR_)/i.test(value.envRef) ? "" : (process.env[value.envRef] ?? "");
    const store = stores.get(secretStore ?? "");
    if (!store) {
      throw new Error(
        `refers to secret store "${secretStore ?? ""}", which is not there; name one in auth.secretStore`,
      );
    }
    const { name, key = name } = value.secretKeyRef;
    const secret = store.get(name)[key];
    if (secret === undefined) throw new Error(`refers to "${key}" of secret "${name}", which has no such entry`);
    return secret;
  };
  const expand = (text: string) =>
    text
      .replaceAll("{uuid}", () => randomUUID())
      .replaceAll("{namespace}", () => `default.${appId}`)
      .replaceAll("{appID}", () => appId);
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, expand(resolve(value))]));
}

function addOutput(open: OpenComponents, name: string, properties: Properties, binding: OutputBinding): void {
  if (hasDirection(properties, "output") ?? true) open.outputs.set(name, binding);
}

/** Undefined where a binding's metadata does not say its direction. */
function hasDirection(properties: Properties, direction: "input" | "output"): boolean | undefined {
  return property(properties, "direction")
    ?.split(",")
    .some((part) => part.trim().toLowerCase() === direction);
}
