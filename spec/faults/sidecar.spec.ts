import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import {
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  serve,
  type App,
  type Collector,
} from "dapr-functions";
import { heldTimers } from "../serve/support.js";
import { freePort } from "../support/daprd.js";

class Orders {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  save(payload: { id: string }, { order }: { order: Collector<unknown> }): string {
    order.add(payload);
    return "saved";
  }

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "order", stateStore: "statestore", key: "{id}" })
  read(_payload: { id: string }, { order }: { order: unknown }): unknown {
    return { order };
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
  @DaprStateOutput({ name: "seen", stateStore: "statestore", key: "seen" })
  seen(_event: unknown, { seen }: { seen: Collector<unknown> }): void {
    seen.add(1);
  }
}

/** Reads, then saves twice. */
class Steps {
  meanwhile: () => Promise<void> = async () => {};

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "old", stateStore: "statestore", key: "old" })
  @DaprStateOutput({ name: "first", stateStore: "statestore", key: "first" })
  @DaprStateOutput({ name: "second", stateStore: "other", key: "second" })
  async walk(
    _payload: unknown,
    { first, second }: { old: unknown; first: Collector<number>; second: Collector<number> },
  ): Promise<string> {
    first.add(1);
    second.add(2);
    await this.meanwhile();
    return "walked";
  }
}

type Answer = (socket: Socket, request: string) => void;

const healthy: Answer = (socket, request) =>
  socket.write(
    request.startsWith("GET /v1.0/state")
      ? 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n"old"'
      : "HTTP/1.1 204 No Content\r\n\r\n",
  );

const json =
  (status: string, body: string): Answer =>
  (socket) =>
    socket.write(
      `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );

/** What a sidecar may do instead of answering as it should. `saves` where the value was taken all the same, by its own word. */
const faults: Readonly<
  Record<string, { readonly answer: Answer | "absent" | "silent"; readonly saves?: true; readonly reads?: true }>
> = {
  "is not there": { answer: "absent" },
  "takes the request and says nothing": { answer: "silent" },
  "closes the connection without an answer": { answer: (socket) => socket.end() },
  "resets the connection": { answer: (socket) => socket.resetAndDestroy() },
  "answers what is not HTTP": { answer: (socket) => socket.end("SSH-2.0-OpenSSH_9\r\n") },
  "answers a page of HTML with 502": {
    answer: (socket) =>
      socket.write("HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>"),
  },
  "answers 500 with an error of Dapr's": {
    answer: json("500 Internal Server Error", '{"errorCode":"ERR_STATE_SAVE","message":"disk full"}'),
  },
  "answers 500 with a list": { answer: json("500 Internal Server Error", "[null]") },
  "answers 500 and half of an error": { answer: json("500 Internal Server Error", '{"errorCode":"ERR_') },
  "answers 404 with nothing": { answer: json("404 Not Found", "") },
  "answers 401": { answer: json("401 Unauthorized", "invalid api token") },
  "answers 200 and fewer bytes than it said": {
    answer: (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
  },
  "answers a chunk that is none": {
    answer: (socket) => socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
  },
  "answers half of the headers": { answer: (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Le") },
  "answers headers without end": {
    answer: (socket) => socket.end(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(200_000)}\r\n\r\n`),
  },
  "answers a status that is none": { answer: (socket) => socket.end("HTTP/1.1 999999 OK\r\n\r\n") },
  "answers a page of HTML with 200": {
    answer: (socket) =>
      socket.write("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>"),
  },
  "answers 200 and half of a body, and closes the connection": {
    answer: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"n":1'),
  },
  "changes to another protocol": {
    answer: (socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
  },
  "changes to no protocol": { answer: (socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n") },
  "answers a status below 100": { answer: (socket) => socket.write("HTTP/1.1 099 Huh\r\nContent-Length: 0\r\n\r\n") },
  "says 100 and 103 before it answers": {
    answer: (socket, request) => {
      socket.write("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n");
      healthy(socket, request);
    },
    saves: true,
    reads: true,
  },
  "answers byte by byte": {
    answer: (socket, request) => {
      const text = request.startsWith("GET /v1.0/state")
        ? 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n"old"'
        : "HTTP/1.1 204 No Content\r\n\r\n";
      for (const byte of text) socket.write(byte);
    },
    saves: true,
    reads: true,
  },
  // What a store holds that is not JSON is text.
  "answers 200 with JSON that is none": { answer: json("200 OK", '{"a":'), saves: true, reads: true },
};

/** A server on a port of its own that answers as it is told; the fault is changed while it listens. */
class Sidecar {
  answer: Answer = healthy;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port: number | undefined;

  async listen(): Promise<void> {
    if (this.#server?.listening) return;
    this.#port ??= await freePort();
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
      let received = "";
      socket.on("data", (data: Buffer) => {
        received += data.toString("latin1");
        const head = received.indexOf("\r\n\r\n");
        if (head === -1) return;
        const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
        if (received.length < head + 4 + length) return;
        const request = received;
        received = "";
        this.answer(socket, request);
      });
    }).listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async close(): Promise<void> {
    const server = this.#server!;
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

describe.each(Object.entries(faults))("a sidecar that %s", (_name, { answer, saves, reads }) => {
  const timeout = answer === "absent" ? 20_000 : 700;
  const lines: string[] = [];
  let sidecar: Sidecar;
  let app: App;

  const begins = async (): Promise<void> => {
    await sidecar.listen();
    // A client tries again a moment after it was refused.
    if (answer === "absent") return sidecar.close();
    const pass = heldTimers();
    sidecar.answer = answer === "silent" ? () => void pass(timeout) : answer;
  };

  beforeAll(async () => {
    sidecar = new Sidecar();
    await sidecar.listen();
    const line = (...args: readonly unknown[]) => lines.push(args.join(" "));
    app = await serve([Orders], { port: 0, daprUrl: sidecar.url, timeout, log: { error: line } });
  });

  afterAll(async () => {
    await app.close();
    await sidecar.close();
  });

  const post = async (path: string, body: object, type = "application/json") => {
    const response = await fetch(`${app.url}/${path}`, {
      method: "POST",
      headers: { "content-type": type },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.text() };
  };
  const event = { id: "e", source: "s", type: "t", specversion: "1.0", topic: "orders", pubsubname: "bus", data: 1 };

  it("costs the caller an answer that says so, and an event nothing", async () => {
    await begins();
    lines.length = 0;
    const [saved, read, seen] = [
      await post("save", { id: "41" }),
      await post("read", { id: "41" }),
      await post("orders", event, "application/cloudevents+json"),
    ];
    expect([saved.status, read.status, seen.status]).toEqual([saves ? 200 : 500, reads ? 200 : 500, saves ? 200 : 500]);
    // Whatever a sidecar answers, 404 and 401 too, an event is never answered so that Dapr drops it.
    const failed = [saved, read]
      .filter(({ status }) => status === 500)
      .map(({ body }) => JSON.parse(body) as Record<string, unknown>);
    for (const body of failed)
      expect(body).toMatchObject({
        errorCode: expect.stringMatching(/^ERR_/),
        message: expect.any(String),
        functionName: expect.any(String),
      });
    expect(lines.filter((line) => line.includes(" failed"))).toHaveLength(
      [saved, read, seen].filter(({ status }) => status === 500).length,
    );
  });

  it("is forgotten when it answers again", async () => {
    await begins();
    expect((await post("save", { id: "41" })).status).toBe(saves ? 200 : 500);
    await sidecar.listen();
    sidecar.answer = healthy;
    expect(await post("save", { id: "41" })).toEqual({ status: 200, body: '"saved"' });
    expect(await post("read", { id: "41" })).toEqual({ status: 200, body: '{"order":"old"}' });
    expect((await post("orders", event, "application/cloudevents+json")).status).toBe(200);
  });
});

describe("a sidecar that goes", () => {
  const walking = async () => {
    const asked: string[] = [];
    const sidecar = new Sidecar();
    const steps = new Steps();
    await sidecar.listen();
    sidecar.answer = (socket, request) => {
      // Not what the app asks when it starts.
      if (request.includes("/v1.0/state/")) asked.push(request.split(" HTTP", 1)[0]!);
      healthy(socket, request);
    };
    const lines: string[] = [];
    const line = (...args: readonly unknown[]) => lines.push(args.join(" "));
    const app = await serve([steps], { port: 0, daprUrl: sidecar.url, timeout: 5000, log: { error: line } });
    const walk = async () => {
      const response = await fetch(`${app.url}/walk`, { method: "POST" });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const close = async (): Promise<void> => {
      await app.close();
      await sidecar.close();
    };
    return { asked, sidecar, steps, lines, walk, close };
  };
  const [read, save, saveOther] = [
    "GET /v1.0/state/statestore/old",
    "POST /v1.0/state/statestore",
    "POST /v1.0/state/other",
  ];

  it("between what is read and the first output is said, and nothing was sent", async () => {
    const { asked, sidecar, steps, lines, walk, close } = await walking();
    steps.meanwhile = () => sidecar.close();
    const failed = await walk();
    // Whether the connection that it had is known to be gone is a matter of time.
    const errorCode: unknown = expect.stringMatching(/^ERR_DAPR_(SIDECAR_DOES_NOT_EXIST|REQUEST_FAILED)$/);
    expect(failed).toMatchObject({ status: 500, body: { errorCode } });
    expect(failed.body["message"]).toContain("nothing was sent before");
    expect(lines).toHaveLength(1);
    steps.meanwhile = async () => {};
    await sidecar.listen();
    expect(await walk()).toEqual({ status: 200, body: "walked" });
    expect(asked).toEqual([read, read, save, saveOther]);
    await close();
  });

  it("between two outputs is said, with what was sent", async () => {
    const { asked, sidecar, lines, walk, close } = await walking();
    const answer = sidecar.answer;
    sidecar.answer = (socket, request) => {
      answer(socket, request);
      // Once what it answered has left.
      if (request.startsWith(save)) socket.end(() => void sidecar.close());
    };
    const failed = await walk();
    expect(failed).toMatchObject({ status: 500, body: { errorCode: expect.stringMatching(/^ERR_DAPR_/) as unknown } });
    expect(failed.body["message"]).toContain('sent before: 1 of "first"');
    expect(lines).toHaveLength(1);
    sidecar.answer = answer;
    await sidecar.listen();
    expect(await walk()).toEqual({ status: 200, body: "walked" });
    expect(asked).toEqual([read, save, read, save, saveOther]);
    await close();
  });
});
