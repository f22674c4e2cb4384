import {
  DaprBindingTrigger,
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprTopicTrigger,
  HttpTrigger,
  InvocationError,
  PayloadError,
  Reply,
  SidecarError,
  type CloudEvent,
  type HttpRequest,
  type HttpResponse,
  type PublishCollector,
} from "dapr-functions";

/*
 * What a function may return or throw, by name, and a function per trigger that does it. This file is compiled by itself
 * into apps of the Functions host, so it imports nothing but the library.
 */

const cycle: Record<string, unknown> = {};
cycle["self"] = cycle;

function streamOf(...texts: string[]): ReadableStream<Uint8Array> {
  return new Blob(texts).stream() as ReadableStream<Uint8Array>;
}

function taken(bytes: Uint8Array): Uint8Array {
  structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
  return bytes;
}

function resizable(): ArrayBuffer & { resize(length: number): void } {
  return Reflect.construct(ArrayBuffer, [4, { maxByteLength: 8 }]) as ReturnType<typeof resizable>;
}

/** Everything that a function may return. */
export const returned: Readonly<Record<string, () => unknown>> = {
  nothing: () => undefined,
  null: () => null,
  "empty text": () => "",
  text: () => "tëxt",
  "text that is JSON": () => '{"a":1}',
  zero: () => 0,
  "a number": () => 41.5,
  true: () => true,
  false: () => false,
  "a list": () => [1, [2], null],
  "an empty list": () => [],
  "an object": () => ({ stored: { a: 1 }, list: [1] }),
  "an empty object": () => ({}),
  "a date": () => new Date(0),
  "a map": () => new Map([["a", 1]]),
  "an object with toJSON": () => ({ toJSON: () => ({ a: 1 }) }),
  "a BigInt": () => 1n,
  "a function": () => () => 1,
  "a symbol": () => Symbol("s"),
  "a cycle": () => cycle,
  "a Uint8Array": () => new Uint8Array([0xff, 0, 0x41]),
  "an empty Uint8Array": () => new Uint8Array(),
  "part of a Uint8Array": () => new Uint8Array([1, 2, 3, 4]).subarray(1, 3),
  "an ArrayBuffer": () => new Uint8Array([0xff, 0, 0x41]).buffer,
  "a Buffer": () => Buffer.from("bytes"),
  "a stream": () => streamOf("a", "b"),
  "an Error": () => new Error("an error as a value"),
  "an Error in jsonBody": () => ({ jsonBody: new Error("x") }),
  "a promise": () => Promise.resolve({ a: 1 }),

  "a SharedArrayBuffer": () => new SharedArrayBuffer(2),
  "bytes of shared memory": () => new Uint8Array(new SharedArrayBuffer(2)),
  "bytes that were transferred": () => taken(new Uint8Array([1, 2])),
  "a body that was transferred": () => ({ body: taken(new Uint8Array([1, 2])).buffer }),
  "a resizable ArrayBuffer": () => resizable(),
  "bytes of an ArrayBuffer that shrank": () => {
    const buffer = resizable();
    const bytes = new Uint8Array(buffer, 2, 2);
    buffer.resize(1);
    return bytes;
  },
  "a Uint16Array": () => new Uint16Array([1, 2]),
  "a DataView": () => new DataView(new ArrayBuffer(2)),
  "a generator": () =>
    (function* () {
      yield 1;
    })(),
  "a set": () => new Set([1]),
  "a boxed number": () => new Number(5),
  "text with NUL": () => "a\u0000b",
  "an inherited status": () => Object.create({ status: 404 }) as unknown,
  "a status that is null": () => ({ status: null, headers: null, body: "x" }),
  "both bodies": () => ({ body: "a", jsonBody: 1 }),
  "headers that are a Map": () => ({ headers: new Map([["x-a", "1"]]), body: "x" }),
  "headers that are pairs": () => ({
    headers: [
      ["x-a", "1"],
      ["x-b", true],
    ],
    body: "x",
  }),
  "a header in latin1": () => ({ headers: { "x-a": "é" }, body: "ü" }),
  "a header in Japanese": () => ({ headers: { "x-a": "日" }, body: "x" }),
  "a header in two spellings": () => ({ headers: { "x-a": "1", "X-A": "2" }, body: "x" }),
  "a stream of text": () => ({
    body: new ReadableStream({
      start(controller) {
        controller.enqueue("é");
        controller.close();
      },
    }),
  }),
  "a stream of views": () => ({
    body: new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint16Array([0x4142, 0x4344]));
        controller.enqueue(new DataView(new Uint8Array([1, 2, 3]).buffer, 1, 1));
        controller.close();
      },
    }),
  }),
  "a stream that is read already": () => {
    const body = streamOf("a");
    body.getReader();
    return { body };
  },
  "a body that is a Uint16Array": () => ({ body: new Uint16Array([1]) }),
  "a partitioned cookie": () => ({ headers: { "set-cookie": "a=1; Partitioned; Secure; Priority=High" } }),
  "a cookie and a partitioned one": () => ({ headers: { "set-cookie": ["b=1", "a=1; Partitioned; Secure"] } }),
  "a cookie that ends at a text's time": () => ({
    cookies: [{ name: "a", value: "1", expires: "2030-01-01T00:00:00Z" }],
  }),
  "a Reply of an Error": () => new Reply({ body: new Error("x") }),
  "a Reply of half a surrogate pair": () => new Reply({ headers: { "content-type": "text/csv" }, body: "\udc00" }),
  "a Reply that holds a Reply": () => new Reply({ body: new Reply({ status: 404 }) }),
  "a web Response": () => new Response("web", { status: 202, headers: { "x-a": "1" } }),
  "a Blob": () => new Blob(["a"]),
  "an instance": () =>
    new (class Order {
      readonly id = "41";
    })(),
  "an instance of nothing": () => new (class Nothing {})(),
  "an object without a prototype": () => Object.assign(Object.create(null) as object, { jsonBody: 1 }),
  "an object whose member throws": () => ({
    get body(): string {
      throw new Error("secret text");
    },
  }),
  "half a surrogate pair": () => "\ud800",
  "not a number": () => NaN,
  "an object that cannot be asked": () =>
    new Proxy(
      {},
      {
        get() {
          throw new Error("secret text");
        },
        getOwnPropertyDescriptor() {
          throw new Error("secret text");
        },
        ownKeys() {
          throw new Error("secret text");
        },
      },
    ),
  "body a Blob": () => ({ body: new Blob(["a"]) }),
  "body a stream of Node": () => ({ body: { pipe: () => undefined } }),
  "a cookie without a value": () => ({ cookies: [{ name: "a" }] }),

  "a Reply": () => new Reply({ status: 201, headers: { "x-a": "1" }, body: { a: 1 } }),
  "a Reply of nothing": () => new Reply({}),
  "a Reply of null": () => new Reply({ body: null }),
  "a Reply of text": () => new Reply({ body: "text" }),
  "a Reply of text with its type": () => new Reply({ headers: { "Content-Type": "text/csv" }, body: "a,b" }),
  "a Reply of text as JSON": () => new Reply({ headers: { "content-type": "application/json" }, body: "a" }),
  "a Reply of bytes": () => new Reply({ body: new Uint8Array([0xff, 1]) }),
  "a Reply of an ArrayBuffer": () => new Reply({ body: new Uint8Array([0xff, 1]).buffer }),
  "a Reply of a stream": () => new Reply({ body: streamOf("ab") }),
  "a Reply of 204": () => new Reply({ status: 204, body: "dropped" }),
  "a Reply of 299": () => new Reply({ status: 299 }),
  "a Reply of 304": () => new Reply({ status: 304 }),
  "a Reply of 404": () => new Reply({ status: 404, body: { a: 1 } }),
  "a Reply of 500": () => new Reply({ status: 500 }),
  "a Reply of 999": () => new Reply({ status: 999 }),
  "a Reply of RETRY": () => new Reply({ body: { status: "RETRY" } }),
  "a Reply of a cycle": () => new Reply({ body: cycle }),
  "a Reply with a bad header": () => new Reply({ headers: { "x-a": "1\r\nx-b: 2" } }),
  "a Reply with framing": () => new Reply({ headers: { "content-length": "99", "transfer-encoding": "x" }, body: 1 }),
  "a Reply with two cookies": () => new Reply({ headers: { "set-cookie": ["a=1", "b=2; Path=/"] } }),

  "a status": () => ({ status: 202 }),
  "a status of 204 with a body": () => ({ status: 204, body: "dropped" }),
  "a status of 404": () => ({ status: 404, jsonBody: { message: "none" } }),
  "a status of 500": () => ({ status: 500, body: "mine" }),
  "a status of 100": () => ({ status: 100 }),
  "a status of 600": () => ({ status: 600 }),
  "a status that is text": () => ({ status: "404" }),
  "the word RETRY": () => "RETRY",
  "the word drop": () => "drop",
  "the word RETRY as an object": () => new String("RETRY"),
  "the word RETRY in blanks": () => " RETRY ",
  "the word RETRY as JSON": () => '{"status":"RETRY"}',
  "bytes of the word RETRY": () => Buffer.from("RETRY"),
  "a Reply of the word RETRY": () => new Reply({ body: "RETRY" }),
  "a statusCode": () => ({ statusCode: 500 }),
  "a list of the word RETRY": () => ["RETRY"],
  "the answer to many events": () => ({ statuses: [{ entryId: "1", status: "RETRY" }] }),
  "a status word": () => ({ status: "RETRY" }),
  "a status word in small letters": () => ({ status: "drop" }),
  SUCCESS: () => ({ status: "SUCCESS" }),
  "an unknown status word": () => ({ status: "FAILED" }),
  "a status word misspelt": () => ({ Status: "RETRY" }),
  "body text": () => ({ body: "a,b", headers: { "content-type": "text/csv" } }),
  "body bytes": () => ({ body: new Uint8Array([0xff, 1]) }),
  "body an ArrayBuffer": () => ({ body: new Uint8Array([0xff, 1]).buffer }),
  "body a Buffer": () => ({ body: Buffer.from("b"), headers: { "content-type": "image/png" } }),
  "body a stream": () => ({ body: streamOf("a", "b"), headers: { "content-type": "text/plain" } }),
  "body empty": () => ({ body: "" }),
  "body null": () => ({ body: null }),
  "body an object": () => ({ body: { a: 1 } }),
  jsonBody: () => ({ jsonBody: { a: 1 } }),
  "jsonBody null": () => ({ jsonBody: null }),
  "jsonBody false": () => ({ jsonBody: false }),
  "jsonBody zero": () => ({ jsonBody: 0 }),
  "jsonBody text": () => ({ jsonBody: "a" }),
  "jsonBody undefined": () => ({ jsonBody: undefined, body: "b" }),
  "jsonBody with its type": () => ({ jsonBody: 1, headers: { "content-type": "application/problem+json" } }),
  "jsonBody a cycle": () => ({ jsonBody: cycle }),
  "headers with lists": () => ({ headers: { vary: ["a", "b"], "set-cookie": ["a=1", "b=2"] } }),
  "Headers with two cookies": () => ({
    headers: new Headers([
      ["set-cookie", "a=1; HttpOnly"],
      ["set-cookie", "b=2"],
      ["x-a", "1"],
    ]),
  }),
  "headers that are numbers": () => ({ headers: { "x-a": 1 } }),
  "headers undefined": () => ({ headers: { "x-a": undefined, "x-b": "1" } }),
  "a bad header name": () => ({ headers: { "x a": "1" } }),
  "a bad header value": () => ({ headers: { "x-a": "é\n" } }),
  cookies: () => ({
    cookies: [
      { name: "a", value: "1 2;é" },
      { name: "b", value: "x", path: "/", domain: "example.org", secure: true, httpOnly: true, sameSite: "Strict" },
      { name: "c", value: "y", maxAge: 60, expires: new Date(0) },
    ],
    headers: { "set-cookie": "z=0" },
  }),
  "no cookies": () => ({ cookies: [], body: "x" }),
  "a bad cookie": () => ({ cookies: [{ name: "a b", value: "1" }] }),
  statusCode: () => ({ statusCode: 404, body: "x" }),
  json: () => ({ json: { a: 1 } }),
  "an unknown member": () => ({ status: 200, colour: "red" }),
};

/** An error that no one can read; `name` is what throws. */
function unreadable(name: string): Error {
  return Object.defineProperty(new Error("x"), name, {
    get() {
      throw new Error("cannot be read");
    },
  });
}

/** An error of another copy of the library: it has the brand, and another class. */
function ofAnotherCopy(name: string, code: string): Error {
  const error = Object.assign(new Error("of another copy"), { name, code, issues: [] });
  return Object.defineProperty(error, Symbol.for("dapr-functions/error"), { value: true });
}

/** Everything that a function may throw. */
export const thrown: Readonly<Record<string, () => unknown>> = {
  "an Error": () => new Error("secret text"),
  "an AggregateError": () => new AggregateError([new Error("secret text")], "secret text"),
  "an AbortError": () => AbortSignal.abort().reason,
  "a function": () => () => "secret text",
  "a symbol": () => Symbol("secret text"),
  "a promise": () => Promise.resolve(1),
  "a Reply": () => new Reply({ status: 404 }),
  "an error whose message is an object": () => Object.assign(new Error("x"), { message: { secret: "secret text" } }),
  "a web Response": () => new Response("secret text", { status: 404 }),
  "an error with a status": () => Object.assign(new Error("secret text"), { status: 404, expose: true }),
  "an error whose cause is a PayloadError": () =>
    new Error("secret text", { cause: new PayloadError("ERR_PAYLOAD_INVALID", "bad") }),
  "a class of PayloadError": () =>
    new (class OrderError extends PayloadError {
      constructor() {
        super("ERR_PAYLOAD_INVALID", "bad");
      }
    })(),
  "a PayloadError of issues that are a revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    return Object.assign(new PayloadError("ERR_PAYLOAD_INVALID", "bad"), { issues: proxy });
  },
  "a PayloadError of issues that throw null": () => {
    const handler: ProxyHandler<never[]> = {
      get() {
        throw null;
      },
    };
    return Object.assign(new PayloadError("ERR_PAYLOAD_INVALID", "bad"), { issues: new Proxy<never[]>([], handler) });
  },
  "a PayloadError of another name": () =>
    Object.assign(new PayloadError("ERR_PAYLOAD_INVALID", "secret text"), { name: "OrderError" }),
  "a DOMException": () => new DOMException("secret text", "DataCloneError"),
  "control characters": () => new Error("secret text\r\nforged: line\u001b[31m"),
  "a proxy that was revoked": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  "a TypeError": () => new TypeError("secret text"),
  text: () => "secret text",
  "no text": () => "",
  "a number": () => 5,
  null: () => null,
  undefined: () => undefined,
  false: () => false,
  "an object": () => ({ message: "secret text" }),
  "a frozen error": () => Object.freeze(new Error("secret text")),
  "an error without a stack": () => Object.assign(new Error("secret text"), { stack: undefined }),
  "an error whose message throws": () => unreadable("message"),
  "an error whose stack throws": () => unreadable("stack"),
  "an error whose name throws": () => unreadable("name"),
  "an error whose code throws": () => unreadable("code"),
  "a proxy that throws": () =>
    new Proxy(
      {},
      {
        get() {
          throw new Error("cannot be read");
        },
        has() {
          throw new Error("cannot be asked");
        },
      },
    ),
  ...Object.fromEntries(
    ["ERR_PAYLOAD_INVALID", "ERR_MALFORMED_REQUEST", "ERR_BINDING_DATA"].flatMap((code) => [
      [`PayloadError ${code}`, () => new PayloadError(code as "ERR_BINDING_DATA", "the payload's fault")],
      [`PayloadError ${code} of another copy`, () => ofAnotherCopy("PayloadError", code)],
      [`SidecarError ${code}`, () => sidecarError(code)],
      [`Error ${code}`, () => Object.assign(new Error("secret text"), { code })],
    ]),
  ),
  "PayloadError with issues": () =>
    new PayloadError("ERR_PAYLOAD_INVALID", "bad", { issues: [{ path: "a", message: "must be", rule: "isInt" }] }),
  "PayloadError with issues that are not JSON": () =>
    new PayloadError("ERR_PAYLOAD_INVALID", "bad", { issues: [{ path: 1n, message: cycle, rule: "r" }] as never }),
  ...Object.fromEntries(
    [
      "ERR_STATE_CONFLICT",
      "ERR_QUEUE_FULL",
      "ERR_INVOCATION_TIMEOUT",
      "ERR_REPLY_INVALID",
      "ERR_DAPR_BAD_REQUEST",
      "ERR_VALUE_INVALID",
      "ERR_RETRY_REQUESTED",
    ].flatMap((code) => [
      [`InvocationError ${code}`, () => new InvocationError(code, "secret text")],
      [`InvocationError ${code} of another copy`, () => ofAnotherCopy("InvocationError", code)],
      [`SidecarError ${code}`, () => sidecarError(code)],
    ]),
  ),
};

function sidecarError(errorCode: string): SidecarError {
  const operation = "POST /v1.0/invoke/other/method/x";
  return new SidecarError({ status: 400, errorCode, message: "secret text", operation, target: "the sidecar" });
}

/** What a function is to do, in its payload. */
export interface Case {
  readonly returns?: string;
  readonly throws?: string;
  /** Asynchronously, after an await. */
  readonly later?: boolean;
}

interface Outputs {
  readonly sent: PublishCollector<number>;
}

function act({ returns, throws, later = false }: Case, { sent }: Outputs): unknown {
  const now = (): unknown => {
    sent.add(1);
    // eslint-disable-next-line typescript/only-throw-error -- any value may be thrown
    if (throws !== undefined) throw thrown[throws]!();
    return returned[returns!]!();
  };
  return later ? Promise.resolve().then(now) : now();
}

type StandardResult = { readonly value: object } | { readonly issues: readonly { readonly message: string }[] };

/** A payload type without a validator: an object with `ok: true`. */
const okay = {
  "~standard": {
    version: 1,
    vendor: "matrix",
    validate: (value: unknown): StandardResult =>
      (value as { ok?: unknown } | undefined)?.ok === true
        ? { value: value as object }
        : { issues: [{ message: "is not ok" }] },
  },
} as const;

const output = { name: "sent", pubSubName: "bus", topic: "sent" } as const;

export class Matrix {
  @DaprServiceInvocationTrigger()
  @DaprPublish(output)
  invoked(payload: Case, outputs: Outputs): unknown {
    return act(payload, outputs);
  }

  @DaprBindingTrigger()
  @DaprPublish(output)
  bound(payload: Case, outputs: Outputs): unknown {
    return act(payload, outputs);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "told" })
  @DaprPublish(output)
  told(event: CloudEvent<Case>, outputs: Outputs): unknown {
    return act(event.data, outputs);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "toldOnce", deadLetterTopic: "dead" })
  @DaprPublish(output)
  toldOnce(event: CloudEvent<Case>, outputs: Outputs): unknown {
    return act(event.data, outputs);
  }

  @HttpTrigger({ methods: ["POST"] })
  @DaprPublish(output)
  async asked(request: HttpRequest<Case>, outputs: Outputs): Promise<HttpResponse> {
    return (await act(await request.json(), outputs)) as HttpResponse;
  }

  @DaprServiceInvocationTrigger({ payload: okay })
  @DaprPublish({ ...output, topic: "{to}" })
  invokedChecked(_: unknown, { sent }: Outputs): void {
    sent.add(1);
  }

  @DaprBindingTrigger({ payload: okay })
  @DaprPublish({ ...output, topic: "{to}" })
  boundChecked(_: unknown, { sent }: Outputs): void {
    sent.add(1);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "toldChecked", payload: okay })
  @DaprPublish({ ...output, topic: "{data.to}" })
  toldChecked(_: CloudEvent<object>, { sent }: Outputs): void {
    sent.add(1);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "toldOnceChecked", payload: okay, deadLetterTopic: "dead" })
  @DaprPublish({ ...output, topic: "{data.to}" })
  toldOnceChecked(_: CloudEvent<object>, { sent }: Outputs): void {
    sent.add(1);
  }

  @HttpTrigger({ methods: ["POST"], payload: okay })
  @DaprPublish({ ...output, topic: "{to}" })
  askedChecked(_: HttpRequest<object>, { sent }: Outputs): void {
    sent.add(1);
  }
}
