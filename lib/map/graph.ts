import type { Binding } from "../model/bindings.js";
import { bindingsOf, type FunctionDefinition } from "../model/function-definition.js";
import { pathOf } from "../model/paths.js";

/** What an app is made of, and what its functions have to do with it. */
export interface AppMap {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
}

export type MapNodeKind = "callers" | "http" | "function" | "topic" | "binding" | "state" | "secrets" | "app" | "other";

export interface MapNode {
  /** Names the node in the map: `topic:messagebus/orders`. */
  readonly id: string;
  readonly kind: MapNodeKind;
  readonly label: string;
  /** The second line: where a function is found, the pubsub of a topic, the type of a component. */
  readonly detail?: string | undefined;
}

export interface MapEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: "triggers" | "reads" | "writes" | "publishes" | "invokes" | "calls";
}

/** A component, as far as a map shows it. */
interface Component {
  readonly name: string;
  readonly type: string;
}

/**
 * The map of an app: its functions, what triggers them, and the topics, stores, bindings, secrets and apps that they
 * name. A name that only an item gives is not in it; one with an expression stands as it is written.
 *
 * @param components says the type of each by its name
 */
export function mapOf(definitions: readonly FunctionDefinition[], components: readonly Component[] = []): AppMap {
  const nodes = new Map<string, MapNode>();
  const edges = new Map<string, MapEdge>();
  const add = (node: MapNode): string => {
    if (!nodes.has(node.id)) nodes.set(node.id, node);
    return node.id;
  };
  const connect = (from: string, to: string, kind: MapEdge["kind"]): void => {
    edges.set(`${from} ${kind} ${to}`, { from, to, kind });
  };
  const typeOf = (name: string): string | undefined => components.find((component) => component.name === name)?.type;
  const component = (kind: "state" | "secrets" | "binding", name: string): string =>
    add({
      id: `${kind}:${name}`,
      kind,
      label: name,
      detail: typeOf(name) ?? { state: "state store", secrets: "secret store", binding: "binding" }[kind],
    });
  const topic = (pubSubName: string, name: string): string =>
    add({
      id: `topic:${pubSubName}/${name}`,
      kind: "topic",
      label: name,
      detail: typeOf(pubSubName) === undefined ? pubSubName : `${pubSubName}, ${typeOf(pubSubName)}`,
    });

  for (const definition of definitions) {
    const fn = add({
      id: `function:${definition.name}`,
      kind: "function",
      label: definition.name,
      detail: placeOf(definition),
    });
    for (const binding of bindingsOf(definition)) {
      const edge = edgeOf(binding, definition, { add, component, topic });
      if (edge !== undefined)
        for (const { other, kind, isSource } of edge) connect(isSource ? other : fn, isSource ? fn : other, kind);
    }
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

interface Ends {
  readonly add: (node: MapNode) => string;
  readonly component: (kind: "state" | "secrets" | "binding", name: string) => string;
  readonly topic: (pubSubName: string, name: string) => string;
}

interface End {
  readonly other: string;
  readonly kind: MapEdge["kind"];
  /** True where data comes from there. */
  readonly isSource: boolean;
}

function edgeOf(
  binding: Binding,
  { name }: FunctionDefinition,
  { add, component, topic }: Ends,
): readonly End[] | undefined {
  const from = (other: string, kind: MapEdge["kind"]): End[] => [{ other, kind, isSource: true }];
  const to = (other: string, kind: MapEdge["kind"]): End[] => [{ other, kind, isSource: false }];
  const app = (appId: string): string => add({ id: `app:${appId}`, kind: "app", label: appId, detail: "application" });
  if (binding.generic === true) {
    const other = add({ id: `other:${binding.type}`, kind: "other", label: binding.type, detail: "Functions host" });
    return /trigger$/i.test(binding.type)
      ? from(other, "triggers")
      : binding.direction === "in"
        ? from(other, "reads")
        : to(other, "writes");
  }
  switch (binding.type) {
    case "daprServiceInvocationTrigger":
      return from(
        add({ id: "callers", kind: "callers", label: "other applications", detail: "service invocation" }),
        "triggers",
      );
    case "httpTrigger":
      return from(add({ id: "http", kind: "http", label: "HTTP callers" }), "triggers");
    case "daprTopicTrigger": {
      const letters = binding.deadLetterTopic;
      const source = from(topic(binding.pubSubName, binding.topic ?? name), "triggers");
      return letters === undefined ? source : [...source, ...to(topic(binding.pubSubName, letters), "publishes")];
    }
    case "daprBindingTrigger":
      return from(component("binding", binding.bindingName ?? name), "triggers");
    case "daprSecret":
      return from(component("secrets", binding.secretStoreName), "reads");
    case "daprStateEntry":
      return [
        ...from(component("state", binding.stateStore), "reads"),
        ...to(component("state", binding.stateStore), "writes"),
      ];
    case "daprState":
      if (binding.stateStore === undefined) return undefined;
      return binding.direction === "in"
        ? from(component("state", binding.stateStore), "reads")
        : to(component("state", binding.stateStore), "writes");
    case "daprPublish":
      return binding.pubSubName === undefined || binding.topic === undefined
        ? undefined
        : to(topic(binding.pubSubName, binding.topic), "publishes");
    case "daprInvoke":
      return binding.appId === undefined
        ? undefined
        : to(app(binding.appId), binding.direction === "in" ? "calls" : "invokes");
    case "daprBinding":
      if (binding.bindingName === undefined) return undefined;
      return to(component("binding", binding.bindingName), binding.direction === "in" ? "calls" : "writes");
    case "daprApp":
      return to(app(binding.appId), "calls");
    case "daprSidecar":
      return undefined;
  }
}

/** Where callers find a function; events find theirs by what they are of. */
function placeOf({ trigger, name, className }: FunctionDefinition): string {
  const isCalled = trigger.type === "daprServiceInvocationTrigger" || trigger.type === "httpTrigger";
  return isCalled && trigger.generic !== true ? `${className} ${pathOf(trigger, name)}` : className;
}
