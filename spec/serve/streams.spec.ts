import { once } from "node:events";
import { request as httpRequest } from "node:http";
import {
  createHandler,
  HttpTrigger,
  type HttpRequest,
  type HttpResponse,
  type InvocationContext,
} from "../../lib/index.js";
import { keptLog, serving } from "./support.js";

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
