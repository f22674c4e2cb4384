import { z } from "zod";
import { toFunctionJson } from "../../../lib/azure/app/function-json.js";
import { inspectForHost } from "../../../lib/azure/host/host-functions.js";
import {
  DaprApp,
  DaprBindingInput,
  DaprBindingTrigger,
  DaprInvoke,
  DaprInvokeInput,
  DaprPublish,
  DaprSecret,
  DaprServiceInvocationTrigger,
  DaprSidecar,
  DaprState,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  Flush,
  HttpTrigger,
  Retry,
  Trigger,
  readFunctions,
  type AppClient,
  type CloudEvent,
  type Collector,
  type DaprClient,
  type HttpRequest,
  type StateEntry,
  type StateRecord,
} from "../../../lib/index.js";

/** Level, code and place of each problem. */
function problemsOf(...targets: (new (...args: never[]) => object)[]): string[] {
  return inspectForHost(targets).problems.map(
    ({ level, code, message }) => `${level} ${code}: ${message.slice(0, message.indexOf(": "))}`,
  );
}

describe("the rules of the Functions host", () => {
  it("warn of what only the app's own server knows of a request", () => {
    class Orders {
      @DaprServiceInvocationTrigger({ methodName: "orders/{id}", timeout: 1000 })
      @DaprStateInput({ name: "order", stateStore: "s", key: "{id}-{query.tag}-{name}" })
      find(_payload: unknown, _bindings: { order: unknown }): void {}
      @HttpTrigger({ route: "orders/{id}", concurrency: 2 })
      @DaprStateInput({ name: "order", stateStore: "s", key: "{id}-{params.id}-{query.tag}" })
      show(_request: HttpRequest, _bindings: { order: unknown }): void {}
    }
    const { problems } = inspectForHost([Orders]);
    expect(problems.map(({ message }) => message)).toEqual([
      'Orders.find, trigger "payload", timeout: the Functions host has a functionTimeout of its own, in host.json; set that',
      'Orders.find, trigger "payload", methodName: the Functions host does not say what the path has for "{id}"; use @HttpTrigger',
      'Orders.find, input "order", key: "{id}" has no value under the Functions host; use @HttpTrigger, or put it into the payload',
      'Orders.show, trigger "req", concurrency: the Functions host has limits of its own, in host.json; set those',
      'Orders.show, input "order", key: "{params.id}" has no value under the Functions host; write "{id}"',
    ]);
    expect(problems.every(({ code, level }) => code === "option-standalone-only" && level === "warning")).toBe(true);
  });

  it("refuse an output whose target only an item gives", () => {
    class Orders {
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "order" })
      @DaprInvoke({ name: "call" })
      save(_payload: unknown, _bindings: { order: Collector<unknown>; call: Collector<unknown> }): void {}
    }
    expect(problemsOf(Orders)).toEqual([
      'error option-missing: Orders.save, output "order", stateStore',
      'error option-missing: Orders.save, output "call", appId',
      'error option-missing: Orders.save, output "call", methodName',
    ]);
  });

  it("accept what the host takes from an item: key, pubSubName, topic, bindingName and operation", () => {
    class Orders {
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "order", stateStore: "s" })
      @DaprPublish({ name: "events" })
      save(_payload: unknown, _bindings: { order: Collector<unknown>; events: Collector<unknown> }): void {}
    }
    expect(problemsOf(Orders)).toEqual([]);
  });

  it("say of inputs and outputs, and of these alone, that the worker could serve them", () => {
    class Orders {
      @DaprTopicTrigger({ pubSubName: "p", match: "true" })
      @DaprStateInput({ name: "old", stateStore: "s", key: "k", record: true })
      @DaprInvoke({ name: "call", appId: "a" })
      save(_event: CloudEvent, _bindings: { old: StateRecord; call: Collector<unknown> }): void {}
    }
    const remedies = inspectForHost([Orders]).problems.map(({ message }) => message.split("; ").at(-1));
    expect(remedies).toEqual([
      "remove it and test the event in the method",
      'remove it, or use bindings: "sidecar"',
      'give methodName in the decorator, or use bindings: "sidecar"',
    ]);
    expect(inspectForHost([Orders], { bindings: "sidecar" }).problems).toHaveLength(1);
  });

  it.each([
    [{ version_id: "%Version%-{id}", namespace: "a b é=/?" }, []],
    [{ version_id: "1&2" }, ["error option-standalone-only"]],
    [{ a: "1", version_id: "1+2" }, ["error option-standalone-only"]],
    [{ "a%20b": "1" }, ["error option-standalone-only"]],
    [{ "a b": "1" }, ["error option-standalone-only"]],
    [{ version_id: "100%" }, ["error setting-unclosed"]],
  ])("refuse secret metadata that query text says with a %%, which starts a setting: %j", (metadata, expected) => {
    class Orders {
      @DaprServiceInvocationTrigger()
      @DaprSecret({ name: "s", secretStoreName: "v", key: "k", metadata: metadata as Record<string, string> })
      save(_payload: { id: string }, _bindings: { s: Record<string, string> }): void {}
    }
    const lines = problemsOf(Orders);
    expect(lines.map((line) => line.split(":")[0])).toEqual(expected);
    expect(lines.every((line) => line.endsWith('Orders.save, input "s", metadata'))).toBe(true);
  });

  it("warn of text that the host parses, where it cannot be asked for bytes", () => {
    const text = z.string();
    class Orders {
      @DaprServiceInvocationTrigger({ payload: text })
      fine(_payload: string): void {}
      @DaprServiceInvocationTrigger({ payload: text })
      @DaprStateInput({ name: "old", stateStore: "s", key: "{rand-guid}-{sys.methodname}" })
      system(_payload: string, _bindings: { old: unknown }): void {}
      @DaprServiceInvocationTrigger({ payload: text })
      @DaprStateInput({ name: "old", stateStore: "s", key: "{payload}" })
      used(_payload: string, _bindings: { old: unknown }): void {}
      @DaprBindingTrigger({ payload: text, dataType: "string" })
      parsed(_payload: string): void {}
      @DaprTopicTrigger({ pubSubName: "p", payload: text })
      event(_event: CloudEvent<string>): void {}
      @DaprServiceInvocationTrigger({ payload: undefined })
      number(_payload: number): void {}
    }
    expect(problemsOf(Orders)).toEqual([
      'warning payload-text-parsed: Orders.used, trigger "payload", dataType',
      'warning payload-text-parsed: Orders.parsed, trigger "payload", dataType',
    ]);
    const asked = readFunctions([Orders]).map((one) => toFunctionJson(one).bindings[0]!["dataType"]);
    expect(asked).toEqual(["binary", "binary", undefined, "string", undefined, undefined]);
  });

  it("warn of outputs side by side, which the host sends in its own way", () => {
    class Orders {
      @Flush("parallel")
      @DaprServiceInvocationTrigger()
      save(): void {}
    }
    expect(problemsOf(Orders)).toEqual(["warning option-standalone-only: Orders.save"]);
    expect(inspectForHost([Orders], { bindings: "sidecar" }).problems).toEqual([]);
  });

  it("refuse bindings that the host does not have, unless the worker serves them", () => {
    class Orders {
      @DaprServiceInvocationTrigger()
      @DaprInvokeInput({ name: "price", appId: "a", methodName: "m" })
      @DaprBindingInput({ name: "file", bindingName: "files", operation: "get" })
      @DaprApp({ name: "billing", appId: "billing" })
      @DaprSidecar({ name: "dapr" })
      call(_p: unknown, _b: { price: unknown; file: unknown; billing: AppClient<unknown>; dapr: DaprClient }): void {}

      @DaprServiceInvocationTrigger()
      @DaprState({ name: "stock", stateStore: "s", key: "k" })
      count(_p: unknown, _b: { stock: StateEntry<number> }): void {}
    }
    expect(problemsOf(Orders)).toEqual([
      'error option-standalone-only: Orders.call, input "price"',
      'error option-standalone-only: Orders.call, input "file"',
      'error option-standalone-only: Orders.call, client "billing"',
      'error option-standalone-only: Orders.call, client "dapr"',
      'error option-standalone-only: Orders.count, entry "stock"',
    ]);
    expect(inspectForHost([Orders], { bindings: "sidecar" }).problems).toEqual([]);
  });

  it("refuse options that the host would turn into something else", () => {
    class Orders {
      @DaprTopicTrigger({ pubSubName: "p", match: "true", priority: 0 })
      @DaprStateInput({ name: "old", stateStore: "s", key: "k", record: true })
      @DaprStateOutput({ name: "order", stateStore: "s", transaction: true })
      save(_event: CloudEvent, _bindings: { old: StateRecord; order: Collector<unknown> }): void {}
    }
    expect(problemsOf(Orders)).toEqual([
      'error option-standalone-only: Orders.save, trigger "payload", match',
      'error option-standalone-only: Orders.save, trigger "payload", priority',
      'error option-standalone-only: Orders.save, input "old", record',
      'error option-standalone-only: Orders.save, output "order", transaction',
    ]);
  });

  it("warn of options that the host leaves out", () => {
    class Orders {
      @DaprTopicTrigger({ pubSubName: "p", deadLetterTopic: "d", bulk: true, metadata: { a: "b" } })
      @DaprPublish({ name: "copies", pubSubName: "p", topic: "t", bulk: true })
      copy(_event: CloudEvent, _bindings: { copies: Collector<unknown> }): void {}
      @DaprServiceInvocationTrigger({ methods: ["GET"] })
      read(): void {}
    }
    expect(problemsOf(Orders)).toEqual([
      'warning option-standalone-only: Orders.copy, trigger "payload", deadLetterTopic',
      'warning option-standalone-only: Orders.copy, trigger "payload", bulk',
      'warning option-standalone-only: Orders.copy, trigger "payload", metadata',
      'warning option-standalone-only: Orders.copy, output "copies", bulk',
      'warning option-standalone-only: Orders.read, trigger "payload", methods',
    ]);
  });

  it("are silent about such options switched off", () => {
    class Orders {
      @DaprServiceInvocationTrigger()
      @DaprStateInput({ name: "old", stateStore: "s", key: "k", required: true, record: false })
      @DaprStateOutput({ name: "order", stateStore: "s", transaction: false })
      save(_payload: unknown, _bindings: { old: unknown; order: Collector<unknown> }): void {}
    }
    expect(problemsOf(Orders)).toEqual([]);
  });

  it("warn of @Retry on Dapr and http triggers only", () => {
    class Orders {
      @Retry({ strategy: "fixedDelay", maxRetryCount: 1, delayInterval: "00:00:01" })
      @DaprServiceInvocationTrigger()
      dapr(): void {}
      @Retry({ strategy: "fixedDelay", maxRetryCount: 1, delayInterval: "00:00:01" })
      @HttpTrigger()
      http(_request: HttpRequest): void {}
      @Retry({ strategy: "fixedDelay", maxRetryCount: 1, delayInterval: "00:00:01" })
      @Trigger({ type: "timerTrigger", schedule: "0 * * * * *" })
      timer(_payload: unknown): void {}
    }
    expect(problemsOf(Orders)).toEqual([
      "warning retry-discouraged: Orders.dapr",
      "warning retry-discouraged: Orders.http",
    ]);
  });

  it("refuse a class that wants arguments, unless there is an instance or a container", () => {
    class Orders {
      constructor(readonly store: string) {}
      @DaprServiceInvocationTrigger()
      read(): void {}
    }
    expect(problemsOf(Orders)).toEqual(["error constructor-arguments: Orders"]);
    expect(inspectForHost([new Orders("s"), Orders]).problems).toEqual([]);
    expect(inspectForHost([Orders], { container: { get: () => ({}) as never } }).problems).toEqual([]);
  });

  it("refuse an app without functions", () => {
    class Plain {}
    expect(inspectForHost([Plain]).problems).toMatchObject([{ code: "functions-none", level: "error" }]);
  });

  it("come with every other rule in one run", () => {
    class Orders {
      @DaprServiceInvocationTrigger({ method: "x" } as never)
      @DaprStateOutput({ name: "my_order" })
      save(_payload: unknown, _bindings: unknown): void {}
    }
    expect(
      inspectForHost([Orders])
        .problems.map(({ code }) => code)
        .sort(),
    ).toEqual(["binding-name-invalid", "option-missing", "option-unknown"]);
  });
});
