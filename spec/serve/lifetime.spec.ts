import { once } from "node:events";
import { request, type ClientRequest } from "node:http";
import {
  createHandler,
  DaprServiceInvocationTrigger,
  DaprState,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  HttpTrigger,
  type Collector,
  type HttpRequest,
  type InvocationContext,
  type ServeOptions,
  type StateEntry,
} from "../../lib/index.js";
import { deliver, heldTimers, json, keptLog, post, send, serving } from "./support.js";

/** A method that waits until it is let go, and what it knew of its invocation. */
class Waits {
  readonly contexts: InvocationContext[] = [];
  readonly out: Collector<number>[] = [];
  #arrived: (() => void)[] = [];
  #go: (() => void)[] = [];

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "out", stateStore: "s", key: "k" })
  async work(name: unknown, { out }: { out: Collector<number> }, context: InvocationContext): Promise<unknown> {
    this.contexts.push(context);
    this.out.push(out);
    for (const resolve of this.#arrived.splice(0)) resolve();
    await new Promise<void>((resolve) => this.#go.push(resolve));
    out.add(1);
    return name;
  }

  @DaprServiceInvocationTrigger({ concurrency: 1 })
  async narrow(name: unknown, _: unknown, context: InvocationContext): Promise<unknown> {
    return await this.work(name, { out: { add: () => undefined } as never }, context);
  }

  @DaprServiceInvocationTrigger({ timeout: 40 })
  @DaprStateOutput({ name: "out", stateStore: "s", key: "k" })
  async limited(name: unknown, bindings: { out: Collector<number> }, context: InvocationContext): Promise<unknown> {
    return await this.work(name, bindings, context);
  }

  @DaprServiceInvocationTrigger()
  quick(): string {
    return "quick";
  }

  /** Resolves when that many have begun. */
  async begun(count: number): Promise<void> {
    while (this.contexts.length < count) await new Promise<void>((resolve) => this.#arrived.push(resolve));
  }

  /** Lets the first of those that wait go on. */
  goOn(): void {
    this.#go.shift()?.();
  }
}

async function waiting(options: ServeOptions = {}) {
  const waits = new Waits();
  return { ...(await serving([waits], options)), waits };
}

/** Something to wait for until it is opened. */
function gate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** A caller that may leave. */
function caller(port: number, path: string): ClientRequest {
  const outgoing = request({ port, method: "POST", path, agent: false } as never);
  outgoing.on("error", () => undefined);
  outgoing.end();
  return outgoing;
}

async function aborted({ signal }: InvocationContext): Promise<unknown> {
  if (!signal.aborted) await once(signal, "abort");
  return (signal.reason as { code: string }).code;
}

describe("the signal of an invocation", () => {
  it("is aborted when its caller leaves, and nobody else's is", async () => {
    const { app, waits, sidecar } = await waiting();
    const leaves = caller(app.port, "/work");
    const stays = post(app, "/work", "stays");
    await waits.begun(2);
    const signals = waits.contexts.map(({ signal }) => signal);
    expect(waits.contexts[0]!.signal).toBe(signals[0]);
    leaves.destroy();
    expect(await Promise.race(waits.contexts.map(aborted))).toBe("ERR_CALLER_GONE");
    expect(signals.filter((signal) => signal.aborted)).toHaveLength(1);
    waits.goOn();
    waits.goOn();
    expect((await stays).body).toBe('"stays"');
    expect(sidecar.lines).toHaveLength(2);
  });

  it("is aborted for all events of a request that the sidecar gave up", async () => {
    const contexts: InvocationContext[] = [];
    let go!: () => void;
    class Events {
      @DaprTopicTrigger({ pubSubName: "bus", topic: "t", bulk: { concurrency: 20 } })
      async on(_event: unknown, _: unknown, context: InvocationContext): Promise<void> {
        void context.signal;
        contexts.push(context);
        if (contexts.length === 20) go();
        await aborted(context);
      }
    }
    const begun = new Promise<void>((resolve) => (go = resolve));
    const { app } = await serving([Events]);
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on("warning", onWarning);
    const entries = Array.from({ length: 20 }, (_, index) => ({
      entryId: `${index}`,
      event: { specversion: "1.0", id: "1" },
    }));
    const body = JSON.stringify({ id: "b", entries });
    const outgoing = request({ port: app.port, method: "POST", path: "/t", agent: false } as never);
    outgoing.on("error", () => undefined);
    outgoing.end(body);
    await begun;
    outgoing.destroy();
    expect(await Promise.all(contexts.map(aborted))).toEqual(Array(20).fill("ERR_CALLER_GONE"));
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });

  it("is aborted by fetch's own", async () => {
    const waits = new Waits();
    const handler = await createHandler([waits], { log: keptLog() });
    const leaving = new AbortController();
    const init = { method: "POST", signal: leaving.signal };
    void handler.fetch(new Request("http://localhost/narrow", init));
    await waits.begun(1);
    const reason = aborted(waits.contexts[0]!);
    leaving.abort();
    expect(await reason).toBe("ERR_CALLER_GONE");
    waits.goOn();
    await handler.close();
  });

  it("leaves nothing behind: what is asked for after the end is never aborted", async () => {
    const { app, waits } = await waiting();
    const answer = post(app, "/work", 1);
    await waits.begun(1);
    const { signal, stopping } = waits.contexts[0]!;
    waits.goOn();
    await answer;
    await app.close();
    expect([signal.aborted, stopping.aborted, waits.contexts[0]!.signal.aborted]).toEqual([false, false, false]);
  });
});

describe("a time limit", () => {
  it.each([
    ["of the app", "/work", { invocationTimeout: 40 }],
    ["of the trigger, before that of the app", "/limited", { invocationTimeout: 60_000 }],
  ])("%s answers 504, aborts the signal, and nothing is sent", async (_of, path, options) => {
    const { app, waits, sidecar, log } = await waiting(options);
    const pass = heldTimers();
    const answer = post(app, path, 1);
    await waits.begun(1);
    const reason = aborted(waits.contexts[0]!);
    await pass(40);
    expect((await answer).json).toMatchObject({
      errorCode: "ERR_INVOCATION_TIMEOUT",
      message: "there was no answer within 40 ms, its time limit",
    });
    expect((await answer).status).toBe(504);
    expect(await reason).toBe("ERR_INVOCATION_TIMEOUT");
    expect(() => waits.out[0]!.add(2)).toThrow(expect.objectContaining({ code: "ERR_COLLECTOR_CLOSED" }));
    waits.goOn();
    expect((await post(app, "/quick", 1)).body).toBe('"quick"');
    expect(sidecar.lines).toEqual([]);
    expect(log.lines.filter((line) => line.includes("ERR_INVOCATION_TIMEOUT"))).toHaveLength(1);
  });

  it("makes an event come again", async () => {
    class Events {
      @DaprTopicTrigger({ pubSubName: "bus", topic: "t", timeout: 20 })
      async on(_event: unknown, _: unknown, { signal }: InvocationContext): Promise<void> {
        await once(signal, "abort");
      }
    }
    const { app } = await serving([Events]);
    expect((await deliver(app, "/t", { data: 1 })).status).toBe(500);
  });

  it("cancels what is asked of the sidecar, and does not call the method", async () => {
    let isCalled = false;
    class Reads {
      @DaprServiceInvocationTrigger({ timeout: 40 })
      @DaprStateInput({ name: "cart", stateStore: "s", key: "k" })
      read(_payload: unknown, _bindings: { cart: unknown }): void {
        isCalled = true;
      }
    }
    const { app, sidecar } = await serving([Reads]);
    const pass = heldTimers();
    const isAsked = gate();
    const isAnswered = gate();
    sidecar.answer = async () => {
      isAsked.open();
      await isAnswered.opened;
      return {};
    };
    const answer = post(app, "/read", 1);
    await isAsked.opened;
    await pass(40);
    expect((await answer).status).toBe(504);
    isAnswered.open();
    expect((await send(app, "GET", "/healthz")).status).toBe(204);
    expect(isCalled).toBe(false);
  });

  it("of any length is no matter to a timer", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on("warning", onWarning);
    for (const limit of [Infinity, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
      const { app } = await waiting({ invocationTimeout: limit, shutdownTimeout: limit, timeout: limit });
      expect((await post(app, "/quick", 1)).body).toBe('"quick"');
      await app.close();
    }
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });

  it("must be a number", async () => {
    await expect(waiting({ invocationTimeout: 0 })).rejects.toThrow("setting-invalid: invocationTimeout");
    await expect(waiting({ maxQueue: -1 })).rejects.toThrow("setting-invalid: maxQueue");
    await expect(waiting({ maxConcurrency: 1.5 })).rejects.toThrow("1.5 is not a whole number from 1 on; give one");
    class Unbounded {
      @DaprServiceInvocationTrigger({ timeout: Infinity, concurrency: Infinity })
      run(): string {
        return "ran";
      }
    }
    const { app } = await serving([Unbounded], { maxConcurrency: Infinity, invocationTimeout: 5000 });
    expect((await post(app, "/run", 1)).body).toBe('"ran"');
    class Wrong {
      @HttpTrigger({ timeout: 0, concurrency: 1.5 })
      show(_request: HttpRequest): void {}
    }
    await expect(serving([Wrong])).rejects.toThrow(/timeout.*\n.*concurrency/s);
  });
});

describe("a queue", () => {
  /** Resolves when that many invocations have begun or wait. */
  function counted() {
    let count = 0;
    const waiters = new Set<() => void>();
    const start = (): undefined => {
      count++;
      for (const look of waiters) look();
    };
    const reached = (many: number) =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (count < many) return;
          waiters.delete(look);
          // Observers hear of an invocation just before it waits.
          setImmediate(resolve);
        };
        waiters.add(look);
        look();
      });
    return { observers: [{ start }], reached };
  }

  it("is as long as it may be; beyond it callers are told to come again", async () => {
    const { observers, reached } = counted();
    const { app, waits } = await waiting({ maxConcurrency: 1, maxQueue: 1, observers });
    const first = post(app, "/work", 1);
    await reached(1);
    const second = post(app, "/work", 2);
    await reached(2);
    const third = await post(app, "/work", 3);
    expect([third.status, third.headers["retry-after"]]).toEqual([503, "1"]);
    expect(third.json).toMatchObject({
      errorCode: "ERR_QUEUE_FULL",
      message: "the app runs 1 invocations, and 1 wait; try again later",
    });
    waits.goOn();
    await waits.begun(2);
    waits.goOn();
    expect((await first).body).toBe("1");
    expect((await second).body).toBe("2");
  });

  it("is ten times as long as what may run unless told otherwise", async () => {
    const { observers, reached } = counted();
    const { app, waits } = await waiting({ maxConcurrency: 1, observers });
    const all = Array.from({ length: 11 }, (_, index) => post(app, "/work", index));
    await reached(11);
    expect((await post(app, "/work", 11)).status).toBe(503);
    for (let count = 1; count <= 11; count++) {
      await waits.begun(count);
      waits.goOn();
    }
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(11).fill(200));
  });

  it("is left by callers that go away, whose methods never run", async () => {
    const { observers, reached } = counted();
    const { app, waits, log } = await waiting({ maxConcurrency: 1, maxQueue: 5, observers });
    const first = post(app, "/work", 1);
    await reached(1);
    const leaving = Array.from({ length: 5 }, () => caller(app.port, "/work"));
    await reached(6);
    for (const each of leaving) each.destroy();
    const gone = () => log.lines.filter((line) => line.startsWith("debug work failed: ERR_CALLER_GONE")).length;
    while (gone() < 5) await new Promise((resolve) => setImmediate(resolve));
    const last = post(app, "/work", "last");
    await reached(7);
    waits.goOn();
    await waits.begun(2);
    waits.goOn();
    expect((await first).body).toBe("1");
    expect((await last).body).toBe('"last"');
    expect(waits.contexts).toHaveLength(2);
  });

  it("for the key of a state entry is left by callers that go away, whose methods never run", async () => {
    class Counts {
      readonly ran: unknown[] = [];
      readonly began = gate();
      readonly goOn = gate();

      @DaprServiceInvocationTrigger()
      @DaprState({ name: "count", stateStore: "s", key: "{key}" })
      async work({ name }: { name: string }, _bindings: { count: StateEntry<number> }): Promise<string> {
        this.ran.push(name);
        this.began.open();
        await this.goOn.opened;
        return name;
      }
    }
    const counts = new Counts();
    const { observers, reached } = counted();
    const { app, log } = await serving([counts], { observers });
    const first = post(app, "/work", { key: "k", name: "first" });
    await counts.began.opened;
    const leaving = request({ port: app.port, method: "POST", path: "/work", agent: false, headers: json } as never);
    leaving.on("error", () => undefined);
    leaving.end('{"key":"k","name":"gone"}');
    await reached(2);
    const last = post(app, "/work", { key: "k", name: "last" });
    await reached(3);
    leaving.destroy();
    while (!log.lines.some((line) => line.startsWith("debug work failed: ERR_CALLER_GONE"))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    counts.goOn.open();
    expect([(await first).body, (await last).body]).toEqual(['"first"', '"last"']);
    expect(counts.ran).toEqual(["first", "last"]);
  });

  it("of a trigger holds up nobody else", async () => {
    const { app, waits } = await waiting({ maxConcurrency: 2 });
    const slow = [post(app, "/narrow", 1), post(app, "/narrow", 2), post(app, "/narrow", 3)];
    await waits.begun(1);
    expect((await post(app, "/quick", 1)).body).toBe('"quick"');
    expect(waits.contexts).toHaveLength(1);
    for (let count = 1; count <= 3; count++) {
      await waits.begun(count);
      waits.goOn();
    }
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it("goes on when a method never ends, once its time is up", async () => {
    class Endless {
      @DaprServiceInvocationTrigger({ timeout: 40 })
      async endless(): Promise<void> {
        await new Promise(() => undefined);
      }
      @DaprServiceInvocationTrigger()
      quick(): string {
        return "quick";
      }
    }
    const { app } = await serving([Endless], { maxConcurrency: 1 });
    const first = post(app, "/endless", 1);
    expect((await post(app, "/quick", 1)).status).toBe(200);
    expect((await first).status).toBe(504);
    expect((await post(app, "/quick", 1)).body).toBe('"quick"');
  });

  it("counts towards the time limit", async () => {
    const { app, waits } = await waiting({ maxConcurrency: 1 });
    const first = post(app, "/work", 1);
    await waits.begun(1);
    expect((await post(app, "/limited", 2)).status).toBe(504);
    waits.goOn();
    expect((await first).body).toBe("1");
    expect(waits.contexts).toHaveLength(1);
  });

  it("is answered 503 when the app's time is over, rather than cut", async () => {
    const { observers, reached } = counted();
    const { app, waits } = await waiting({ maxConcurrency: 1, shutdownTimeout: 60, observers });
    const pass = heldTimers();
    const first = post(app, "/work", 1);
    first.catch(() => undefined);
    await reached(1);
    const second = post(app, "/work", 2);
    await reached(2);
    const closed = app.close();
    await pass(60);
    expect(await second).toMatchObject({ status: 503 });
    waits.goOn();
    expect((await first).body).toBe("1");
    await closed;
  });
});

describe("health", () => {
  it("is also the program's own check", async () => {
    let verdict: unknown = true;
    const { app } = await serving([new Waits()], {
      health: () => {
        if (verdict instanceof Error) throw verdict;
        return verdict;
      },
    });
    const status = async () => (await send(app, "GET", "/healthz")).status;
    expect(await status()).toBe(204);
    for (verdict of [false, Promise.resolve(false), new Error("no database"), Promise.reject(new Error("gone"))]) {
      expect(await status()).toBe(503);
    }
    verdict = undefined;
    expect(await status()).toBe(204);
  });

  it("of /readyz is that of the sidecar and of the components that functions name", async () => {
    const { app, sidecar, log } = await serving([new Waits()]);
    sidecar.answer = () => ({ body: JSON.stringify({ components: [] }) });
    expect((await send(app, "GET", "/readyz")).status).toBe(503);
    expect(log.lines).toContainEqual(
      expect.stringContaining('warn the app is not ready: the sidecar has no component "s", which Waits.work names'),
    );
    const components = [{ name: "s", type: "state.in-memory", version: "v1" }];
    sidecar.answer = () => ({ body: JSON.stringify({ components }) });
    const other = await serving([new Waits()], { daprUrl: sidecar.url });
    expect((await send(other.app, "GET", "/readyz")).status).toBe(204);
    const alone = await serving([new Waits()], { daprUrl: "http://127.0.0.1:9" });
    expect((await send(alone.app, "GET", "/readyz")).status).toBe(503);
    expect((await send(alone.app, "GET", "/healthz")).status).toBe(204);
  });
});
