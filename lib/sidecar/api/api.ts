import type { IncomingHttpHeaders } from "node:http";

/** One request to the sidecar's API, its route matched and its names decoded. */
export interface ApiRequest {
  readonly method: string;
  /** As sent, escapes included, without the query. */
  readonly rawPath: string;
  /** As sent, without the `?`. */
  readonly rawQuery: string;
  readonly headers: IncomingHttpHeaders;
  /** @throws Error `stream too large` above {@link maxBodySize}. */
  body(): Buffer;
}

/** What a route answers. A body without a content type of its own is JSON. */
export interface ApiReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
}

/** What a path like `/v1.0/state/{store}/{key}` matched: the decoded text of each part by its name. */
export type PathParts<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Readonly<Record<Name extends `${infer Last}*` ? Last : Name, string>> & PathParts<Rest>
  : unknown;

export interface Route {
  readonly methods: readonly string[];
  /** Parts in braces match one part of the path; `{name*}` at the end matches the rest. */
  readonly path: string;
  handle(parts: Readonly<Record<string, string>>, request: ApiRequest): ApiReply | Promise<ApiReply>;
}

/** A route whose handler is given the parts that its path names. */
export function route<Path extends string>(
  methods: readonly string[],
  path: Path,
  handle: (parts: PathParts<Path>, request: ApiRequest) => ApiReply | Promise<ApiReply>,
): Route {
  return { methods, path, handle: (parts, request) => handle(parts as PathParts<Path>, request) };
}

/** An error as Dapr's API reports it: `{"errorCode","message"}`. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly errorCode: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }

  toReply(): ApiReply {
    return json({ errorCode: this.errorCode, message: this.message }, this.status, this.headers);
  }
}

/** Bytes of a request body that daprd accepts unless told otherwise. */
export const maxBodySize = 4 * 1024 * 1024;

export const noContent: ApiReply = { status: 204 };

export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): ApiReply {
  return { status, headers, body: JSON.stringify(value) };
}

/** The `metadata.name=value` pairs of the query; the first of several values counts. */
export function queryMetadata(request: ApiRequest): Record<string, string> {
  const prefix = "metadata.";
  const pairs = [...new URLSearchParams(request.rawQuery)].filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(pairs.reverse().map(([name, value]) => [name.slice(prefix.length), value]));
}

/** Text with its escapes decoded once. Node hands a path over byte by byte, so bytes are what is put together here. */
export function unescapePath(text: string): string {
  const bytes = text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}
