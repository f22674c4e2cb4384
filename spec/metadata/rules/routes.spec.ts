import { declared, problemsOf, untyped } from "../declared.js";

const { DaprBindingTrigger, DaprServiceInvocationTrigger, DaprTopicTrigger, HttpTrigger } = untyped;
type Trigger = ReturnType<typeof HttpTrigger>;

const both = (a: Trigger, b: Trigger) => problemsOf(declared({ a: [a], b: [b] }));
const topic = (options: object) => DaprTopicTrigger({ pubSubName: "bus", ...options });

describe("two functions on one route", () => {
  it.each([
    [
      "methodName",
      "/orders",
      DaprServiceInvocationTrigger({ methodName: "orders" }),
      DaprServiceInvocationTrigger({ methodName: "/Orders" }),
    ],
    [
      "bindingName",
      "/orders",
      DaprServiceInvocationTrigger({ methodName: "orders" }),
      DaprBindingTrigger({ bindingName: "orders" }),
    ],
    ["route", "/orders", DaprBindingTrigger({ bindingName: "orders" }), topic({ topic: "orders" })],
    ["route", "/x", topic({ topic: "orders", route: "x" }), topic({ topic: "others", route: "/X" })],
    ["methodName", "/b", DaprServiceInvocationTrigger({ methodName: "b" }), DaprServiceInvocationTrigger()],
    [
      "methodName",
      "/%25M%25",
      DaprServiceInvocationTrigger({ methodName: "%M%" }),
      DaprServiceInvocationTrigger({ methodName: "%M%" }),
    ],
    [
      "route",
      "/api/orders/{id}",
      HttpTrigger({ route: "orders/{id}" }),
      HttpTrigger({ route: "Orders/{id}/", methods: ["GET"] }),
    ],
  ])("are refused, by %s on %s", (member, path, a, b) => {
    expect(both(a, b)).toEqual([expect.stringMatching(/^error route-duplicate: Orders\.b, trigger "(payload|req)", /)]);
    expect(both(a, b)[0]).toContain(
      `, ${member}: Orders.a is found on ${path} too; give one of them another ${member}`,
    );
  });

  it.each([
    [HttpTrigger({ route: "orders", methods: ["GET"] }), HttpTrigger({ route: "orders", methods: ["post"] })],
    [HttpTrigger({ route: "orders" }), DaprServiceInvocationTrigger({ methodName: "orders" })],
    [DaprServiceInvocationTrigger({ methodName: "o", methods: ["GET"] }), topic({ topic: "o" })],
    [DaprServiceInvocationTrigger({ methodName: "%a%" }), DaprServiceInvocationTrigger({ methodName: "%c%" })],
  ])("may be told apart", (a, b) => {
    expect(both(a, b)).toEqual([]);
  });
});

describe("a route that is taken", () => {
  it.each(["admin", "Administration", "runtime/x", "runtimes"])("is an http route such as %s", (route) => {
    expect(problemsOf(declared({ a: [HttpTrigger({ route })] }))).toEqual([
      expect.stringContaining(
        'error route-reserved: Orders.a, trigger "req", route: the Functions host keeps routes that',
      ),
    ]);
  });

  it("may follow from the function's name", () => {
    expect(problemsOf(declared({ administer: [HttpTrigger()] }))).toEqual([
      expect.stringContaining("give another route"),
    ]);
  });

  it.each([
    topic({ topic: "x", route: "/dapr/subscribe" }),
    topic({ topic: "dapr/config" }),
    DaprServiceInvocationTrigger({ methodName: "healthz" }),
    DaprBindingTrigger({ bindingName: "Healthz" }),
  ])("is a path on which Dapr asks the app", (trigger) => {
    expect(problemsOf(declared({ a: [trigger] }))).toEqual([
      expect.stringContaining('error route-reserved: Orders.a, trigger "payload", '),
    ]);
  });

  it.each([HttpTrigger({ route: "healthz" }), HttpTrigger({ route: "my/admin" }), topic({ topic: "daprs" })])(
    "is no other",
    (trigger) => {
      expect(problemsOf(declared({ a: [trigger] }))).toEqual([]);
    },
  );
});

describe("a route that is not a route", () => {
  it.each(["/hello", "a//b", "q?x=1", "dup/{id}/{id}", "open/{id", "catch/{*rest}/more"])(
    "stops the whole Functions host: %s",
    (route) => {
      expect(problemsOf(declared({ a: [HttpTrigger({ route })] }))).toEqual([
        expect.stringContaining(`error route-invalid: Orders.a, trigger "req", route: "${route}" is not a route: `),
      ]);
    },
  );

  it.each([
    ["orders/:id", '":id" takes no part of a path; write "{id}"'],
    ["orders/:order-id/lines", '":order-id" takes no part of a path; write "{order}"'],
    ["orders/*", '"*" takes no part of a path; write "{*rest}"'],
    ["/**", '"**" takes no part of a path; write "{*rest}"'],
    ["orders/{id", 'it has a "{" without its counterpart; close it, or write "{{" for one'],
    ["orders-{id}", "text and braces share a segment; write a segment as text or as one {name}"],
    ["{id}/{Id}", 'it has "Id" twice; give each its own name'],
  ])("is refused as the name of a method: %s", (methodName, text) => {
    expect(problemsOf(declared({ a: [DaprServiceInvocationTrigger({ methodName })] }))).toEqual([
      `error route-invalid: Orders.a, trigger "payload", methodName: "${methodName}" is not the name of a method: ${text}`,
    ]);
  });

  it.each(["orders/{id}", "/orders/{id?}", "files/{*path}", "v1:batch", "a*b", "what?now"])(
    "is not the name %s of a method",
    (methodName) => {
      expect(problemsOf(declared({ a: [DaprServiceInvocationTrigger({ methodName })] }))).toEqual([]);
    },
  );
});

describe("a route that Dapr would fold", () => {
  it.each(["a//b", "a/../b", "./a", "a/."])("is refused: %s", (route) => {
    expect(problemsOf(declared({ a: [topic({ topic: "x", route })] }))).toEqual([
      expect.stringContaining('error option-invalid: Orders.a, trigger "payload", route: '),
    ]);
  });

  it.each(["/", "a/b", "a/.../b", "orders/?x=a//b"])("is not %s", (route) => {
    expect(problemsOf(declared({ a: [topic({ topic: "x", route })] }))).toEqual([]);
  });
});
