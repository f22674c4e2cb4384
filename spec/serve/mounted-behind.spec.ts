import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, createServer as createHttp2Server, type IncomingHttpHeaders } from "node:http2";
import type { AddressInfo } from "node:net";
import { Module, type INestApplication, type Type } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import express from "express";
import fastify from "fastify";
import { createHandler, HttpTrigger, type HttpResponse, type RequestHandler } from "../../lib/index.js";
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
