import { DaprBindingTrigger, DaprServiceInvocationTrigger, DaprTopicTrigger, HttpTrigger } from "../../lib/index.js";
import { InvocationError, PayloadError, SidecarError } from "../../lib/index.js";
import { decisiveError, failureAnswer, failureOf } from "../../lib/invocation/failures.js";
import type { WireReply } from "../../lib/invocation/reply.js";
import { readFunctions } from "../../lib/metadata/functions.js";

class Functions {
  @DaprServiceInvocationTrigger()
  invoked(): void {}

  @HttpTrigger()
  asked(): void {}

  @DaprTopicTrigger({ pubSubName: "bus", topic: "a" })
  told(): void {}

  @DaprTopicTrigger({ pubSubName: "bus", topic: "b", deadLetterTopic: "dead" })
  toldOnce(): void {}

  @DaprBindingTrigger({ bindingName: "queue" })
  bound(): void {}
}
const definitions = readFunctions([Functions]);

/** What answers each of the functions, in their order: a status, or what becomes of an event. */
function answersTo(thrown: unknown): (number | string)[] {
  return definitions.map((definition) => {
    const answer = failureAnswer(failureOf(thrown, definition), definition, "i-1");
    return typeof answer === "string" ? answer : answer.status;
  });
}

function replyTo(thrown: unknown, name = "invoked"): WireReply & { readonly json: Readonly<Record<string, unknown>> } {
  const definition = definitions.find((each) => each.name === name)!;
  const reply = failureAnswer(failureOf(thrown, definition), definition, "i-1") as WireReply;
  return { ...reply, json: JSON.parse(reply.body as string) as Record<string, unknown> };
}

const sidecarError = new SidecarError({
  status: 400,
  errorCode: "ERR_PAYLOAD_INVALID",
  message: "theirs",
  operation: "POST /v1.0/invoke/other/method/x",
  target: "the sidecar",
});

function ofAnotherCopy(code: string): unknown {
  let error: unknown;
  jest.isolateModules(() => {
    const copy = require("../../lib/model/errors.js") as typeof import("../../lib/model/errors.js");
    error = new copy.PayloadError(code as "ERR_PAYLOAD_INVALID", "theirs");
    expect(error).not.toBeInstanceOf(PayloadError);
  });
  return error;
}

describe("the causes of a failure", () => {
  const root = new Error("connect ECONNREFUSED 127.0.0.1:4019");
  const circle = new Error("in a circle");
  circle.cause = circle;
  const revoked = Proxy.revocable([], {});
  revoked.revoke();
  const cause = (thrown: unknown) => failureOf(thrown, definitions[0]!).cause;

  it.each<[string, unknown, string | undefined]>([
    ["none", new Error("x"), undefined],
    ["one", new TypeError("fetch failed", { cause: root }), root.message],
    ["a text", new Error("x", { cause: "the kettle is off" }), "the kettle is off"],
    ["two", new Error("x", { cause: new Error("y", { cause: root }) }), `y, caused by ${root.message}`],
    ["those of an AggregateError", new AggregateError([new Error("a"), new Error("b")], "x"), "a, caused by b"],
    ["one without a message of its own", new Error("x", { cause: new AggregateError([root], "") }), root.message],
    ["one that the message holds", new Error(`x: ${root.message}`, { cause: root }), undefined],
    ["itself", circle, undefined],
    ["what is not an error", new Error("x", { cause: { code: 5 } }), undefined],
    ["a number", new Error("x", { cause: 404 }), undefined],
    ["what is not an error, caused by one", new Error("x", { cause: { cause: root } }), root.message],
    [
      "one that cannot be read",
      {
        message: "x",
        errors: revoked.proxy,
        get cause() {
          throw new Error("no");
        },
      },
      undefined,
    ],
  ])("are told where it has %s", (_, thrown, expected) => expect(cause(thrown)).toBe(expected));

  it("are told of a long list as far as five go", () => {
    const errors = Array.from({ length: 1_000 }, (_, index) => new Error(`number ${index}`));
    expect(cause(new AggregateError(errors, "all"))!.match(/number/g)).toHaveLength(5);
  });

  it("stand in the log with their stacks, and are not told to callers", () => {
    const thrown = new TypeError("fetch failed", { cause: root });
    expect(failureOf(thrown, definitions[0]!).detail).toBe(`${thrown.stack}\n    caused by: ${root.stack}`);
    expect(replyTo(thrown).json["message"]).toBe("fetch failed");
  });
});

describe("what a failure is answered", () => {
  const failed = [500, 500, 500, 500, 500];
  const payload = [400, 400, "RETRY", "DROP", 500];

  it.each<[string, unknown, (number | string)[]]>([
    ["a malformed payload", new PayloadError("ERR_MALFORMED_REQUEST", "x"), payload],
    ["an invalid payload", new PayloadError("ERR_PAYLOAD_INVALID", "x"), payload],
    ["a payload that lacks data", new PayloadError("ERR_BINDING_DATA", "x"), payload],
    ["an invalid payload, by another copy of the library", ofAnotherCopy("ERR_PAYLOAD_INVALID"), payload],
    ["a conflict", decisiveError("ERR_STATE_CONFLICT", "x"), [409, 409, 500, 500, 500]],
    ["a full queue", decisiveError("ERR_QUEUE_FULL", "x"), [503, 503, 503, 503, 503]],
    ["no time left", decisiveError("ERR_INVOCATION_TIMEOUT", "x"), [504, 504, 500, 500, 500]],
    ["a conflict that the method makes up", new InvocationError("ERR_STATE_CONFLICT", "x"), failed],
    ["another app's refusal", sidecarError, failed],
    ["a foreign error of the same code", Object.assign(new Error("x"), { code: "ERR_PAYLOAD_INVALID" }), failed],
    ["an object of the same code", { code: "ERR_PAYLOAD_INVALID", name: "PayloadError" }, failed],
    ["an error", new Error("x"), failed],
    ["text", "x", failed],
    ["null", null, failed],
    ["nothing", undefined, failed],
  ])("%s", (_case, thrown, expected) => {
    expect(answersTo(thrown)).toEqual(expected);
  });

  it("asks the caller to try again when the queue is full", () => {
    expect(replyTo(decisiveError("ERR_QUEUE_FULL", "x")).headers).toContainEqual(["retry-after", "1"]);
  });
});

describe("what a failure says", () => {
  it("is code, message, function, invocation, and of an invalid payload its issues, in this order", () => {
    const issues = [{ path: "a", message: "must be", rule: "isString" }];
    const { body } = replyTo(new PayloadError("ERR_PAYLOAD_INVALID", "bad", { issues }));
    expect(body).toBe(
      '{"errorCode":"ERR_PAYLOAD_INVALID","message":"bad","functionName":"invoked","invocationId":"i-1",' +
        '"issues":[{"path":"a","message":"must be","rule":"isString"}]}',
    );
  });

  it.each<[string, unknown]>([
    ["an error", new Error("password 1234")],
    ["text", "password 1234"],
    ["what the sidecar said", sidecarError],
    ["an error of the library", new InvocationError("ERR_REPLY_INVALID", "password 1234")],
  ])("holds nothing of %s where anyone may call", (_case, thrown) => {
    expect(Object.keys(replyTo(thrown, "asked").json)).toEqual(["errorCode", "functionName", "invocationId"]);
    expect(replyTo(thrown).json).toHaveProperty("message");
  });

  it("keeps the library's own words where anyone may call", () => {
    expect(replyTo(new PayloadError("ERR_PAYLOAD_INVALID", "bad"), "asked").json["message"]).toBe("bad");
    expect(replyTo(decisiveError("ERR_QUEUE_FULL", "busy"), "asked").json["message"]).toBe("busy");
  });

  it("is the code of the library's errors, and ERR_FUNCTION_FAILED else", () => {
    expect(replyTo(sidecarError).json["errorCode"]).toBe("ERR_PAYLOAD_INVALID");
    expect(replyTo(Object.assign(new Error("x"), { code: "ENOENT" })).json["errorCode"]).toBe("ERR_FUNCTION_FAILED");
  });
});

describe("what cannot be read", () => {
  const throwing = (name: string): unknown =>
    Object.defineProperty(new Error("x"), name, {
      get() {
        throw new Error("no");
      },
    });
  const handler = new Proxy(
    {},
    {
      get: () => () => {
        throw new Error("no");
      },
    },
  );

  it.each<[string, unknown]>([
    ["an error whose message throws", throwing("message")],
    ["an error whose stack throws", throwing("stack")],
    ["an error whose code throws", throwing("code")],
    ["a proxy that always throws", new Proxy({}, handler)],
    ["a number", 5],
    ["a symbol", Symbol("x")],
  ])("%s is a failure like others", (_case, thrown) => {
    expect(answersTo(thrown)).toEqual([500, 500, 500, 500, 500]);
    expect(replyTo(thrown).json).toMatchObject({ errorCode: "ERR_FUNCTION_FAILED", message: expect.any(String) });
  });

  it("issues that are not JSON are left out", () => {
    const cycle: Record<string, unknown> = { path: "a", message: 1n };
    cycle["self"] = cycle;
    const error = new PayloadError("ERR_PAYLOAD_INVALID", "bad", { issues: [cycle, null] as never });
    expect(replyTo(error).json["issues"]).toEqual([
      { path: "a", message: "", rule: "" },
      { path: "", message: "", rule: "" },
    ]);
  });

  const issue = { path: "a", message: "must be", rule: "isString" };
  const revoked = Proxy.revocable([issue], {});
  revoked.revoke();
  const silent = (name: string): unknown =>
    new Proxy([issue], {
      get(target, key) {
        if (key === name) throw null;
        return Reflect.get(target, key) as unknown;
      },
    });

  it.each<[string, unknown]>([
    ["are a revoked proxy", revoked.proxy],
    ["throw when their length is read", silent("length")],
    ["throw when they are read", silent("0")],
    ["are not a list", { length: 1, 0: issue }],
    ["throw when they are asked for", undefined],
  ])("issues that %s are left out", (_case, issues) => {
    const error = new PayloadError("ERR_PAYLOAD_INVALID", "bad");
    const given: PropertyDescriptor =
      issues === undefined
        ? {
            get() {
              throw null;
            },
          }
        : { value: issues };
    const thrown = Object.defineProperty(error, "issues", given);
    expect(replyTo(thrown)).toMatchObject({ json: { errorCode: "ERR_PAYLOAD_INVALID", issues: [] } });
    expect(answersTo(thrown)).toEqual(answersTo(new PayloadError("ERR_PAYLOAD_INVALID", "bad")));
  });

  it("issues with a map of their own are read all the same", () => {
    const issues = Object.assign([issue], { map: () => [1n] });
    const error = new PayloadError("ERR_PAYLOAD_INVALID", "bad", { issues: issues as never });
    expect(replyTo(error).json["issues"]).toEqual([issue]);
  });
});
