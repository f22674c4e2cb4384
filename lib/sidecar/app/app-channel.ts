import { connect } from "node:net";
import { posix } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "undici";
import type { Inspector } from "../../inspector/inspector.js";
import { toRequestPath } from "../api/raw-url.js";

export interface AppRequest {
  readonly method: string;
  /** Without or with its leading slash; query included. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Buffer | string;
  /** Ends the request. */
  readonly signal?: AbortSignal | undefined;
}

export interface AppReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
}

/** The sidecar's calls to its app, as daprd 1.18 makes them. */
export class AppChannel {
  #pool: Pool | undefined;
  #port: number | undefined;
  readonly #closing = new Set<Pool>();

  constructor(
    private readonly appId: string,
    private readonly appToken: string | undefined,
    private readonly inspector?: Inspector,
  ) {}

  /** The app's port on this machine; undefined while no app is known. */
  get port(): number | undefined {
    return this.#port;
  }

  /** Names the app. Requests to the one before, if any, go on to their end. */
  use(port: number): void {
    const { Pool } = require("undici") as typeof import("undici");
    const previous = this.#pool;
    this.#port = port;
    // daprd gives the app all the time it needs, but no more than 4 KiB for the headers of its answer.
    this.#pool = new Pool(`http://127.0.0.1:${port}`, { headersTimeout: 0, bodyTimeout: 0, maxHeaderSize: 4096 });
    // Requests that never end must not keep it from being closed.
    const closing = previous?.close().catch(() => undefined);
    if (closing !== undefined) this.#closing.add(previous!);
    void closing?.then(() => this.#closing.delete(previous!));
  }

  /** Waits until something listens on a port. `signal` ends the waiting without an error. */
  async untilListening(port: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !(await isListening(port))) await delay(50, undefined, { signal }).catch(() => undefined);
  }

  async close(): Promise<void> {
    const open = this.#pool === undefined ? [...this.#closing] : [this.#pool, ...this.#closing];
    await Promise.all(open.map((pool) => pool.destroy()));
  }

  /** What the app says of itself. daprd asks and takes any answer. */
  async readConfig(signal: AbortSignal): Promise<void> {
    await this.send({ method: "GET", path: "/dapr/config", headers: this.#discoveryHeaders(), signal });
  }

  readSubscriptions(signal: AbortSignal): Promise<AppReply> {
    return this.send({ method: "GET", path: "/dapr/subscribe", headers: this.#discoveryHeaders(), signal });
  }

  /** True when the app answers the probe with 2xx, or 405: there is a route, if not for OPTIONS. */
  async takesBinding(route: string, signal: AbortSignal): Promise<boolean> {
    const headers = { "content-type": "application/json" };
    const { status } = await this.send({ method: "OPTIONS", path: foldPath(route), headers, signal });
    return (status >= 200 && status < 300) || status === 405;
  }

  deliverBindingEvent(
    route: string,
    metadata: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<AppReply> {
    return this.send({
      method: "POST",
      path: foldPath(route),
      headers: { ...metadata, "content-type": "application/json" },
      signal,
    });
  }

  /** Delivers one event, or with `application/json` a bulk of them; metadata travels as headers. */
  async deliverEvent(
    path: string,
    body: Buffer | string,
    contentType: "application/cloudevents+json" | "application/json",
    metadata: Readonly<Record<string, string>>,
    {
      traceParent,
      signal,
    }: { readonly traceParent?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<AppReply> {
    const headers = new Map<string, string>();
    for (const [name, value] of Object.entries(metadata)) {
      // As in daprd, where such metadata costs the delivery.
      if (!isHeaderName(name)) throw new Error(`invalid header field name ${JSON.stringify(name)}`);
      if (!isConnectionHeader(name)) headers.set(name.toLowerCase(), toHeaderValue(name, value));
    }
    headers.set("content-type", contentType);
    if (traceParent) headers.set("traceparent", traceParent);
    return this.send({ method: "POST", path: foldPath(path), headers: Object.fromEntries(headers), body, signal });
  }

  /** Any request, with the app's token. Rejects when the app does not answer. */
  async send(given: AppRequest): Promise<AppReply> {
    const { inspector } = this;
    const request = { ...given, path: toRequestPath(given.path) };
    return inspector === undefined
      ? this.#send(request)
      : inspector.around(this.appId, request, () => this.#send(request));
  }

  async #send({ method, path, headers, body, signal }: AppRequest): Promise<AppReply> {
    if (!this.#pool) throw new Error("app channel not initialized");
    const response = await this.#pool.request({
      method: method as "GET",
      path,
      headers: withToken(headers, this.appToken),
      body: body?.length ? body : null,
      ...(signal !== undefined && { signal }),
    });
    return {
      status: response.statusCode,
      headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, value ?? ""])),
      body: Buffer.from(await response.body.arrayBuffer()),
    };
  }

  #discoveryHeaders(): Record<string, string> {
    return { "content-type": "application/json", "dapr-app-id": this.appId };
  }
}

function withToken(headers: AppRequest["headers"], token: string | undefined): Record<string, string | string[]> {
  const own = Object.entries(headers).filter(([name]) => token === undefined || name !== "dapr-api-token");
  const entries = own.map(([name, value]) => [name, typeof value === "string" ? value : [...value]] as const);
  return Object.fromEntries(token === undefined ? entries : [...entries, ["dapr-api-token", token] as const]);
}

function isHeaderName(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~\w]+$/.test(name);
}

/** UTF-8 bytes, one character each, as undici and Node take them. */
function toHeaderValue(name: string, value: string): string {
  if (/[^\t\x20-\x7e\x80-\u{10ffff}]/u.test(value)) throw new Error(`invalid header field value for "${name}"`);
  return Buffer.from(value).toString("latin1");
}

/** Folds `.`, `..`, `//` and the last `/` of a path, as daprd does with every path below the app's root. */
export function foldPath(path: string): string {
  return posix.normalize(`/${path}`).replace(/(?<=.)\/$/, "");
}

/** Headers that concern one connection and are never passed on (RFC 7230, section 6.1), or that each side sets anew. */
export function isConnectionHeader(name: string): boolean {
  return [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
  ].includes(name.toLowerCase());
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.once("connect", () => end(true)).once("error", () => end(false));
  });
}
