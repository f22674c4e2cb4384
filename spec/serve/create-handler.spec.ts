import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { serve as serveHono } from "@hono/node-server";
import { Controller, Get, Module, type INestApplication, type Type } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import {
  createHandler,
  DaprServiceInvocationTrigger,
  DaprStateOutput,
  DaprTopicTrigger,
  HttpTrigger,
  type CloudEvent,
  type Collector,
  type HandlerOptions,
  type HttpRequest,
  type HttpResponse,
  type InvocationContext,
  type RequestHandler,
} from "../../lib/index.js";
import { recordingSidecar, type RecordingSidecar } from "../support/recording-sidecar.js";
import { atEnd, deliver, keptLog, post, send, serving } from "./support.js";

class Shop {
  readonly events: unknown[] = [];

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "s", key: "{id}" })
  create(order: { id: string }, { order: out }: { order: Collector<unknown> }): { created: string } {
    out.add(order);
    return { created: order.id };
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
  onOrder(event: CloudEvent): void {
    this.events.push(event.data);
  }

  readonly streams: ReadableStreamDefaultController<Uint8Array>[] = [];

  @HttpTrigger({ route: "stream" })
  stream(): HttpResponse {
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      this.streams.push(controller);
      controller.enqueue(Buffer.from("one"));
    };
    return { body: new ReadableStream<Uint8Array>({ start }) };
  }

  @HttpTrigger({ route: "orders/{id}" })
  async show(request: HttpRequest): Promise<HttpResponse> {
    const { url, params, query } = request;
    return {
      jsonBody: { path: new URL(url).pathname, id: params["id"], q: query.get("q"), body: await request.text() },
    };
  }
}

const refusedHead = {
  errorCode: "ERR_METHOD_NOT_ALLOWED",
  message: "HEAD /api/get is not answered, GET is; send that",
};

interface Mounted {
  readonly port: number;
  readonly handler: RequestHandler;
  readonly shop: Shop;
  readonly sidecar: RecordingSidecar;
  readonly log: ReturnType<typeof keptLog>;
}

/** Puts a handler into a server and gives its port; the server ends with the spec. */
type Mount = (handler: RequestHandler) => Promise<number>;

async function mounted(mount: Mount, options: HandlerOptions = {}): Promise<Mounted> {
  const sidecar = await recordingSidecar();
  atEnd(() => sidecar.close());
  const shop = new Shop();
  const log = keptLog();
  const handler = await createHandler([shop], { daprUrl: sidecar.url, log, ...options });
  atEnd(() => handler.close());
  return { port: await mount(handler), handler, shop, sidecar, log };
}

async function listening(listener: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(() => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()));
  return (server.address() as AddressInfo).port;
}

@Controller()
class Own {
  @Get("mine")
  mine(): string {
    return "mine";
  }
}

@Module({ controllers: [Own] })
class OwnModule {}

async function nest(app: INestApplication, handler: RequestHandler): Promise<number> {
  app.use(handler);
  atEnd(() => app.close());
  await app.listen(0, "127.0.0.1");
  return ((app.getHttpServer() as ReturnType<typeof createServer>).address() as AddressInfo).port;
}

/** Each with a route of its own at `GET /mine`. */
const servers: Readonly<Record<string, Mount>> = {
  "node:http": (handler) =>
    listening((request, response) =>
      handler(request, response, () => response.writeHead(request.url === "/mine" ? 200 : 404).end("mine")),
    ),
  "Express 5": (handler) =>
    listening(
      express()
        .use(handler)
        .use(express.json())
        .get("/mine", (_request, response) => void response.send("mine")),
    ),
  "Express 5, body parsers before": (handler) =>
    listening(
      express()
        .use(express.json({ type: ["application/json", "application/cloudevents+json"] }), express.text())
        .use(handler)
        .get("/mine", (_request, response) => void response.send("mine")),
    ),
  "Fastify 5, hijacked": async (handler) => {
    const app = fastify();
    app.get("/mine", () => "mine");
    await app.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser("*", (_request, _payload, parsed) => parsed(null));
      scope.all("/*", (request, reply) => {
        reply.hijack();
        handler(request.raw, reply.raw);
      });
      done();
    });
    atEnd(() => app.close());
    await app.listen({ port: 0, host: "127.0.0.1" });
    return (app.server.address() as AddressInfo).port;
  },
  "Fastify 5, in a hook": async (handler) => {
    const app = fastify();
    app.addHook("onRequest", (request, reply, done) => handler(request.raw, reply.raw, done as () => void));
    app.get("/mine", () => "mine");
    atEnd(() => app.close());
    await app.listen({ port: 0, host: "127.0.0.1" });
    return (app.server.address() as AddressInfo).port;
  },
  "NestJS on Express": async (handler) =>
    nest(await NestFactory.create(OwnModule as Type, new ExpressAdapter(), { logger: false }), handler),
  "NestJS on Fastify": async (handler) =>
    nest(await NestFactory.create(OwnModule as Type, new FastifyAdapter(), { logger: false }), handler),
  Hono: (handler) =>
    new Promise((resolve) => {
      const app = new Hono();
      app.get("/mine", (context) => context.text("mine"));
      app.all("*", (context) => handler.fetch(context.req.raw));
      const server = serveHono({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => resolve(port));
      atEnd(() => new Promise<void>((ended) => void server.close(() => ended())));
    }),
};

describe.each(Object.entries(servers))("a handler in %s", (_name, mount) => {
  it("answers for its functions, beside routes of the program's own", async () => {
    const app = await mounted(mount);
    expect(await post(app, "/create", { id: "41" })).toMatchObject({ status: 200, body: '{"created":"41"}' });
    expect(app.sidecar.lines).toEqual(['POST /v1.0/state/s [{"key":"41","value":{"id":"41"}}]']);
    expect((await deliver(app, "/orders", { data: { id: "42" } })).status).toBe(200);
    expect(app.shop.events).toEqual([{ id: "42" }]);
    const shown = await send(app, "PUT", "/api/orders/a%20b?q=1", {
      headers: { "content-type": "text/plain" },
      body: "hi",
    });
    expect(shown.json).toEqual({ path: "/api/orders/a%20b", id: "a b", q: "1", body: "hi" });
    expect((await send(app, "GET", "/dapr/subscribe")).json).toEqual([
      { pubsubname: "bus", topic: "orders", route: "/orders" },
    ]);
    expect((await send(app, "GET", "/healthz")).status).toBe(204);
    expect(await send(app, "GET", "/mine")).toMatchObject({ status: 200, body: "mine" });
    expect((await send(app, "GET", "/nowhere")).status).toBe(404);
  });

  it("sends a stream piece by piece, and waits for it when it closes", async () => {
    const app = await mounted(mount);
    const answer = await fetch(`http://127.0.0.1:${app.port}/api/stream`);
    const reader = answer.body!.getReader();
    const [controller] = app.shop.streams;
    let hasClosed = false;
    let closed: Promise<void> | undefined;
    for (const text of ["one", "two"]) {
      if (text === "two") controller!.enqueue(Buffer.from(text));
      expect(Buffer.from((await reader.read()).value!).toString()).toBe(text);
      closed ??= app.handler.close().then(() => void (hasClosed = true));
    }
    expect(hasClosed).toBe(false);
    controller!.close();
    expect((await reader.read()).done).toBe(true);
    await closed;
  });

  it("lets what is in flight finish when it closes, and answers 503 from then on", async () => {
    const app = await mounted(mount);
    let finish!: () => void;
    const arrived = new Promise<void>((resolve) => {
      app.sidecar.answer = () => {
        resolve();
        return new Promise((answer) => (finish = () => answer({ status: 204 })));
      };
    });
    const answer = post(app, "/create", { id: "41" });
    await arrived;
    const closed = app.handler.close();
    expect((await send(app, "GET", "/healthz")).status).toBe(204);
    finish();
    expect((await answer).body).toBe('{"created":"41"}');
    await closed;
    expect((await send(app, "GET", "/healthz")).status).toBe(503);
    expect(await post(app, "/create", { id: "42" })).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
    expect((await send(app, "GET", "/mine")).body).toBe("mine");
  });
});

describe("a body that was read before", () => {
  const before =
    (take: (request: IncomingMessage & { body?: unknown; rawBody?: unknown }, body: Buffer) => void): Mount =>
    (handler) =>
      listening((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
          take(request, Buffer.concat(chunks));
          handler(request, response);
        });
      });
  const text = { headers: { "content-type": "text/plain" }, body: '{"id":"41"}' };

  it.each<[string, Parameters<typeof before>[0], { headers: Record<string, string> }]>([
    ["bytes", (request, body) => (request.body = body), text],
    ["text", (request, body) => (request.body = body.toString()), text],
    [
      "JSON",
      (request, body) => (request.body = JSON.parse(body.toString()) as unknown),
      { headers: { "content-type": "application/json" } },
    ],
    ["bytes beside what was made of them", (request, body) => ((request.rawBody = body), (request.body = {})), text],
  ])("is taken as %s", async (_kind, take, { headers }) => {
    const app = await mounted(before(take));
    const { json } = await send(app, "PUT", "/api/orders/1", { headers, body: '{"id":"41"}' });
    expect(json).toMatchObject({ body: '{"id":"41"}' });
  });

  it.each<[string, Parameters<typeof before>[0]]>([
    ["is gone", () => undefined],
    ["is a form", (request) => (request.body = { id: "41" })],
  ])("is refused with what to do when it %s", async (_kind, take) => {
    const app = await mounted(before(take));
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await send(app, "PUT", "/api/orders/1", { headers: form, body: "id=41" });
    expect([answer.status, answer.json]).toEqual([
      500,
      expect.objectContaining({
        errorCode: "ERR_BODY_CONSUMED",
        message: "the body was read before, and request.body does not hold it; mount before the body parser",
      }),
    ]);
    expect(app.log.lines.join("\n")).toContain("mount before the body parser");
  });

  it.each<[string, (request: Request) => unknown]>([
    ["was read", (request) => request.text()],
    ["was read in part", (request) => request.body!.getReader().read()],
    ["is read by another", (request) => request.body!.getReader()],
  ])("is refused by fetch, too, when it %s", async (_case, take) => {
    const { handler } = await mounted(async () => 0);
    const request = new Request("http://localhost/create", { method: "POST", body: '{"id":"1"}' });
    await take(request);
    const answer = await handler.fetch(request);
    expect([answer.status, await answer.json()]).toEqual([
      500,
      expect.objectContaining({ errorCode: "ERR_BODY_CONSUMED" }),
    ]);
  });

  it("is nothing to fetch, too, when it was empty", async () => {
    const { handler } = await mounted(async () => 0);
    const headers = { "content-length": "0" };
    const request = new Request("http://localhost/api/orders/1", { method: "PUT", body: "", headers });
    await request.text();
    const answer = await handler.fetch(request);
    expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ body: "" })]);
  });
});

describe("createHandler", () => {
  it("answers HTTP/2 as well", async () => {
    const app = await mounted(async (handler) => {
      const server = createHttp2Server((request, response) => handler(request as never, response as never));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      atEnd(() => new Promise((resolve) => server.close(() => resolve())));
      return (server.address() as AddressInfo).port;
    });
    const session = connect(`http://127.0.0.1:${app.port}`);
    const stream = session.request({ ":method": "PUT", ":path": "/api/orders/7?q=1", "content-type": "text/plain" });
    stream.end("hi");
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    session.close();
    expect(JSON.parse(Buffer.concat(chunks).toString())).toEqual({
      path: "/api/orders/7",
      id: "7",
      q: "1",
      body: "hi",
    });
  });

  it("has the functions, and leaves /healthz to the program when told so", async () => {
    const app = await mounted((handler) => listening((req, res) => handler(req, res, () => res.end("own"))), {
      health: false,
    });
    expect(app.handler.functions.map(({ name }) => name)).toEqual(["create", "onOrder", "stream", "show"]);
    expect(await send(app, "GET", "/healthz")).toMatchObject({ status: 200, body: "own" });
  });

  it("asks for the token on its own paths only", async () => {
    const before = process.env["APP_API_TOKEN"];
    process.env["APP_API_TOKEN"] = "secret";
    atEnd(async () => {
      if (before === undefined) delete process.env["APP_API_TOKEN"];
      else process.env["APP_API_TOKEN"] = before;
    });
    const app = await mounted((handler) => listening((req, res) => handler(req, res, () => res.end("own"))));
    expect((await post(app, "/create", { id: "1" })).status).toBe(401);
    expect((await post(app, "/create", { id: "1" }, { "dapr-api-token": "secret" })).status).toBe(200);
    expect((await send(app, "GET", "/mine")).body).toBe("own");
    expect((await app.handler.fetch(new Request("http://localhost/create", { method: "POST" }))).status).toBe(401);
  });

  it("refuses a body beyond the limit, also where fetch does not know its length", async () => {
    const { handler } = await mounted(async () => 0, { maxBodySize: 10 });
    const stream = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(8)),
    });
    const init = { method: "POST", body: stream, duplex: "half" } as RequestInit;
    expect((await handler.fetch(new Request("http://localhost/create", init))).status).toBe(413);
    const known = new Request("http://localhost/create", { method: "POST", body: "x".repeat(11) });
    expect((await handler.fetch(known)).status).toBe(413);
  });

  it("answers HEAD with the length of what GET would have, and without it, as serve does", async () => {
    class Both {
      cancelled = false;

      @HttpTrigger({ route: "text", methods: ["GET", "HEAD"] })
      text(): string {
        return "é5";
      }
      @HttpTrigger({ route: "empty", methods: ["GET", "HEAD"] })
      empty(): HttpResponse {
        return { status: 200 };
      }
      @HttpTrigger({ route: "none", methods: ["GET", "HEAD"] })
      none(): void {}
      @HttpTrigger({ route: "get", methods: ["GET"] })
      get(): string {
        return "got";
      }
      @HttpTrigger({ route: "stream", methods: ["GET", "HEAD"] })
      stream(): HttpResponse {
        return { body: new ReadableStream<Uint8Array>({ cancel: () => void (this.cancelled = true) }) };
      }
    }
    const both = new Both();
    const handler = await createHandler([both], { log: keptLog() });
    const { app } = await serving([Both]);
    const head = (path: string) => handler.fetch(new Request(`http://shop/api/${path}`, { method: "HEAD" }));
    for (const [path, status, length] of [
      ["text", 200, "3"],
      ["empty", 200, "0"],
      ["none", 204, null],
      ["get", 405, String(JSON.stringify(refusedHead).length)],
    ] as const) {
      const fetched = await head(path);
      expect([path, fetched.status, fetched.headers.get("content-length"), fetched.body]).toEqual([
        path,
        status,
        length,
        null,
      ]);
      const served = await send(app, "HEAD", `/api/${path}`);
      const shown = Object.fromEntries(fetched.headers);
      const { date: _date, connection: _connection, ...sent } = served.headers;
      expect(sent).toEqual(shown);
    }
    expect((await head("stream")).body).toBeNull();
    expect(both.cancelled).toBe(true);
    // Nothing is in flight any more.
    await handler.close();
  });

  it("starts with nothing left behind when it cannot", async () => {
    const listeners = process.listenerCount("unhandledRejection");
    await expect(createHandler([class Empty {}])).rejects.toMatchObject({ name: "DefinitionError" });
    expect(process.listenerCount("unhandledRejection")).toBe(listeners);
  });
});

it("stays healthy until what came while it stopped is done too, and takes no more once what was in flight at first is", async () => {
  const ends: (() => void)[] = [];
  let started!: () => void;
  let next = new Promise<void>((resolve) => (started = resolve));
  class Slow {
    @DaprServiceInvocationTrigger()
    async work(): Promise<void> {
      const ended = new Promise<void>((resolve) => ends.push(resolve));
      started();
      await ended;
    }
  }
  const handler = await createHandler([Slow], { log: keptLog() });
  const call = async (path: string, method = "POST"): Promise<number> =>
    (await handler.fetch(new Request(`http://localhost${path}`, { method }))).status;
  const earlier = call("/work");
  await next;
  next = new Promise((resolve) => (started = resolve));
  const closed = handler.close();
  const later = call("/work");
  await next;
  expect(await call("/healthz", "GET")).toBe(204);
  ends[0]!();
  expect(await earlier).toBe(200);
  const late = await handler.fetch(new Request("http://localhost/work", { method: "POST" }));
  expect([late.status, late.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await call("/healthz", "GET")).toBe(204);
  ends[1]!();
  expect(await later).toBe(200);
  await closed;
  expect(ends).toHaveLength(2);
  expect(await call("/healthz", "GET")).toBe(503);
  expect(await call("/work")).toBe(503);
});

it("stays healthy while an invocation whose time is up sends and answers: a sidecar would be gone before", async () => {
  const health: (() => Promise<number>)[] = [];
  let started!: () => void;
  const running = new Promise<void>((resolve) => (started = resolve));
  class Obeys {
    @DaprServiceInvocationTrigger()
    async work(_payload: unknown, _bindings: unknown, { signal }: InvocationContext): Promise<number> {
      const aborted = once(signal, "abort");
      started();
      await aborted;
      return await health[0]!();
    }
  }
  const handler = await createHandler([Obeys], { log: keptLog(), shutdownTimeout: 20 });
  const call = (path: string, method: string) => handler.fetch(new Request(`http://localhost${path}`, { method }));
  health.push(async () => (await call("/healthz", "GET")).status);
  const answer = call("/work", "POST");
  await running;
  await handler.close();
  expect(await (await answer).json()).toBe(204);
  expect(await health[0]!()).toBe(503);
});
