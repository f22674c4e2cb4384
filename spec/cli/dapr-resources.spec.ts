import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DaprTopicTrigger } from "dapr-functions";
import { loadComponents } from "dapr-functions/sidecar";
import { parseAllDocuments } from "yaml";
import { daprResources } from "../../lib/cli/dapr-resources.js";
import { readFunctions } from "../../lib/metadata/functions.js";
import { runCli } from "../support/functions-host.js";
import { built, makeProject, write } from "./app.js";

const functions = `
export class Orders {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "%Store%", key: "{id}" })
  save(payload: { id: string }, { order }: { order: Collector<unknown> }): void { order.add(payload); }
  @DaprTopicTrigger({ pubSubName: "bus", topic: "orders/new", match: "event.type == 'big'", priority: 1, deadLetterTopic: "dead", bulk: true, metadata: { rawPayload: "true" } })
  big(): void {}
  @DaprTopicTrigger({ pubSubName: "bus", topic: "orders/new", route: "small", deadLetterTopic: "dead", bulk: true, metadata: { rawPayload: "true" } })
  small(): void {}
  @DaprTopicTrigger({ pubSubName: "bus", topic: "other" })
  other(): void {}
}
`;

const components = `# kept
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: statestore # this one
spec:
  type: state.in-memory
  version: v1
scopes:
  - billing
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: bus
spec:
  type: pubsub.in-memory
  version: v1
`;

describe("dapr-functions generate --dapr", () => {
  let project: string;
  const generate = (...args: string[]) =>
    runCli(project, ["generate", "build/orders.js", "--dapr", "resources", "--app-id", "orders", ...args], {
      Store: "statestore",
    });
  const read = (name: string) => readFileSync(join(project, "resources", name), "utf8");

  beforeAll(() => {
    project = makeProject();
    write(project, {
      "build/orders.js": built(functions),
      "resources/components.yaml": components,
      "resources/notes.txt": "x",
    });
  }, 120_000);

  it("writes what the functions subscribe to, as Dapr's declarative subscriptions", () => {
    expect(generate("--dry-run").stdout).toBe("write resources/subscriptions.yaml\nwrite resources/components.yaml\n");
    expect(read("components.yaml")).toBe(components);
    expect(generate()).toMatchObject({ status: 0, stderr: "" });
    const documents = parseAllDocuments(read("subscriptions.yaml")).map((document) => document.toJS() as object);
    expect(documents).toEqual([
      {
        apiVersion: "dapr.io/v2alpha1",
        kind: "Subscription",
        metadata: { name: expect.stringMatching(/^orders\.bus\.orders-new-[0-9a-f]{10}$/) },
        spec: {
          pubsubname: "bus",
          topic: "orders/new",
          routes: { rules: [{ match: "event.type == 'big'", path: "/orders/new" }], default: "/small" },
          deadLetterTopic: "dead",
          metadata: { rawPayload: "true" },
          bulkSubscribe: { enabled: true },
        },
        scopes: ["orders"],
      },
      expect.objectContaining({ spec: { pubsubname: "bus", topic: "other", routes: { default: "/other" } } }),
    ]);
  });

  it("adds the app to the scopes of components that have some, and keeps all else", () => {
    expect(read("components.yaml")).toBe(components.replace("  - billing\n", "  - billing\n  - orders\n"));
    expect(loadComponents(join(project, "resources", "components.yaml")).map(({ scopes }) => scopes)).toEqual([
      ["billing", "orders"],
      undefined,
    ]);
    expect(generate().stdout).toBe("unchanged resources/subscriptions.yaml\n");
  });
});

describe("the names of declarative subscriptions", () => {
  /** Names of the subscriptions of a class with a topic function for each pub/sub and topic. */
  function namesOf(pairs: readonly (readonly [pubSubName: string, topic: string])[], appId = "shop"): string[] {
    class Listens {}
    pairs.forEach(([pubSubName, topic], index) => {
      const descriptor = { value: () => undefined, configurable: true, writable: true };
      Object.defineProperty(Listens.prototype, `on${index}`, descriptor);
      DaprTopicTrigger({ pubSubName, topic, route: `r${index}` })(Listens.prototype, `on${index}`, descriptor);
    });
    const [file] = daprResources(readFunctions([Listens]), join(__dirname, "nowhere"), appId);
    return parseAllDocuments(file!.after).map(
      (document) => (document.toJS() as { metadata: { name: string } }).metadata.name,
    );
  }

  const long = "x".repeat(300);

  it.each<[string, [string, string][]]>([
    [
      "other marks",
      [
        ["bus", "order_created"],
        ["bus", "order-created"],
        ["bus", "order.created"],
        ["bus", "order/created"],
      ],
    ],
    [
      "letters of another case",
      [
        ["bus", "Orders"],
        ["bus", "orders"],
        ["Bus", "orders"],
      ],
    ],
    [
      "hyphens elsewhere",
      [
        ["bus", "a-b"],
        ["bus-a", "b"],
        ["bus.a", "b"],
        ["bus", "a.b"],
      ],
    ],
    [
      "hyphens at an end",
      [
        ["bus", "-a"],
        ["bus", "a-"],
        ["bus", "a"],
        ["bus", "_a"],
      ],
    ],
    [
      "letters that Kubernetes does not take",
      [
        ["bus", "заказы"],
        ["bus", "訂單"],
        ["bus", "é"],
        ["bus", "e"],
      ],
    ],
    [
      "an end that is cut off",
      [
        ["bus", `${long}a`],
        ["bus", `${long}b`],
        ["bus", long],
      ],
    ],
    [
      "what looks like a digest",
      [
        ["bus", "a"],
        ["bus", "a-0123456789"],
      ],
    ],
  ])("differ for topics that differ in %s", (_, pairs) => {
    const names = namesOf(pairs);
    expect(new Set(names).size).toBe(pairs.length);
    for (const name of names) {
      expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
      expect(name.length).toBeLessThanOrEqual(253);
    }
    // Whatever else there is.
    expect(pairs.flatMap((pair) => namesOf([pair]))).toEqual(names);
  });

  it("are the words themselves where these can stand in it", () => {
    expect(namesOf([["shop-bus", "orders"]], "my-shop")).toEqual(["my-shop.shop-bus.orders"]);
  });
});
