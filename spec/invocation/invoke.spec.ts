import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  InvocationError,
  SidecarError,
} from "../../lib/index.js";
import type { Collector } from "../../lib/index.js";
import type { Around } from "../../lib/invocation/around.js";
import { WriteError, type BindingHost, type Invocation } from "../../lib/invocation/binding-host.js";
import { decisiveError, isDecisive } from "../../lib/invocation/failures.js";
import { compileFunction, type CompileOptions } from "../../lib/invocation/compile-function.js";
import { invoke } from "../../lib/invocation/invoke.js";
import type { DaprSidecar } from "../../lib/model/bindings.js";
import type { InvocationObserver, InvocationWatch } from "../../lib/invocation/observer.js";
import { allOf } from "../../lib/invocation/observers.js";
import { wireReplyOf } from "../../lib/invocation/reply.js";
import { bindFunctions } from "../../lib/metadata/functions.js";
import type { OutputItem } from "../../lib/model/collector.js";
import type { InvocationContext } from "../../lib/model/invocation.js";

interface Bindings {
  readonly cart: unknown;
  readonly order: Collector<unknown>;
  readonly copies: Collector<unknown>;
}
type Method = (payload: unknown, bindings: Bindings) => unknown;

/** Runs one invocation and says what came of it. */
async function run(
  method: Method,
  options: CompileOptions & { readonly failure?: WriteError; readonly unread?: Error } = {},
  payload: unknown = { id: "41" },
) {
  class Orders {
    @DaprServiceInvocationTrigger()
    @DaprStateInput({ name: "cart", stateStore: "store", key: "cart" })
    @DaprStateOutput({ name: "order", stateStore: "store", key: "order" })
    @DaprPublish({ name: "copies", pubSubName: "bus", topic: "orders" })
    create(given: unknown, bindings: Bindings): unknown {
      return method(given, bindings);
    }
  }
  const sent: string[] = [];
  const host: BindingHost = {
    reader: () => ({
      read: () => (options.unread === undefined ? Promise.resolve("cart-1") : Promise.reject(options.unread)),
    }),
    writer: ({ name }) => ({
      toMessage: ({ value }: OutputItem) => value,
      write: (messages) => {
        if (name === "copies" && options.failure !== undefined) return Promise.reject(options.failure);
        sent.push(`${name}: ${JSON.stringify(messages)}`);
        return Promise.resolve();
      },
    }),
    client: () => ({ open: () => ({ client: undefined, close: () => undefined }) }),
    entries: () => {
      throw new Error("none are declared");
    },
  };
  const [bound] = await bindFunctions([Orders]);
  const fn = compileFunction(bound!, host, options);
  const errors: unknown[] = [];
  const invocation: Invocation = {
    id: "i-1",
    definition: fn.definition,
    context: { functionName: "create", error: (text: unknown) => errors.push(text) } as unknown as InvocationContext,
    bindingData: {},
    traceHeaders: undefined,
    event: undefined,
    signal: undefined,
    attempt: 1,
  };
  invocation.watch = options.observer?.start(invocation);
  let reply: unknown;
  let error: unknown;
  try {
    const { body } = await invoke(fn, payload, invocation, wireReplyOf);
    reply = body === undefined ? undefined : JSON.parse(body as string);
  } catch (thrown) {
    error = thrown;
  }
  return { reply, error, sent, errors };
}

describe("a collector", () => {
  it.each<[string, (end: () => void) => unknown]>([
    ["a return", (end) => end()],
    ["a promise", async (end) => end()],
    [
      "a throw",
      (end) => {
        end();
        throw new Error("no");
      },
    ],
    [
      "a rejection",
      async (end) => {
        await Promise.resolve();
        end();
        throw new Error("no");
      },
    ],
  ])("is closed after %s", async (_, ends) => {
    let late: (() => void) | undefined;
    const { errors, sent } = await run((_payload, { order }) => ends(() => (late = () => order.add(1))));
    expect(late).toThrow(expect.objectContaining({ code: "ERR_COLLECTOR_CLOSED" }));
    expect(errors).toEqual([expect.stringContaining("add() came after the invocation had ended")]);
    expect(sent).toEqual([]);
  });
});

it("does not call a method of which an input cannot be read", async () => {
  const called = jest.fn();
  const unread = new Error("no such store");
  expect(await run(called, { unread })).toMatchObject({ error: unread, sent: [] });
  expect(called).not.toHaveBeenCalled();
});

describe("a flush that stops", () => {
  const method: Method = (_, { order, copies }) => {
    order.add(1);
    for (const copy of [1, 2, 3]) copies.add(copy);
  };

  it("says which item failed and what had been sent, and has the code of what it failed with", async () => {
    const cause = new SidecarError({
      status: 404,
      errorCode: "ERR_PUBSUB_NOT_FOUND",
      message: "no such bus",
      operation: "POST /v1.0/publish/bus/orders",
      target: "the sidecar",
    });
    const { error, sent } = await run(method, { failure: new WriteError(2, 2, cause, "look there") });
    expect(error).toMatchObject({
      name: "InvocationError",
      code: "ERR_PUBSUB_NOT_FOUND",
      message:
        'Orders.create, output "copies": item 3 of 3 failed: no such bus (look there); ' +
        'sent before: 1 of "order", 2 of "copies"',
      sent: [
        { output: "order", items: 1 },
        { output: "copies", items: 2 },
      ],
      cause,
    });
    expect(sent).toEqual(["order: [1]"]);
  });

  it("counts nothing of an output of which nothing was sent", async () => {
    const only: Method = (_, { copies }) => copies.add(1);
    const { error } = await run(only, { failure: new WriteError(0, 0, new Error("no")) });
    expect(error).toMatchObject({ code: "ERR_FUNCTION_FAILED", sent: [] });
    expect((error as Error).message).toContain("item 1 of 1 failed: no; nothing was sent before");
  });

  it("is a conflict where it failed with one of the invocation's own, and no other", async () => {
    const own = decisiveError("ERR_STATE_CONFLICT", "changed meanwhile");
    const { error } = await run(method, { failure: new WriteError(0, 0, own) });
    expect(error).toMatchObject({ code: "ERR_STATE_CONFLICT" });
    expect(isDecisive(error)).toBe(true);
    const foreign = new InvocationError("ERR_STATE_CONFLICT", "made up");
    expect(isDecisive((await run(method, { failure: new WriteError(0, 0, foreign) })).error)).toBe(false);
  });
});

describe("a hook around the method", () => {
  const method: Method = (payload, { cart, order }) => {
    order.add(cart);
    return { got: payload };
  };

  it("sees payload, context and reply, and its answer is the reply", async () => {
    const seen: unknown[] = [];
    const around: Around = async ({ functionName, payload, context }, next) => {
      seen.push(functionName, payload, context.functionName);
      const reply = await next();
      seen.push(reply);
      return { wrapped: reply };
    };
    const { reply, sent } = await run(method, { around });
    expect(seen).toEqual(["create", { id: "41" }, "create", { got: { id: "41" } }]);
    expect(reply).toEqual({ wrapped: { got: { id: "41" } } });
    expect(sent).toEqual(['order: ["cart-1"]']);
  });

  it("may answer instead of the method, which then does not run", async () => {
    const called = jest.fn();
    const { reply, sent } = await run(called, { around: () => Promise.resolve("cached") });
    expect(reply).toBe("cached");
    expect(called).not.toHaveBeenCalled();
    expect(sent).toEqual([]);
  });

  it("discards what was added when it throws after the method", async () => {
    const around: Around = async (_, next) => {
      await next();
      throw new Error("not allowed");
    };
    const { error, sent } = await run(method, { around });
    expect(error).toEqual(new Error("not allowed"));
    expect(sent).toEqual([]);
  });

  it("sees what the method throws", async () => {
    const around: Around = async (_, next) => {
      try {
        return await next();
      } catch (thrown) {
        return `instead of ${(thrown as Error).message}`;
      }
    };
    const fails: Method = () => {
      throw new Error("no");
    };
    await expect(run(fails, { around })).resolves.toMatchObject({ reply: "instead of no" });
  });

  it("calls the method once only", async () => {
    const called = jest.fn();
    const around: Around = async (_, next) => [await next(), await next()];
    const { error } = await run(called, { around });
    expect(error).toMatchObject({ code: "ERR_FUNCTION_FAILED", message: expect.stringContaining("twice") });
    expect(called).toHaveBeenCalledTimes(1);
  });
});

describe("an observer", () => {
  const noting = (log: string[], name = ""): InvocationObserver => ({
    start: ({ definition }) => {
      log.push(`${name}start ${definition.name}`);
      return {
        read: async (input, next) => {
          log.push(`${name}read ${input.name}`);
          const value = await next();
          log.push(`${name}has ${String(value)}`);
          return value;
        },
        calling: (payload) => log.push(`${name}calling ${JSON.stringify(payload)}`),
        added: (output, { value }) => log.push(`${name}added ${output.name} ${String(value)}`),
        called: (returned) => log.push(`${name}called ${String(returned)}`),
        flush: async (output, messages, next) => {
          log.push(`${name}flush ${output.name} ${messages.length}`);
          await next();
          log.push(`${name}flushed`);
        },
      };
    },
  });
  const method: Method = (_, { order, copies }) => {
    copies.add("c");
    order.addRequestBody({ value: "o" });
    return "done";
  };

  it("is told each step in turn", async () => {
    const log: string[] = [];
    await run(method, { observer: noting(log) });
    expect(log).toEqual([
      "start create",
      "read cart",
      "has cart-1",
      'calling {"id":"41"}',
      "added copies c",
      "added order o",
      "called done",
      "flush order 1",
      "flushed",
      "flush copies 1",
      "flushed",
    ]);
  });

  it("may be several, the first outermost", async () => {
    const log: string[] = [];
    await run(method, { observer: allOf([noting(log, "a "), noting(log, "b ")]) });
    expect(log.filter((line) => /read|has|flush order/.test(line))).toEqual([
      "a read cart",
      "b read cart",
      "b has cart-1",
      "a has cart-1",
      "a flush order 1",
      "b flush order 1",
    ]);
    expect(log.filter((line) => line.endsWith("called done"))).toEqual(["a called done", "b called done"]);
  });

  it("is told of a payload as it came, and which method of a client is called", async () => {
    const log: string[] = [];
    const watch: InvocationWatch = {
      received: (payload) => log.push(`received ${JSON.stringify(payload)}`),
      call: (client, next, name) => {
        log.push(`${client.name}.${name}`);
        return next();
      },
    };
    const both = allOf([{ start: () => watch }, { start: () => watch }])!.start({} as Invocation)!;
    both.received!({ id: 41 });
    const client = { type: "daprSidecar", name: "dapr" } as DaprSidecar;
    expect(await both.call!(client, () => Promise.resolve(7), "getSecret", {})).toBe(7);
    expect(log).toEqual(['received {"id":41}', 'received {"id":41}', "dapr.getSecret", "dapr.getSecret"]);
  });

  it("is nothing where there is none", () => {
    expect(allOf([])).toBeUndefined();
  });

  it("gives the trace headers of the first that has some", () => {
    const watches: InvocationWatch[] = [{}, { headers: () => undefined }, { headers: () => ({ traceparent: "00-b" }) }];
    const observer = allOf(watches.map((watch) => ({ start: () => watch })))!;
    const watch = observer.start({} as Invocation)!;
    expect(watch.headers!()).toEqual({ traceparent: "00-b" });
    expect(watch.run!(() => 7)).toBe(7);
  });
});
