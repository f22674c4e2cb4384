import { z } from "zod";
import { declared, problemsOf, problemsWith, untyped } from "../declared.js";

const {
  DaprBindingOutput,
  DaprBindingTrigger,
  DaprInvoke,
  DaprPublish,
  DaprSecret,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  HttpTrigger,
  Input,
  Output,
  Trigger,
} = untyped;

class Order {}

/** As arktype's are. */
const callableSchema = Object.assign(() => undefined, { "~standard": { version: 1, vendor: "spec" } });

/** `code member: text` of each problem of one trigger. */
const ofTrigger = (trigger: ReturnType<typeof HttpTrigger>) => problemsOf(declared({ store: [trigger] }));
const stateInput = (options: object) => DaprStateInput({ name: "order", stateStore: "s", key: "k", ...options });
const topic = (options: object) => DaprTopicTrigger({ pubSubName: "bus", ...options });

describe("options that are due", () => {
  it.each([
    ["DaprTopicTrigger", DaprTopicTrigger({}), ["pubSubName"]],
    ["DaprTopicTrigger", DaprTopicTrigger(), ["pubSubName"]],
  ])("are missed of @%s", (_, trigger, members) => {
    expect(ofTrigger(trigger).map((line) => /option-missing: .*, (\w+): /.exec(line)?.[1])).toEqual(members);
  });

  it.each([
    ["DaprStateInput", DaprStateInput({ name: "order" }), ["stateStore", "key"]],
    ["DaprSecret", DaprSecret({ name: "order" }), ["secretStoreName", "key"]],
    ["DaprSecret", DaprSecret({ name: "order", secretStoreName: undefined, key: "k" }), ["secretStoreName"]],
    ["DaprStateOutput", DaprStateOutput({}), ["name"]],
    ["DaprPublish", DaprPublish(), ["name"]],
    ["Input", Input({ type: "blob" }), ["name"]],
    ["Output", Output({ type: "blob" }), ["name"]],
  ])("are missed of @%s", (_, binding, members) => {
    expect(problemsWith(binding).map((line) => /option-missing: .*, (\w+): /.exec(line)?.[1])).toEqual(members);
  });

  it("are named with what to do", () => {
    expect(problemsWith(DaprStateInput({ name: "order", key: "k" }))).toEqual([
      'error option-missing: Orders.store, input "order", stateStore: it is missing; give @DaprStateInput its stateStore',
    ]);
  });
});

describe("options that a decorator does not have", () => {
  it.each([
    ["method", HttpTrigger({ method: ["GET"] }), "methods"],
    ["Route", HttpTrigger({ Route: "x" }), "route"],
    ["authlevel", HttpTrigger({ authlevel: "admin" }), "authLevel"],
    ["pubsubName", DaprTopicTrigger({ pubsubName: "x", pubSubName: "x" }), "pubSubName"],
    ["topik", topic({ topik: "x" }), "topic"],
    ["method", DaprServiceInvocationTrigger({ method: ["GET"] }), "methods"],
    ["dataTyp", DaprBindingTrigger({ dataTyp: "string" }), "dataType"],
  ])("such as %s are read as what was probably meant", (member, trigger, meant) => {
    expect(ofTrigger(trigger)[0]).toMatch(
      new RegExp(`^error option-unknown: Orders\\.store, trigger ".*", ${member}: .* has no such option; `),
    );
    expect(ofTrigger(trigger)[0]).toContain(`did you mean \`${meant}\`?`);
  });

  it.each([
    ["verb", DaprInvoke({ name: "o", verb: "get" }), "httpVerb"],
    ["store", DaprStateOutput({ name: "o", store: "s" }), "stateStore"],
    ["output", DaprBindingOutput({ name: "o", output: "create" }), "operation"],
    ["kee", DaprStateOutput({ name: "o", kee: "s" }), "key"],
  ])("such as %s are read as what was probably meant", (member, output, meant) => {
    expect(problemsWith(output)).toEqual([expect.stringContaining(`, ${member}: `)]);
    expect(problemsWith(output)[0]).toContain(`did you mean \`${meant}\`?`);
  });

  it("are answered with the list where nothing is near", () => {
    expect(problemsWith(DaprStateOutput({ name: "o", colour: "red" }))).toEqual([
      'error option-unknown: Orders.store, output "o", colour: @DaprStateOutput has no such option; it takes name, ' +
        "stateStore, key, daprAddress, transaction, valueType, metadata, ttlInSeconds, outbox",
    ]);
  });

  it.each(["type", "direction", "dataType", "constructor", "__proto__x"])("include %s of an output", (member) => {
    expect(problemsWith(DaprStateOutput({ name: "o", [member]: "x" }))[0]).toContain("option-unknown");
  });

  it("do not matter when they are undefined", () => {
    expect(problemsWith(DaprStateOutput({ name: "o", colour: undefined, stateStore: undefined }))).toEqual([]);
  });
});

describe("values that an option does not take", () => {
  it.each([
    ["stateStore", stateInput({ stateStore: 3 }), "it is 3; give text"],
    ["key", stateInput({ key: null }), "it is null; give text"],
    ["required", stateInput({ required: "yes" }), 'it is "yes"; give true or false'],
    ["record", stateInput({ record: 1 }), "it is 1; give true or false"],
    ["dataType", stateInput({ dataType: "binary" }), 'it is "binary"; give "string"'],
    ["valueType", stateInput({ valueType: {} }), "it is an object; give a class, [Class] or a Standard Schema"],
    [
      "valueType",
      stateInput({ valueType: [Order, Order] }),
      "it is a list; give a class, [Class] or a Standard Schema",
    ],
    ["valueType", stateInput({ valueType: () => Order }), "it is the function valueType; give a class, [Class]"],
    [
      "daprAddress",
      stateInput({ daprAddress: "localhost:3500" }),
      "it does not begin with http:// or https://; give an absolute URL",
    ],
    ["daprAddress", stateInput({ daprAddress: "sidecar" }), "it is not a URL; give an absolute URL"],
    [
      "daprAddress",
      stateInput({ daprAddress: "http://me:secret@localhost" }),
      "it has a user or a password; give an absolute URL",
    ],
    ["daprAddress", stateInput({ daprAddress: 3500 }), "it is 3500; give the URL of a sidecar"],
    [
      "metadata",
      DaprSecret({ name: "o", secretStoreName: "s", key: "k", metadata: { a: 1 } }),
      "it is an object; give",
    ],
    ["transaction", DaprStateOutput({ name: "o", transaction: null }), "it is null; give true or false"],
    ["bulk", DaprPublish({ name: "o", bulk: {} }), "it is an object; give true or false"],
    ["httpVerb", DaprInvoke({ name: "o", httpVerb: "PURGE" }), 'it is "PURGE"; give one of GET, POST, PUT,'],
  ])("are refused for %s", (member, binding, text) => {
    const [problem, ...others] = problemsWith(binding);
    expect(problem).toContain(`error option-invalid: Orders.store, `);
    expect(problem).toContain(`", ${member}: ${text}`);
    expect(problem).not.toContain("secret@");
    expect(others).toEqual([]);
  });

  it.each([
    ["methods", HttpTrigger({ methods: [] }), "it is empty; name a method"],
    ["methods", HttpTrigger({ methods: "GET" }), 'it is "GET"; give a list of methods: get, post'],
    ["methods", HttpTrigger({ methods: ["GET", "FETCH"] }), 'it is "FETCH"; give a list of methods'],
    ["methods", HttpTrigger({ methods: ["GET", "get"] }), 'it has "get" twice; name each method once'],
    ["methods", HttpTrigger({ methods: [undefined] }), "it is undefined; give a list of methods"],
    ["methods", DaprServiceInvocationTrigger({ methods: [] }), "it is empty; name a method"],
    ["authLevel", HttpTrigger({ authLevel: "system" }), 'it is "system"; give one of anonymous, function, admin'],
    ["dataType", topic({ dataType: "stream" }), 'it is "stream"; give one of string, binary'],
    ["priority", topic({ match: "true", priority: "1" }), 'it is "1"; give a number'],
    ["priority", topic({ match: "true", priority: Number.NaN }), "it is NaN; give a number"],
    ["bulk", topic({ bulk: false }), "it is false; give true, or an object of maxMessagesCount"],
    ["bulk.maxMessagesCount", topic({ bulk: { maxMessagesCount: 0 } }), "it is 0; give a whole number above 0"],
    ["bulk.concurrency", topic({ bulk: { concurrency: 1.5 } }), "it is 1.5; give a whole number above 0"],
    ["metadata", topic({ metadata: { ttl: 3 } }), "it is an object; give a map of names to text"],
    ["metadata", topic({ metadata: "a=b" }), 'it is "a=b"; give a map of names to text'],
    [
      "payload",
      topic({ payload: Map }),
      "it is the function Map; give a class of your own, [Class] or a Standard Schema: nothing arrives as Map",
    ],
    [
      "payload",
      topic({ payload: [Array] }),
      "it is a list; give a class of your own, [Class] or a Standard Schema: nothing arrives as Array",
    ],
    ["payload", topic({ payload: "Order" }), 'it is "Order"; give a class, [Class] or a Standard Schema'],
    ["payload", topic({ payload: [undefined] }), "it is a list; give a class, [Class] or a Standard Schema"],
  ])("are refused for %s", (member, trigger, text) => {
    expect(ofTrigger(trigger)).toEqual([
      expect.stringMatching(/^error option-invalid: Orders\.store, trigger "(req|payload)", /),
    ]);
    expect(ofTrigger(trigger)[0]).toContain(`, ${member}: ${text}`);
  });

  it("name a member of bulk that there is not", () => {
    expect(ofTrigger(topic({ bulk: { maxMessages: 3 } }))).toEqual([
      'error option-unknown: Orders.store, trigger "payload", bulk.maxMessages: bulk has no such member; it takes ' +
        "maxMessagesCount, maxAwaitDurationMs, concurrency",
    ]);
  });

  it("may be the options themselves", () => {
    expect(ofTrigger(DaprTopicTrigger("bus"))).toEqual([
      'error option-invalid: Orders.store, trigger "payload": @DaprTopicTrigger takes an object of options, not "bus"; ' +
        "write @DaprTopicTrigger({ … })",
      expect.stringContaining("option-missing"),
    ]);
    expect(problemsWith(DaprStateOutput(null))[0]).toContain("takes an object of options, not null");
  });

  it.each(["stateStore", "key", "daprAddress"])("may be blank: %s", (member) => {
    for (const value of ["", "  \n"]) {
      expect(problemsWith(stateInput({ [member]: value }))).toEqual([
        `error option-empty: Orders.store, input "order", ${member}: it is blank; give a value or leave the option out`,
      ]);
    }
  });

  it.each([topic({ topic: " " }), HttpTrigger({ route: "" }), topic({ match: "" })])(
    "may be blank in a trigger",
    (trigger) => {
      expect(ofTrigger(trigger)).toEqual([expect.stringContaining("error option-empty: ")]);
    },
  );
});

describe("values that an option takes", () => {
  it.each([
    HttpTrigger({ authLevel: "Anonymous", methods: ["Get", "POST"], dataType: "STRING" }),
    DaprServiceInvocationTrigger({ payload: z.object({}) }),
    DaprServiceInvocationTrigger({ payload: callableSchema }),
    DaprServiceInvocationTrigger({ payload: [Order] }),
    DaprBindingTrigger({ dataType: "Binary" }),
    topic({ match: "event.type == '%x{y'", priority: 1.5, bulk: { maxMessagesCount: 3, concurrency: undefined } }),
  ])("are accepted of triggers", (trigger) => {
    expect(ofTrigger(trigger)).toEqual([]);
  });

  it.each([
    DaprInvoke({ name: "o", httpVerb: "pAtCh" }),
    DaprInvoke({ name: "o", httpVerb: "{verb}" }),
    DaprInvoke({ name: "o", httpVerb: "%Verb%" }),
    stateInput({ daprAddress: "https://sidecar.example:8443/base/" }),
    stateInput({ daprAddress: "%Sidecar%" }),
    DaprSecret({ name: "o", secretStoreName: "s", key: "k", metadata: { version_id: "2" } }),
  ])("are accepted of inputs and outputs", (binding) => {
    expect(problemsWith(binding)).toEqual([]);
  });
});

describe("a generic binding", () => {
  it.each([
    ["trigger", Trigger({ type: "queue" }), '"queue" does not end in "Trigger"; give the type of a trigger'],
    ["trigger", Trigger({}), "it is missing; give the type that function.json has"],
    ["trigger", Trigger({ type: "DaprTopicTrigger" }), "has a decorator of its own; use @DaprTopicTrigger"],
    ["trigger", Trigger({ type: "httpTrigger" }), '"httpTrigger" has a decorator of its own; use @HttpTrigger'],
  ])("has the type of a %s", (_, trigger, text) => {
    expect(ofTrigger(trigger)).toEqual([
      expect.stringContaining('error binding-type-invalid: Orders.store, trigger "payload", type: '),
    ]);
    expect(ofTrigger(trigger)[0]).toContain(text);
  });

  it.each([
    [Input({ name: "x", type: "queueTrigger" }), '"queueTrigger" is the type of a trigger; use @Trigger'],
    [Output({ name: "x", type: "daprPublish" }), '"daprPublish" has a decorator of its own; use @DaprPublish'],
    [Output({ name: "x", type: "http" }), '"http" has a decorator of its own; use @HttpTrigger'],
    [Input({ name: "x", type: 3 }), "it is 3; give the type"],
    [Input({ name: "x", type: "" }), 'it is ""; give the type'],
  ])("has the type of an input or output", (binding, text) => {
    expect(problemsWith(binding)).toEqual([expect.stringContaining("error binding-type-invalid: ")]);
    expect(problemsWith(binding)[0]).toContain(text);
  });

  it("is not given a direction", () => {
    expect(problemsWith(Output({ name: "x", type: "queue", direction: "inout" }))).toEqual([
      'error direction-invalid: Orders.store, output "x", direction: @Output decides it, and there is no "inout"; remove it',
    ]);
  });

  it.each([() => 1, new Date(), Number.NaN, { a: [undefined] }, 3n])("holds JSON and not %p", (member) => {
    expect(problemsWith(Input({ name: "x", type: "blob", member }))).toEqual([
      expect.stringContaining('error option-invalid: Orders.store, input "x", member: '),
    ]);
  });

  it("holds no object that holds itself", () => {
    const circle: Record<string, unknown> = {};
    circle["within"] = [circle];
    expect(ofTrigger(Trigger({ type: "queueTrigger", circle }))).toEqual([
      expect.stringContaining(
        'option-invalid: Orders.store, trigger "payload", circle: it is an object; give a JSON value',
      ),
    ]);
  });

  it("holds any JSON, null and blank text included", () => {
    const members = { connection: "", nothing: null, list: [1, { a: true }], absent: undefined, dataType: "Stream" };
    expect(problemsWith(Input({ name: "x", type: "blob", ...members }))).toEqual([]);
  });
});
