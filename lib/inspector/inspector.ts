import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { recordCall, type AppCall, type AppCallReply } from "./calls.js";
import { Deliveries } from "./deliveries.js";
import type { History } from "./history.js";
import type { Call, CallReply, Change, Overview, OverviewApp, StateItem } from "./page/wire.js";

/** What the page sees of one sidecar, at the moment. */
export interface InspectedSidecar extends Omit<OverviewApp, "stores" | "subscriptions" | "appPort"> {
  readonly apiToken: string | undefined;
  readonly appPort: () => number | undefined;
  /** Brings what follows up to date. */
  readonly refresh?: () => Promise<void>;
  readonly subscriptions: () => OverviewApp["subscriptions"];
  /** Keys without their prefix. */
  readonly stores: ReadonlyMap<string, { readonly entries: () => readonly StateItem[] }>;
  /** Delivers an event of an input binding now. */
  readonly fire: (binding: string) => Promise<void>;
}

/** Keys of one store that the page lists. */
const maxKeys = 1_000;
const files: Readonly<Record<string, readonly [file: string, type: string]>> = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/style.css": ["style.css", "text/css; charset=utf-8"],
  "/page.js": ["page.js", "text/javascript; charset=utf-8"],
  "/copies.js": ["copies.js", "text/javascript; charset=utf-8"],
  "/elements.js": ["elements.js", "text/javascript; charset=utf-8"],
  "/map.js": ["map.js", "text/javascript; charset=utf-8"],
};
/** What the page may ask a sidecar. */
const callable = /^\/v1\.0\/(?:state|publish|bindings|invoke)\//;
/** Parts that would lead elsewhere. */
const folded = /^[^?]*\/(?:\.|%2e){1,2}(?:[/?]|$)/i;
const maxCall = 8 * 1024 * 1024;
const maxEvent = 16 * 1024;
/** Bytes that wait for a page that does not read; beyond them it is cut off, and asks anew. */
const maxWaiting = 8 * 1024 * 1024;

/** Where the page is, below the sidecar's own address. */
export const inspectorPath = "/inspect";

/** The page that shows what the sidecars of a process do: its files, and what it is told. */
export class Inspector {
  readonly #sidecars = new Map<string, InspectedSidecar>();
  readonly #streams = new Set<ServerResponse>();
  readonly #deliveries = new Deliveries();

  /** @param recordsCalls make a record of each call of a sidecar to its app: the apps make none */
  constructor(
    readonly history: History,
    private readonly recordsCalls = false,
  ) {}

  /** Surrounds a sidecar's call to its app. */
  around<R extends AppCallReply>(appId: string, call: AppCall, send: () => Promise<R>): Promise<R> {
    if (!this.recordsCalls) return send();
    return recordCall(appId, call, send, this.#deliveries, (record) => this.history.add(record));
  }

  add(sidecar: InspectedSidecar): void {
    this.#sidecars.set(sidecar.appId, sidecar);
  }

  /** @param data the event as its JSON text, or whatever else was published */
  published(pubsub: string, topic: string, data: Buffer): void {
    const text = data.subarray(0, maxEvent).toString("utf8");
    this.history.addEvent({ at: Date.now(), pubsub, topic, data: { text, isCut: data.length > maxEvent } });
  }

  /** Ends the streams, which else keep a server from closing. */
  close(): void {
    for (const stream of this.#streams) stream.end();
  }

  /** True for a path that is the page's. */
  has(path: string): boolean {
    return path === inspectorPath || path.startsWith(`${inspectorPath}/`);
  }

  /** True for what anybody on this machine may load: it holds nothing of the apps. */
  isPublic(path: string): boolean {
    return path === inspectorPath || path.slice(inspectorPath.length) in files;
  }

  /** Answers a request for one of its paths, its origin and token checked. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, "http://127.0.0.1");
    const path = url.pathname.slice(inspectorPath.length);
    response.setHeader("cache-control", "no-store");
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("referrer-policy", "no-referrer");
    response.setHeader(
      "content-security-policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    if (path === "") return redirect(response);
    const file = Object.hasOwn(files, path) ? files[path] : undefined;
    if (file !== undefined && request.method === "GET") return sendFile(response, file);
    try {
      await this.#answer(request, response, url, path);
    } catch (error) {
      sendJson(response, { message: (error as Error).message }, 400);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse, url: URL, path: string): Promise<void> {
    switch (`${request.method} ${path}`) {
      case "GET /api/stream":
        return this.#stream(response);
      case "GET /api/overview":
        return sendJson(response, await this.#overview());
      case "GET /api/state":
        return sendJson(response, this.#state(url.searchParams.get("app") ?? "", url.searchParams.get("store") ?? ""));
      case "GET /api/test":
        return sendJson(response, this.history.testOf(url.searchParams.get("id") ?? ""));
      case "POST /api/call":
        return sendJson(response, await this.#call(request));
      case "POST /api/fire":
        return this.#fire(response, url.searchParams.get("app") ?? "", url.searchParams.get("binding") ?? "");
      default:
        sendJson(response, { message: "the inspector has no such path" }, 404);
    }
  }

  async #overview(): Promise<Overview> {
    await Promise.all([...this.#sidecars.values()].map(async (sidecar) => sidecar.refresh?.()));
    const apps = [...this.#sidecars.values()].map((sidecar) => ({
      appId: sidecar.appId,
      url: sidecar.url,
      appPort: sidecar.appPort(),
      listsKeys: sidecar.listsKeys,
      stores: [...sidecar.stores.keys()],
      pubsubs: sidecar.pubsubs,
      subscriptions: sidecar.subscriptions(),
      outputs: sidecar.outputs,
      inputs: sidecar.inputs,
      secrets: sidecar.secrets,
    }));
    return { apps };
  }

  #state(appId: string, name: string): object {
    const entries = this.#sidecars.get(appId)?.stores.get(name)?.entries() ?? [];
    return { items: entries.slice(0, maxKeys), total: entries.length };
  }

  /** Makes a request to one of the sidecars: a page may call its own origin only. */
  async #call(request: IncomingMessage): Promise<CallReply> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxCall) throw new Error(`a call has at most ${maxCall} bytes`);
      chunks.push(chunk);
    }
    const call = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Call;
    const { appId, method, path, headers, body, isBase64 } = call;
    const sidecar = this.#sidecars.get(appId);
    if (sidecar === undefined || !callable.test(path) || folded.test(path))
      throw new Error("there is no such sidecar, or no such path");
    const { url, apiToken } = sidecar;
    // Not `fetch`, which adds headers of its own, follows redirects and changes the path.
    const { getGlobalDispatcher } = require("undici") as typeof import("undici");
    const reply = await getGlobalDispatcher().request({
      origin: url,
      path,
      method: method as "POST",
      headers: { ...headers, ...(apiToken !== undefined && { "dapr-api-token": apiToken }) },
      ...(body !== undefined && { body: Buffer.from(body, isBase64 === true ? "base64" : "utf8") }),
    });
    return { status: reply.statusCode, body: await reply.body.text() };
  }

  async #fire(response: ServerResponse, appId: string, binding: string): Promise<void> {
    try {
      await this.#sidecars.get(appId)?.fire(binding);
      sendJson(response, {});
    } catch (error) {
      sendJson(response, { message: (error as Error).message }, 409);
    }
  }

  #stream(response: ServerResponse): void {
    const { history } = this;
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    const send = (change: Change | { readonly type: "begin"; readonly records: unknown; readonly events: unknown }) => {
      if (response.writableLength > maxWaiting) response.destroy();
      else response.write(`data: ${JSON.stringify(change)}\n\n`);
    };
    send({ type: "begin", records: history.records, events: history.events });
    send({ type: "functions", functions: history.functions });
    send(history.notice);
    const end = history.watch(send);
    this.#streams.add(response);
    response.once("close", () => {
      end();
      this.#streams.delete(response);
    });
  }
}

function redirect(response: ServerResponse): void {
  response.writeHead(307, { location: `${inspectorPath}/` }).end();
}

/** The page's files stand beside this one once the library is built. */
function sendFile(response: ServerResponse, [name, type]: readonly [string, string]): void {
  response.writeHead(200, { "content-type": type }).end(readFileSync(join(__dirname, "page", name)));
}

function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}
