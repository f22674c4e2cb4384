import { Agent, request } from "node:http";
import { connect } from "node:net";
import {
  DaprBindingTrigger,
  DaprInvoke,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  HttpTrigger,
  PayloadError,
  Reply,
  type Collector,
  type HttpRequest,
  type HttpResponse,
  type InvocationContext,
  type ServeOptions,
} from "../../lib/index.js";
import { atEnd, json, post, send, serving, withVariable } from "../serve/support.js";

/** One function, `Work`, that does what is given. */
function working(work: (payload: unknown, context: InvocationContext) => unknown, options?: ServeOptions) {
  class Worker {
    @DaprServiceInvocationTrigger()
    Work(payload: unknown, _bindings: object, context: InvocationContext): unknown {
      return work(payload, context);
    }
  }
  return serving([Worker], options);
}

describe("a failure", () => {
  it.each<[string, () => never, string]>([
    ["an error", () => fail(new TypeError("no")), "no"],
    ["text", () => fail("just text"), "just text"],
    ["undefined", () => fail(undefined), "a value that is not an error"],
    ["an object", () => fail({ message: "like an error" }), "like an error"],
    ["what cannot be read", () => fail(new Proxy({}, { get: () => fail("caught") })), "a value that is not an error"],
  ])("is 500 with what was thrown and no stack: %s", async (_case, work, message) => {
    const { app } = await working(work);
    const answer = await send(app, "POST", "/Work");
    const body = answer.json as Record<string, string>;
    expect([answer.status, answer.headers["content-type"]]).toEqual([500, "application/json"]);
    expect(Object.keys(body)).toEqual(["errorCode", "message", "functionName", "invocationId"]);
    expect(body).toMatchObject({ errorCode: "ERR_FUNCTION_FAILED", functionName: "Work" });
    expect(body["message"]).toContain(message);
    expect(answer.body).not.toContain(__filename);
  });

  it("is 500 when a promise is rejected, with undefined too", async () => {
    const { app } = await working(() => Promise.reject(undefined as never));
    expect((await send(app, "POST", "/Work")).status).toBe(500);
    expect((await send(app, "GET", "/healthz")).status).toBe(204);
  });

  it("is logged once with function, invocation and trace, and with where the user's code threw", async () => {
    let id = "";
    const { app, log } = await working((_payload, context) => {
      id = context.invocationId;
      throw new Error("no");
    });
    await send(app, "POST", "/Work", {
      headers: { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" },
    });
    const errors = log.lines.filter((line) => line.startsWith("error"));
    expect(errors).toEqual([expect.stringContaining("Work failed: ERR_FUNCTION_FAILED: Error: no\n    at ")]);
    expect(errors[0]).toContain(`function=Work invocationId=${id} traceId=4bf92f3577b34da6a3ce929d0e0e4736`);
  });

  it("of a payload is 400 with its issues, and not for a foreign error of the same code", async () => {
    const issues = [{ path: "id", message: "is taken", rule: "unique" }];
    const { app } = await working(() => {
      throw new PayloadError("ERR_PAYLOAD_INVALID", "no such order", { issues });
    });
    const answer = await send(app, "POST", "/Work");
    expect([answer.status, answer.json]).toEqual([
      400,
      {
        errorCode: "ERR_PAYLOAD_INVALID",
        message: "no such order",
        functionName: "Work",
        invocationId: expect.any(String),
        issues,
      },
    ]);
    const own = await working(() => {
      throw Object.assign(new Error("mine"), { code: "ERR_PAYLOAD_INVALID" });
    });
    const second = await send(own.app, "POST", "/Work");
    expect([second.status, second.json]).toEqual([500, expect.objectContaining({ errorCode: "ERR_FUNCTION_FAILED" })]);
  });

  it("of a sidecar is 500 with the sidecar's code, whatever its status, and a callee's invalid payload too", async () => {
    class Caller {
      @DaprServiceInvocationTrigger()
      @DaprInvoke({ name: "call", appId: "tax", methodName: "rate" })
      rate(payload: unknown, { call }: { call: Collector<unknown> }): void {
        call.add(payload);
      }
    }
    const { app, sidecar } = await serving([Caller]);
    sidecar.answer = () => ({ status: 400, body: '{"errorCode":"ERR_PAYLOAD_INVALID","message":"no"}' });
    const answer = await post(app, "/rate", {});
    expect([answer.status, answer.json]).toEqual([500, expect.objectContaining({ errorCode: "ERR_PAYLOAD_INVALID" })]);
    sidecar.answer = () => ({ status: 400, body: '{"errorCode":"ERR_MALFORMED_REQUEST","message":"no"}' });
    expect((await post(app, "/rate", {})).status).toBe(500);
  });

  it("of a payload is 500 to an input binding, which nobody could correct", async () => {
    class Binding {
      @DaprBindingTrigger()
      @DaprStateInput({ name: "cart", stateStore: "carts", key: "{id}" })
      tick(_payload: unknown, _bindings: { cart: unknown }): void {}
    }
    const { app } = await serving([Binding]);
    const answer = await post(app, "/tick", {});
    expect([answer.status, answer.json]).toEqual([500, expect.objectContaining({ errorCode: "ERR_BINDING_DATA" })]);
  });

  it("of a reply sends nothing", async () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const taken = new Uint8Array([1]);
    structuredClone(taken, { transfer: [taken.buffer] });
    const replies = [cycle, { n: 1n }, taken, new Reply({ headers: { "x-a": "1\r\nx-b: 2" } })];
    class Replies {
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "out", stateStore: "store", key: "k" })
      Work(_payload: unknown, { out }: { out: Collector<number> }): unknown {
        out.add(1);
        return replies.shift();
      }
    }
    const { app, sidecar } = await serving([Replies]);
    while (replies.length > 0) {
      const answer = await send(app, "POST", "/Work");
      expect([answer.status, answer.json]).toEqual([500, expect.objectContaining({ errorCode: "ERR_REPLY_INVALID" })]);
    }
    expect(sidecar.requests).toEqual([]);
  });
});

describe("a body beyond the limit", () => {
  const limited = () => working((payload) => (payload as string).length, { maxBodySize: 1000 });

  it("is 413, with its length declared or not, and does not reach the function", async () => {
    const { app } = await limited();
    const declared = await send(app, "POST", "/Work", {
      headers: { "content-type": "text/plain" },
      body: "x".repeat(1001),
    });
    expect([declared.status, declared.json]).toEqual([
      413,
      expect.objectContaining({ errorCode: "ERR_PAYLOAD_TOO_LARGE" }),
    ]);
    const headers = { "content-type": "text/plain", "transfer-encoding": "chunked" };
    expect((await send(app, "POST", "/Work", { headers, body: "x".repeat(200_000) })).status).toBe(413);
    expect((await send(app, "POST", "/Work", { headers, body: "x".repeat(1000) })).body).toBe("1000");
  });

  it.each<[string, Record<string, string>]>([
    ["declared", {}],
    ["not declared", { "transfer-encoding": "chunked" }],
  ])("begins with its first byte, where its length is %s", async (_case, more) => {
    const { app } = await limited();
    const headers = { "content-type": "text/plain", ...more };
    expect((await send(app, "POST", "/Work", { headers, body: "x".repeat(1000) })).status).toBe(200);
    expect((await send(app, "POST", "/Work", { headers, body: "x".repeat(1001) })).status).toBe(413);
  });

  it("is not waited for: the answer comes before the rest of the body", async () => {
    const { app } = await limited();
    const status = await new Promise<number>((resolve, reject) => {
      const options = {
        port: app.port,
        method: "POST",
        path: "/Work",
        headers: { "content-length": "5000000" },
        agent: false,
      };
      const outgoing = request(options as never, (response) => {
        resolve(response.statusCode!);
        outgoing.destroy();
      });
      outgoing.on("error", reject);
      outgoing.write("some");
    });
    expect(status).toBe(413);
  });
});

describe("the process lives on", () => {
  it("after requests that are not HTTP, and uploads that end in their midst", async () => {
    const work = jest.fn();
    const { app } = await working(work);
    for (const text of ["nonsense\r\n\r\n", "POST /Work HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf"]) {
      await new Promise<void>((resolve) => {
        const socket = connect(app.port, "127.0.0.1", () => socket.end(text));
        socket.on("error", () => undefined);
        socket.resume();
        socket.on("close", () => resolve());
      });
    }
    expect(work).not.toHaveBeenCalled();
    expect((await send(app, "POST", "/Work")).status).toBe(200);
  });

  it("after a caller that takes it for a proxy, and is answered", async () => {
    const { app } = await working(() => undefined);
    expect((await send(app, "POST", "http://shop/Work?a=1")).status).toBe(200);
  });

  it("after a caller that goes away: the function runs on and flushes", async () => {
    let arrived!: () => void;
    const running = new Promise<void>((resolve) => (arrived = resolve));
    let finish!: () => void;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    class Slow {
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "out", stateStore: "store", key: "k" })
      async Work(_payload: unknown, { out }: { out: Collector<number> }): Promise<void> {
        arrived();
        await finished;
        out.add(1);
      }
    }
    const { app, sidecar } = await serving([Slow]);
    const saved = new Promise<void>((resolve) => {
      sidecar.answer = () => {
        resolve();
        return undefined;
      };
    });
    const outgoing = request({ port: app.port, method: "POST", path: "/Work", agent: false } as never);
    outgoing.on("error", () => undefined);
    outgoing.end();
    await running;
    outgoing.destroy();
    finish();
    await saved;
    expect(sidecar.lines).toEqual(['POST /v1.0/state/store [{"key":"k","value":1}]']);
  });

  it("after a collector that is used too late", async () => {
    let late!: () => void;
    class Forgetful {
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "out", stateStore: "store", key: "k" })
      Work(_payload: unknown, { out }: { out: Collector<number> }): void {
        late = () => out.add(1);
      }
    }
    const { app, sidecar, log } = await serving([Forgetful]);
    await send(app, "POST", "/Work");
    expect(late).toThrow(expect.objectContaining({ code: "ERR_COLLECTOR_CLOSED" }));
    expect(log.lines.some((line) => line.startsWith("error") && line.includes("after the invocation had ended"))).toBe(
      true,
    );
    expect(sidecar.requests).toEqual([]);
  });

  it.each([
    ["returned", () => undefined, 200],
    ["thrown", () => fail(new Error("no")), 500],
  ])("after a promise that nobody awaits, when a method without promises has %s", async (_case, end, status) => {
    let forgotten!: Promise<void>;
    class Forgetful {
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "out", stateStore: "store", key: "k" })
      Work(_payload: unknown, { out }: { out: Collector<number> }): void {
        forgotten = Promise.resolve(1).then((value) => out.add(value));
        forgotten.catch(() => undefined);
        end();
      }
    }
    const { app, sidecar } = await serving([Forgetful]);
    expect((await send(app, "POST", "/Work")).status).toBe(status);
    await expect(forgotten).rejects.toMatchObject({ code: "ERR_COLLECTOR_CLOSED" });
    expect(sidecar.requests).toEqual([]);
  });
});

describe("what a method returns", () => {
  it("is waited for when it has a `then`, as query builders do", async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- as query builders are
    const query = { then: (use: (rows: unknown[]) => void) => setImmediate(() => use([{ id: 1 }])) };
    const { app } = await working(() => query);
    expect((await send(app, "POST", "/Work")).json).toEqual([{ id: 1 }]);
  });

  it("is a failure when its `then` throws", async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- as query builders are
    const query = { then: () => fail(new Error("no connection")) };
    const { app } = await working(() => query);
    expect((await send(app, "POST", "/Work")).json).toMatchObject({ message: "no connection" });
  });
});

describe("invocations", () => {
  it("stay apart, a thousand at once", async () => {
    class Many {
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "out", stateStore: "store", key: "{id}" })
      async Work(
        payload: { id: string },
        { out }: { out: Collector<string> },
        context: InvocationContext,
      ): Promise<[string, string]> {
        await new Promise(setImmediate);
        out.add(payload.id);
        return [payload.id, context.invocationId];
      }
    }
    const { app, sidecar } = await serving([Many]);
    const agent = new Agent({ keepAlive: true, maxSockets: 100 });
    atEnd(async () => agent.destroy());
    const replies = await Promise.all(
      Array.from({ length: 1000 }, (_unused, i) => {
        return new Promise<[string, string]>((resolve, reject) => {
          const outgoing = request(
            { port: app.port, method: "POST", path: "/Work", headers: json, agent },
            (response) => {
              let text = "";
              response.on("data", (chunk: Buffer) => (text += chunk.toString()));
              response.on("end", () => resolve(JSON.parse(text) as [string, string]));
            },
          );
          outgoing.on("error", reject);
          outgoing.end(JSON.stringify({ id: `k${i}` }));
        });
      }),
    );
    expect(replies.map(([id]) => id)).toEqual(Array.from({ length: 1000 }, (_unused, i) => `k${i}`));
    expect(new Set(replies.map(([, id]) => id)).size).toBe(1000);
    expect(new Set(sidecar.requests.map(({ body }) => body)).size).toBe(1000);
    expect(sidecar.requests.every(({ body }) => /^\[\{"key":"(k\d+)","value":"\1"\}\]$/.test(body))).toBe(true);
  });

  it("let in one for each that ends, and no more", async () => {
    const ends: (() => void)[] = [];
    let running = 0;
    let most = 0;
    let onStart: (() => void) | undefined;
    const started = (count: number) =>
      new Promise<void>((resolve) => {
        onStart = () => ends.length === count && resolve();
        onStart();
      });
    const work = async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => {
        ends.push(resolve);
        onStart?.();
      });
      running--;
    };
    const { app } = await working(work, { maxConcurrency: 1 });
    /** What was sent before has arrived when this has been answered, a few times over. */
    const arrived = async () => {
      for (let i = 0; i < 5; i++) await send(app, "GET", "/healthz");
    };
    const calls = [1, 2, 3, 4].map(() => send(app, "POST", "/Work"));
    await arrived();
    for (let count = 1; count <= 4; count++) {
      await started(count);
      ends[count - 1]!();
    }
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(most).toBe(1);
    // Those that were let in have gone, and leave room for one.
    const last = [send(app, "POST", "/Work"), send(app, "POST", "/Work")];
    await started(5);
    await arrived();
    ends[4]!();
    await started(6);
    ends[5]!();
    await Promise.all(last);
    expect(most).toBe(1);
  });

  it("wait for their turn where only some may run at once", async () => {
    let running = 0;
    let most = 0;
    let two!: () => void;
    const twoRun = new Promise<void>((resolve) => (two = resolve));
    const work = async () => {
      most = Math.max(most, ++running);
      if (running === 2) two();
      await twoRun;
      running--;
    };
    const { app } = await working(work, { maxConcurrency: 2 });
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(app, "POST", "/Work")));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(most).toBe(2);
  });

  it("know the trigger's headers, but not its token", async () => {
    const { app } = await working((_payload, { triggerMetadata }) => triggerMetadata);
    const answer = await send(app, "POST", "/Work", { headers: { Readtimeutc: "now", "dapr-api-token": "t" } });
    expect(answer.json).toMatchObject({ readtimeutc: "now" });
    expect(answer.body).not.toContain("dapr-api-token");
  });

  it("hand the trigger's trace on, unless it is all zeros", async () => {
    class Traced {
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "out", stateStore: "store", key: "k" })
      Work(_payload: unknown, { out }: { out: Collector<number> }, { traceContext }: InvocationContext): unknown {
        out.add(1);
        return traceContext;
      }
    }
    const { app, sidecar } = await serving([Traced]);
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const answer = await send(app, "POST", "/Work", { headers: { traceparent, tracestate: "a=1", baggage: "u=1" } });
    expect(answer.json).toEqual({ traceParent: traceparent, traceState: "a=1", attributes: { baggage: "u=1" } });
    expect(sidecar.requests[0]!.headers).toMatchObject({ traceparent, tracestate: "a=1", baggage: "u=1" });
    const zeros = { traceparent: `00-${"0".repeat(32)}-${"0".repeat(16)}-00`, tracestate: "a=1" };
    expect((await send(app, "POST", "/Work", { headers: zeros })).body).toBe("");
    expect(sidecar.requests[1]!.headers).not.toHaveProperty("traceparent");
    expect(sidecar.requests[1]!.headers).not.toHaveProperty("tracestate");
  });
});

describe("an HTTP function", () => {
  it("gets the request as Azure shapes it", async () => {
    class Web {
      @HttpTrigger({ route: "parcels/{id}/{*rest}", methods: ["POST"] })
      async show(request: HttpRequest): Promise<HttpResponse> {
        const { method, url, params, query, headers } = request;
        const [body, text] = [await request.json(), await request.text()];
        const bytes = (await request.arrayBuffer()).byteLength;
        return { jsonBody: { method, url, params, q: query.getAll("q"), x: headers.get("X-A"), body, text, bytes } };
      }
    }
    const { app } = await serving([Web]);
    const answer = await post(app, "/api/Parcels/a%20b/c/d?q=1&q=2", { n: 1 }, { "x-a": "y", host: "shop.example" });
    expect(answer.json).toEqual({
      method: "POST",
      url: "http://shop.example/api/Parcels/a%20b/c/d?q=1&q=2",
      params: { id: "a b", rest: "c/d" },
      q: ["1", "2"],
      x: "y",
      body: { n: 1 },
      text: '{"n":1}',
      bytes: 7,
    });
    expect((await send(app, "GET", "/api/parcels/1/2")).status).toBe(405);
  });

  it("answers malformed JSON 400, unless it catches that itself", async () => {
    class Web {
      @HttpTrigger()
      async read(request: HttpRequest): Promise<HttpResponse> {
        return { jsonBody: await request.json() };
      }
      @HttpTrigger()
      async careful(request: HttpRequest): Promise<HttpResponse> {
        return { jsonBody: await request.json().catch((error: { code: string }) => error.code) };
      }
    }
    const { app } = await serving([Web]);
    const answer = await send(app, "POST", "/api/read", { headers: json, body: "{oops" });
    expect([answer.status, answer.json]).toEqual([
      400,
      expect.objectContaining({ errorCode: "ERR_MALFORMED_REQUEST" }),
    ]);
    expect((await send(app, "POST", "/api/careful", { body: "{oops" })).body).toBe('"ERR_MALFORMED_REQUEST"');
  });

  it("is open to callers without the app's token, as health is; all else is not, known or not", async () => {
    withVariable("APP_API_TOKEN", "old, new");
    class Web {
      @HttpTrigger()
      open(_request: HttpRequest): void {}
      @DaprServiceInvocationTrigger()
      work(_payload: unknown): void {}
    }
    const { app } = await serving([Web]);
    const asked = async (method: string, path: string, token?: string) =>
      (await send(app, method, path, token === undefined ? {} : { headers: { "dapr-api-token": token } })).status;
    expect(await asked("GET", "/api/open")).toBe(204);
    expect(await asked("GET", "/api/unknown")).toBe(404);
    expect(await asked("GET", "/healthz")).toBe(204);
    expect(await asked("POST", "/work")).toBe(401);
    expect(await asked("POST", "/work", "ne")).toBe(401);
    expect(await asked("POST", "/work", "old, new")).toBe(401);
    expect(await asked("POST", "/work", "old")).toBe(200);
    expect(await asked("POST", "/work", "new")).toBe(200);
    expect(await asked("GET", "/dapr/subscribe")).toBe(401);
    expect(await asked("GET", "/dapr/subscribe", "new")).toBe(200);
    expect(await asked("GET", "/unknown")).toBe(401);
    expect(await asked("GET", "/unknown", "new")).toBe(404);
  });
});

function fail(thrown: unknown): never {
  throw thrown;
}
