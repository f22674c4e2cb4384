import assert from "node:assert/strict";
import fc from "fast-check";
import { failureAnswer, failureOf } from "../../lib/invocation/failures.js";
import { replyReader, wireReplyOf, type TopicOutcome, type WireReply } from "../../lib/invocation/reply.js";
import type { TriggerBinding } from "../../lib/model/bindings.js";
import { isDaprFunctionsError } from "../../lib/model/errors.js";
import type { FunctionDefinition } from "../../lib/model/function-definition.js";
import { Reply, type InvocationContext } from "../../lib/model/invocation.js";
import { holds, json, outcomeOf, text, textWith } from "./property.js";
import { fail, revoked } from "../support/hostile-values.js";

const triggers: readonly TriggerBinding[] = [
  { type: "daprServiceInvocationTrigger", direction: "in", name: "payload" },
  { type: "daprBindingTrigger", direction: "in", name: "payload" },
  { type: "daprTopicTrigger", direction: "in", name: "payload", pubSubName: "bus", topic: "t" },
  { type: "httpTrigger", direction: "in", name: "payload", authLevel: "anonymous" },
];

const definitions = triggers.map((trigger): FunctionDefinition => ({
  name: "f",
  className: "F",
  methodName: "f",
  target: class F {},
  trigger,
  inputs: [],
  outputs: [],
  entries: [],
  clients: [],
}));
const context = { warn: () => undefined } as unknown as InvocationContext;

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  withObjectString: true,
  maxDepth: 2,
});
const hostile: readonly (() => unknown)[] = [
  () => Symbol("s"),
  () => fail,
  () => ({ toJSON: fail }),
  () => ({ toString: fail, valueOf: fail }),
  () => new Proxy({}, { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail }),
  revoked,
  () => new Proxy(fail, {}),
  () => Object.defineProperty({}, "status", { get: fail, enumerable: true }),
  () => Object.defineProperty({}, "body", { get: fail, enumerable: true }),
  () => Object.defineProperty({}, "headers", { get: fail, enumerable: true }),
  () => Object.defineProperty({}, "getReader", { get: fail }),
  () => Object.defineProperty({}, "constructor", { get: fail }),
  () => Object.defineProperty(new Error("e"), "message", { get: fail }),
  () => {
    const loop: Record<string, unknown> = {};
    return (loop["loop"] = loop);
  },
  () => Object.assign(Object.create(Reply.prototype) as object, {}),
  () => new Error("e"),
  () => new Blob(["b"]),
  () => new Response("r"),
  () => new Headers({ a: "b" }),
  () => new SharedArrayBuffer(2),
  () => new DataView(new ArrayBuffer(2)),
];

/** Stands for a value that the generator itself could not hold, until {@link real} makes it. */
class Stand {
  constructor(
    readonly hostile: number,
    readonly reply?: unknown,
  ) {}
}

/** What a generated value stands for. */
function real(value: unknown): unknown {
  if (value instanceof Stand)
    return value.reply === undefined ? hostile[value.hostile]!() : new Reply(real(value.reply) as never);
  if (Array.isArray(value)) return value.map(real);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, real(each)]));
}

const value = fc.oneof(
  anything,
  fc.nat({ max: hostile.length - 1 }).map((index) => new Stand(index)),
  json,
  text,
);

const headerPart = fc.oneof(textWith(["a", "-", ":", " ", "\r", "\n", "é", "content-type", "Content-Length"]), value);
const headers = fc.oneof(
  value,
  fc.dictionary(textWith(["a", "x-", ":", "\n", "content-type"]), headerPart),
  fc.array(fc.tuple(headerPart, headerPart)),
  fc.array(headerPart),
);
const cookie = fc.oneof(
  value,
  fc.record(
    {
      name: headerPart,
      value: headerPart,
      domain: headerPart,
      path: headerPart,
      sameSite: headerPart,
      expires: value,
      maxAge: value,
    },
    { requiredKeys: [] },
  ),
);
const init = fc.record(
  {
    status: fc.oneof(fc.integer({ min: 100, max: 700 }), value),
    headers,
    body: value,
    jsonBody: value,
    cookies: fc.oneof(value, fc.array(cookie)),
  },
  { requiredKeys: [] },
);
const returned = fc.oneof(
  value,
  init,
  // It refuses other members by itself.
  init.map(({ jsonBody: _jsonBody, cookies: _cookies, ...members }) => new Stand(0, members)),
  fc.record({ status: fc.constantFrom("SUCCESS", "retry", "DROP", "LATER", 1) }),
);

function expectSendable(answer: WireReply | TopicOutcome): void {
  const { status, headers: sent, body } = wireReplyOf(answer);
  assert.ok(status >= 200);
  assert.ok(status <= 599);
  const response = new Headers();
  for (const [name, text] of sent) {
    assert.deepEqual([typeof name, typeof text], ["string", "string"]);
    response.append(name, text);
  }
  const isBody = body === undefined || typeof body === "string" || ArrayBuffer.isView(body) || "getReader" in body;
  assert.equal(isBody, true);
}

describe("what a function of any trigger returns", () => {
  it("is a reply that can be sent, or is refused by a documented error, twice the same", () =>
    expect(
      holds([returned], (given) => {
        const value = real(given);
        for (const definition of definitions) {
          const read = replyReader(definition);
          const outcome = outcomeOf(() => read(value, context));
          if ("error" in outcome) {
            assert.equal(isDaprFunctionsError(outcome.error), true);
            assert.match((outcome.error as { code?: unknown }).code as string, /^ERR_(REPLY_INVALID|FUNCTION_FAILED)$/);
            assert.match((outcome.error as Error).message as string, /^F\.f: /);
          } else {
            expectSendable(outcome.value);
            assert.deepEqual(read(value, context), outcome.value);
          }
        }
      }),
    ).resolves.toBe("held"));
});

describe("what a function of any trigger throws", () => {
  it("is an answer that can be sent", () =>
    expect(
      holds([fc.oneof(value, headers)], (thrown) => {
        for (const definition of definitions)
          expectSendable(failureAnswer(failureOf(thrown, definition), definition, "i"));
      }),
    ).resolves.toBe("held"));
});
