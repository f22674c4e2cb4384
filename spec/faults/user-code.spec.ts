import {
  DaprBindingTrigger,
  DaprServiceInvocationTrigger,
  DaprStateOutput,
  DaprTopicTrigger,
  HttpTrigger,
  type Collector,
  type HttpRequest,
} from "dapr-functions";
import { deliver, heldTimers, post, send, serving, type Answer, type Fixture } from "../serve/support.js";
import { fail, revoked } from "../support/hostile-values.js";

type Outputs = { out: Collector<number> };

/** Does what it is told, after it has added something. */
class Work {
  run: () => unknown = () => undefined;

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "out", stateStore: "s", key: "k" })
  call(_payload: unknown, { out }: Outputs): unknown {
    out.add(1);
    return this.run();
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "t" })
  @DaprStateOutput({ name: "out", stateStore: "s", key: "k" })
  event(_event: unknown, { out }: Outputs): unknown {
    out.add(1);
    return this.run();
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "many", bulk: true })
  @DaprStateOutput({ name: "out", stateStore: "s", key: "k" })
  bulk(_event: unknown, { out }: Outputs): unknown {
    out.add(1);
    return this.run();
  }

  @DaprBindingTrigger({ bindingName: "cron" })
  @DaprStateOutput({ name: "out", stateStore: "s", key: "k" })
  input(_data: unknown, { out }: Outputs): unknown {
    out.add(1);
    return this.run();
  }

  @HttpTrigger({ route: "page", methods: ["post"] })
  @DaprStateOutput({ name: "out", stateStore: "s", key: "k" })
  page(_request: HttpRequest, { out }: Outputs): Promise<void> | void {
    out.add(1);
    return this.run() as Promise<void> | void;
  }
}

const circular = (): Error => {
  const error = new Error("round");
  error.cause = error;
  return error;
};

const getters = (): object =>
  Object.defineProperties(new Error("hidden"), {
    // First, since V8 reads the message to write the stack that this takes the place of.
    stack: { get: fail },
    message: { get: fail },
    name: { get: fail },
    code: { get: fail },
  });

/** What a function may throw, and reject with, and what of it the caller is told. */
const thrown: readonly (readonly [what: string, make: () => unknown, says: string])[] = [
  ["null", () => null, "a value that is not an error"],
  ["undefined", () => undefined, "a value that is not an error"],
  ["text", () => "just text", "just text"],
  ["a number", () => 0, "a value that is not an error"],
  ["a symbol", () => Symbol("s"), "a value that is not an error"],
  ["a bigint", () => 1n, "a value that is not an error"],
  ["a function that throws", () => fail, "a value that is not an error"],
  ["an object without a prototype", () => Object.create(null), "a value that is not an error"],
  ["a frozen error", () => Object.freeze(new Error("cold")), "cold"],
  ["an error whose members throw when they are read", getters, "a value that is not an error"],
  ["an error whose message is an object", () => Object.assign(new Error(), { message: { a: 1 } }), "not an error"],
  ["an error whose message is a symbol", () => Object.assign(new Error(), { message: Symbol("m") }), "not an error"],
  ["an error that is its own cause", circular, "round"],
  [
    "an error that claims a code of this library",
    () => Object.assign(new Error("sly"), { code: "ERR_PAYLOAD_INVALID" }),
    "sly",
  ],
  ["a revoked proxy", revoked, "a value that is not an error"],
  ["an error of a hundred thousand characters", () => new Error("x".repeat(100_000)), "xxx"],
  ["text with line breaks and control characters", () => "a\r\nb\u0000\u001b[31m", "a\r\nb"],
];

const failed = (functionName: string, says?: string) => ({
  status: 500,
  json: {
    errorCode: "ERR_FUNCTION_FAILED",
    functionName,
    ...(says !== undefined && { message: expect.stringContaining(says) as unknown }),
  },
});

interface Way {
  readonly way: string;
  readonly ask: (app: Fixture["app"]) => Promise<Answer>;
  /** The answer when the function failed. */
  readonly failure: (says: string) => object;
}

const ways: readonly Way[] = [
  { way: "call", ask: (app) => post(app, "/call", 1), failure: (says) => failed("call", says) },
  { way: "event", ask: (app) => deliver(app, "/t", { data: 1 }), failure: (says) => failed("event", says) },
  {
    way: "bulk",
    ask: (app) => {
      const event = { specversion: "1.0", id: "1", source: "s", type: "t", data: 1 };
      return post(app, "/many", { id: "b", entries: [{ entryId: "e", event }] });
    },
    failure: () => ({ status: 200, json: { statuses: [{ entryId: "e", status: "RETRY" }] } }),
  },
  { way: "input", ask: (app) => post(app, "/cron", 1), failure: (says) => failed("input", says) },
  // Anyone may call an HTTP function: it tells no text of the error.
  { way: "page", ask: (app) => send(app, "POST", "/api/page"), failure: () => failed("page") },
];

describe.each(ways)("a function that throws, through $way", ({ way, ask, failure }) => {
  it.each(thrown)(
    "%s: an answer, nothing sent, a line of the log, and the next one succeeds",
    async (_what, make, says) => {
      const work = new Work();
      const { app, sidecar, log } = await serving([work]);
      for (const run of [
        () => {
          throw make();
        },
        () => Promise.reject(make() as never),
      ]) {
        log.lines.length = 0;
        work.run = run;
        expect(await ask(app)).toMatchObject(failure(says));
        const errors = log.lines.filter((line) => line.startsWith("error "));
        expect(errors).toHaveLength(1);
        expect(errors[0]).toContain(`${way} failed`);
        // oxlint-disable-next-line no-control-regex
        expect(errors[0]).not.toMatch(/[\u0000\u001b\r]/);
      }
      expect(sidecar.lines).toEqual([]);
      work.run = () => undefined;
      expect((await ask(app)).status).toBe(way === "page" ? 204 : 200);
      expect(sidecar.lines).toEqual(['POST /v1.0/state/s [{"key":"k","value":1}]']);
    },
  );
});

describe("a function whose promise never settles", () => {
  it.each(ways.filter(({ way }) => way !== "bulk"))(
    "holds up nobody else; $way is answered when its time is up, and sends nothing",
    async ({ way, ask }) => {
      const work = new Work();
      const { app, sidecar } = await serving([work], { invocationTimeout: 1000 });
      const pass = heldTimers();
      const begun = new Promise<void>((begin) => {
        work.run = () => {
          begin();
          return new Promise(() => undefined);
        };
      });
      const stuck = ask(app);
      await begun;
      expect((await send(app, "GET", "/healthz")).status).toBe(204);
      await pass(1000);
      const answer = await stuck;
      expect([answer.status, sidecar.lines]).toEqual([way === "event" || way === "input" ? 500 : 504, []]);
      work.run = () => undefined;
      expect((await ask(app)).status).toBe(way === "page" ? 204 : 200);
    },
  );
});
