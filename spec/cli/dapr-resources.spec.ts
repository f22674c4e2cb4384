import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadComponents } from "dapr-functions/sidecar";
import { parseAllDocuments } from "yaml";
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
        metadata: { name: "orders-bus-orders-new" },
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
