import type { Binding, DaprPublish, DaprTopicTrigger } from "../../model/bindings.js";
import { unfitForEntries } from "../../model/entry-stores.js";
import type { Problem } from "../../model/errors.js";
import { bindingsOf, type FunctionDefinition } from "../../model/function-definition.js";
import { functionProblem } from "../../model/problem.js";
import { suggestName } from "./suggest.js";

/** What a component file says of a component, as far as functions name it. */
export interface KnownComponent {
  readonly name: string;
  /** `state.redis`, `pubsub.kafka` … */
  readonly type: string;
  /** The app ids that see it; all unless given. */
  readonly scopes?: readonly string[] | undefined;
  /** Of a pubsub component: the topics that the app may use; all unless given. */
  readonly topics?: KnownTopics | undefined;
}

interface KnownTopics {
  /** The topics that `allowedTopics` names. */
  readonly allowed: readonly string[];
  mayPublish(topic: string): boolean;
  maySubscribe(topic: string): boolean;
}

/** The building block that an option names a component of, by the option; types of components begin with it. */
export const componentOptions = {
  stateStore: "state",
  pubSubName: "pubsub",
  bindingName: "bindings",
  secretStoreName: "secretstores",
} as const;

/**
 * Has no component file: daprd brings it along under Kubernetes.
 *
 * @see https://docs.dapr.io/reference/components-reference/supported-secret-stores/kubernetes-secret-store/
 */
const builtInSecretStore = "kubernetes";

/** Names that a host knows only when it runs: settings that are not in yet, and binding data. */
const isOpen = (name: string): boolean => /[%{]/.test(name);

/**
 * Compares the names in bindings with the components there are: a name that nothing has, a component of another building
 * block, one whose scopes leave the app out, a topic that it does not let the app use.
 *
 * @param definitions with their settings in
 * @param appId undefined where it is not known; scopes are then not looked at
 */
export function componentProblems(
  definitions: readonly FunctionDefinition[],
  components: readonly KnownComponent[],
  appId?: string,
): Problem[] {
  const named = definitions.flatMap((definition) =>
    bindingsOf(definition).flatMap((binding) =>
      namesIn(binding, definition).flatMap(({ member, name }) => {
        if (member === "secretStoreName" && name === builtInSecretStore) return [];
        const block = componentOptions[member];
        const problem = (code: "component-unknown" | "component-out-of-scope", text: string): Problem[] => [
          functionProblem("error", code, { definition, binding, member }, text),
        ];
        const own = components.filter(({ type }) => type.startsWith(`${block}.`));
        const found = own.find((component) => component.name === name);
        if (found !== undefined) {
          const { scopes = [] } = found;
          if (appId === undefined || scopes.length === 0 || scopes.includes(appId)) return [];
          return problem(
            "component-out-of-scope",
            `the scopes of "${name}" leave the app "${appId}" out; add it to them, or name another component`,
          );
        }
        const other = components.find((component) => component.name === name);
        if (other !== undefined) {
          return problem(
            "component-unknown",
            `"${name}" is a ${other.type}, and this needs one of ${block}.*; name another`,
          );
        }
        const near = suggestName(
          name,
          own.map((component) => component.name),
        );
        const meant = near === undefined ? `give it a component of ${block}.*` : `did you mean "${near}"?`;
        return problem("component-unknown", `no component has the name "${name}"; ${meant}`);
      }),
    ),
  );
  const unfit = definitions.flatMap((definition) => [
    ...closedTopics(definition, components),
    ...halfWritten(definition, components),
    ...unguarded(definition, components),
  ]);
  return [...named, ...unfit];
}

/** daprd answers a publish to such a topic 403, and subscribes to none. */
function closedTopics(definition: FunctionDefinition, components: readonly KnownComponent[]): Problem[] {
  return bindingsOf(definition).flatMap((binding) => {
    if (binding.type !== "daprTopicTrigger" && binding.type !== "daprPublish") return [];
    const isTrigger = binding.type === "daprTopicTrigger";
    const { pubSubName, topic = isTrigger ? definition.name : undefined } = binding as DaprTopicTrigger | DaprPublish;
    const found = components.find(({ name, type }) => name === pubSubName && type.startsWith("pubsub."));
    if (found?.topics === undefined || topic === undefined || isOpen(topic)) return [];
    const { topics } = found;
    if (isTrigger ? topics.maySubscribe(topic) : topics.mayPublish(topic)) return [];
    const { allowed } = topics;
    const near = allowed.includes(topic) ? undefined : suggestName(topic, allowed);
    const verb = isTrigger ? "subscribe" : "publish";
    const text =
      `"${found.name}" does not let the app ${verb} to "${topic}"; ` +
      (near === undefined ? "allow it there, or name another topic" : `did you mean "${near}"?`);
    return [functionProblem("error", "topic-out-of-scope", { definition, binding, member: "topic" }, text)];
  });
}

/** Several entries are written as one: in a transaction of which one etag is stale Redis writes the others. */
function halfWritten(definition: FunctionDefinition, components: readonly KnownComponent[]): Problem[] {
  const [first, second] = definition.entries;
  if (first === undefined || second === undefined) return [];
  const store = components.find(({ name }) => name === first.stateStore);
  if (store?.type !== "state.redis") return [];
  const text =
    `"${store.name}" is state.redis, whose transactions write some keys though another has changed; ` +
    "keep the values under one key, or use another store";
  const place = { definition, binding: second, member: "stateStore" };
  return [functionProblem("error", "state-entries-redis", place, text)];
}

/** Nothing keeps an entry from writing over what another has written meanwhile. */
function unguarded(definition: FunctionDefinition, components: readonly KnownComponent[]): Problem[] {
  return definition.entries.flatMap((binding) => {
    const store = components.find(({ name }) => name === binding.stateStore);
    const flaw = unfitForEntries(store?.type);
    if (store === undefined || flaw === undefined) return [];
    const text = `"${store.name}" is ${store.type}, which ${flaw}; use another store`;
    return [functionProblem("error", "state-entries-etags", { definition, binding, member: "stateStore" }, text)];
  });
}

/** The names of all components that functions name outright. */
export function componentsNamed(definitions: readonly FunctionDefinition[]): ReadonlySet<string> {
  const names = definitions.flatMap((definition) =>
    bindingsOf(definition).flatMap((binding) => namesIn(binding, definition).map(({ name }) => name)),
  );
  return new Set(names);
}

interface NamedComponent {
  readonly member: keyof typeof componentOptions;
  readonly name: string;
}

function namesIn(binding: Binding, { name: functionName }: FunctionDefinition): NamedComponent[] {
  if (binding.generic === true) return [];
  const options = binding as unknown as Readonly<Record<string, unknown>>;
  return (Object.keys(componentOptions) as (keyof typeof componentOptions)[]).flatMap((member) => {
    const given =
      options[member] ?? (binding.type === "daprBindingTrigger" && member === "bindingName" ? functionName : undefined);
    // That a name is missing is another problem.
    return typeof given === "string" && given !== "" && !isOpen(given) ? [{ member, name: given }] : [];
  });
}
