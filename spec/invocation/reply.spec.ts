import {
  DaprBindingTrigger,
  DaprServiceInvocationTrigger,
  DaprTopicTrigger,
  HttpTrigger,
  Reply,
} from "../../lib/index.js";
import { Readable } from "node:stream";
import { runInNewContext } from "node:vm";
import { replyReader, type WireReply } from "../../lib/invocation/reply.js";
import { readFunctions } from "../../lib/metadata/functions.js";
import type { InvocationContext } from "../../lib/model/invocation.js";

class Functions {
  @DaprServiceInvocationTrigger()
  invoked(): unknown {
    return undefined;
  }

  @DaprBindingTrigger({ bindingName: "queue" })
  bound(): unknown {
    return undefined;
  }

  @HttpTrigger()
  asked(): void {
    return undefined;
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
  told(): unknown {
    return undefined;
  }
}
const definitions = readFunctions([Functions]);
const warnings: string[] = [];
const context = { warn: (text: string) => warnings.push(text) } as unknown as InvocationContext;

function readerOf(name: string): (returned: unknown) => unknown {
  const read = replyReader(definitions.find((definition) => definition.name === name)!);
  return (returned) => read(returned, context);
}

function readAlready(): ReadableStream {
  const stream = new Blob(["a"]).stream();
  stream.getReader();
  return stream;
}

/** Says `200 {"content-type":"application/json"} 5`. */
function said(answer: unknown): string {
  if (typeof answer === "string") return answer;
  const { status, headers, body } = answer as WireReply;
  return `${status} ${JSON.stringify(Object.fromEntries(headers))} ${body === undefined ? "-" : Buffer.from(body as string).toString()}`;
}

const asJson = (text: string) => `200 {"content-type":"application/json"} ${text}`;
const invalid = (message: string) =>
  expect.objectContaining({ code: "ERR_REPLY_INVALID", message: expect.stringContaining(message) }) as Error;

describe("what a service invocation answers", () => {
  const read = readerOf("invoked");

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "200 {} -"],
    ["text", "é", asJson('"é"')],
    ["null", null, asJson("null")],
    ["false", false, asJson("false")],
    ["an object", { status: 404, body: 1 }, asJson('{"status":404,"body":1}')],
    ["a list", [1], asJson("[1]")],
    ["a Buffer", Buffer.from("ab"), '200 {"content-type":"application/octet-stream"} ab'],
    ["an ArrayBuffer", new Uint8Array([65]).buffer, '200 {"content-type":"application/octet-stream"} A'],
    ["an Error with its own JSON", Object.assign(new Error("no"), { toJSON: () => ({ no: 1 }) }), asJson('{"no":1}')],
    ["shared memory", new SharedArrayBuffer(1), '200 {"content-type":"application/octet-stream"} \0'],
    ["a Reply that says nothing", new Reply(), "200 {} -"],
    ["a Reply", new Reply({ status: 418, headers: { "x-a": "1" } }), '418 {"x-a":"1"} -'],
    ["a Reply's text", new Reply({ body: "x" }), asJson('"x"')],
    [
      "a Reply's text of a type of its own",
      new Reply({ headers: { "Content-Type": "text/csv" }, body: "a,b" }),
      '200 {"Content-Type":"text/csv"} a,b',
    ],
    ["a Reply that never has a body", new Reply({ status: 204, body: { a: 1 } }), "204 {} -"],
    [
      "a Reply with the framing of another",
      new Reply({ headers: { "Content-Length": "99", "transfer-encoding": "chunked", Connection: "close" }, body: 5 }),
      asJson("5"),
    ],
    [
      "text that is the same in its charset",
      new Reply({ headers: { "content-type": "text/csv; charset=us-ascii" }, body: "a" }),
      '200 {"content-type":"text/csv; charset=us-ascii"} a',
    ],
    ["the lowest status", new Reply({ status: 200 }), "200 {} -"],
    ["the highest status", new Reply({ status: 599 }), "599 {} -"],
  ])("is made of %s", (_case, returned, expected) => {
    expect(said(read(returned))).toBe(expected);
  });

  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  it.each<[string, unknown, string]>([
    ["a cycle", cycle, "cannot be written as JSON"],
    ["a BigInt", { n: 1n }, "cannot be written as JSON"],
    ["a function", () => 1, "a function, cannot be written as JSON"],
    ["an Error", new Error("no stock"), "cannot be sent: an Error; throw it"],
    ["an Error of another realm", runInNewContext("new Error('no')"), "cannot be sent: an Error; throw it"],
    ["a Reply of an Error", new Reply({ body: new Error("no stock") }), "cannot be sent: an Error; throw it"],
    ["numbers of 16 bits", new Uint16Array(1), "cannot be sent: a Uint16Array, which JSON does not know"],
    [
      "text under a charset that it is not in",
      new Reply({ headers: { "content-type": "text/html; charset=iso-8859-1" }, body: "Zoë" }),
      "sent in UTF-8, not in iso-8859-1; leave the charset out of its content type, or return bytes",
    ],
    [
      "JSON under a charset that it is not in",
      new Reply({ headers: { "content-type": "application/json; charset=UTF-16" }, body: { a: 1 } }),
      "sent in UTF-8, not in utf-16",
    ],
    ["NaN", NaN, "cannot be sent: NaN, which JSON does not know; give a finite number or null"],
    ["a mean of nothing", { mean: 0 / 0 }, "cannot be sent: mean is NaN, which JSON does not know"],
    ["bytes inside", { photo: new Uint8Array(1) }, "cannot be sent: photo is a Uint8Array, which JSON does not know"],
    ["a Reply of a Map inside", new Reply({ body: [1, new Map()] }), "cannot be sent: [1] is a Map"],
    ["an invalid Date", [{ at: new Date(NaN) }], "cannot be sent: [0].at is an invalid Date"],
    ["what was not awaited", { later: Promise.resolve(1) }, "cannot be sent: later is a promise; await it"],
    ["a DataView", new DataView(new ArrayBuffer(1)), "cannot be sent: a DataView, which JSON does not know"],
    [
      "text with half of a surrogate pair",
      new Reply({ headers: { "content-type": "text/csv" }, body: "\ud800" }),
      "half of a surrogate pair; give well-formed text",
    ],
    ["a stream that is read already", readAlready(), "is read by somebody already"],
    ["a status below 200", new Reply({ status: 199 }), "an integer from 200 to 599, not 199"],
    ["a status above 599", new Reply({ status: 600 }), "an integer from 200 to 599, not 600"],
    ["a status of three digits", new Reply({ status: 999 }), "an integer from 200 to 599, not 999"],
    ["a status with a fraction", new Reply({ status: 200.5 }), "an integer from 200 to 599, not 200.5"],
    ["a status that is text", new Reply({ status: "200" as never }), "an integer from 200 to 599"],
    ["a status without text", new Reply({ status: Object.create(null) as never }), "not an object"],
    ["a line break in a header", new Reply({ headers: { "x-a": "1\r\nx-b: 2" } }), "characters that no header can"],
    ["a header's name with a space", new Reply({ headers: { "x a": "1" } }), "characters that no header can"],
    ["a header that is an object", new Reply({ headers: { "x-a": {} as never } }), "is not text"],
    ["headers that are text", new Reply({ headers: "x-a" as never }), "an object of text by name"],
  ])("cannot be made of %s", (_case, returned, message) => {
    expect(() => read(returned)).toThrow(invalid(message));
  });

  it("says whose reply it is", () => {
    expect(() => read(1n)).toThrow(invalid("Functions.invoked: what the function returned cannot be"));
  });
});

describe("what an input binding answers", () => {
  const read = readerOf("bound");

  it("has headers and a body of its own, and no status", () => {
    expect(said(read(new Reply({ status: 200, headers: { "x-a": "1" }, body: 5 })))).toBe(
      '200 {"x-a":"1","content-type":"application/json"} 5',
    );
    expect(() => read(new Reply({ status: 201 }))).toThrow(invalid("is answered 200, not 201"));
  });
});

describe("what an HTTP function answers", () => {
  const read = readerOf("asked");
  const bytes = '200 {"content-type":"application/octet-stream"} A';

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "204 {} -"],
    ["null", null, "204 {} -"],
    ["text", "hi", '200 {"content-type":"text/plain; charset=utf-8"} hi'],
    ["bytes", new Uint8Array([65]), bytes],
    ["an ArrayBuffer", new Uint8Array([65]).buffer, bytes],
    ["a body of bytes", { body: Buffer.from("A") }, bytes],
    ["a body of an ArrayBuffer", { body: new Uint8Array([65]).buffer }, bytes],
    ["an HttpResponse with nothing", {}, "200 {} -"],
    ["a status", { status: 202 }, "202 {} -"],
    ["jsonBody", { status: 201, jsonBody: { a: 1 } }, asJson('{"a":1}').replace("200", "201")],
    ["jsonBody null", { jsonBody: null }, asJson("null")],
    ["a body and its type", { body: '{"a":1}', headers: { "content-type": "application/json" } }, asJson('{"a":1}')],
    ["a body that is null", { body: null }, "200 {} -"],
    ["a Reply", new Reply({ status: 404, body: { a: 1 } }), asJson('{"a":1}').replace("200", "404")],
    ["Headers", { headers: new Headers({ "x-a": "1" }) }, '200 {"x-a":"1"} -'],
    ["headers that are numbers", { headers: { "x-a": 1, "x-b": undefined } }, '200 {"x-a":"1"} -'],
  ])("is made of %s", (_case, returned, expected) => {
    expect(said(read(returned))).toBe(expected);
  });

  it("keeps several headers of one name", () => {
    const both = [
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ];
    const headers = new Headers(both as [string, string][]);
    expect(read({ headers: { "set-cookie": ["a=1", "b=2"] } })).toMatchObject({ headers: both });
    expect(read({ headers })).toMatchObject({ headers: both });
    expect(read(new Reply({ headers }))).toMatchObject({ headers: both });
  });

  it("writes cookies, their values in percent encoding", () => {
    const cookies = [
      { name: "a", value: "1 2" },
      {
        name: "b",
        value: "x",
        path: "/",
        domain: "example.org",
        secure: true,
        httpOnly: true,
        sameSite: "Lax",
        maxAge: 60,
      },
      { name: "c", value: "", expires: 0 },
      { name: "d", value: "", expires: new Date(0), sameSite: "None" },
    ];
    expect((read({ cookies, headers: { "set-cookie": "z=0" } }) as WireReply).headers).toEqual(
      [
        "z=0",
        "a=1%202",
        "b=x; Max-Age=60; Domain=example.org; Path=/; HttpOnly; Secure; SameSite=Lax",
        "c=; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "d=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; SameSite=None",
      ].map((line) => ["set-cookie", line]),
    );
  });

  it.each<[string, unknown, string]>([
    ["a cookie's name with a space", { cookies: [{ name: "a b", value: "1" }] }, "a cookie of a reply cannot be sent"],
    ["a cookie that ends at no time", { cookies: [{ name: "a", value: "1", expires: NaN }] }, "cannot be sent"],
    ["a cookie that is null", { cookies: [null] }, "cannot be sent"],
    ["cookies that are text", { cookies: "a=1" }, "a list of { name, value }"],
    ["statusCode", { statusCode: 404, body: "no" }, 'has no member "statusCode"; write status'],
    ["json", { json: {} }, 'has no member "json"; write jsonBody'],
    ["a member of its own", { id: "41" }, 'has no member "id"; to send an object, put it into jsonBody'],
    ["an Error", new Error("no"), "an Error; throw it"],
    ["a date", new Date(0), "not a Date; put JSON into jsonBody"],
    ["a map", new Map(), "not a Map; put JSON into jsonBody"],
    ["a Blob", new Blob(["a"]), "not a Blob; put JSON into jsonBody"],
    ["a body that is a Blob", { body: new Blob(["a"]) }, "cannot be sent: a Blob, which JSON does not know"],
    ["JSON with NaN", { jsonBody: { mean: NaN } }, "cannot be sent: mean is NaN, which JSON does not know"],
    ["a body that is a stream of Node", { body: Readable.from(["a"]) }, "cannot be sent: a stream of Node"],
    ["a cookie's member misspelt", { cookies: [{ name: "a", value: "1", httponly: true }] }, 'no member "httponly"'],
    [
      "a cookie's attribute that cookies have not",
      { cookies: [{ name: "a", value: "1", partitioned: true }] },
      "set-cookie",
    ],
    ["a cookie without a value", { cookies: [{ name: "a" }] }, "name and value must be text"],
    ["a number", 5, "a number; put JSON into jsonBody"],
    ["true", true, "put JSON into jsonBody"],
    ["a list", [1], "a list; put JSON into jsonBody"],
  ])("cannot be made of %s", (_case, returned, message) => {
    expect(() => read(returned)).toThrow(invalid(message));
  });

  it("may be a stream", () => {
    const stream = new Blob(["a"]).stream();
    expect(read({ body: stream })).toEqual({
      status: 200,
      headers: [["content-type", "application/octet-stream"]],
      body: stream,
    });
  });
});

describe("what becomes of an event", () => {
  const read = readerOf("told");

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "SUCCESS"],
    ["SUCCESS", { status: "SUCCESS" }, "SUCCESS"],
    ["RETRY", { status: "RETRY" }, "RETRY"],
    ["drop", { status: "drop" }, "DROP"],
    ["a Reply", new Reply({ body: "x" }), "SUCCESS"],
    ["a Reply of a status below 300", new Reply({ status: 299 }), "SUCCESS"],
    ["a Reply that says RETRY", new Reply({ body: { status: "RETRY" } }), "RETRY"],
    ["data", { id: "41" }, "SUCCESS"],
    ["null", null, "SUCCESS"],
    ["text", "done", "SUCCESS"],
    ["text with a word in it", "RETRY it tomorrow", "SUCCESS"],
    ["empty text", "", "SUCCESS"],
    ["bytes", Buffer.from("done"), "SUCCESS"],
    ["a list", ["done"], "SUCCESS"],
    ["a list of what has a status of its own", [{ id: "41", status: "success" }, { status: "paid" }], "SUCCESS"],
    ["a list of data that a word is among", [...Array<string>(100).fill("done"), "RETRY"], "SUCCESS"],
    ["a Map", new Map([["id", "41"]]), "SUCCESS"],
    ["the word SUCCESS", "SUCCESS", "SUCCESS"],
    ["the word RETRY", "RETRY", "RETRY"],
    ["the word DROP", "DROP", "DROP"],
    ["a word in small letters", "Retry", "RETRY"],
    ["a word as an object", new String("RETRY"), "RETRY"],
    ["a Reply of a word", new Reply({ body: "RETRY" }), "RETRY"],
  ])("after %s", (_case, returned, expected) => {
    expect(read(returned)).toBe(expected);
  });

  it.each<[string, unknown, string, string]>([
    ["a Reply of 300", new Reply({ status: 300 }), "ERR_FUNCTION_FAILED", "replied 300"],
    ["a Reply of 404", new Reply({ status: 404 }), "ERR_FUNCTION_FAILED", "replied 404"],
    ["an Error", new Error("no stock"), "ERR_FUNCTION_FAILED", "no stock"],
    ["an unknown word", { status: "FAILED" }, "ERR_REPLY_INVALID", 'not { status: "FAILED" }'],
    ["a word and a space", { status: "RETRY " }, "ERR_REPLY_INVALID", 'not { status: "RETRY " }'],
    ["a status that is a number", { status: 500 }, "ERR_REPLY_INVALID", "not { status: a number }"],
    ["a member that is misspelt", { Status: "RETRY" }, "ERR_REPLY_INVALID", 'not { Status: "RETRY" }'],
    ["a number", 500, "ERR_REPLY_INVALID", "not the number 500"],
    ["a BigInt", 500n, "ERR_REPLY_INVALID", "not the number 500"],
    ["a number as an object", new Number(500), "ERR_REPLY_INVALID", "not the number 500"],
    ["a word in blanks", " RETRY\n", "ERR_REPLY_INVALID", 'not the text " RETRY\\n"'],
    ["a word in quotes", '"DROP"', "ERR_REPLY_INVALID", "not the text"],
    ["a word as JSON", '{"status":"RETRY"}', "ERR_REPLY_INVALID", "not the text"],
    ["a word as JSON, in lines", '{\n  "status": "retry"\n}', "ERR_REPLY_INVALID", "not the text"],
    ["a Buffer of a word", Buffer.from("RETRY"), "ERR_REPLY_INVALID", 'not bytes that say "RETRY"'],
    ["an ArrayBuffer of a word", new TextEncoder().encode("DROP").buffer, "ERR_REPLY_INVALID", "not bytes"],
    ["a Reply of a Buffer of a word", new Reply({ body: Buffer.from("RETRY") }), "ERR_REPLY_INVALID", "not bytes"],
    ["a statusCode", { statusCode: 500 }, "ERR_REPLY_INVALID", "not { statusCode: a number }"],
    ["a bulk answer", { statuses: [{ entryId: "1", status: "RETRY" }] }, "ERR_REPLY_INVALID", "{ statuses: a list }"],
    ["a list of a word", ["retry"], "ERR_REPLY_INVALID", "not a list of them"],
    ["a list of statuses", [{ status: "SUCCESS" }, { status: "DROP" }], "ERR_REPLY_INVALID", "not a list of them"],
    ["a Set of a word", new Set(["RETRY"]), "ERR_REPLY_INVALID", "for the one event that it is given"],
    ["a Map of a status", new Map([["status", "RETRY"]]), "ERR_REPLY_INVALID", "for the one event that it is given"],
    ["an Error of another realm", runInNewContext("new Error('no stock')"), "ERR_FUNCTION_FAILED", "no stock"],
  ])("is that it failed, after %s", (_case, returned, code, message) => {
    expect(() => read(returned)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
  });

  it("warns once of what is ignored", () => {
    warnings.length = 0;
    const again = readerOf("told");
    again("text");
    again({ id: "41" });
    expect(warnings).toEqual([expect.stringContaining("Functions.told: what it returns for an event is ignored")]);
  });
});

describe("what throws when it is read", () => {
  const fail = (): never => {
    throw new Error("no");
  };
  const getter = (name: string): object => Object.defineProperty({}, name, { get: fail, enumerable: true });

  it.each<[string, string, unknown]>([
    ["a status", "told", getter("status")],
    ["a member", "asked", getter("body")],
    ["a stream's reader", "invoked", getter("getReader")],
    ["all of a proxy", "asked", new Proxy({}, { get: fail, ownKeys: fail, getPrototypeOf: fail })],
    ["headers of a Reply", "invoked", new Reply({ headers: getter("x-a") as never })],
  ])("is refused: %s", (_, name, returned) => {
    expect(() => readerOf(name)(returned)).toThrow(invalid("throws when it is read; return plain data"));
  });

  it("is refused by a reason of its own where headers are no pairs", () => {
    for (const headers of [[null], ["x-a"], [[1, "b"]], new Set([1])]) {
      const reply = new Reply({ headers: headers as never });
      expect(() => readerOf("invoked")(reply)).toThrow(invalid("text by name, or pairs of a name and its text"));
    }
  });
});

describe("the bytes of a reply", () => {
  const sizes = [1, 5000, 100_000];
  const bodies: Readonly<Record<string, (bytes: Uint8Array<ArrayBuffer>) => unknown>> = {
    "a Uint8Array": (bytes) => bytes,
    "part of a Buffer": (bytes) => Buffer.from(bytes.buffer).subarray(0),
    "an ArrayBuffer": (bytes) => bytes.buffer,
    "a Reply": (bytes) => new Reply({ body: bytes }),
  };
  const cases = ["invoked", "bound", "asked"].flatMap((fn) =>
    [...Object.keys(bodies), ...(fn === "asked" ? ["a body"] : [])].flatMap((kind) =>
      sizes.map((size) => [fn, kind, size] as const),
    ),
  );

  it.each(cases)("are those that it had when it was returned: of %s, %s of %d bytes", (fn, kind, size) => {
    const bytes = new Uint8Array(size).fill(65);
    const returned = kind === "a body" ? { body: bytes } : bodies[kind]!(bytes);
    const { body } = readerOf(fn)(returned) as WireReply;
    bytes.fill(66);
    expect(Buffer.from(body as Uint8Array).equals(Buffer.alloc(size, 65))).toBe(true);
  });

  it("are refused when they were taken away", () => {
    const bytes = new Uint8Array([1]);
    const { buffer } = bytes;
    structuredClone(bytes, { transfer: [buffer] });
    for (const fn of ["invoked", "bound", "asked", "told"]) {
      expect(() => readerOf(fn)(bytes)).toThrow(invalid("the bytes of the reply are gone"));
      expect(() => readerOf(fn)(buffer)).toThrow(invalid("the bytes of the reply are gone"));
    }
  });
});

it.each<[string, object]>([
  ["statusCode", { statusCode: 404 }],
  ["jsonBody", { jsonBody: 1 }],
  ["value", { status: 200, headers: {}, value: 1 }],
])("a Reply is refused that has a %s, which would be dropped", (name, init) => {
  const refused = {
    code: "ERR_REPLY_INVALID",
    message: `a Reply has no member "${name}"; it has status, headers, body`,
  };
  expect(() => new Reply(init)).toThrow(expect.objectContaining(refused) as Error);
  expect(new Reply({ body: 1, [name]: undefined }).body).toBe(1);
});
