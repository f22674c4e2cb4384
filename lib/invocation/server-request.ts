import type { IncomingMessage } from "node:http";
import type { HttpRequest } from "../model/invocation.js";
import { parseJson, readContentType, toText } from "./read-payload.js";

const noParams: Readonly<Record<string, string>> = Object.freeze({});

/** What a function of an HTTP trigger gets. Its parts are made when they are first asked for. */
export class ServerRequest implements HttpRequest {
  readonly method: string;
  readonly params: Record<string, string>;
  #url: string | undefined;
  #headers: Headers | undefined;
  #query: URLSearchParams | undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly body: Buffer,
    params: Readonly<Record<string, string>> | undefined,
  ) {
    this.method = request.method ?? "GET";
    this.params = { ...(params ?? noParams) };
  }

  get url(): string {
    return (this.#url ??= `http://${this.request.headers.host ?? "localhost"}${this.request.url ?? "/"}`);
  }

  get headers(): Headers {
    if (this.#headers === undefined) {
      this.#headers = new Headers();
      const { rawHeaders } = this.request;
      for (let i = 0; i + 1 < rawHeaders.length; i += 2) this.#headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
    }
    return this.#headers;
  }

  get query(): URLSearchParams {
    const url = this.request.url ?? "";
    const mark = url.indexOf("?");
    return (this.#query ??= new URLSearchParams(mark === -1 ? "" : url.slice(mark)));
  }

  async json(): Promise<unknown> {
    return parseJson(await this.text());
  }

  async text(): Promise<string> {
    return toText(this.body, readContentType(this.request.headers["content-type"]).charset);
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    // A copy: the caller may change it, and the bytes may share their buffer with other requests.
    return new Uint8Array(this.body).buffer;
  }
}
