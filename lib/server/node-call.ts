import type { IncomingMessage, ServerResponse } from "node:http";
import type { IncomingRequest } from "../invocation/observer.js";
import type { EndpointCall } from "./endpoint.js";

/** Names and values in turn, as they were received. */
export type HeaderList = readonly string[];

const lists: ReadonlySet<string> = new Set(["baggage", "tracestate"]);

/** A request that Node's own HTTP server received. */
export class NodeCall implements EndpointCall {
  readonly method: string;
  readonly #request: IncomingMessage;
  readonly #params: Readonly<Record<string, string>> | undefined;
  #ownParams: Record<string, string> | undefined;
  #headers: Headers | undefined;
  #query: URLSearchParams | undefined;

  #whenGone: Set<() => void> | undefined;

  constructor(
    request: IncomingMessage,
    private readonly response: ServerResponse,
    readonly body: Buffer,
    params: Readonly<Record<string, string>> | undefined,
    private readonly rawHeaders: HeaderList = request.rawHeaders,
  ) {
    this.method = request.method ?? "GET";
    this.#request = request;
    this.#params = params;
  }

  get url(): string {
    // Requests of node:https are of a TLSSocket; HTTP/2 has the host under another name.
    const { encrypted } = (this.#request.socket as { readonly encrypted?: boolean } | undefined) ?? {};
    const host = this.header("host") ?? this.header(":authority") ?? "localhost";
    return `${encrypted === true ? "https" : "http"}://${host}${this.#target}`;
  }

  get path(): string {
    return pathOf(this.#target);
  }

  get hasData(): boolean {
    return this.#params !== undefined || this.#target.includes("?");
  }

  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(this.#target.slice(this.path.length)));
  }

  get headers(): Headers {
    if (this.#headers === undefined) {
      this.#headers = new Headers();
      const { rawHeaders } = this;
      for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
        // HTTP/2 has verb and path among its headers.
        if (!rawHeaders[i]!.startsWith(":")) this.#headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
      }
    }
    return this.#headers;
  }

  get incoming(): IncomingRequest {
    const { method, body } = this;
    return { method, target: this.#target, rawHeaders: this.#request.rawHeaders, body };
  }

  get params(): Record<string, string> {
    return (this.#ownParams ??= { ...this.#params });
  }

  /** One listener on the response, however many invocations a request of many events makes. */
  onGone(listener: () => void): () => void {
    if (this.#whenGone === undefined) {
      const whenGone = (this.#whenGone = new Set<() => void>());
      this.response.once("close", () => {
        // Closed without having been answered.
        if (!this.response.writableFinished) for (const each of whenGone) each();
      });
    }
    if (this.response.destroyed && !this.response.writableFinished) listener();
    else this.#whenGone.add(listener);
    return () => void this.#whenGone?.delete(listener);
  }

  header(name: string): string | undefined {
    const first = headerOf(this.rawHeaders, name);
    // Of all headers read here, only these may come as several of one name.
    return first !== undefined && lists.has(name) ? (this.headers.get(name) ?? undefined) : first;
  }

  get #target(): string {
    return targetOf(this.#request);
  }
}

/**
 * A request's target as servers are used to it: a caller that takes this app for a proxy sends a whole URL, which every
 * server has to take.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
 */
export function targetOf({ url = "/" }: Pick<IncomingMessage, "url">): string {
  const origin = url.startsWith("/") ? null : /^https?:\/\/[^/?#]*/i.exec(url);
  if (origin === null) return url;
  const rest = url.slice(origin[0].length);
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** A request's target up to its query. */
export function pathOf(target: string): string {
  const mark = target.indexOf("?");
  return mark === -1 ? target : target.slice(0, mark);
}

/**
 * One header of a request, the first of that name. Without `request.headers`, for which Node makes an object of all of
 * them: many invocations need two or three and no object (2 to 3 % of a small one, measured).
 *
 * @param name in lower case
 */
export function headerOf(rawHeaders: HeaderList, name: string): string | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const given = rawHeaders[index]!;
    if (given.length === name.length && given.toLowerCase() === name) return rawHeaders[index + 1];
  }
  return undefined;
}

/** The headers as whoever handled a request before has left them: a middleware may have added some, or taken some away. */
export function currentHeaders({ headers }: Pick<IncomingMessage, "headers">): HeaderList {
  const list: string[] = [];
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value !== undefined) for (const each of Array.isArray(value) ? value : [value]) list.push(name, String(each));
  }
  return list;
}
