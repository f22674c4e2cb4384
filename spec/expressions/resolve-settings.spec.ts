import type {
  DaprTopicTrigger,
  HttpTrigger,
  InputBinding,
  OutputBinding,
  TriggerBinding,
} from "../../lib/model/bindings.js";
import type { FunctionDefinition } from "../../lib/model/function-definition.js";
import { resolveSettings } from "../../lib/expressions/resolve-settings.js";
import { settingsFrom } from "../../lib/expressions/settings.js";

class Order {}

const onCall = { type: "daprServiceInvocationTrigger", direction: "in", name: "payload" } as const;

function fn(parts: {
  readonly method?: string;
  readonly trigger?: TriggerBinding;
  readonly inputs?: readonly InputBinding[];
  readonly outputs?: readonly OutputBinding[];
}): FunctionDefinition {
  const { method = "store", trigger = onCall, inputs = [], outputs = [] } = parts;
  const target = class {};
  return {
    name: method,
    className: "Orders",
    methodName: method,
    target,
    trigger,
    inputs,
    outputs,
    entries: [],
    clients: [],
  };
}

function stateOut(members: Partial<Extract<OutputBinding, { type: "daprState" }>>): OutputBinding {
  return { type: "daprState", direction: "out", name: "order", ...members } as OutputBinding;
}

function stateIn(members: Partial<Extract<InputBinding, { type: "daprState" }>>): InputBinding {
  return { type: "daprState", direction: "in", name: "order", stateStore: "s", key: "k", ...members } as InputBinding;
}

function problemsOf(definition: FunctionDefinition, values: Record<string, string> = {}): string[] {
  return resolveSettings([definition], settingsFrom(values)).problems.map(({ code, message }) => `${code}: ${message}`);
}

describe("resolveSettings", () => {
  it("fills every member of inputs and outputs, once, and leaves all else", () => {
    const definition = fn({
      inputs: [
        stateIn({ stateStore: "%st%", key: "%t%-%st%", required: true, valueType: Order }),
        {
          type: "daprSecret",
          direction: "in",
          name: "token",
          secretStoreName: "%st%",
          key: "%st%",
          metadata: "a=%st%",
        },
        {
          type: "daprSecret",
          direction: "in",
          name: "other",
          secretStoreName: "v",
          key: "k",
          metadata: { "%st%": "%st%", b: "{id}" },
        },
      ],
      outputs: [
        stateOut({ stateStore: "%st%", key: "%t%", daprAddress: "%url%", transaction: true }),
        { type: "daprPublish", direction: "out", name: "p", pubSubName: "%st%", topic: "%st%", bulk: true },
        { type: "daprInvoke", direction: "out", name: "i", appId: "%st%", methodName: "%st%", httpVerb: "%verb%" },
        { type: "daprBinding", direction: "out", name: "b", bindingName: "%st%", operation: "%st%" },
      ],
    });
    const values = { st: "statestore", t: "{id}%st%", url: "http://sidecar:3500/x", verb: "put" };
    const { definitions, problems } = resolveSettings([definition], settingsFrom(values));
    expect(problems).toEqual([]);
    expect(definitions).toEqual([
      {
        ...definition,
        inputs: [
          stateIn({ stateStore: "statestore", key: "{id}%st%-statestore", required: true, valueType: Order }),
          { ...definition.inputs[1], secretStoreName: "statestore", key: "statestore", metadata: "a=statestore" },
          { ...definition.inputs[2], metadata: { "%st%": "statestore", b: "{id}" } },
        ],
        outputs: [
          stateOut({
            stateStore: "statestore",
            key: "{id}%st%",
            daprAddress: "http://sidecar:3500/x",
            transaction: true,
          }),
          { ...definition.outputs[1], pubSubName: "statestore", topic: "statestore" },
          { ...definition.outputs[2], appId: "statestore", methodName: "statestore", httpVerb: "put" },
          { ...definition.outputs[3], bindingName: "statestore", operation: "statestore" },
        ],
      },
    ]);
    expect(Object.keys(definitions[0]!.inputs[0]!)).toEqual(Object.keys(definition.inputs[0]!));
  });

  it("fills the members of triggers, but neither match nor an http route", () => {
    const topic: DaprTopicTrigger = {
      type: "daprTopicTrigger",
      direction: "in",
      name: "payload",
      pubSubName: "%st%",
      topic: "%st%",
      route: "/%st%",
      deadLetterTopic: "%st%-dead",
      match: 'event.data.note == "100%"',
      bulk: { maxMessagesCount: 5 },
      metadata: { rawPayload: "%st%" },
    };
    const http: HttpTrigger = { type: "httpTrigger", direction: "in", name: "req", route: "a%20b/{id}" };
    const { definitions, problems } = resolveSettings(
      [
        fn({ trigger: topic }),
        fn({ trigger: http }),
        fn({ trigger: { ...onCall, methodName: "%st%" } }),
        fn({ trigger: { type: "daprBindingTrigger", direction: "in", name: "payload", bindingName: "%st%" } }),
      ],
      settingsFrom({ st: "a" }),
    );
    expect(problems).toEqual([]);
    expect(definitions.map(({ trigger }) => trigger)).toEqual([
      { ...topic, pubSubName: "a", topic: "a", route: "/a", deadLetterTopic: "a-dead", metadata: { rawPayload: "a" } },
      http,
      { ...onCall, methodName: "a" },
      { type: "daprBindingTrigger", direction: "in", name: "payload", bindingName: "a" },
    ]);
  });

  it("leaves generic bindings to the Functions host", () => {
    const queue: OutputBinding = {
      generic: true,
      type: "queue",
      direction: "out",
      name: "jobs",
      members: { queueName: "%missing%" },
    };
    const definition = fn({ outputs: [queue] });
    expect(resolveSettings([definition], settingsFrom({}))).toEqual({ definitions: [definition], problems: [] });
  });

  it("changes no definition that it was given", () => {
    const definition = fn({ outputs: [stateOut({ stateStore: "%st%", key: "k" })] });
    resolveSettings([definition], settingsFrom({ st: "a" }));
    expect(definition.outputs[0]).toEqual(stateOut({ stateStore: "%st%", key: "k" }));
  });

  it("names a missing setting once, with every place that uses it", () => {
    const { problems } = resolveSettings(
      [
        fn({ outputs: [stateOut({ stateStore: "%Store%", key: "%STORE%-%Store%" })] }),
        fn({ method: "find", inputs: [stateIn({ stateStore: "%store%" })] }),
        fn({ method: "on", trigger: { ...onCall, methodName: "%Blank%" } }),
      ],
      settingsFrom({ Blank: " " }),
    );
    expect(problems).toEqual([
      {
        code: "setting-missing",
        level: "error",
        class: "Orders",
        method: "store",
        binding: 'output "order"',
        member: "stateStore",
        message:
          'Orders.store, output "order", stateStore: the setting "Store" is missing, also used by ' +
          'Orders.store, output "order", key; Orders.find, input "order", stateStore; ' +
          "set it in the environment, in Values of local.settings.json, or with the option settings",
      },
      {
        code: "setting-missing",
        level: "error",
        class: "Orders",
        method: "on",
        binding: 'trigger "payload"',
        member: "methodName",
        message:
          'Orders.on, trigger "payload", methodName: the setting "Blank" is blank; ' +
          "set it in the environment, in Values of local.settings.json, or with the option settings",
      },
    ]);
  });

  it("reports a percent sign without its pair", () => {
    expect(problemsOf(fn({ outputs: [stateOut({ stateStore: "s", key: "100%" })] }))).toEqual([
      'setting-unclosed: Orders.store, output "order", key: in "100%" the "%" at position 3 has no pair; ' +
        'write "%name%" with the name of a setting',
    ]);
  });

  it("reports a template that a setting broke, naming the setting", () => {
    const definition = fn({ outputs: [stateOut({ stateStore: "s", key: "%t%-{id}" })] });
    expect(problemsOf(definition, { t: "{a" })).toEqual([
      'expression-invalid: Orders.store, output "order", key: in "{a-{id}" the "{" at position 1 is not closed; ' +
        'write "{{" for a brace (text of the setting "t")',
    ]);
    expect(problemsOf(definition, { t: "{a}" })).toEqual([]);
  });

  it("refuses an expression that a setting brought into an address", () => {
    const definition = fn({ outputs: [stateOut({ key: "k", daprAddress: "%url%" })] });
    expect(problemsOf(definition, { url: "http://{host}" })).toEqual([
      'expression-invalid: Orders.store, output "order", daprAddress: the value of the setting "url" has a "{", ' +
        "and a request must not choose who receives the api token; write the address out",
    ]);
  });

  it.each([
    ["localhost:3500", "does not begin with http:// or https://"],
    ["sidecar", "is not a URL"],
    ["ftp://sidecar", "does not begin with http:// or https://"],
    ["http://u:secret@sidecar", "has a user or a password"],
    ["http://sidecar?x=1", "has a query or a fragment"],
  ])("refuses the address %s out of a setting, without quoting it", (url, fault) => {
    const [problem, ...others] = problemsOf(fn({ inputs: [stateIn({ daprAddress: "%url%" })] }), { url });
    expect(others).toEqual([]);
    expect(problem).toBe(
      `setting-invalid: Orders.store, input "order", daprAddress: the value of the setting "url" ${fault}; ` +
        'give an absolute URL, e.g. "http://localhost:3500"',
    );
  });

  it("refuses a verb out of a setting that Dapr does not pass on", () => {
    const definition = fn({
      outputs: [{ type: "daprInvoke", direction: "out", name: "i", appId: "a", methodName: "m", httpVerb: "%verb%" }],
    });
    expect(problemsOf(definition, { verb: "purge" })).toEqual([
      'setting-invalid: Orders.store, output "i", httpVerb: the value of the setting "verb" is not a verb; ' +
        "give one of GET HEAD POST PUT DELETE PATCH OPTIONS TRACE",
    ]);
    expect(problemsOf(definition, { verb: "{verb}" })).toEqual([]);
    expect(problemsOf(definition, { verb: "Patch" })).toEqual([]);
  });

  it("leaves formats that are not ours to the Functions host", () => {
    expect(problemsOf(fn({ outputs: [stateOut({ stateStore: "s", key: "{datetime:dddd}" })] }))).toEqual([
      'host-only: Orders.store, output "order", key: only the Functions host has the format "dddd"; ' +
        "use yyyy yy MM M dd d HH H mm m ss s fff K, for GUIDs N D B P",
    ]);
  });
});
