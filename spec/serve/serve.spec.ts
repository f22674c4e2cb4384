import { Agent, createServer, request, type IncomingHttpHeaders } from "node:http";
import { IsString } from "class-validator";
import type { AddressInfo } from "node:net";
import {
  DaprInvoke,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  HttpTrigger,
  Input,
  Output,
  Retry,
  serve,
  Trigger,
  type Class,
  type CloudEvent,
  type Collector,
  type DefinitionError,
  type HttpRequest,
  type InvocationContext,
  type ServeOptions,
} from "../../lib/index.js";
import { atEnd, keptLog, post, send, serving, withVariable } from "./support.js";

class Echo {
  @DaprServiceInvocationTrigger()
  echo(payload: unknown): unknown {
    return payload;
  }
}

async function problemsOf(functions: readonly (Class | object)[], options: ServeOptions = {}): Promise<string[]> {
  const error = await serve(functions, { port: 0, log: keptLog(), ...options }).then(
    async (app) => {
      await app.close();
      throw new Error("it started");
    },
    (thrown: DefinitionError) => thrown,
  );
  expect(error.name).toBe("DefinitionError");
  return error.problems.map(({ code, message }) => `${code}: ${message}`);
}

describe("serve", () => {
  it("resolves once it listens, with where that is and what it serves", async () => {
    const { app } = await serving([Echo]);
    expect(app.port).toBeGreaterThan(0);
    expect(app.url).toBe(`http://127.0.0.1:${app.port}`);
    expect(app.functions.map(({ name }) => name)).toEqual(["echo"]);
    expect((await post(app, "/echo", { a: 1 })).json).toEqual({ a: 1 });
    expect((await send(app, "GET", "/dapr/subscribe")).body).toBe("[]");
  });

  it("says for each function what triggers it, where, and whether its payload is checked", async () => {
    class Order {
      @IsString() id!: string;
    }
    class Orders {
      @DaprServiceInvocationTrigger()
      create(_payload: Order): void {}
      @HttpTrigger({ route: "orders/{id}" })
      show(_request: HttpRequest): void {}
      @DaprTopicTrigger({ pubSubName: "bus", payload: [Order] })
      changed(_event: CloudEvent<Order[]>): void {}
    }
    const { log } = await serving([Orders]);
    expect(log.lines).toEqual([
      "info create: service invocation, POST /create, checked as Order",
      "info show: HTTP, any verb /api/orders/{id}, unchecked",
      "info changed: topic, POST /changed, checked as Order[]",
    ]);
  });

  it("takes a log that has only some functions", async () => {
    const lines: unknown[] = [];
    const { app } = await serving([Echo], { log: { log: (line) => lines.push(line) } });
    expect(lines).toHaveLength(1);
    await app.close();
    const quiet = await serving([Echo], { log: { error: () => undefined } });
    await quiet.app.close();
  });

  it("gives instances, and makes classes itself or by a container, which may be asynchronous", async () => {
    class Needy {
      constructor(readonly greeting: string) {}
      @DaprServiceInvocationTrigger()
      greet(_payload: unknown): string {
        return this.greeting;
      }
    }
    const given = await serving([new Needy("hello")]);
    expect((await send(given.app, "POST", "/greet")).body).toBe('"hello"');
    const container = { get: async <T>(type: Class<T>) => new (type as unknown as typeof Needy)("made") as T };
    const contained = await serving([Needy], { container });
    expect((await send(contained.app, "POST", "/greet")).body).toBe('"made"');
    expect(await problemsOf([Needy])).toEqual([expect.stringMatching(/^constructor-arguments: Needy: /)]);
  });

  it("finds settings in its option, else in the environment", async () => {
    withVariable("SPEC_STORE", "from the environment");
    withVariable("SPEC_KEY", "k-env");
    class Stores {
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "out", stateStore: "%SPEC_STORE%", key: "%SPEC_KEY%" })
      put(payload: unknown, { out }: { out: Collector<unknown> }): void {
        out.add(payload);
      }
    }
    const { app, sidecar } = await serving([Stores], { settings: { SPEC_STORE: "given" } });
    await post(app, "/put", 1);
    expect(sidecar.lines).toEqual(['POST /v1.0/state/given [{"key":"k-env","value":1}]']);
    expect(app.functions[0]!.outputs[0]).toMatchObject({ stateStore: "given" });
  });

  it("ignores @Retry with one warning", async () => {
    class Retried {
      @Retry({ strategy: "fixedDelay", maxRetryCount: 4, delayInterval: "00:00:15" })
      @DaprServiceInvocationTrigger()
      work(_payload: unknown): void {}
    }
    const { log } = await serving([Retried]);
    expect(log.lines.filter((line) => line.startsWith("warn"))).toEqual([
      expect.stringMatching(/^warn retry-ignored: Retried\.work: .*resiliency/),
    ]);
  });

  it("says once of each HTTP function that its authLevel keeps nobody out", async () => {
    class Web {
      @HttpTrigger({ authLevel: "function" })
      keyed(): void {}
      @HttpTrigger({ authLevel: "Admin" as "admin" })
      masters(): void {}
      @HttpTrigger({ authLevel: "anonymous" })
      open(): void {}
      @HttpTrigger()
      unsaid(): void {}
    }
    const { log } = await serving([Web]);
    expect(log.lines.filter((line) => line.startsWith("warn"))).toEqual([
      expect.stringMatching(/^warn auth-level-ignored: Web\.keyed, trigger "req": authLevel "function" is/),
      expect.stringMatching(/^warn auth-level-ignored: Web\.masters, /),
    ]);
  });

  it("limits the time of a request to the sidecar", async () => {
    class Reads {
      @DaprServiceInvocationTrigger()
      @DaprStateInput({ name: "cart", stateStore: "carts", key: "k" })
      read(_payload: unknown, _bindings: { cart: unknown }): void {}
    }
    const { app, sidecar } = await serving([Reads], { timeout: 20 });
    sidecar.answer = () => new Promise(() => undefined);
    const answer = await send(app, "POST", "/read");
    expect([answer.status, answer.json]).toEqual([
      500,
      expect.objectContaining({ errorCode: "ERR_DAPR_REQUEST_FAILED" }),
    ]);
  });

  it("sends the token that the sidecar asks for", async () => {
    withVariable("DAPR_API_TOKEN", "t0k");
    class Stores {
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "out", stateStore: "s", key: "k" })
      put(payload: unknown, { out }: { out: Collector<unknown> }): void {
        out.add(payload);
      }
    }
    const { app, sidecar } = await serving([Stores]);
    await post(app, "/put", 1);
    expect(sidecar.requests[0]!.headers["dapr-api-token"]).toBe("t0k");
  });
});

describe("serve does not start", () => {
  it("with everything that is wrong, in one go", async () => {
    withVariable("DAPR_APP_PORT", "eighty");
    class Wrong {
      @DaprServiceInvocationTrigger()
      @DaprStateInput({ name: "in_put", stateStore: "%NO_SUCH_STORE%", key: "k" })
      a(_payload: unknown, _bindings: { in_put: unknown }): void {}
      @DaprServiceInvocationTrigger({ methodName: "A" })
      b(_payload: unknown): void {}
    }
    const problems = await problemsOf([Wrong as never], { port: undefined });
    expect(problems).toEqual(
      expect.arrayContaining([
        'setting-invalid: DAPR_APP_PORT: "eighty" is not a port; give a number from 0 to 65535',
        expect.stringMatching(/^binding-name-invalid: Wrong\.a/),
        expect.stringMatching(/^route-duplicate: Wrong\.b.*Wrong\.a is found on \/a too.*methodName/),
        expect.stringMatching(/^setting-missing: Wrong\.a, input "in_put", stateStore: .*NO_SUCH_STORE/),
      ]),
    );
    expect(problems).toHaveLength(4);
  });

  it("with nothing to serve", async () => {
    expect(await problemsOf([])).toEqual([expect.stringMatching(/^functions-none: /)]);
  });

  it("when settings make two routes one", async () => {
    class Same {
      @DaprServiceInvocationTrigger({ methodName: "%FIRST%" })
      a(_payload: unknown): void {}
      @DaprServiceInvocationTrigger({ methodName: "%SECOND%" })
      b(_payload: unknown): void {}
    }
    expect(await problemsOf([Same], { settings: { FIRST: "x", SECOND: "X" } })).toEqual([
      expect.stringMatching(/^route-duplicate: Same\.b.*Same\.a/),
    ]);
  });

  it("when HTTP routes cannot be told apart, or only the Functions host could", async () => {
    class Web {
      @HttpTrigger({ route: "a/{x}", methods: ["GET"] })
      a(_request: HttpRequest): void {}
      @HttpTrigger({ route: "a/{y}" })
      b(_request: HttpRequest): void {}
      @HttpTrigger({ route: "files/{name}.{ext}" })
      c(_request: HttpRequest): void {}
    }
    expect(await problemsOf([Web])).toEqual([
      expect.stringMatching(/^route-duplicate: Web\.b, trigger "req", route: Web\.a is found on \/api\/a\/\{x\}/),
      expect.stringMatching(/^host-only: Web\.c, trigger "req", route: the segment "\{name\}\.\{ext\}"/),
    ]);
  });

  it("with bindings of the Functions host", async () => {
    class Azure {
      @Trigger({ type: "queueTrigger", name: "job", queueName: "jobs" })
      @Input({ type: "blob", name: "manifest", path: "today.json" })
      run(_job: unknown, _bindings: { manifest: unknown }): void {}
    }
    expect(await problemsOf([Azure])).toEqual([
      expect.stringMatching(/^host-only: Azure\.run, trigger "job": queueTrigger needs the Functions host/),
      expect.stringMatching(/^host-only: Azure\.run, input "manifest": blob needs the Functions host/),
    ]);
  });

  it("with a type that is none of the Functions host's, which is said once", async () => {
    class Wrong {
      @Trigger({ type: "queueTrigger", name: "job" })
      @Output({ name: "nothing" } as never)
      @Output({ type: "daprPublish", name: "published" })
      run(_job: unknown, _bindings: { nothing: unknown; published: unknown }): void {}
    }
    expect(await problemsOf([Wrong as never])).toEqual([
      expect.stringMatching(/^binding-type-invalid: Wrong\.run, output "nothing", type: it is missing/),
      expect.stringMatching(/^binding-type-invalid: Wrong\.run, output "published", type: "daprPublish" has/),
      expect.stringMatching(/^host-only: Wrong\.run, trigger "job": queueTrigger needs the Functions host/),
    ]);
  });

  it("with a verb that no sidecar passes on", async () => {
    class Verbs {
      @DaprServiceInvocationTrigger()
      @DaprInvoke({ name: "call", appId: "a", methodName: "m", httpVerb: "PURGE" as never })
      work(_payload: unknown, _bindings: { call: Collector<unknown> }): void {}
    }
    expect(await problemsOf([Verbs])).toHaveLength(1);
  });

  it("with unchecked payloads where checks are asked for", async () => {
    class Unchecked {
      @DaprServiceInvocationTrigger()
      service(_payload: unknown): void {}
      @DaprTopicTrigger({ pubSubName: "bus" })
      topic(_event: CloudEvent): void {}
      @HttpTrigger({ methods: ["GET", "DELETE"] })
      read(_request: HttpRequest): void {}
      @HttpTrigger({ methods: ["POST"] })
      write(_request: HttpRequest): void {}
    }
    const problems = await problemsOf([Unchecked], { requirePayload: true });
    expect(problems.map((problem) => problem.split(",")[0])).toEqual([
      "payload-unchecked: Unchecked.service",
      "payload-unchecked: Unchecked.topic",
      "payload-unchecked: Unchecked.write",
    ]);
  });

  it("on a port that is taken, and says what to do", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    atEnd(async () => void other.close());
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    expect(await problemsOf([Echo], { port })).toEqual([
      `address-in-use: port ${port} of 127.0.0.1 is taken by another process; stop that, or choose another port with DAPR_APP_PORT or serve({ port })`,
    ]);
  });

  it("on an address that the machine does not have", async () => {
    expect(await problemsOf([Echo], { host: "203.0.113.7" })).toEqual([expect.stringMatching(/^setting-invalid: /)]);
  });

  it.each<[string, ServeOptions]>([
    ["port", { port: 70_000 }],
    ["daprUrl", { daprUrl: "localhost:3500" }],
    ["maxConcurrency", { maxConcurrency: 0 }],
    ["timeout", { timeout: Number.NaN }],
  ])("with a %s that is none", async (name, options) => {
    expect(await problemsOf([Echo], options)).toEqual([expect.stringContaining(`setting-invalid: ${name}: `)]);
  });

  it("when it is cancelled before", async () => {
    await expect(serve([Echo], { signal: AbortSignal.abort(new Error("never mind")) })).rejects.toThrow("never mind");
  });
});

describe("close", () => {
  /** A function that runs until it is told to end, and sends something then. */
  async function slowly(options: ServeOptions = {}) {
    let arrived!: () => void;
    let finish!: () => void;
    const running = new Promise<void>((resolve) => (arrived = resolve));
    const finished = new Promise<void>((resolve) => (finish = resolve));
    class Slow {
      signal!: AbortSignal;
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "out", stateStore: "s", key: "k" })
      async work(
        _payload: unknown,
        { out }: { out: Collector<number> },
        { signal }: InvocationContext,
      ): Promise<string> {
        this.signal = signal;
        arrived();
        await finished;
        out.add(1);
        return "done";
      }
    }
    const slow = new Slow();
    return { ...(await serving([slow], options)), slow, running, finish };
  }

  it("stays healthy and reachable until what is in flight has finished and flushed, then listens no more", async () => {
    const { app, sidecar, running, finish } = await slowly();
    const agent = new Agent({ keepAlive: true });
    atEnd(async () => agent.destroy());
    const health = () =>
      new Promise<number>((resolve, reject) => {
        request({ port: app.port, path: "/healthz", agent }, (response) => {
          response.resume().on("end", () => resolve(response.statusCode!));
        })
          .on("error", reject)
          .end();
      });
    expect(await health()).toBe(204);
    const answer = send(app, "POST", "/work");
    await running;
    const closed = app.close();
    expect(await health()).toBe(204);
    expect((await send(app, "GET", "/healthz")).status).toBe(204);
    finish();
    expect((await answer).body).toBe('"done"');
    await closed;
    await expect(send(app, "GET", "/healthz")).rejects.toThrow("ECONNREFUSED");
    expect(sidecar.lines).toEqual(['POST /v1.0/state/s [{"key":"k","value":1}]']);
  });

  it("keeps idle connections longer than daprd does, and none once it closes", async () => {
    const { app, running, finish } = await slowly();
    const agent = new Agent({ keepAlive: true });
    atEnd(async () => agent.destroy());
    const call = (method: string, path: string) =>
      new Promise<IncomingHttpHeaders>((resolve, reject) => {
        request({ port: app.port, method, path, agent }, (response) => {
          response.resume().on("end", () => resolve(response.headers));
        })
          .on("error", reject)
          .end();
      });
    expect(await call("GET", "/healthz")).toMatchObject({ connection: "keep-alive", "keep-alive": "timeout=120" });
    const answer = call("POST", "/work");
    await running;
    const closed = app.close();
    finish();
    expect((await answer).connection).toBe("close");
    await closed;
  });

  it("does not wait for a request whose caller went away in its midst", async () => {
    const { app } = await slowly({ shutdownTimeout: Infinity });
    // What it waits for comes when the server has begun with the request.
    const headers = { "content-length": "10", expect: "100-continue" };
    const outgoing = request({ port: app.port, method: "POST", path: "/work", headers });
    const gone = new Promise<void>((resolve) => outgoing.on("close", resolve));
    outgoing.on("error", () => undefined).on("continue", () => outgoing.destroy());
    outgoing.flushHeaders();
    await gone;
    await app.close();
    await expect(send(app, "GET", "/healthz")).rejects.toThrow("ECONNREFUSED");
  });

  it("does not wait for connections that are idle", async () => {
    const { app, finish } = await slowly({ shutdownTimeout: Infinity });
    finish();
    const agent = new Agent({ keepAlive: true });
    atEnd(async () => agent.destroy());
    const idle = new Promise<void>((resolve, reject) => {
      request({ port: app.port, path: "/healthz", agent }, (response) => response.resume().on("end", resolve))
        .on("error", reject)
        .end();
    });
    await idle;
    await app.close();
    await expect(send(app, "GET", "/healthz")).rejects.toThrow("ECONNREFUSED");
  });

  it("waits no longer than it may, aborts the signal of what still runs, and ends its connections", async () => {
    const { app, slow, running } = await slowly({ shutdownTimeout: 20 });
    const answer = send(app, "POST", "/work");
    answer.catch(() => undefined);
    await running;
    expect(slow.signal.aborted).toBe(false);
    await app.close();
    expect(slow.signal.aborted).toBe(true);
    await expect(answer).rejects.toThrow("socket hang up");
  });

  it("ends requests to the sidecar with what still runs", async () => {
    class Reads {
      @DaprServiceInvocationTrigger()
      @DaprStateInput({ name: "cart", stateStore: "carts", key: "k" })
      read(_payload: unknown, _bindings: { cart: unknown }): void {}
    }
    const { app, sidecar } = await serving([Reads], { shutdownTimeout: 20 });
    const asked = new Promise<void>((resolve) => {
      sidecar.answer = () => {
        resolve();
        return new Promise(() => undefined);
      };
    });
    send(app, "POST", "/read").catch(() => undefined);
    await asked;
    await expect(app.close()).resolves.toBeUndefined();
  });

  it("writes a long reply to its end", async () => {
    class Long {
      @DaprServiceInvocationTrigger()
      work(_payload: unknown): string {
        return "x".repeat(5_000_000);
      }
    }
    const { app } = await serving([Long]);
    const length = await new Promise<number>((resolve, reject) => {
      request({ port: app.port, method: "POST", path: "/work", agent: false } as never, (response) => {
        void app.close();
        let received = 0;
        response.on("data", (chunk: Buffer) => (received += chunk.length));
        response.on("end", () => resolve(received));
        response.on("error", reject);
      }).end();
    });
    expect(length).toBe(5_000_002);
  });

  it("may be called again and gives the same end, and the port is free then", async () => {
    const { app } = await serving([Echo]);
    await Promise.all([app.close(), app.close()]);
    const next = await serving([Echo], { port: app.port });
    expect((await post(next.app, "/echo", 1)).body).toBe("1");
  });

  it("is what aborting the signal does", async () => {
    const stop = new AbortController();
    const { app } = await serving([Echo], { signal: stop.signal });
    stop.abort();
    await app.close();
    await expect(send(app, "POST", "/echo")).rejects.toThrow("ECONNREFUSED");
  });

  it("leaves no listener on the process", async () => {
    const events = ["SIGTERM", "SIGINT", "unhandledRejection", "uncaughtException"] as const;
    const before = events.map((event) => process.listenerCount(event));
    const { app } = await serving([Echo]);
    expect(events.map((event) => process.listenerCount(event))).toEqual(before.map((count) => count + 1));
    await app.close();
    expect(events.map((event) => process.listenerCount(event))).toEqual(before);
  });

  it("leaves a client that was given open", async () => {
    const client = { close: jest.fn() };
    const { app } = await serving([Echo], { client: client as never });
    await app.close();
    expect(client.close).not.toHaveBeenCalled();
  });
});
