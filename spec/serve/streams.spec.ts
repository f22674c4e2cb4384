import { once } from "node:events";
import { request as httpRequest } from "node:http";
import {
  createHandler,
  DaprPublish,
  DaprState,
  HttpTrigger,
  type HttpRequest,
  type HttpResponse,
  type InvocationContext,
  type PublishCollector,
  type StateEntry,
} from "../../lib/index.js";
import { keptLog, send, serving } from "./support.js";

/** Answers with a stream that its test writes, and keeps what the signals of its invocation say. */
class Ticks {
  readonly said: string[] = [];
  readonly open: (() => void)[] = [];
  stream!: ReadableStreamDefaultController<Uint8Array>;
  context!: InvocationContext;

  @HttpTrigger({ route: "ticks", methods: ["GET", "HEAD"] })
  ticks(_request: HttpRequest, _bindings: unknown, context: InvocationContext): HttpResponse {
    this.context = context;
    this.watch();
    return this.answer();
  }

  /** The signals are asked for by the stream alone, when its function has returned. */
  @HttpTrigger({ route: "late" })
  late(_request: HttpRequest, _bindings: unknown, context: InvocationContext): HttpResponse {
    this.context = context;
    return this.answer();
  }

  watch(): void {
    for (const name of ["signal", "stopping"] as const) {
      const signal = this.context[name];
      signal.addEventListener("abort", () => {
        this.said.push(`${name} ${(signal.reason as { code: string }).code}`);
        this.onSaid();
      });
    }
  }

  onSaid: () => void = () => {};

  /** Resolves when so much was said. */
  async hasSaid(count: number): Promise<readonly string[]> {
    while (this.said.length < count) await new Promise<void>((resolve) => (this.onSaid = resolve));
    return this.said;
  }

  private answer(): HttpResponse {
    const start = (stream: ReadableStreamDefaultController<Uint8Array>): void => {
      this.stream = stream;
      stream.enqueue(Buffer.from("tick"));
    };
    return { body: new ReadableStream<Uint8Array>({ start }) };
  }
}

/** A reader that has had the first piece. */
async function reading(url: string) {
  const request = httpRequest(url, { agent: false }).end();
  request.on("error", () => {});
  const [response] = (await once(request, "response")) as [import("node:http").IncomingMessage];
  response.on("error", () => {});
  let text = "";
  response.on("data", (piece: Buffer) => (text += piece.toString()));
  await once(response, "data");
  const closed = new Promise<string>((resolve) => response.once("close", () => resolve(text)));
  return { leave: () => request.destroy(), closed };
}

describe.each(["ticks", "late"])("the signals of an invocation whose reply is a stream: %s", (route) => {
  it("say that the app stops, while it is being sent, so that it can end in time", async () => {
    const ticks = new Ticks();
    const { app } = await serving([ticks]);
    const reader = await reading(`${app.url}/api/${route}`);
    if (route === "late") ticks.watch();
    const closing = app.close();
    expect(await ticks.hasSaid(1)).toEqual(["stopping ERR_APP_STOPPED"]);
    ticks.stream.enqueue(Buffer.from(" last"));
    ticks.stream.close();
    expect(await reader.closed).toBe("tick last");
    await closing;
    expect(ticks.said).toEqual(["stopping ERR_APP_STOPPED"]);
  });

  it("say that the time is over, where it goes on", async () => {
    const ticks = new Ticks();
    const { app } = await serving([ticks], { shutdownTimeout: 1 });
    await reading(`${app.url}/api/${route}`);
    if (route === "late") ticks.watch();
    await app.close();
    expect(await ticks.hasSaid(2)).toEqual(["stopping ERR_APP_STOPPED", "signal ERR_APP_STOPPED"]);
  });

  it("say that the reader has gone", async () => {
    const ticks = new Ticks();
    const { app } = await serving([ticks]);
    const reader = await reading(`${app.url}/api/${route}`);
    if (route === "late") ticks.watch();
    reader.leave();
    expect(await ticks.hasSaid(1)).toEqual(["signal ERR_CALLER_GONE"]);
  });

  it("say so under a host that speaks fetch, too, and nothing once it has been read", async () => {
    const ticks = new Ticks();
    const handler = await createHandler([ticks], { log: keptLog() });
    const first = (await handler.fetch(new Request(`http://shop/api/${route}`))).body!.getReader();
    await first.read();
    if (route === "late") ticks.watch();
    ticks.stream.close();
    expect((await first.read()).done).toBe(true);
    const second = (await handler.fetch(new Request(`http://shop/api/${route}`))).body!.getReader();
    await second.read();
    if (route === "late") ticks.watch();
    const closing = handler.close();
    // The second's: of the first nobody follows anything any more.
    expect(await ticks.hasSaid(1)).toEqual(["stopping ERR_APP_STOPPED"]);
    ticks.stream.close();
    expect((await second.read()).done).toBe(true);
    await closing;
  });
});

/** Answers with streams, of which it keeps which were given up. */
class Exports {
  readonly givenUp: string[] = [];
  runs = 0;

  @HttpTrigger({ route: "counted" })
  @DaprState({ name: "count", stateStore: "store", key: "k" })
  counted(_: HttpRequest, { count }: { count: StateEntry<number> }): HttpResponse {
    count.set(1);
    return this.answer();
  }

  @HttpTrigger({ route: "told" })
  @DaprPublish({ name: "told", pubSubName: "bus", topic: "t" })
  told(_: HttpRequest, { told }: { told: PublishCollector<number> }): ReadableStream<Uint8Array> {
    told.add(1);
    return this.answer().body as ReadableStream<Uint8Array>;
  }

  @HttpTrigger({ route: "misspelt" })
  misspelt(): HttpResponse {
    return { ...this.answer(), headers: { "x y": "1" } };
  }

  @HttpTrigger({ route: "nothing" })
  nothing(): HttpResponse {
    return { ...this.answer(), status: 204 };
  }

  @HttpTrigger({ route: "late", timeout: 20 })
  async late(_request: HttpRequest, _bindings: unknown, { signal }: InvocationContext): Promise<HttpResponse> {
    await once(signal, "abort");
    return this.answer();
  }

  private answer(): HttpResponse {
    const run = ++this.runs;
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (stream) => {
          stream.enqueue(Buffer.from(`run ${run}`));
          stream.close();
        },
        cancel: (reason: Error) => {
          this.givenUp.push(`run ${run}: ${reason.message}`);
          this.onGivenUp();
        },
      },
      { highWaterMark: 0 },
    );
    return { body };
  }

  onGivenUp: () => void = () => {};
}

describe("a stream that is not sent is given up, so that its source can close", () => {
  it.each([
    ["counted", 409, { status: 200, body: "run 2" }, "answered 409"],
    ["told", 500, { status: 500 }, "answered 500"],
    ["misspelt", 204, { status: 500 }, "holds characters that no header can"],
    ["nothing", 204, { status: 204, body: "" }, "has no body"],
    ["late", 204, { status: 504 }, "no answer within 20 ms"],
  ])("%s, where the sidecar first answers %d", async (route, status, expected, reason) => {
    const exports = new Exports();
    const { app, sidecar } = await serving([exports]);
    let posts = 0;
    sidecar.answer = ({ method }) => (method === "POST" && ++posts === 1 ? { status } : undefined);
    const givenUp = new Promise<void>((resolve) => (exports.onGivenUp = resolve));
    expect(await send(app, "POST", `/api/${route}`)).toMatchObject(expected);
    await givenUp;
    expect(exports.givenUp).toEqual([expect.stringMatching(new RegExp(`^run 1: .*${reason}`))]);
  });
});

describe("a stream whose reader leaves while the next piece is awaited", () => {
  it("is counted as ended once, so that the end of the app waits for what else is in flight", async () => {
    const ticks = new Ticks();
    const handler = await createHandler([ticks], { log: keptLog() });
    const reader = (await handler.fetch(new Request("http://shop/api/ticks"))).body!.getReader();
    await reader.read();
    const next = reader.read();
    // Until it waits for the function's own stream.
    await new Promise((resolve) => setImmediate(resolve));
    await reader.cancel();
    expect((await next).done).toBe(true);
    const other = (await handler.fetch(new Request("http://shop/api/ticks"))).body!.getReader();
    await other.read();
    let hasClosed = false;
    const closing = handler.close().then(() => (hasClosed = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasClosed).toBe(false);
    ticks.stream.close();
    expect((await other.read()).done).toBe(true);
    await closing;
  });
});
