import {
  DaprBindingTrigger,
  DaprServiceInvocationTrigger,
  DaprTopicTrigger,
  HttpTrigger,
  readFunctions,
  type CloudEvent,
  type HttpRequest,
} from "../../lib/index.js";
import { routeOf, routesOf, subscriptionsOf } from "../../lib/server/routes.js";

class Parcels {
  @DaprServiceInvocationTrigger()
  find(_payload: unknown): void {}
  @DaprServiceInvocationTrigger({ methodName: "parcels/über mich", methods: ["get", "PUT"] })
  own(_payload: unknown): void {}
  @DaprServiceInvocationTrigger({ methodName: "/über/{id}/{*rest}" })
  template(_payload: unknown): void {}
  @DaprTopicTrigger({ pubSubName: "bus", topic: "eu/fr#1 ?" })
  scans(_event: CloudEvent): void {}
  @DaprTopicTrigger({ pubSubName: "bus", topic: "a", route: "on-a?kind=x" })
  routed(_event: CloudEvent): void {}
  @DaprBindingTrigger({ bindingName: "mail box" })
  mail(_payload: unknown): void {}
  @HttpTrigger({ route: "parcels/{id}/" })
  show(_request: HttpRequest): void {}
}

describe("routes", () => {
  it("are found where Dapr and callers look for them", () => {
    const routes = routesOf(readFunctions([Parcels]));
    expect(routes.map(({ definition, methods, path }) => `${definition.name} ${methods.join(",")} ${path}`)).toEqual([
      "find POST /find",
      "own GET,PUT /parcels/%C3%BCber%20mich",
      "template POST /%C3%BCber/{id}/{*rest}",
      "scans POST /eu/fr%231%20%3F",
      "routed POST /on-a?kind=x",
      "mail POST /mail%20box",
      "show GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS,TRACE /api/parcels/{id}",
    ]);
    const [last] = routesOf(readFunctions([Parcels]), "v1/shop").slice(-1);
    expect(last!.path).toBe("/v1/shop/parcels/{id}");
    expect(routesOf(readFunctions([Parcels]), "").at(-1)!.path).toBe("/parcels/{id}");
  });

  it("exist not for a trigger of the Functions host", () => {
    const [definition] = readFunctions([Parcels]);
    const trigger = { generic: true, type: "queueTrigger", direction: "in", name: "job", members: {} } as const;
    expect(routeOf({ ...definition!, trigger })).toBeUndefined();
  });
});

describe("subscriptions", () => {
  const entriesOf = (type: new () => object) => JSON.stringify(subscriptionsOf(readFunctions([type])));

  it("have their members in Dapr's order, those not given left out", () => {
    class Topics {
      @DaprTopicTrigger({ pubSubName: "bus" })
      plain(_event: CloudEvent): void {}
      @DaprTopicTrigger({
        pubSubName: "bus",
        topic: "full",
        route: "on-full",
        deadLetterTopic: "dead",
        metadata: { rawPayload: "true" },
        bulk: { maxMessagesCount: 40, maxAwaitDurationMs: 100, concurrency: 4 },
      })
      full(_event: CloudEvent): void {}
      @DaprTopicTrigger({ pubSubName: "bus", topic: "many", bulk: true })
      many(_event: CloudEvent): void {}
    }
    expect(entriesOf(Topics)).toBe(
      '[{"pubsubname":"bus","topic":"plain","route":"/plain"},' +
        '{"pubsubname":"bus","topic":"full","route":"/on-full","deadLetterTopic":"dead",' +
        '"metadata":{"rawPayload":"true"},"bulkSubscribe":{"enabled":true,"maxMessagesCount":40,"maxAwaitDurationMs":100}},' +
        '{"pubsubname":"bus","topic":"many","route":"/many","bulkSubscribe":{"enabled":true}}]',
    );
  });

  it("list rules by priority, then as declared, those without priority last", () => {
    class Topics {
      @DaprTopicTrigger({ pubSubName: "bus", topic: "t", route: "a", match: "event.a" })
      a(_event: CloudEvent): void {}
      @DaprTopicTrigger({ pubSubName: "bus", topic: "t", route: "b", match: "event.b", priority: 2 })
      b(_event: CloudEvent): void {}
      @DaprTopicTrigger({ pubSubName: "bus", topic: "t", route: "c", match: "event.c", priority: 1 })
      c(_event: CloudEvent): void {}
      @DaprTopicTrigger({ pubSubName: "bus", topic: "t", route: "d", match: "event.d", priority: 1 })
      d(_event: CloudEvent): void {}
    }
    expect(entriesOf(Topics)).toBe(
      '[{"pubsubname":"bus","topic":"t","routes":{"rules":[{"match":"event.c","path":"/c"},{"match":"event.d","path":"/d"},' +
        '{"match":"event.b","path":"/b"},{"match":"event.a","path":"/a"}]}}]',
    );
  });

  it("of one function with a match have a rule and no default", () => {
    class Topics {
      @DaprTopicTrigger({ pubSubName: "bus", topic: "t", match: "event.a" })
      a(_event: CloudEvent): void {}
    }
    expect(entriesOf(Topics)).toBe(
      '[{"pubsubname":"bus","topic":"t","routes":{"rules":[{"match":"event.a","path":"/t"}]}}]',
    );
  });
});
