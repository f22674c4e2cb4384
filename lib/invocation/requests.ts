import type { HttpRequest, InvocationRequest } from "../model/invocation.js";
import { isPromise, type MaybePromise } from "../model/maybe-promise.js";
import type { PayloadError } from "../model/errors.js";
import { isJsonType, malformed, parseJson, readContentType, refuseUndecodable, toText } from "./read-payload.js";

/** What a host knows of a request before its body is read. */
export interface RequestParts extends Pick<HttpRequest, "method" | "url" | "headers" | "query" | "params"> {
  /** One header, in lower case, where a host has it without making an object of all. */
  header?(name: string): string | undefined;
}

type ChangeableParts = Pick<HttpRequest, "headers" | "query" | "params">;

/** The parts of a request that a method may change, for one run of it: the next one gets them as they came. */
export class OwnParts implements ChangeableParts {
  readonly #parts: ChangeableParts;
  #headers: Headers | undefined;
  #query: URLSearchParams | undefined;
  #params: Record<string, string> | undefined;

  constructor(parts: ChangeableParts) {
    this.#parts = parts;
  }

  get headers(): Headers {
    return (this.#headers ??= new Headers(this.#parts.headers));
  }

  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(this.#parts.query));
  }

  get params(): Record<string, string> {
    return (this.#params ??= { ...this.#parts.params });
  }
}

/** What the sidecar proves itself with: nothing that a function is ever shown. */
const tokenHeader = "dapr-api-token";

/**
 * The request that a function of an HTTP trigger gets, in every host. Its parts are read when they are first asked for,
 * its body as often as the function likes.
 */
export class TriggerRequest implements HttpRequest {
  readonly #parts: RequestParts;
  /** What of the parts a method gets. */
  readonly #changeable: ChangeableParts;
  readonly #readBody: () => MaybePromise<Uint8Array>;
  #headers: Headers | undefined;
  #body: MaybePromise<Uint8Array> | undefined;
  #text: string | undefined;
  #parsed: { readonly value: unknown } | undefined;

  /** @param readBody called once, when the body is first asked for */
  constructor(parts: RequestParts, readBody: () => MaybePromise<Uint8Array>, changeable: ChangeableParts = parts) {
    this.#parts = parts;
    this.#changeable = changeable;
    this.#readBody = readBody;
  }

  get method(): string {
    return this.#parts.method;
  }

  get url(): string {
    return this.#parts.url;
  }

  get headers(): Headers {
    return (this.#headers ??= withoutToken(this.#changeable.headers));
  }

  get query(): URLSearchParams {
    return this.#changeable.query;
  }

  get params(): Record<string, string> {
    return this.#changeable.params;
  }

  /** The request for another run: what is done to it is not done to this one. */
  copy(): TriggerRequest {
    return new TriggerRequest(this.#parts, () => this.#bytes(), new OwnParts(this.#parts));
  }

  /** The same request with another body. */
  withBody(bytes: Uint8Array): TriggerRequest {
    return new TriggerRequest(this.#parts, () => bytes, this.#changeable);
  }

  get body(): ReadableStream<Uint8Array> | null {
    const bytes = this.#bytes();
    if (!isPromise(bytes) && bytes.byteLength === 0) return null;
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        const content = await bytes;
        // A copy; `slice` of a Buffer would be none.
        if (content.byteLength > 0) controller.enqueue(new Uint8Array(content));
        controller.close();
      },
    });
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    // A copy: the caller may change it, and the bytes may share their buffer with other requests.
    return new Uint8Array(await this.#bytes()).buffer;
  }

  async text(): Promise<string> {
    const bytes = await this.#bytes();
    return this.#textOf(bytes, isJsonType(readContentType(this.#contentType).type) ? "JSON" : "text");
  }

  async json(): Promise<unknown> {
    const body = this.#bytes();
    const bytes = isPromise(body) ? await body : body;
    // Parsed before the method ran, it is the method's own from the first time on that it asks.
    const parsed = this.#parsed;
    this.#parsed = undefined;
    return parsed === undefined ? this.#jsonOf(bytes) : parsed.value;
  }

  /**
   * The body as JSON, for whoever looks at it before the method runs and changes nothing; undefined when it is not JSON,
   * or has not arrived.
   */
  peekJson(): unknown {
    const bytes = this.#bytes();
    if (this.#parsed === undefined && !isPromise(bytes) && bytes.byteLength > 0) {
      try {
        this.#parsed = { value: this.#jsonOf(bytes) };
      } catch {
        return undefined;
      }
    }
    return this.#parsed?.value;
  }

  async formData(): Promise<FormData> {
    return await readFormData(await this.#bytes(), this.#contentType);
  }

  get #contentType(): string | undefined {
    const parts = this.#parts;
    return parts.header === undefined ? (parts.headers.get("content-type") ?? undefined) : parts.header("content-type");
  }

  #jsonOf(bytes: Uint8Array): unknown {
    return parseJson(this.#textOf(bytes, "JSON"));
  }

  /** @throws PayloadError `ERR_MALFORMED_REQUEST` where it is not text in its charset */
  #textOf(bytes: Uint8Array, what: "JSON" | "text"): string {
    if (this.#text === undefined) {
      const { charset } = readContentType(this.#contentType);
      refuseUndecodable(bytes, charset, what);
      this.#text = toText(bytes, charset);
    }
    return this.#text;
  }

  #bytes(): MaybePromise<Uint8Array> {
    if (this.#body === undefined) {
      const body = (this.#body = this.#readBody());
      if (isPromise(body)) void body.then((bytes) => (this.#body = bytes)).catch(() => {});
    }
    return this.#body;
  }
}

/**
 * What a context says of the request that an HTTP function gets.
 *
 * @param attempt which run of the method it is that asks
 */
export function contextRequestOf(request: HttpRequest, attempt: () => number): InvocationRequest {
  let known: { readonly attempt: number; readonly parts: OwnParts } | undefined;
  const parts = (): OwnParts => {
    if (known?.attempt !== attempt()) known = { attempt: attempt(), parts: new OwnParts(request) };
    return known!.parts;
  };
  return {
    method: request.method,
    get path() {
      return new URL(request.url, "http://localhost").pathname;
    },
    get query() {
      return parts().query;
    },
    get params() {
      return parts().params;
    },
    get headers() {
      return withoutToken(parts().headers);
    },
  };
}

/** The same request with its JSON as its payload type made it. */
export function withCheckedBody<T>(request: HttpRequest, value: T): HttpRequest<T> {
  return {
    get method() {
      return request.method;
    },
    get url() {
      return request.url;
    },
    get headers() {
      return request.headers;
    },
    get query() {
      return request.query;
    },
    get params() {
      return request.params;
    },
    get body() {
      return request.body;
    },
    json: () => Promise.resolve(value),
    text: () => request.text(),
    arrayBuffer: () => request.arrayBuffer(),
    formData: () => request.formData(),
  };
}

/** Fields of a form: making one costs many times what reading the same bytes as JSON does. */
const mostFields = 50_000;

function tooManyFields(): PayloadError {
  return malformed(`the form has more than ${mostFields} fields; send less`);
}

/** A form, by undici; fields of an urlencoded one in the charset that its label names, of which undici knows UTF-8 alone. */
async function readFormData(bytes: Uint8Array, contentType: string | undefined): Promise<FormData> {
  const { type, charset } = readContentType(contentType);
  if (type === "application/x-www-form-urlencoded") return urlencodedForm(bytes, charset);
  if (partsIn(bytes, contentType) > mostFields) throw tooManyFields();
  const form = await multipartForm(bytes, contentType);
  if (textsOf(form).some((text) => text.includes("\ufffd"))) {
    // Either sent or put for what is not UTF-8: told by the bytes of each text, one a character.
    const ofBytes = await multipartForm(Buffer.from(Buffer.from(bytes).toString("latin1")), contentType);
    for (const text of textsOf(ofBytes)) refuseUndecodable(Buffer.from(text, "latin1"), undefined, "a form");
  }
  return form;
}

function partsIn(bytes: Uint8Array, contentType: string | undefined): number {
  const boundary = /;\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType ?? "");
  if (boundary === null) return 0;
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mark = Buffer.from(`--${boundary[1] ?? boundary[2]}\r\n`);
  let count = 0;
  for (let at = content.indexOf(mark); at !== -1; at = content.indexOf(mark, at + mark.length)) count++;
  return count;
}

async function multipartForm(bytes: Uint8Array, contentType: string | undefined): Promise<FormData> {
  try {
    const headers = new Headers(contentType === undefined ? {} : { "content-type": contentType });
    return await new Response(bytes as Uint8Array<ArrayBuffer>, { headers }).formData();
  } catch (cause) {
    throw malformed("the body is not a form; send multipart/form-data or application/x-www-form-urlencoded", cause);
  }
}

function textsOf(form: FormData): string[] {
  return [...form].flatMap(([name, value]) => [name, typeof value === "string" ? value : value.name]);
}

/** @see https://url.spec.whatwg.org/#urlencoded-parsing */
function urlencodedForm(bytes: Uint8Array, charset: string | undefined): FormData {
  const form = new FormData();
  const textOf = (part: string): string => {
    const escaped = part.replaceAll("+", " ");
    const unescaped = escaped.replace(/%([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
    const content = Buffer.from(unescaped, "latin1");
    refuseUndecodable(content, charset, "a form");
    return toText(content, charset);
  };
  const fields = Buffer.from(bytes)
    .toString("latin1")
    .split("&", mostFields + 1);
  if (fields.length > mostFields) throw tooManyFields();
  for (const field of fields) {
    if (field === "") continue;
    const end = field.indexOf("=");
    form.append(textOf(end === -1 ? field : field.slice(0, end)), end === -1 ? "" : textOf(field.slice(end + 1)));
  }
  return form;
}

/** Headers as functions may see them. */
export function withoutToken(headers: Headers): Headers {
  if (!headers.has(tokenHeader)) return headers;
  const rest = new Headers(headers);
  rest.delete(tokenHeader);
  return rest;
}
