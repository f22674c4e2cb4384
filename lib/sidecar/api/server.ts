import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import { posix } from "node:path";
import { messageOf } from "../../model/thrown.js";
import type { Inspector } from "../../inspector/inspector.js";
import { refusalOf } from "./web-pages.js";
import { ApiError, maxBodySize, unescapePath, type ApiReply, type ApiRequest, type Route } from "./api.js";

/** A request as the sidecar's API received it. */
export interface ReceivedRequest {
  /** The verb, in upper case. */
  readonly method: string;
  /** As sent, escapes and query included. */
  readonly path: string;
  /** Tokens and other credentials are masked: `***`. */
  readonly headers: Readonly<Record<string, string>>;
  /** UTF-8; at most the 4 MiB that the API accepts. */
  readonly body: string;
}

export interface ServerOptions {
  readonly routes: readonly Route[];
  /** Answers what no route matches. */
  readonly fallback: (request: ApiRequest) => Promise<ApiReply>;
  readonly apiToken: string | undefined;
  readonly record: (request: ReceivedRequest) => void;
  /** Answers its own paths. */
  readonly inspector: Inspector | undefined;
  /** Told about each request that is refused for where it comes from. */
  readonly onRefused: (reason: string) => void;
}

export interface ApiServer {
  /** It is not listening yet. */
  readonly server: Server;
  /** Takes no more connections; resolves when those that are there have had their answers. */
  readonly stop: () => Promise<void>;
}

/** The HTTP side of the API: tokens, bodies, names in paths, errors. */
export function createApiServer(options: ServerOptions): ApiServer {
  /** By connection: how many of its requests are under way. */
  const underWay = new Map<Socket, number>();
  let isStopping = false;
  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    const { inspector } = options;
    const path = pathOf(incoming);
    const isPage = inspector?.isPublic(path) === true && incoming.method === "GET";
    // A link to the page may stand anywhere: it shows nothing by itself.
    const refusal = refusalOf(isPage ? { ...incoming.headers, "sec-fetch-site": "none" } : incoming.headers);
    if (refusal !== undefined) {
      options.onRefused(refusal);
      incoming.resume();
      response.setHeader("connection", "close");
      write(response, new ApiError(403, "ERR_FORBIDDEN", refusal).toReply());
      return;
    }
    if (inspector?.has(path) === true) {
      if (isPage || hasToken(incoming, options.apiToken)) await inspector.handle(incoming, response);
      else write(response, unauthorized);
      return;
    }
    const body = await readBody(incoming);
    options.record({
      method: incoming.method!,
      path: plainTarget(incoming.url!),
      headers: Object.fromEntries(
        Object.entries(incoming.headers).map(([name, value]) => [name, isCredential(name) ? "***" : String(value)]),
      ),
      body: body.bytes.toString("utf8"),
    });
    const reply = await replyTo(incoming, body, options);
    if (isStopping) response.shouldKeepAlive = false;
    write(response, reply);
  };
  const count = (socket: Socket, more: number): void => {
    const before = underWay.get(socket);
    if (before === undefined) return;
    underWay.set(socket, before + more);
    if (isStopping && before + more === 0) socket.destroySoon();
  };
  const server = createServer((incoming, response) => {
    const { socket } = incoming;
    count(socket, 1);
    response.once("close", () => count(socket, -1));
    // A caller that goes away while it sends its body makes reading fail: there is nobody left to answer.
    answer(incoming, response).catch(() => response.destroy());
  });
  // Longer than clients keep idle connections, so that none of them meets a closing one.
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  server.on("connection", (socket: Socket) => {
    underWay.set(socket, 0);
    socket.once("close", () => underWay.delete(socket));
  });
  const stop = (): Promise<void> => {
    isStopping = true;
    // Not the HTTP server's own `close`: it cuts an answer that is being written, and leaves a connection that ends its request later.
    const stopped = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
    for (const [socket, requests] of underWay) if (requests === 0) socket.destroySoon();
    return stopped;
  };
  return { server, stop };
}

interface Body {
  readonly bytes: Buffer;
  readonly tooLarge: boolean;
}

/** Reads to the end, so that the caller gets an answer, but keeps no more than is accepted. */
async function readBody(incoming: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    if (size < maxBodySize) chunks.push(chunk);
    size += chunk.length;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, maxBodySize), tooLarge: size > maxBodySize };
}

async function replyTo(incoming: IncomingMessage, body: Body, options: ServerOptions): Promise<ApiReply> {
  const [, rawPath, rawQuery] = /^([^?]*)\??(.*)$/s.exec(incoming.url!)!;
  const request: ApiRequest = {
    method: incoming.method!,
    rawPath: rawPath!,
    rawQuery: rawQuery!,
    headers: incoming.headers,
    body: () => {
      if (body.tooLarge) throw new Error("stream too large");
      return body.bytes;
    },
  };
  if (options.apiToken !== undefined) {
    if (!isOpen(request) && !hasToken(incoming, options.apiToken)) return unauthorized;
    // As in daprd, the caller's token goes no further than the sidecar.
    delete incoming.headers["dapr-api-token"];
  }
  if (/%(?![0-9a-f]{2})/i.test(request.rawPath)) {
    return { status: 400, headers: { "content-type": "text/plain; charset=utf-8" }, body: "400 Bad Request" };
  }
  try {
    const match = findRoute(options.routes, request);
    return await (match ? match.route.handle(match.parts, request) : options.fallback(request));
  } catch (error) {
    return (error instanceof ApiError ? error : new ApiError(500, "ERROR", messageOf(error))).toReply();
  }
}

const unauthorized: ApiReply = {
  status: 401,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: "invalid api token\n",
};

/** True for a request with the token, and for every one where there is none. */
export function hasToken({ headers }: IncomingMessage, apiToken: string | undefined): boolean {
  return apiToken === undefined || sameToken(headers["dapr-api-token"], apiToken);
}

function pathOf({ url = "" }: IncomingMessage): string {
  const end = url.indexOf("?");
  return end === -1 ? url : url.slice(0, end);
}

/** Headers whose values let others in, wherever they are kept. */
function isCredential(name: string): boolean {
  return ["authorization", "cookie", "proxy-authorization"].includes(name) || credentials.test(name);
}

/** Not any key: tests look at a partition's, or an idempotency's. */
const credentials =
  /token|secret|password|signature|credential|(?:access|account|api|auth|functions|host|master|shared|subscription)[-_]?key/i;

/** Path and query, where `***` stands for the values of parameters that let others in. Metadata is Dapr's own. */
function plainTarget(target: string): string {
  const start = target.indexOf("?") + 1;
  if (start === 0) return target;
  const parameters = target
    .slice(start)
    .split("&")
    .map((parameter) => {
      const end = parameter.indexOf("=");
      const name = new URLSearchParams(parameter).keys().next().value ?? "";
      return end === -1 || /^metadata\./i.test(name) || !credentials.test(name)
        ? parameter
        : `${parameter.slice(0, end)}=***`;
    });
  return target.slice(0, start) + parameters.join("&");
}

/** Both health paths are open, so that a probe needs no token. */
function isOpen(request: ApiRequest): boolean {
  return request.method === "GET" && /^\/*v1\.0\/healthz(\/outbound)?\/*$/.test(request.rawPath);
}

function sameToken(given: string | string[] | undefined, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return typeof given === "string" && timingSafeEqual(digest(given), digest(expected));
}

function findRoute(routes: readonly Route[], request: ApiRequest) {
  const path = posix.normalize(`/${request.rawPath}`).split("/").slice(1);
  if (path.at(-1) === "") path.pop();
  for (const route of routes) {
    if (!route.methods.includes(request.method)) continue;
    const parts = matchPath(route.path.split("/").slice(1), path);
    if (parts) return { route, parts };
  }
  return undefined;
}

function matchPath(pattern: readonly string[], path: readonly string[]): Record<string, string> | undefined {
  const parts: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const actual = path[index];
    if (actual === undefined) return undefined;
    const [, name, rest] = /^\{(.+?)(\*?)\}$/.exec(expected) ?? [];
    if (rest === "*") return { ...parts, [name!]: unescapePart(path.slice(index).join("/")) };
    if (name !== undefined) parts[name] = unescapePart(actual);
    else if (actual !== expected) return undefined;
  }
  return path.length === pattern.length ? parts : undefined;
}

/** Decoded once, with `+` as a space: daprd reads names in paths as it reads a query. */
function unescapePart(text: string): string {
  return unescapePath(text.replaceAll("+", " "));
}

function write(response: ServerResponse, reply: ApiReply): void {
  response.statusCode = reply.status;
  for (const [name, value] of Object.entries(reply.headers ?? {})) {
    response.setHeader(name, typeof value === "string" ? value : [...value]);
  }
  if (reply.body === undefined) {
    response.end();
    return;
  }
  if (!response.hasHeader("content-type")) response.setHeader("content-type", "application/json");
  response.end(reply.body);
}
