import { execFileSync } from "node:child_process";
import { trace } from "@opentelemetry/api";
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { IsString } from "class-validator";
import { z } from "zod";
import { toHandler, type AzureOptions, type V3Handler } from "../../../lib/azure/index.js";
import {
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  Output,
  Trigger,
  type Collector,
  type DaprClient,
  type DefinitionError,
  type InvocationContext,
  type StateCollector,
  type StateRecord,
} from "../../../lib/index.js";
import { consumerProject } from "../../support/packed.js";

class Orders {
  @DaprServiceInvocationTrigger()
  read(payload: unknown): unknown {
    return { own: this.own, payload };
  }

  constructor(readonly own = "made") {}
}

/** What the worker hands a script, as far as it matters here. */
function context(payload?: unknown): Parameters<V3Handler>[0] {
  const log = Object.assign(() => undefined, {
    error: () => undefined,
    warn: () => undefined,
    info: () => undefined,
    verbose: () => undefined,
  });
  return { invocationId: "1", bindings: { payload }, log };
}

async function replyOf(handler: V3Handler, payload?: unknown): Promise<unknown> {
  const view = (await handler(context(payload))) as DataView;
  return JSON.parse(new TextDecoder().decode(view));
}

describe("toHandler", () => {
  let logged: unknown[][];
  let warned: unknown[][];
  const { error, warn } = console;

  beforeEach(() => {
    logged = [];
    warned = [];
    console.error = (...args: unknown[]) => logged.push(args);
    console.warn = (...args: unknown[]) => warned.push(args);
  });

  afterEach(() => Object.assign(console, { error, warn }));

  it("loads the module at once", () => {
    let loads = 0;
    toHandler(() => {
      loads++;
      return { Orders };
    }, "read");
    expect(loads).toBe(1);
  });

  it.each<[string, object]>([
    ["a named export", { Orders }],
    ["the default export", { default: Orders }],
    ["the exports of a CommonJS module, as import() gives them", { default: { Orders, other: 1 }, __esModule: true }],
    [
      "among exports of other kinds",
      { Orders, number: 1, text: "", nothing: undefined, plain: class {}, list: [Orders] },
    ],
  ])("finds the function in %s", async (_, exports) => {
    expect(
      await replyOf(
        toHandler(() => Promise.resolve(exports), "read"),
        1,
      ),
    ).toEqual({ own: "made", payload: 1 });
  });

  it("takes an exported instance for its class", async () => {
    const handler = toHandler(() => ({ Orders, orders: new Orders("given") }), "read");
    expect(await replyOf(handler)).toEqual({ own: "given" });
  });

  it("takes an exported subclass for the class above it", async () => {
    class Special extends Orders {
      override readonly own = "special";
    }
    expect(await replyOf(toHandler(() => ({ Orders, Special }), "read"))).toEqual({ own: "special" });
  });

  it("makes one instance of a class for all handlers of the process", async () => {
    const seen = new Set<unknown>();
    class Counted {
      @DaprServiceInvocationTrigger()
      one(): void {
        seen.add(this);
      }
      @DaprServiceInvocationTrigger()
      two(): void {
        seen.add(this);
      }
    }
    const exports = { Counted };
    await toHandler(() => exports, "one")(context());
    await toHandler(() => exports, "two")(context());
    await toHandler(() => ({ again: Counted }), "two")(context());
    expect(seen.size).toBe(1);
  });

  it("takes instances from a container", async () => {
    const container = { get: <T>() => new Orders("contained") as T };
    expect(await replyOf(toHandler(() => ({ Orders }), "read", { container }))).toEqual({ own: "contained" });
  });

  it("validates payload classes as it is told", async () => {
    class Order {
      @IsString() id!: string;
    }
    class Orders {
      @DaprServiceInvocationTrigger()
      save(order: Order): Order {
        return order;
      }
    }
    const payload = { id: "1", more: true };
    expect(
      await replyOf(
        toHandler(() => ({ Orders }), "save"),
        payload,
      ),
    ).toEqual({ id: "1" });
    const strict = toHandler(() => ({ Orders }), "save", { validation: { forbidNonWhitelisted: true } });
    await expect(strict(context(payload))).rejects.toMatchObject({ code: "ERR_PAYLOAD_INVALID" });
  });

  it("fails each invocation where the function is gone, and logs it once", async () => {
    const handler = toHandler(() => ({ Orders }), "gone");
    await expect(handler(context())).rejects.toMatchObject({
      code: "function-missing",
      message: expect.stringContaining("run generate again") as string,
    });
    await expect(handler(context())).rejects.toMatchObject({ code: "function-missing" });
    expect(logged).toHaveLength(1);
  });

  it.each<[string, () => unknown]>([
    ["rejects", () => Promise.reject(new Error("Cannot find module"))],
    [
      "throws",
      () => {
        throw new Error("Cannot find module");
      },
    ],
  ])("fails each invocation where loading %s", async (_, load) => {
    const handler = toHandler(load, "read");
    await expect(handler(context())).rejects.toThrow("Cannot find module");
    expect(logged).toHaveLength(1);
  });

  it("refuses what the Functions host refuses", async () => {
    class Broken {
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "order" })
      save(_payload: unknown, _bindings: { order: Collector<unknown> }): void {}
    }
    await expect(toHandler(() => ({ Broken }), "save")(context())).rejects.toMatchObject({ code: "option-missing" });
    await expect(toHandler(() => ({}), "save")(context())).rejects.toMatchObject({ code: "functions-none" });
  });

  describe("refuses half of a surrogate pair, which the worker would send as another character,", () => {
    class Halves {
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "saved", stateStore: "s", key: "k" })
      save(payload: unknown, { saved }: { saved: StateCollector<unknown> }): void {
        saved.add(payload);
      }
      @DaprServiceInvocationTrigger()
      @Output({ name: "jobs", type: "queue", queueName: "q" })
      queue(payload: unknown, { jobs }: { jobs: Collector<unknown> }): void {
        jobs.add(payload);
      }
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "saved", stateStore: "s" })
      key(payload: string, { saved }: { saved: StateCollector<unknown> }): void {
        saved.add(1, { key: payload });
      }
    }

    it.each([
      ["save", "a\ud800"],
      ["save", { a: ["\udc00"] }],
      ["save", { "\ud800": 1 }],
      ["queue", "\ud800"],
      ["queue", [{ a: "\ud800" }]],
      ["key", "\ud800"],
    ])("%s %j", async (name, payload) => {
      const handler = toHandler(() => ({ Halves }), name);
      await expect(handler(context(payload))).rejects.toMatchObject({ code: "ERR_DAPR_BAD_REQUEST" });
    });

    it.each(["save", "queue", "key"])("%s takes a whole one", async (name) => {
      const given = context("\ud83d\ude00");
      await toHandler(() => ({ Halves }), name)(given);
      expect(JSON.stringify(given.bindings)).toContain("\ud83d\ude00");
    });
  });

  describe('with bindings: "sidecar"', () => {
    class Stored {
      @DaprServiceInvocationTrigger({ methodName: "%Method%" })
      @DaprStateInput({ name: "old", stateStore: "%Spec_Store%", key: "{id}", record: true })
      @DaprStateOutput({ name: "next", stateStore: "%Spec_Store%", transaction: true })
      @Output({ name: "jobs", type: "queue", queueName: "%Queue%" })
      save(
        payload: { id: string },
        { old, next, jobs }: { old: StateRecord; next: StateCollector<unknown>; jobs: Collector<unknown> },
        { attempt }: InvocationContext,
      ): unknown {
        next.add(payload, { key: payload.id });
        jobs.add("done");
        return { old, attempt };
      }
    }
    const settings = { Spec_Store: "store" };
    const calls: object[] = [];
    const client = {
      getState: async ({ stateStore, key }: { stateStore: string; key: string }) => {
        calls.push({ stateStore, key });
        return { value: 1, etag: "7" };
      },
      transactState: async ({ stateStore, operations }: { stateStore: string; operations: unknown }) => {
        calls.push({ stateStore, operations });
      },
    } as unknown as DaprClient;

    it("serves Dapr's by the client given, and leaves the rest to the host", async () => {
      const handler = toHandler(() => ({ Stored }), "save", { bindings: "sidecar", settings, client });
      const given = context({ id: "41" });
      const reply = (await handler(given)) as DataView;
      expect(JSON.parse(new TextDecoder().decode(reply))).toEqual({
        old: { key: "41", value: 1, etag: "7" },
        attempt: 1,
      });
      expect(calls).toMatchObject([{ stateStore: "store", key: "41" }, { stateStore: "store" }]);
      expect(given.bindings).toEqual({ payload: { id: "41" }, jobs: ["done"] });
      expect(warned).toEqual([]);
    });

    it.each<[string, AzureOptions, string, RegExp]>([
      ["a setting that is missing", {}, "setting-missing", /input "old", stateStore: the setting "Spec_Store"/],
      ["an address that is none", { settings, daprUrl: "sidecar" }, "setting-invalid", /^setting-invalid: daprUrl: /],
      ["a time that is none", { settings, timeout: 0 }, "setting-invalid", /timeout/],
      ["a size that is none", { settings, maxRequestSize: 1 }, "setting-invalid", /maxRequestSize/],
      ["an order that is none", { settings, flush: "all" as never }, "setting-invalid", /flush/],
      ["another word", { bindings: "both" as never }, "option-invalid", /bindings: it is "both"; give "host" or/],
      [
        "a limit that is none",
        { validation: { maxItems: NaN } },
        "setting-invalid",
        /validation\.maxItems: NaN is not a whole/,
      ],
    ])("refuses %s", async (_, options, code, message) => {
      const handler = toHandler(() => ({ Stored }), "save", { bindings: "sidecar", ...options });
      const error = (await handler(context({ id: "1" })).catch((thrown: unknown) => thrown)) as DefinitionError;
      expect([error.code, error.message.split("\n")[0]]).toEqual([code, expect.stringMatching(message)]);
      expect(error.message).not.toMatch(/"Method"|"Queue"/);
    });

    it("finds expressions in what the host says of a trigger that is not Dapr's", async () => {
      class Blobs {
        @Trigger({ type: "blobTrigger", name: "blob", path: "in/{name}.txt" })
        @DaprStateInput({ name: "old", stateStore: "s", key: "{name}-{id}-{sys.methodname}" })
        taken(_payload: unknown, { old }: { old: unknown }): void {
          calls.push({ old });
        }
      }
      calls.length = 0;
      const handler = toHandler(() => ({ Blobs }), "taken", { bindings: "sidecar", client });
      for (const [blob, id] of [
        [{ id: 7 }, 1],
        ["text", 8],
      ] as const) {
        await handler({ ...context(), bindings: { blob }, bindingData: { name: "a", id } });
      }
      const read = ["a-7-taken", "a-8-taken"].map((key) => ({ stateStore: "s", key }));
      expect(calls).toEqual([read[0], { old: 1 }, read[1], { old: 1 }]);
    });

    it("loads what speaks to a sidecar only where it is asked for", () => {
      const project = consumerProject();
      const script = (options: string) => `
        const { toHandler } = require("dapr-functions/azure");
        const { DaprServiceInvocationTrigger } = require("dapr-functions");
        class Orders { read() {} }
        const read = Object.getOwnPropertyDescriptor(Orders.prototype, "read");
        DaprServiceInvocationTrigger()(Orders.prototype, "read", read);
        toHandler(() => ({ Orders }), "read"${options});
        setImmediate(() => {
          const has = (name) => Object.keys(require.cache).some((file) => file.includes(name));
          console.log(JSON.stringify(["sidecar-host.js", "/server/"].map(has)));
        });`;
      const loads = (options: string): unknown =>
        JSON.parse(execFileSync(process.execPath, ["-e", script(options)], { cwd: project, encoding: "utf8" }));
      expect(loads("")).toEqual([false, false]);
      expect(loads(', { bindings: "sidecar" }')).toEqual([true, false]);
    });

    it("makes a span of an invocation, below that of the host, and of each request below that", async () => {
      const spans = new InMemorySpanExporter();
      new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }).register();
      const parents: unknown[] = [];
      const watched = {
        getState: async ({ traceHeaders }: { traceHeaders: { traceparent: string } }) => {
          parents.push(traceHeaders.traceparent.split("-")[2]);
          return { value: undefined, etag: undefined };
        },
        transactState: async ({ traceHeaders }: { traceHeaders: { traceparent: string } }) => {
          parents.push(traceHeaders.traceparent.split("-")[2]);
        },
      } as unknown as DaprClient;
      const handler = toHandler(() => ({ Stored }), "save", { bindings: "sidecar", settings, client: watched });
      const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
      await handler({ ...context({ id: "41" }), traceContext: { traceparent } });
      trace.disable();
      const finished = spans.getFinishedSpans();
      const own = finished.find(({ name }) => name === "save")!;
      expect(own.parentSpanContext).toMatchObject({ traceId: traceparent.slice(3, 35), spanId: "00f067aa0ba902b7" });
      const below = finished.filter((span) => span.parentSpanContext?.spanId === own.spanContext().spanId);
      expect(below.map((span) => span.spanContext().spanId)).toEqual(expect.arrayContaining(parents));
      expect(parents).toHaveLength(2);
    });

    it("surrounds and watches invocations as serve does", async () => {
      const seen: unknown[] = [];
      const handler = toHandler(() => ({ Stored }), "save", {
        bindings: "sidecar",
        settings,
        client,
        around: async ({ functionName, payload }, next) => {
          seen.push([functionName, payload]);
          return { around: await next() };
        },
        observers: [
          {
            start: ({ id, traceHeaders }) => {
              seen.push([id, traceHeaders]);
              return { ended: ({ failure }) => void seen.push(["ended", failure]) };
            },
          },
        ],
      });
      const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
      const reply = await handler({ ...context({ id: "41" }), traceContext: { traceparent, tracestate: "a=b" } });
      expect(JSON.parse(new TextDecoder().decode(reply as DataView))).toMatchObject({ around: { attempt: 1 } });
      expect(seen).toEqual([
        ["1", { traceparent, tracestate: "a=b" }],
        ["save", { id: "41" }],
        ["ended", undefined],
      ]);
    });
  });
});

describe("bytes of a payload that may be text", () => {
  const long = "12345678901234567890";
  const object = z.object({ a: z.number() });
  const isText = z.custom<string>((value) => typeof value === "string");

  it.each<[string, z.ZodType, string, unknown]>([
    ["nullable", z.string().nullable(), "89e7073266", "89e7073266"],
    ["nullable", z.string().nullable(), long, long],
    ["nullable", z.string().nullable(), "12", "12"],
    ["nullable", z.string().nullable(), "true", "true"],
    ["nullable", z.string().nullable(), '"12"', "12"],
    ["nullable", z.string().nullable(), "null", null],
    ["nullable", z.string().nullable(), "plain", "plain"],
    ["or a number", z.union([z.string(), z.number()]), "12", 12],
    ["or a number", z.union([z.string(), z.number()]), "1.50", "1.50"],
    ["or a number", z.union([z.string(), z.number()]), long, long],
    ["or a number", z.union([z.string(), z.number()]), "true", "true"],
    ["or a boolean", z.union([z.string(), z.boolean()]), "true", true],
    ["or an object", z.union([z.string(), object]), "89e7073266", "89e7073266"],
    ["or an object", z.union([z.string(), object]), '{"a":1}', { a: 1 }],
    ["a word", z.stringbool(), "yes", true],
    ["of two", z.string().and(z.string().min(2)), long, long],
    ["or a number that waits", z.union([z.string(), z.number().refine(async () => Promise.resolve(true))]), "12", "12"],
    ["or anything", z.any(), '"12"', "12"],
    ["or anything", z.any(), "1.0", 1],
    ["or anything", z.any(), "plain", "plain"],
    ["that its schema keeps to itself", isText, "89e7073266", "89e7073266"],
    ["that its schema keeps to itself", isText, '"12"', "12"],
    ["that is none, as only its schema knows", z.custom((value) => typeof value === "number"), "1.0", 1],
    ["that is none, as it says later", z.any().refine(async (value) => Promise.resolve(value === 1)), "1.0", 1],
  ])("text %s: %s %s", async (_, payload, sent, seen) => {
    class Texts {
      @DaprServiceInvocationTrigger({ payload: payload as z.ZodType<unknown> })
      read(text: unknown): unknown {
        return [text];
      }
    }
    const handler = toHandler(() => ({ Texts }), "read");
    expect(await replyOf(handler, Buffer.from(sent))).toEqual([seen]);
  });
});
