import {
  DaprBindingTrigger,
  DaprInvoke,
  DaprPublish,
  DaprSecret,
  DaprServiceInvocationTrigger,
  DaprState,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  readFunctions,
  type CloudEvent,
  type StateEntry,
} from "dapr-functions";
import { componentProblems } from "../../../lib/metadata/rules/components.js";

class Uses {
  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "found", stateStore: "statestore", key: "k" })
  @DaprStateInput({ name: "near", stateStore: "statstore", key: "k" })
  @DaprStateInput({ name: "far", stateStore: "elsewhere", key: "k" })
  @DaprStateInput({ name: "other", stateStore: "messagebus", key: "k" })
  @DaprStateInput({ name: "scoped", stateStore: "carts", key: "k" })
  @DaprStateOutput({ name: "open", stateStore: "%Store%" })
  @DaprStateOutput({ name: "data", stateStore: "{store}" })
  @DaprStateOutput({ name: "later" })
  @DaprInvoke({ name: "app", appId: "statstore", methodName: "m" })
  @DaprSecret({ name: "secret", secretStoreName: "Vault", key: "k" })
  @DaprSecret({ name: "cluster", secretStoreName: "kubernetes", key: "k" })
  // oxlint-disable-next-line typescript/no-explicit-any -- a value of each kind of binding
  all(_payload: unknown, _bindings: Record<string, any>): void {}

  @DaprTopicTrigger({ pubSubName: "mesagebus" })
  topic(): void {}

  @DaprBindingTrigger()
  tick(): void {}
}

const components = [
  { name: "statestore", type: "state.in-memory" },
  { name: "carts", type: "state.redis", scopes: ["shop", "stock"] },
  { name: "messagebus", type: "pubsub.in-memory" },
  { name: "vault", type: "secretstores.local.file" },
];

function problems(appId?: string): string[] {
  return componentProblems(readFunctions([Uses]), components, appId).map(({ code, message }) => `${code} ${message}`);
}

describe("the names of components", () => {
  it("are held against the components there are", () => {
    expect(problems()).toEqual([
      `component-unknown Uses.all, input "near", stateStore: no component has the name "statstore"; did you mean "statestore"?`,
      `component-unknown Uses.all, input "far", stateStore: no component has the name "elsewhere"; give it a component of state.*`,
      `component-unknown Uses.all, input "other", stateStore: "messagebus" is a pubsub.in-memory, and this needs one of state.*; name another`,
      `component-unknown Uses.all, input "secret", secretStoreName: no component has the name "Vault"; did you mean "vault"?`,
      `component-unknown Uses.topic, trigger "payload", pubSubName: no component has the name "mesagebus"; did you mean "messagebus"?`,
      `component-unknown Uses.tick, trigger "payload", bindingName: no component has the name "tick"; give it a component of bindings.*`,
    ]);
  });

  it("are not asked for where none is given, which is a problem already", () => {
    const [topic] = readFunctions([Uses]).filter(({ name }) => name === "topic");
    const nameless = { ...topic!, trigger: { ...topic!.trigger, pubSubName: "" } as never };
    expect(componentProblems([nameless], components)).toEqual([]);
  });

  it("are not enough where scopes leave the app out", () => {
    const scoped = (appId: string) => problems(appId).filter((line) => line.startsWith("component-out-of-scope"));
    expect([scoped("shop"), scoped("orders")]).toEqual([
      [],
      [
        `component-out-of-scope Uses.all, input "scoped", stateStore: the scopes of "carts" leave the app "orders" out; add it to them, or name another component`,
      ],
    ]);
  });

  it("are not enough for topics that a component does not let the app use", () => {
    class Topics {
      @DaprTopicTrigger({ pubSubName: "bus", topic: "order" })
      @DaprPublish({ name: "near", pubSubName: "bus", topic: "refund" })
      @DaprPublish({ name: "closed", pubSubName: "bus", topic: "secret" })
      @DaprPublish({ name: "allowed", pubSubName: "bus", topic: "orders" })
      @DaprPublish({ name: "open", pubSubName: "bus", topic: "{id}" })
      @DaprPublish({ name: "later", pubSubName: "bus" })
      @DaprPublish({ name: "free", pubSubName: "messagebus", topic: "any" })
      // oxlint-disable-next-line typescript/no-explicit-any -- a value of each kind of binding
      all(_event: CloudEvent, _bindings: Record<string, any>): void {}

      @DaprTopicTrigger({ pubSubName: "bus" })
      orders(): void {}
    }
    const topics = {
      allowed: ["orders", "refunds", "secret"],
      mayPublish: (topic: string) => ["orders", "refunds"].includes(topic),
      maySubscribe: (topic: string) => ["orders", "refunds"].includes(topic),
    };
    const found = componentProblems(readFunctions([Topics]), [
      { name: "bus", type: "pubsub.redis", topics },
      { name: "messagebus", type: "pubsub.redis" },
    ]);
    expect(found.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'topic-out-of-scope Topics.all, trigger "payload", topic: "bus" does not let the app subscribe to "order"; did you mean "orders"?',
      'topic-out-of-scope Topics.all, output "near", topic: "bus" does not let the app publish to "refund"; did you mean "refunds"?',
      'topic-out-of-scope Topics.all, output "closed", topic: "bus" does not let the app publish to "secret"; allow it there, or name another topic',
    ]);
  });

  it("are no place for several entries where the store is a Redis", () => {
    class Carts {
      @DaprServiceInvocationTrigger()
      @DaprState({ name: "from", stateStore: "carts", key: "{from}" })
      @DaprState({ name: "to", stateStore: "carts", key: "{to}" })
      move(_payload: unknown, _entries: { from: StateEntry<number>; to: StateEntry<number> }): void {}
    }
    const found = (type: string) =>
      componentProblems(readFunctions([Carts]), [{ name: "carts", type }]).map(({ code }) => code);
    expect([found("state.redis"), found("state.sqlite")]).toEqual([["state-entries-redis"], []]);
  });

  it("are no place for an entry where the store keeps no etags", () => {
    class Carts {
      @DaprServiceInvocationTrigger()
      @DaprState({ name: "cart", stateStore: "carts", key: "{id}" })
      change(_payload: unknown, _entries: { cart: StateEntry<number> }): void {}
    }
    const found = (type: string) =>
      componentProblems(readFunctions([Carts]), [{ name: "carts", type }]).map(({ code }) => code);
    expect([found("state.memcached"), found("state.redis")]).toEqual([["state-entries-etags"], []]);
  });

  it("are no place for an entry where the store has etags that do not hold", () => {
    class Carts {
      @DaprServiceInvocationTrigger()
      @DaprState({ name: "cart", stateStore: "carts", key: "{id}" })
      change(_payload: unknown, _entries: { cart: StateEntry<number> }): void {}
    }
    const found = componentProblems(readFunctions([Carts]), [{ name: "carts", type: "state.etcd" }]);
    expect(found.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'state-entries-etags Carts.change, entry "cart", stateStore: "carts" is state.etcd, which calls a write done that ' +
        "came too late for its etag, so that updates could be lost; use another store",
    ]);
  });
});
