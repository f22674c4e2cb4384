import { toFunctionJson, type FunctionJson } from "../../../lib/azure/index.js";
import { toFunctionJsonText } from "../../../lib/azure/app/function-json.js";
import {
  DaprBindingTrigger,
  DaprSecret,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  HttpTrigger,
  Input,
  Output,
  Retry,
  Trigger,
  readFunctions,
  type CloudEvent,
  type Collector,
  type HttpRequest,
  type StateRecord,
} from "../../../lib/index.js";
import { Parcels } from "../../support/parcels.js";
import { parcelFiles } from "../parcel-files.js";

const parcels = readFunctions([Parcels]);

/** The one function of a class. */
function jsonOf(type: new () => object): FunctionJson {
  const [definition] = readFunctions([type]);
  return toFunctionJson(definition!);
}

describe("toFunctionJson", () => {
  it("has a file for each worked example", () => {
    expect(parcels.map(({ name }) => name)).toEqual(Object.keys(parcelFiles));
  });

  it.each(Object.keys(parcelFiles))("writes %s byte for byte", (name) => {
    const definition = parcels.find((candidate) => candidate.name === name)!;
    expect(toFunctionJsonText(definition)).toBe(parcelFiles[name]);
  });

  it.each(Object.keys(parcelFiles))("gives for %s the object that its text says", (name) => {
    const definition = parcels.find((candidate) => candidate.name === name)!;
    expect(toFunctionJson(definition)).toEqual(JSON.parse(parcelFiles[name]!));
    expect(JSON.stringify(toFunctionJson(definition))).toBe(JSON.stringify(JSON.parse(parcelFiles[name]!)));
  });

  it("writes members in the order of the table, not of the call", () => {
    class Functions {
      @DaprTopicTrigger({ route: "r", topic: "t", pubSubName: "p", dataType: "string", name: "n" })
      @DaprStateInput({ daprAddress: "http://127.0.0.1:1", key: "k", stateStore: "s", name: "i" })
      run(_event: CloudEvent, _bindings: { i: unknown }): void {}
    }
    expect(jsonOf(Functions).bindings.map((binding) => Object.keys(binding))).toEqual([
      ["type", "direction", "name", "dataType", "pubSubName", "topic", "route"],
      ["type", "direction", "name", "stateStore", "key", "daprAddress"],
    ]);
  });

  it("lists inputs, the reply, then outputs, each from top to bottom", () => {
    class Functions {
      @DaprStateOutput({ name: "o1", stateStore: "s", key: "k" })
      @HttpTrigger()
      @DaprStateInput({ name: "i1", stateStore: "s", key: "k" })
      @DaprStateOutput({ name: "o2", stateStore: "s", key: "k" })
      @DaprSecret({ name: "i2", secretStoreName: "s", key: "k" })
      run(
        _request: HttpRequest,
        _bindings: { i1: unknown; i2: unknown; o1: Collector<unknown>; o2: Collector<unknown> },
      ): void {}
    }
    expect(jsonOf(Functions).bindings.map(({ name }) => name)).toEqual(["req", "i1", "i2", "$return", "o1", "o2"]);
  });

  it("leaves out what the decorator was not given", () => {
    class Functions {
      @DaprBindingTrigger()
      run(): void {}
    }
    expect(jsonOf(Functions)).toEqual({
      generatedBy: "dapr-functions",
      scriptFile: "index.cjs",
      bindings: [{ type: "daprBindingTrigger", direction: "in", name: "payload" }],
    });
  });

  it("writes what was given although it equals the default", () => {
    class Functions {
      @DaprTopicTrigger({ pubSubName: "p", topic: "run", route: "/run" })
      run(_event: CloudEvent): void {}
    }
    expect(jsonOf(Functions).bindings[0]).toMatchObject({ topic: "run", route: "/run" });
  });

  it("never writes what standalone alone understands", () => {
    class Order {}
    class Functions {
      @DaprTopicTrigger({
        pubSubName: "p",
        match: "event.type == 'a'",
        priority: 1,
        deadLetterTopic: "d",
        bulk: true,
        metadata: { rawPayload: "true" },
        payload: Order,
      })
      @DaprStateInput({ name: "i", stateStore: "s", key: "k", required: true, record: true, valueType: Order })
      @DaprStateOutput({ name: "o", stateStore: "s", transaction: true, valueType: Order })
      run(_event: CloudEvent<Order>, _bindings: { i: StateRecord<Order>; o: Collector<Order> }): void {}
    }
    expect(jsonOf(Functions).bindings).toEqual([
      { type: "daprTopicTrigger", direction: "in", name: "payload", pubSubName: "p" },
      { type: "daprState", direction: "in", name: "i", stateStore: "s", key: "k" },
      { type: "daprState", direction: "out", name: "o", stateStore: "s" },
    ]);
  });

  it("writes dataType, authLevel and methods in lower case, and every other text as given", () => {
    class Functions {
      @HttpTrigger({ authLevel: "ADMIN" as "admin", methods: ["GET", "post"], route: "A/{Id}" })
      run(_request: HttpRequest): void {}
    }
    class Events {
      @DaprBindingTrigger({ dataType: "Binary" as "binary", bindingName: "%Camera%" })
      run(_frame: unknown): void {}
    }
    expect(jsonOf(Functions).bindings[0]).toMatchObject({
      authLevel: "admin",
      methods: ["get", "post"],
      route: "A/{Id}",
    });
    expect(jsonOf(Events).bindings[0]).toMatchObject({ dataType: "binary", bindingName: "%Camera%" });
  });

  it("writes a map of secret metadata as the query that the host takes", () => {
    class Functions {
      @DaprServiceInvocationTrigger()
      @DaprSecret({
        name: "s",
        secretStoreName: "v",
        key: "k",
        metadata: { namespace: "a b é=", version_id: "%V%-{id}{{" },
      })
      run(_payload: unknown, _secrets: { s: Record<string, string> }): void {}
    }
    expect(jsonOf(Functions).bindings[1]).toMatchObject({
      metadata: "metadata.namespace=a+b+é=&metadata.version_id=%V%-{id}{{",
    });
  });

  it("keeps the order in which generic members were written", () => {
    class Functions {
      @Retry({
        maximumInterval: "00:01:00",
        minimumInterval: "00:00:01",
        maxRetryCount: -1,
        strategy: "exponentialBackoff",
      })
      @Trigger({ queueName: "q", type: "queueTrigger", connection: "C", dataType: "string", name: "item" })
      @Input({ connection: "C", name: "i", type: "blob", path: "p/{queueTrigger}" })
      @Output({ name: "o", list: [1, { deep: ["x"] }], type: "table", none: null })
      run(_payload: unknown, _bindings: { i: unknown; o: Collector<unknown> }): void {}
    }
    const { bindings, retry } = jsonOf(Functions);
    expect(bindings.map((binding) => JSON.stringify(binding))).toEqual([
      '{"type":"queueTrigger","direction":"in","name":"item","dataType":"string","queueName":"q","connection":"C"}',
      '{"type":"blob","direction":"in","name":"i","connection":"C","path":"p/{queueTrigger}"}',
      '{"type":"table","direction":"out","name":"o","list":[1,{"deep":["x"]}],"none":null}',
    ]);
    expect(JSON.stringify(retry)).toBe(
      '{"strategy":"exponentialBackoff","maxRetryCount":-1,"minimumInterval":"00:00:01","maximumInterval":"00:01:00"}',
    );
  });

  it("keeps line breaks and spaces inside text", () => {
    class Functions {
      @Trigger({ type: "timerTrigger", schedule: "a\n  b" })
      run(_payload: unknown): void {}
    }
    const [definition] = readFunctions([Functions]);
    expect(JSON.parse(toFunctionJsonText(definition!))).toEqual(toFunctionJson(definition!));
  });

  it("gives new objects at each call", () => {
    const [definition] = parcels;
    expect(toFunctionJson(definition!).bindings[0]).not.toBe(toFunctionJson(definition!).bindings[0]);
  });
});
