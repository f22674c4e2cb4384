import { resolve } from "node:path";
import { readContentType, undecodableAs } from "../../invocation/read-payload.js";
import type { Collector } from "../../model/collector.js";
import { isPromise } from "../../model/maybe-promise.js";
import type { HttpRequest, InvocationContext } from "../../model/invocation.js";

/** What function.json said of a handler of the v3 model. */
export interface V3HandlerOptions {
  /** What function.json called the trigger; `context.bindings` has it under that name. */
  readonly trigger: string;
  /** What function.json called the http output: `res`, or `$return`; false where an http trigger had none. */
  readonly reply?: string | false | undefined;
  /** The export that is the handler; else the only one, `run` or `index`. */
  readonly entryPoint?: string | undefined;
  /** For bindings that the decorators had to call otherwise: what the handler knows them as. */
  readonly names?: Readonly<Record<string, string>> | undefined;
}

type Handler = (context: unknown, ...inputs: unknown[]) => unknown;

/**
 * A method's body made of a handler that was written for the v3 model of Azure Functions: `context.bindings`,
 * `context.done`, `context.res` and what it returns work as before. `dapr-functions adopt` writes it.
 *
 * What the handler gives an output is the form of function.json languages, so it goes through `addRequestBody`.
 *
 * @param load gives the handler's module: `() => import("../CreateNewOrder/index.js")`
 * @see https://learn.microsoft.com/azure/azure-functions/functions-reference-node?pivots=nodejs-model-v3
 */
export function v3Handler<Returned = unknown>(
  load: () => Promise<unknown>,
  options: V3HandlerOptions,
): (payload: unknown, bindings: object, context: InvocationContext) => Promise<Returned> {
  const { reply } = options;
  let handler: Promise<Handler> | undefined;
  return async (payload, given, context) => {
    handler ??= load().then((loaded) => handlerOf(loaded, options.entryPoint));
    const run = await handler;
    const isHttp = reply !== undefined;
    const trigger = isHttp ? await toV3Request(payload as HttpRequest) : payload;
    const bindings: Record<string, unknown> = { [options.trigger]: trigger };
    const collectors: [name: string, collector: Collector<unknown>][] = [];
    const inputs: unknown[] = [];
    for (const [name, value] of Object.entries(given)) {
      const known = options.names?.[name] ?? name;
      if (isCollector(value)) collectors.push([known, value]);
      else inputs.push((bindings[known] = value));
    }
    const v3 = toV3Context(context, bindings, isHttp ? (trigger as object) : undefined);
    const result = await call(run, v3, [trigger, ...inputs]);
    const named =
      result !== null && typeof result === "object" && !ArrayBuffer.isView(result)
        ? (result as Readonly<Record<string, unknown>>)
        : undefined;
    const isReturnUsed = collectors.some(([name]) => name === "$return");
    for (const [name, collector] of collectors) {
      const value = name === "$return" ? result : outputOf(name, isReturnUsed ? undefined : named, v3.bindings);
      if (value !== undefined && value !== null) collector.addRequestBody(value);
    }
    if (!isHttp) return (isReturnUsed || isOutputs(named, collectors) ? undefined : result) as Returned;
    if (reply === false) return undefined as Returned;
    const response = reply === "$return" ? result : (named?.[reply] ?? v3.bindings[reply] ?? v3["res"]);
    return toHttpResponse(response) as Returned;
  };
}

/** What a handler gives an output: by what it returns, if only `null` for nothing, else by `context.bindings`. */
function outputOf(
  name: string,
  returned: Readonly<Record<string, unknown>> | undefined,
  bindings: Readonly<Record<string, unknown>>,
): unknown {
  return returned?.[name] === undefined ? bindings[name] : returned[name];
}

function handlerOf(loaded: unknown, entryPoint: string | undefined): Handler {
  const exported = loaded as Readonly<Record<string, unknown>>;
  const main = exported["default"];
  const candidates = [main, exported].flatMap((from) => {
    if (entryPoint === undefined && typeof from === "function") return [from];
    if (from === null || (typeof from !== "object" && typeof from !== "function")) return [];
    const members = from as Readonly<Record<string, unknown>>;
    if (entryPoint !== undefined) return [bound(members, entryPoint)];
    const functions = Object.keys(members).filter((name) => typeof members[name] === "function");
    return [bound(members, functions.length === 1 ? functions[0]! : "run"), bound(members, "index")];
  });
  const handler = candidates.find((candidate) => typeof candidate === "function");
  if (handler !== undefined) return handler as Handler;
  throw new TypeError(
    entryPoint === undefined
      ? "the module exports no function; a handler of the v3 model is its only export, run or index"
      : `the module does not export ${entryPoint}, which is its entryPoint`,
  );
}

function bound(owner: Readonly<Record<string, unknown>>, name: string): unknown {
  const member = owner[name];
  return typeof member === "function" ? (member as Handler).bind(owner) : undefined;
}

interface V3InvocationContext extends Record<string, unknown> {
  readonly bindings: Record<string, unknown>;
  done?: (error?: unknown, result?: unknown) => void;
}

function toV3Context(
  context: InvocationContext,
  bindings: Record<string, unknown>,
  request: object | undefined,
): V3InvocationContext {
  const { invocationId, functionName, triggerMetadata, traceContext } = context;
  const log = Object.assign((...args: unknown[]) => context.log(...args), {
    error: (...args: unknown[]) => context.error(...args),
    warn: (...args: unknown[]) => context.warn(...args),
    info: (...args: unknown[]) => context.info(...args),
    verbose: (...args: unknown[]) => context.debug(...args),
  });
  const v3: V3InvocationContext = {
    invocationId,
    executionContext: { invocationId, functionName, functionDirectory: resolve(functionName) },
    bindings,
    bindingData: { ...triggerMetadata, invocationId },
    bindingDefinitions: [],
    traceContext: {
      traceparent: traceContext?.traceParent,
      tracestate: traceContext?.traceState,
      attributes: traceContext?.attributes ?? {},
    },
    log,
  };
  if (request === undefined) return v3;
  return Object.assign(v3, { req: request, res: new V3Response(() => v3.done?.()) });
}

/** The handler ends by its promise, or by `context.done`; whichever comes first. */
function call(run: Handler, context: V3InvocationContext, inputs: readonly unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    context.done = (error, result) => {
      if (error === undefined || error === null) resolve(result);
      else
        reject(error instanceof Error ? error : new Error(typeof error === "string" ? error : JSON.stringify(error)));
    };
    const returned = run(context, ...inputs);
    if (isPromise(returned)) returned.then(resolve, reject);
  });
}

async function toV3Request(request: HttpRequest): Promise<object> {
  const { method, url, params } = request;
  const bytes = Buffer.from(await request.arrayBuffer());
  const headers = Object.fromEntries(request.headers);
  const { type = "", charset } = readContentType(headers["content-type"]);
  const isJson = type === "application/json" || type.endsWith("+json");
  const isText = isJson || type.startsWith("text/");
  // Deviation from the worker, for which an image is text with U+FFFD.
  const isBinary =
    type === "application/octet-stream" ||
    type.startsWith("multipart/") ||
    (!isText && undecodableAs(bytes, charset) !== undefined);
  const rawBody = isBinary ? bytes.toString() : await request.text();
  const body: unknown = bytes.length === 0 ? undefined : isBinary ? bytes : isJson ? jsonOr(rawBody) : rawBody;
  return {
    method,
    url,
    originalUrl: url,
    headers,
    query: Object.fromEntries(request.query),
    params: { ...params },
    body,
    rawBody,
    bufferBody: bytes,
    get: (name: string) => headers[name.toLowerCase()],
    parseFormBody: await formBodyOf(request, type),
  };
}

interface V3FormPart {
  readonly value: Buffer;
  readonly fileName?: string;
  readonly contentType?: string;
}

/** Read beforehand, since a handler of the v3 model asks without waiting; what is wrong with a form is thrown to who asks. */
async function formBodyOf(request: HttpRequest, type: string): Promise<() => object> {
  if (type !== "multipart/form-data" && type !== "application/x-www-form-urlencoded")
    return () => {
      throw new TypeError(`the body is not a form but ${type === "" ? "without a content type" : type}`);
    };
  try {
    const parts = await Promise.all(
      [...(await request.formData())].map(async ([name, value]) => [name, await toFormPart(value)] as const),
    );
    return () => new V3Form(parts);
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

async function toFormPart(value: string | File): Promise<V3FormPart> {
  if (typeof value === "string") return { value: Buffer.from(value) };
  const { name: fileName, type: contentType } = value;
  return { value: Buffer.from(await value.arrayBuffer()), fileName, contentType };
}

class V3Form {
  readonly length: number;

  constructor(private readonly parts: readonly (readonly [name: string, part: V3FormPart])[]) {
    this.length = parts.length;
  }

  get(name: string): V3FormPart | null {
    return this.getAll(name)[0] ?? null;
  }

  getAll(name: string): V3FormPart[] {
    return this.parts.filter(([own]) => own === name).map(([, part]) => part);
  }

  has(name: string): boolean {
    return this.getAll(name).length > 0;
  }

  [Symbol.iterator](): Iterator<readonly [name: string, part: V3FormPart]> {
    return this.parts[Symbol.iterator]();
  }
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** What `context.res` is until a handler puts an object of its own there. */
class V3Response {
  statusCode: unknown = undefined;
  headers: Record<string, unknown> = {};
  cookies: unknown[] = [];
  body: unknown = undefined;
  readonly #done: () => void;

  constructor(done: () => void) {
    this.#done = done;
  }

  status(code: unknown): this {
    this.statusCode = code;
    return this;
  }

  setHeader(name: string, value: unknown): this {
    this.headers[name.toLowerCase()] = value;
    return this;
  }

  header(name: string, value: unknown): this {
    return this.setHeader(name, value);
  }

  set(name: string, value: unknown): this {
    return this.setHeader(name, value);
  }

  getHeader(name: string): unknown {
    return this.headers[name.toLowerCase()];
  }

  get(name: string): unknown {
    return this.getHeader(name);
  }

  removeHeader(name: string): this {
    delete this.headers[name.toLowerCase()];
    return this;
  }

  type(type: string): this {
    return this.setHeader("content-type", type);
  }

  json(body: unknown): void {
    this.type("application/json");
    this.send(body);
  }

  send(body?: unknown): this {
    return this.end(body);
  }

  end(body?: unknown): this {
    if (body !== undefined) this.body = body;
    this.#done();
    return this;
  }

  sendStatus(code: unknown): this {
    this.status(code);
    return this.end();
  }
}

function toHttpResponse(response: unknown): object | string | undefined {
  if (response === undefined || response === null) return undefined;
  if (typeof response !== "object") return { body: typeof response === "string" ? response : JSON.stringify(response) };
  if (ArrayBuffer.isView(response)) return { body: response };
  const { status, statusCode, headers, cookies, body } = response as Readonly<Record<string, unknown>>;
  const code = status !== undefined && typeof status !== "function" ? status : statusCode;
  const isSent = body === undefined || body === null;
  return {
    ...(code !== undefined && { status: Number(code) }),
    ...(headers !== undefined && headers !== null && { headers }),
    ...(Array.isArray(cookies) && cookies.length > 0 && { cookies: cookies as unknown[] }),
    ...(!isSent && (typeof body === "string" || ArrayBuffer.isView(body) ? { body } : { jsonBody: body })),
  };
}

/** True for an object that only names outputs: it is not a reply to anyone. */
function isOutputs(
  result: Readonly<Record<string, unknown>> | undefined,
  collectors: readonly (readonly [string, unknown])[],
): boolean {
  if (result === undefined || Array.isArray(result)) return false;
  const names = Object.keys(result);
  return names.length > 0 && names.every((name) => collectors.some(([output]) => output === name));
}

function isCollector(value: unknown): value is Collector<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<Collector<unknown>>).addRequestBody === "function"
  );
}
