import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, createServer as createHttp2Server, type IncomingHttpHeaders } from "node:http2";
import type { AddressInfo } from "node:net";
import { Module, type INestApplication, type Type } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import express from "express";
import fastify from "fastify";
import {
  createHandler,
  DaprBindingTrigger,
  DaprServiceInvocationTrigger,
  DaprTopicTrigger,
  HttpTrigger,
  type CloudEvent,
  type HttpRequest,
  type HttpResponse,
  type InvocationContext,
  type RequestHandler,
} from "../../lib/index.js";
import { atEnd, keptLog, send } from "./support.js";

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** Puts a handler behind a middleware and gives its port; the server ends with the spec. */
type Mount = (handler: RequestHandler, before: Middleware) => Promise<number>;

async function listening(listener: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(() => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()));
  return (server.address() as AddressInfo).port;
}

@Module({})
class Own {}

async function nest(app: INestApplication, handler: RequestHandler, before: Middleware): Promise<number> {
  app.use(before);
  app.use(handler);
  atEnd(() => app.close());
  await app.listen(0, "127.0.0.1");
  return ((app.getHttpServer() as ReturnType<typeof createServer>).address() as AddressInfo).port;
}

const servers: Readonly<Record<string, Mount>> = {
  "node:http": (handler, before) =>
    listening((request, response) => before(request, response, () => handler(request, response))),
  "Express 5": (handler, before) => listening(express().use(before, handler)),
  "Express 5 without x-powered-by": (handler, before) =>
    listening(express().disable("x-powered-by").use(before, handler)),
  "NestJS on Express": async (handler, before) =>
    nest(await NestFactory.create(Own as Type, new ExpressAdapter(), { logger: false }), handler, before),
  "NestJS on Fastify": async (handler, before) =>
    nest(await NestFactory.create(Own as Type, new FastifyAdapter(), { logger: false }), handler, before),
  "Fastify 5": async (handler, before) => {
    const app = fastify();
    app.addHook("onRequest", (request, reply, done) =>
      before(request.raw, reply.raw, () => handler(request.raw, reply.raw, done as () => void)),
    );
    atEnd(() => app.close());
    await app.listen({ port: 0, host: "127.0.0.1" });
    return (app.server.address() as AddressInfo).port;
  },
};

const passing: Middleware = (_request, _response, next) => next();

function setting(name: string, value: string | string[]): Middleware {
  return (_request, response, next) => {
    response.setHeader(name, value);
    next();
  };
}

/** Takes a list of headers for pairs, as on-headers up to 1.0.2 does, which compression and express-session contain. */
const wrapping: Middleware = (_request, response, next) => {
  const writeHead = response.writeHead.bind(response) as (status: number) => ServerResponse;
  response.writeHead = ((status: number, headers: readonly string[] = []) => {
    for (const [name, value] of headers) response.setHeader(name!, value!);
    return writeHead(status);
  }) as never;
  next();
};

describe("the headers of a reply", () => {
  class Answers {
    @HttpTrigger({ methods: ["POST"] })
    login(): HttpResponse {
      const headers = { "set-cookie": ["sid=1; HttpOnly", "theme=dark"], vary: ["origin", "accept"], "x-a": "\xe9" };
      return { headers, cookies: [{ name: "c", value: "3" }], body: "in \xe9" };
    }

    @HttpTrigger({ methods: ["POST"] })
    streamed(): HttpResponse {
      const body = new Blob(["one", "two"]).stream() as ReadableStream<Uint8Array>;
      return { headers: { "set-cookie": ["a=1", "b=2"], "content-type": "text/plain" }, body };
    }

    @HttpTrigger({ methods: ["POST"] })
    nothing(): HttpResponse {
      return { status: 204, headers: { "set-cookie": ["a=1", "b=2"] } };
    }
  }

  interface Before {
    readonly middleware: Middleware;
    readonly cookies?: readonly string[];
    readonly vary?: string;
    readonly id?: string;
  }

  const befores: Readonly<Record<string, Before>> = {
    nothing: { middleware: passing },
    "a header of another": { middleware: setting("X-Request-Id", "7"), id: "7" },
    "a cookie of another": { middleware: setting("Set-Cookie", "session=mine"), cookies: ["session=mine"] },
    "cookies of another": { middleware: setting("set-cookie", ["s=1", "t=2"]), cookies: ["s=1", "t=2"] },
    "what the answer of another varies by": { middleware: setting("Vary", "Origin, DNT"), vary: "Origin, DNT, " },
    "a type of another body": { middleware: setting("Content-Type", "text/html") },
    "a length of another body": { middleware: setting("Content-Length", "1") },
    "a writeHead of another": { middleware: wrapping },
  };

  const cases = Object.entries(servers).flatMap(([server, mount]) =>
    Object.entries(befores).map(([name, before]) => [name, server, mount, before] as const),
  );

  it.each(cases)("stand beside %s, in %s", async (_name, _server, mount, { middleware, cookies = [], vary, id }) => {
    const handler = await createHandler([Answers], { log: keptLog() });
    atEnd(() => handler.close());
    const to = { port: await mount(handler, middleware) };
    const login = await send(to, "POST", "/api/login", { body: "" });
    expect(login).toMatchObject({ status: 200, body: "in \xe9" });
    expect(login.headers).toMatchObject({
      "set-cookie": [...cookies, "sid=1; HttpOnly", "theme=dark", "c=3"],
      vary: `${vary ?? ""}origin, accept`,
      "x-a": "\xe9",
      "content-type": "text/plain; charset=utf-8",
      "content-length": "5",
    });
    expect(login.headers["x-request-id"]).toBe(id);
    const streamed = await send(to, "POST", "/api/streamed", { body: "" });
    expect(streamed.body).toBe("onetwo");
    expect(streamed.headers).toMatchObject({
      "set-cookie": [...cookies, "a=1", "b=2"],
      "content-type": "text/plain",
      "transfer-encoding": "chunked",
    });
    expect(streamed.headers).not.toHaveProperty("content-length");
    const nothing = await send(to, "POST", "/api/nothing", { body: "" });
    expect([nothing.status, nothing.headers["set-cookie"]]).toEqual([204, [...cookies, "a=1", "b=2"]]);
    expect(nothing.headers).not.toHaveProperty("content-length");
  });

  it("come whole through HTTP/2", async () => {
    const handler = await createHandler([Answers], { log: keptLog() });
    atEnd(() => handler.close());
    const server = createHttp2Server((request, response) => handler(request as never, response as never));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    atEnd(() => new Promise((resolve) => server.close(() => resolve())));
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const stream = session.request({ ":method": "POST", ":path": "/api/login" });
    const headers = await new Promise<IncomingHttpHeaders>((resolve) => stream.once("response", resolve).end());
    for await (const _ of stream);
    session.close();
    const cookies = ["sid=1; HttpOnly", "theme=dark", "c=3"];
    expect(headers).toMatchObject({ "set-cookie": cookies, vary: "origin, accept" });
  });
});

describe("the headers of a request", () => {
  class Sees {
    @HttpTrigger({ methods: ["POST"] })
    async seen(request: HttpRequest, _bindings: object, context: InvocationContext): Promise<HttpResponse> {
      const names = ["x-user", "x-secret", "x-list", "x-kept"];
      const of = (headers: Headers): unknown[] => names.map((name) => headers.get(name));
      return {
        jsonBody: { request: of(request.headers), context: of(context.request!.headers), body: await request.json() },
      };
    }
  }

  const changing: Middleware = ({ headers }, _response, next) => {
    headers["x-user"] = "ann";
    headers["x-list"] = ["a", "b"];
    headers["x-none"] = undefined;
    delete headers["x-secret"];
    next();
  };
  /** As adapters for other hosts make requests. */
  const bare: Middleware = (request, _response, next) => {
    void request.headers;
    Object.defineProperty(request, "rawHeaders", { value: [] });
    next();
  };

  it.each(Object.entries(servers))("are seen as a middleware left them, in %s", async (_server, mount) => {
    const handler = await createHandler([Sees], { log: keptLog() });
    atEnd(() => handler.close());
    const headers = { "content-type": "application/json", "x-secret": "s", "x-kept": "k" };
    const asked = async (before: Middleware) =>
      (await send({ port: await mount(handler, before) }, "POST", "/api/seen", { headers, body: '{"a":1}' })).json;
    const changed = ["ann", null, "a, b", "k"];
    expect(await asked(changing)).toEqual({ request: changed, context: changed, body: { a: 1 } });
    const kept = [null, "s", null, "k"];
    expect(await asked(bare)).toEqual({ request: kept, context: kept, body: { a: 1 } });
  });
});

describe("a request", () => {
  /** What was taken, and which bytes an HTTP function saw. */
  class Takes {
    readonly taken: unknown[] = [];

    @DaprServiceInvocationTrigger()
    invoked(payload: unknown): { got: unknown } {
      return { got: payload instanceof Uint8Array ? Buffer.from(payload).toString("base64") : (payload ?? "nothing") };
    }

    @DaprBindingTrigger()
    cron(payload: unknown): void {
      this.taken.push(payload);
    }

    @DaprTopicTrigger({ pubSubName: "bus", topic: "told" })
    told(event: CloudEvent): void {
      this.taken.push(event.data);
    }

    @HttpTrigger({ methods: ["POST"] })
    async asked(request: HttpRequest): Promise<HttpResponse> {
      return { jsonBody: { got: Buffer.from(await request.arrayBuffer()).toString("base64") } };
    }
  }

  interface Asked {
    readonly path: string;
    readonly type: string;
    readonly body: Uint8Array;
    /** What the function was given. */
    readonly got: unknown;
  }

  const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes as string).toString("base64");
  const event = { specversion: "1.0", id: "1", source: "s", type: "t", datacontenttype: "application/json" };
  const asked = (path: string, type: string, body: string | Uint8Array, got: unknown): Asked => ({
    path,
    type,
    body: Buffer.from(body as string),
    got,
  });
  const bytes = Buffer.from([0x00, 0xff, 0xfe, 0x80, 0xef, 0xbf, 0xbd]);
  const requests: Readonly<Record<string, Asked>> = {
    "without a body": asked("/invoked", "application/json", "", "nothing"),
    "of a cron": asked("/cron", "application/json", "", [undefined]),
    "of an HTTP client without a body": asked("/api/asked", "text/plain", "", ""),
    "with JSON": asked("/invoked", "application/json", '{"a":"\xe9"}', { a: "\xe9" }),
    "with JSON that is a list": asked("/invoked", "application/json", '["a"]', ["a"]),
    "with an event": asked("/told", "application/cloudevents+json", JSON.stringify({ ...event, data: { a: 1 } }), [
      { a: 1 },
    ]),
    "with text": asked("/invoked", "text/plain", "caf\xe9 {", "caf\xe9 {"),
    "with text in latin1": asked(
      "/invoked",
      "text/plain; charset=iso-8859-1",
      Buffer.from("caf\xe9", "latin1"),
      "caf\xe9",
    ),
    "with a form": asked("/api/asked", "application/x-www-form-urlencoded", "a=1&b=2", base64("a=1&b=2")),
    "with bytes": asked("/invoked", "application/octet-stream", bytes, base64(bytes)),
    "of an HTTP client with bytes": asked("/api/asked", "application/pdf", bytes, base64(bytes)),
  };

  const refused: unknown = expect.objectContaining({ errorCode: "ERR_BODY_CONSUMED" });
  const all = (): boolean => true;
  /** Whatever may stand before the functions, and the types of which it takes the body without leaving it. */
  const befores: Readonly<Record<string, { readonly middleware: Middleware; readonly gone?: RegExp }>> = {
    nothing: { middleware: passing },
    "a JSON parser": { middleware: express.json() as Middleware },
    "a JSON parser of all JSON": { middleware: express.json({ type: ["*/json", "*/*+json"] }) as Middleware },
    "a text parser": { middleware: express.text() as Middleware },
    "a text parser of everything": { middleware: express.text({ type: all }) as Middleware, gone: /octet|pdf/ },
    "a parser of bytes": { middleware: express.raw({ type: all }) as Middleware },
    "a form parser": { middleware: express.urlencoded() as Middleware, gone: /urlencoded/ },
    "a reader that leaves the text": {
      middleware: (request, _response, next) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
          Object.assign(request, { rawBody: Buffer.concat(chunks).toString(), body: {} });
          next();
        });
      },
      gone: /octet|pdf|8859/,
    },
    "a reader that leaves nothing": {
      middleware: (request, _response, next) => {
        void (async () => {
          for await (const _ of request);
          next();
        })();
      },
      gone: /./,
    },
    "a reader of the first piece": {
      middleware: (request, _response, next) => {
        const takeOne = (): void => {
          if (request.read(1) === null && !request.readableEnded) return;
          request.off("readable", takeOne).off("end", takeOne);
          next();
        };
        request.on("readable", takeOne).on("end", takeOne);
      },
      gone: /./,
    },
    "a listener that counts": {
      middleware: (request, _response, next) => {
        request.on("data", () => {});
        next();
      },
    },
    "a listener that pauses, and waits": {
      middleware: (request, _response, next) => {
        request.on("data", () => {}).pause();
        setImmediate(next);
      },
    },
    "an encoding": {
      middleware: (request, _response, next) => {
        request.setEncoding("latin1");
        next();
      },
    },
  };

  const cases = ["Express 5", "NestJS on Fastify"].flatMap((server) =>
    Object.entries(befores).map(([name, before]) => [name, server, before] as const),
  );

  it.each(cases)("is answered behind %s, in %s", async (_name, server, { middleware, gone }) => {
    const takes = new Takes();
    const log = keptLog();
    const handler = await createHandler([takes], { log, daprUrl: "http://127.0.0.1:9" });
    const to = { port: await servers[server]!(handler, middleware) };
    for (const [what, { path, type, body, got }] of Object.entries(requests)) {
      for (const framing of ["content-length", "transfer-encoding"]) {
        const isChunked = framing === "transfer-encoding";
        const headers = { "content-type": type, [framing]: isChunked ? "chunked" : String(body.length) };
        const isGone = body.length > 0 && gone?.test(type) === true;
        const { status, body: text } = await send(to, "POST", path, { headers, body });
        const seen: unknown = isGone || text !== "" ? JSON.parse(text) : { got: takes.taken.splice(0) };
        expect([what, framing, status, seen]).toEqual([what, framing, isGone ? 500 : 200, isGone ? refused : { got }]);
      }
    }
    // Nothing is in flight any more.
    await handler.close();
  });

  it("whose caller left while another held it does not keep the app from closing", async () => {
    const handler = await createHandler([new Takes()], { log: keptLog(), shutdownTimeout: Infinity });
    let held!: () => void;
    const isHeld = new Promise<void>((resolve) => (held = resolve));
    let handed!: () => void;
    const isHanded = new Promise<void>((resolve) => (handed = resolve));
    const port = await servers["node:http"]!(handler, (request, _response, next) => {
      request.once("close", () => {
        setImmediate(() => {
          next();
          handed();
        });
      });
      held();
    });
    const outgoing = request({ port, path: "/invoked", method: "POST", agent: false });
    outgoing.on("error", () => undefined).write("half");
    await isHeld;
    outgoing.destroy();
    await isHanded;
    await expect(handler.close()).resolves.toBeUndefined();
  });
});
