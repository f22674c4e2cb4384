import { resolve } from "node:path";
import { readContentType, undecodableAs } from "../../invocation/read-payload.js";
import type { Collector } from "../../model/collector.js";
import { isPromise } from "../../model/maybe-promise.js";
import type { HttpRequest, InvocationContext } from "../../model/invocation.js";
import { isRecord } from "../../model/values.js";

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
    const trigger = isHttp ? await toV3Request(payload as HttpRequest) : asDelivered(payload);
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
    const isReturnUsed = reply === "$return" || collectors.some(([name]) => name === "$return");
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
  const exported = exportedBy(loaded);
  // The worker looks for an entryPoint among the members of an object only.
  if (typeof exported === "function") return exported as Handler;
  const members = (exported ?? {}) as Readonly<Record<string, unknown>>;
  const functions = Object.keys(members).filter((name) => typeof members[name] === "function");
  const names = entryPoint !== undefined ? [entryPoint] : functions.length === 1 ? functions : ["run", "index"];
  const handler = names.map((name) => members[name]).find((member) => typeof member === "function");
  if (handler !== undefined) return (handler as Handler).bind(members);
  throw new TypeError(
    entryPoint === undefined
      ? "the module exports no function; a handler of the v3 model is its only export, run or index"
      : `the module does not export ${entryPoint}, which is its entryPoint`,
  );
}

/** Of CommonJS, `import()` gives what it exports as `default`, and members of it beside; an ES module exports its names. */
function exportedBy(loaded: unknown): unknown {
  if (typeof loaded !== "object" || loaded === null) return loaded;
  const { default: main, "module.exports": _, ...named } = loaded as Readonly<Record<string, unknown>>;
  if (main === undefined || main === null) return loaded;
  const members = main as Readonly<Record<string, unknown>>;
  return Object.entries(named).every(([name, member]) => members[name] === member) ? main : loaded;
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
  const isText = type === "application/json" || type.endsWith("+json") || type.startsWith("text/");
  // Deviation from the worker, for which an image is text with U+FFFD.
  const isBinary =
    type === "application/octet-stream" ||
    type.startsWith("multipart/") ||
    (!isText && undecodableAs(bytes, charset) !== undefined);
  const rawBody = isBinary ? bytes.toString() : await request.text();
  return {
    method,
    url,
    originalUrl: url,
    headers,
    query: Object.fromEntries(request.query),
    params: { ...params },
    // The worker parses text of every type: most callers of a function name none.
    ...(bytes.length > 0 && { body: isBinary ? bytes : jsonOr(rawBody), rawBody, bufferBody: bytes }),
    get: (name: string) => headers[name.toLowerCase()],
    get user() {
      return userOf(headers);
    },
    parseFormBody: await formBodyOf(request, type),
  };
}

/** Who is logged in, by the headers that App Service and Static Web Apps put on a request. */
function userOf(headers: Readonly<Record<string, string>>): object | null {
  const principal = headers["x-ms-client-principal"];
  if (principal === undefined || principal === "") return null;
  const claims = JSON.parse(Buffer.from(principal, "base64").toString()) as Readonly<Record<string, unknown>>;
  const user = claims["identityProvider"]
    ? {
        type: "StaticWebApps",
        id: claims["userId"],
        username: claims["userDetails"],
        identityProvider: claims["identityProvider"],
      }
    : {
        type: "AppService",
        id: headers["x-ms-client-principal-id"],
        username: headers["x-ms-client-principal-name"],
        identityProvider: headers["x-ms-client-principal-idp"],
      };
  return { ...user, claimsPrincipalData: claims };
}

/** An event's bytes as Dapr delivers them: base64 text in `data_base64`. */
function asDelivered(payload: unknown): unknown {
  if (!isRecord(payload) || !("specversion" in payload) || !(payload["data"] instanceof Uint8Array)) return payload;
  const { data, ...event } = payload;
  return { ...event, data_base64: Buffer.from(data as Uint8Array).toString("base64") };
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
  const code = statusCode || (typeof status === "function" ? undefined : status);
  const isSent = body === undefined || body === null;
  return {
    ...(code !== undefined && code !== null && { status: Number(code) }),
    ...(headers !== undefined && headers !== null && { headers: givenMembers(headers) }),
    ...(Array.isArray(cookies) && cookies.length > 0 && { cookies: cookies.map(toCookie) }),
    ...(!isSent && (typeof body === "string" || ArrayBuffer.isView(body) ? { body } : { jsonBody: body })),
  };
}

/** The worker passes over members that are null. */
function givenMembers(value: unknown): unknown {
  if (!isRecord(value) || Object.values(value).every((member) => member !== null && member !== undefined)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null && member !== undefined));
}

/** A maxAge may be text there. */
function toCookie(cookie: unknown): unknown {
  const given = givenMembers(cookie);
  if (!isRecord(given) || typeof given["maxAge"] !== "string") return given;
  return { ...given, maxAge: Number(given["maxAge"]) };
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
