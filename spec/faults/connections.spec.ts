import { once } from "node:events";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { createHandler, DaprServiceInvocationTrigger, DaprTopicTrigger } from "dapr-functions";
import { atEnd, deliver, post, send, serving } from "../serve/support.js";

class Orders {
  readonly seen: unknown[] = [];

  @DaprServiceInvocationTrigger()
  echo(payload: unknown): unknown {
    this.seen.push(payload);
    return payload;
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
  count({ data }: { data: unknown }): void {
    this.seen.push(data);
  }
}

/** A connection whose other end may do with it what it likes. */
async function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  atEnd(async () => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Sends the text byte by byte, then the filler for ever, each after the one before has left; resolves after the text. */
function trickle(socket: Socket, text: string, filler: string): Promise<void> {
  return new Promise((resolve) => {
    let sent = 0;
    const next = (): void => {
      if (sent === text.length) resolve();
      if (!socket.writable) return resolve();
      // After what has come was read: a write that finds the other end gone takes with it what that said last.
      socket.write(text[sent++] ?? filler, () => setTimeout(() => setImmediate(next), 1));
    };
    next();
  });
}

/** All that comes until the other end closes. */
async function received(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  await once(socket, "close");
  return text;
}

/** What a caller may send without ever coming to its end. */
const trickles: readonly (readonly [what: string, text: string, filler: string])[] = [
  ["a request line", "POST /ec", "o"],
  ["headers", "POST /echo HTTP/1.1\r\nHost: x\r\nX: ", "y"],
  [
    "a body of a known length",
    "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n[",
    " ",
  ],
  [
    "a body in chunks",
    "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    "1\r\n \r\n",
  ],
  [
    "an event",
    "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/cloudevents+json\r\nContent-Length: 1000000\r\n\r\n{",
    " ",
  ],
];

describe.each(trickles)("callers that send %s without end", (_what, text, filler) => {
  it("hold up nobody else, also where one invocation runs at a time", async () => {
    const orders = new Orders();
    const { app } = await serving([orders], { maxConcurrency: 1, maxQueue: 1 });
    const slow = await Promise.all(Array.from({ length: 20 }, () => open(app.port)));
    await Promise.all(slow.map((socket) => trickle(socket, text, filler)));
    for (const value of [1, 2, 3]) {
      expect(await post(app, "/echo", value)).toMatchObject({ status: 200, json: value });
      expect((await deliver(app, "/orders", { data: -value })).status).toBe(200);
    }
    expect((await send(app, "GET", "/healthz")).status).toBe(204);
    expect(slow.filter(({ destroyed }) => destroyed)).toEqual([]);
    expect(orders.seen).toEqual([1, -1, 2, -2, 3, -3]);
  });

  it("are ended by the server's time limits, and run nothing", async () => {
    const orders = new Orders();
    const handler = await createHandler([orders], { log: {} });
    atEnd(() => handler.close());
    const limits = { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 50 };
    const server = createServer(limits, handler).listen(0, "127.0.0.1");
    await once(server, "listening");
    atEnd(() => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()));
    const { port } = server.address() as AddressInfo;
    const socket = await open(port);
    void trickle(socket, text, filler);
    expect(await received(socket)).toMatch(/^HTTP\/1\.1 408 /);
    expect(orders.seen).toEqual([]);
    // Nothing of it is in flight any more: an end would wait for it.
    await handler.close();
  });
});

it("has the time limits of Node itself, 60 s for headers and 300 s for a request", async () => {
  const { app } = await serving([Orders]);
  const servers = new Set<Server>();
  const keep = (message: unknown): void => void servers.add((message as { server: Server }).server);
  subscribe("http.server.request.start", keep);
  atEnd(async () => void unsubscribe("http.server.request.start", keep));
  await send(app, "GET", "/healthz");
  const own = [...servers].filter((server) => (server.address() as AddressInfo).port === app.port);
  expect(own).toMatchObject([{ headersTimeout: 60_000, requestTimeout: 300_000 }]);
});

it("ends who sends more headers than Node takes, with 431", async () => {
  const { app } = await serving([Orders]);
  const socket = await open(app.port);
  const answer = received(socket);
  socket.write("GET /echo HTTP/1.1\r\nHost: x\r\n");
  for (let line = 0; line < 400; line++) socket.write(`X-${line}: ${"y".repeat(60)}\r\n`);
  expect(await answer).toMatch(/^HTTP\/1\.1 431 /);
  expect(await post(app, "/echo", 1)).toMatchObject({ status: 200, json: 1 });
});

it("ends slow callers with the app", async () => {
  const { app } = await serving([Orders], { shutdownTimeout: 50 });
  const slow = await Promise.all(trickles.map(() => open(app.port)));
  const ends = slow.map(received);
  await Promise.all(slow.map((socket, index) => trickle(socket, trickles[index]![1], trickles[index]![2])));
  await app.close();
  expect(await Promise.all(ends)).toEqual(trickles.map(() => ""));
});

describe("many connections", () => {
  /** Both ends of each are in this process, which needs some files of its own, too. */
  const most = ((): number => {
    const { userLimits } = process.report.getReport() as unknown as {
      userLimits: { open_files: { soft: number | "unlimited" } };
    };
    const { soft } = userLimits.open_files;
    return soft === "unlimited" ? 10_000 : Math.min(10_000, Math.floor((soft - 500) / 2));
  })();

  const request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

  async function answered(socket: Socket): Promise<string> {
    socket.write(request);
    const [chunk] = (await once(socket, "data")) as [Buffer];
    return chunk.toString("latin1").slice(0, 12);
  }

  it("that are kept idle leave the app to the others, and end with it", async () => {
    const { app } = await serving([Orders]);
    const begin = performance.now();
    const idle: Socket[] = [];
    // A busy machine opens fewer of them in the time that there is.
    while (idle.length < most && performance.now() - begin < 10_000) {
      const some = await Promise.all(Array.from({ length: Math.min(250, most - idle.length) }, () => open(app.port)));
      const words = await Promise.all(some.map(answered));
      expect(new Set(words)).toEqual(new Set(["HTTP/1.1 204"]));
      idle.push(...some);
    }
    expect(idle.length).toBeGreaterThanOrEqual(Math.min(most, 250));
    for (const value of [1, 2, 3]) expect(await post(app, "/echo", value)).toMatchObject({ status: 200, json: value });
    expect((await deliver(app, "/orders", { data: 4 })).status).toBe(200);
    // None was closed to make room, and each can be used again.
    expect(idle.filter(({ destroyed }) => destroyed)).toEqual([]);
    expect(await answered(idle[0]!)).toBe("HTTP/1.1 204");
    expect(await answered(idle.at(-1)!)).toBe("HTTP/1.1 204");
    const ends = idle.map((socket) => once(socket, "close"));
    await app.close();
    await Promise.all(ends);
  });
});
