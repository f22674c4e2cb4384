import { declared, problemsOf, problemsWith, untyped } from "../declared.js";

const {
  DaprBindingTrigger,
  DaprInvoke,
  DaprPublish,
  DaprSecret,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  FunctionName,
  HttpTrigger,
  Input,
  Output,
  Trigger,
} = untyped;

const ofTrigger = (trigger: ReturnType<typeof HttpTrigger>) => problemsOf(declared({ store: [trigger] }));
const key = (text: string) => DaprStateInput({ name: "parcel", stateStore: "s", key: text });

describe("an expression that cannot be read", () => {
  it.each([
    ["{id}}", 'in "{id}}" the "}" at position 5 is not opened; write "}}" for a brace'],
    ["malformed-{path", 'in "malformed-{path" the "{" at position 11 is not closed; write "{{" for a brace'],
    ["x{}", "at position 2 are empty"],
    ["{1a}", '"1a" at position 1 is not an expression'],
    ["{a-b}", 'the name "a-b" at position 1 has a "-"'],
    ["{a..b}", '"a..b" at position 1 has a blank part'],
    ["%st%{a-b}", 'in "%st%{a-b}" the name "a-b"'],
  ])("is refused: %s", (text, message) => {
    const [problem, ...others] = problemsWith(key(text));
    expect(problem).toContain(`error expression-invalid: Orders.store, input "parcel", key: `);
    expect(problem).toContain(message);
    expect(others).toEqual([]);
  });

  it.each(["{{key}}", "a-{key}.{ext}", "{_a1}", "{é}", "{a.x-b}", "{a:N}", "{%c1%}", "{key%c1%}"])(
    "is not %s",
    (text) => {
      expect(problemsWith(key(text))).toEqual([]);
    },
  );

  it.each([
    DaprInvoke({ name: "call", httpVerb: "{}" }),
    DaprSecret({ name: "token", secretStoreName: "vault", key: "k", metadata: { version: "{" } }),
    Output({ type: "queue", name: "jobs", queueName: "{" }),
    Input({ type: "blob", name: "file", path: "a/{b" }),
  ])("is found in every member that may hold one", (binding) => {
    expect(problemsWith(binding)).toEqual([expect.stringContaining("error expression-invalid: ")]);
  });

  it("is found in a function that has other problems too", () => {
    const binding = DaprStateOutput({ name: "a_b", stateStore: "%s", key: "{id}}" });
    const codes = ["binding-name-invalid", "setting-unclosed", "expression-invalid"];
    const found = problemsOf(declared({ store: [binding] }));
    expect(found.map((line) => line.split(/[ :]/)[1])).toEqual(["trigger-missing", ...codes]);
    const twice = problemsWith(DaprServiceInvocationTrigger({ name: "again" }), FunctionName("1"), binding);
    expect(twice.map((line) => line.split(/[ :]/)[1])).toEqual(["function-name-invalid", "trigger-multiple", ...codes]);
  });

  it("is a brace in an address, which no request may choose", () => {
    expect(problemsWith(DaprStateOutput({ name: "order", daprAddress: "http://{host}" }))).toEqual([
      'error expression-invalid: Orders.store, output "order", daprAddress: "http://{host}" has a "{", and a request must ' +
        "not choose who receives the api token; use %setting% only",
    ]);
  });
});

describe("a percent sign without its pair", () => {
  it.each(["%st", "100%", "%%", "a%%b", "%{key}%"])("is refused: %s", (text) => {
    expect(problemsWith(key(text))).toEqual([
      expect.stringContaining('error setting-unclosed: Orders.store, input "parcel", key: in "'),
    ]);
  });

  it.each([
    DaprTopicTrigger({ pubSubName: "%Bus" }),
    DaprTopicTrigger({ pubSubName: "bus", metadata: { consumer: "50%" } }),
    DaprServiceInvocationTrigger({ methodName: "%%" }),
    DaprBindingTrigger({ bindingName: "100%" }),
    Trigger({ type: "queueTrigger", queueName: "%q" }),
  ])("is refused in triggers too", (trigger) => {
    expect(ofTrigger(trigger)).toEqual([expect.stringContaining("error setting-unclosed: ")]);
  });

  it("is a matter of the rule in a topic's match", () => {
    expect(ofTrigger(DaprTopicTrigger({ pubSubName: "bus", match: "event.data.share % 2 == 0 && {} == {}" }))).toEqual(
      [],
    );
  });
});

describe("an expression in a trigger", () => {
  it.each([
    ["topic", DaprTopicTrigger({ pubSubName: "bus", topic: "orders-{id}" })],
    ["deadLetterTopic", DaprTopicTrigger({ pubSubName: "bus", deadLetterTopic: "orders-{id}" })],
    ["bindingName", DaprBindingTrigger({ bindingName: "orders-{id}" })],
  ])("is refused in %s, where it would stay text", (member, trigger) => {
    expect(ofTrigger(trigger)).toEqual([
      `error expression-in-trigger: Orders.store, trigger "payload", ${member}: "{id}" stays text here, since a trigger ` +
        "has no data yet; use %setting%, or write the name out",
    ]);
  });

  it("is refused as a setting in an http route, where none is read", () => {
    expect(ofTrigger(HttpTrigger({ route: "%Version%/orders/{id}" }))).toEqual([
      'error expression-in-trigger: Orders.store, trigger "req", route: the route "%Version%/orders/{id}" has a "%", and ' +
        "settings are not read there; write the route out",
    ]);
  });

  it("may be JSON in a subscription's metadata", () => {
    const metadata = { filter: '{"a":1}' };
    expect(ofTrigger(DaprTopicTrigger({ pubSubName: "bus", metadata }))).toEqual([]);
  });
});

describe("an expression without data", () => {
  const binary = DaprBindingTrigger({ dataType: "Binary" });

  it.each(["{id}", "{payload}"])("is refused under a binary payload: %s", (text) => {
    expect(problemsOf(declared({ store: [binary, key(text)] }))).toEqual([
      `error expression-without-data: Orders.store, input "parcel", key: "${text}" has no value: a binary payload brings ` +
        "no data; write the text out, or leave dataType out",
    ]);
  });

  it.each(["{rand-guid}", "{datetime:yyyy}", "{sys.utcnow}", "text", "%st%"])(
    "is none that is built in: %s",
    (text) => {
      expect(problemsOf(declared({ store: [binary, key(text)] }))).toEqual([]);
    },
  );

  it("is refused of a system value that there is not", () => {
    expect(problemsWith(key("{sys.nope}"))).toEqual([
      'error expression-without-data: Orders.store, input "parcel", key: "{sys.nope}" has no value: sys has methodname, ' +
        "randguid and utcnow; use one of these",
    ]);
  });

  it.each(["{sys.MethodName}", "{SYS.randguid:N}", "{sys.utcnow:yyyyMMdd}", "{sys}"])("is not %s", (text) => {
    expect(problemsWith(key(text))).toEqual([]);
  });
});

describe("an expression that a request need not have", () => {
  const http = (route: string, text: string) => problemsOf(declared({ store: [HttpTrigger({ route }), key(text)] }));

  it("is warned about under http when the route does not bring it", () => {
    expect(http("orders/{id}", "{id}-{region}-{region}")).toEqual([
      'warning expression-unchecked: Orders.store, input "parcel", key: "{region}" is not in the route "orders/{id}", so ' +
        "body or query must bring it in each request; put it into the route if it is always due",
    ]);
  });

  it.each([
    ["{id:int}", "{id}"],
    ["{id?}", "{ID}"],
    ["{*rest}", "{rest}"],
    ["{**rest}", "{rest}"],
    ["{id=5}", "{id}"],
    ["{id:length(2,3)?}", "{id.x}"],
    ["x", "{query.a}-{headers.x-id}-{sys.utcnow}-{rand-guid}"],
  ])("is brought by %s: %s", (route, text) => {
    expect(http(route, text)).toEqual([]);
  });

  it("is not brought by a route named after its function", () => {
    const store = [FunctionName("Orders"), HttpTrigger(), key("{id}")];
    expect(problemsOf(declared({ store }))[0]).toContain('is not in the route "Orders"');
  });

  it("is warned about under Dapr when it is read off the payload's text", () => {
    const store = [DaprTopicTrigger({ name: "event", pubSubName: "bus" }), key("{Event.data.id}-{event}-{data.id}")];
    expect(problemsOf(declared({ store }))).toEqual([
      'warning expression-unchecked: Orders.store, input "parcel", key: "{Event.data.id}" has no value unless the payload ' +
        'has a member "event": that name stands for its text; write "{data.id}"',
    ]);
  });

  it("cannot be told under other triggers", () => {
    expect(problemsOf(declared({ store: [Trigger({ type: "queueTrigger" }), key("{payload.id}")] }))).toEqual([]);
  });
});

describe("an expression that begins as a built-in one", () => {
  it.each([
    ["{datetime:yyyy.MM.dd}", 'ends at its first ".", and what follows is not used; use another separator'],
    ["{datetimes}", "is read as {datetime} unless the payload has that name; rename the member"],
    ["{Rand-GuidX}", "is read as {rand-guid} unless the payload has that name; rename the member"],
  ])("is warned about: %s", (text, message) => {
    expect(problemsWith(DaprPublish({ name: "copies", topic: text }))).toEqual([
      `warning expression-prefix: Orders.store, output "copies", topic: "${text}" ${message}`.replace(
        /rename the member$/,
        `rename the member, or write {${/guid/i.test(text) ? "rand-guid" : "datetime"}}`,
      ),
    ]);
  });

  it.each(["{rand-guid}", "{Rand-Guid:N}", "{datetime}", "{datetime:yyyy-MM-dd}", "{my.datetime}"])(
    "may be %s",
    (text) => {
      expect(problemsWith(DaprPublish({ name: "copies", topic: text }))).toEqual([]);
    },
  );
});
