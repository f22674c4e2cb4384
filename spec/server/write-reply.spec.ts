import { Reply } from "../../lib/index.js";
import { toBindingReply, toHttpReply, toServiceReply, type WireReply } from "../../lib/server/write-reply.js";

/** Says `200 {"content-type":"application/json","content-length":"1"} 5`. */
function said({ status, headers, body }: WireReply): string {
  const pairs = Object.fromEntries(headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1]]] : [])));
  return `${status} ${JSON.stringify(pairs)} ${body === undefined ? "-" : Buffer.from(body as string).toString()}`;
}

const asJson = (text: string) =>
  `200 {"content-type":"application/json","content-length":"${Buffer.byteLength(text)}"} ${text}`;

describe("what a service invocation answers", () => {
  it.each<[string, unknown, string]>([
    ["nothing", undefined, '200 {"content-length":"0"} -'],
    ["text", "é", asJson('"é"')],
    ["null", null, asJson("null")],
    ["false", false, asJson("false")],
    ["an object", { status: 404, body: 1 }, asJson('{"status":404,"body":1}')],
    ["a list", [1], asJson("[1]")],
    ["bytes", Buffer.from("ab"), '200 {"content-type":"application/octet-stream","content-length":"2"} ab'],
    ["a Reply", new Reply({ status: 418, headers: { "x-a": "1" } }), '418 {"x-a":"1","content-length":"0"} -'],
    ["a Reply's text", new Reply({ body: "x" }), asJson('"x"')],
    [
      "a Reply's text of a type of its own",
      new Reply({ headers: { "Content-Type": "text/csv" }, body: "a,b" }),
      '200 {"Content-Type":"text/csv","content-length":"3"} a,b',
    ],
    ["a Reply that never has a body", new Reply({ status: 204, body: { a: 1 } }), "204 {} -"],
    [
      "a Reply with the framing of another",
      new Reply({ headers: { "Content-Length": "99", "transfer-encoding": "chunked", Connection: "close" }, body: 5 }),
      asJson("5"),
    ],
  ])("is made of %s", (_case, returned, expected) => {
    expect(said(toServiceReply(returned))).toBe(expected);
  });

  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  it.each<[string, unknown, string]>([
    ["a cycle", cycle, "cannot be written as JSON"],
    ["a BigInt", { n: 1n }, "cannot be written as JSON"],
    ["a function", () => 1, "a function, cannot be written as JSON"],
    ["a status that is none", new Reply({ status: 42 }), "an integer from 200 to 599, not 42"],
    ["a status that is text", new Reply({ status: "200" as never }), "an integer from 200 to 599"],
    ["a line break in a header", new Reply({ headers: { "x-a": "1\r\nx-b: 2" } }), "characters that no header can"],
    ["a header's name that is none", new Reply({ headers: { "x a": "1" } }), "characters that no header can"],
    ["a header that is no text", new Reply({ headers: { "x-a": {} as never } }), "is no text"],
  ])("cannot be made of %s", (_case, returned, message) => {
    expect(() => toServiceReply(returned)).toThrow(
      expect.objectContaining({ code: "ERR_REPLY_INVALID", message: expect.stringContaining(message) }),
    );
  });
});

describe("what an input binding answers", () => {
  it("has headers and a body of its own, and no status", () => {
    expect(said(toBindingReply(new Reply({ status: 200, headers: { "x-a": "1" }, body: 5 })))).toBe(
      '200 {"x-a":"1","content-type":"application/json","content-length":"1"} 5',
    );
    expect(() => toBindingReply(new Reply({ status: 201 }))).toThrow("is answered 200, not 201");
  });
});

describe("what an HTTP function answers", () => {
  it.each<[string, unknown, string]>([
    ["nothing", undefined, "204 {} -"],
    ["text", "hi", '200 {"content-type":"text/plain; charset=utf-8","content-length":"2"} hi'],
    ["bytes", new Uint8Array([65]), '200 {"content-type":"application/octet-stream","content-length":"1"} A'],
    ["an HttpResponse with nothing", {}, '200 {"content-length":"0"} -'],
    ["a status", { status: 202 }, '202 {"content-length":"0"} -'],
    ["jsonBody", { status: 201, jsonBody: { a: 1 } }, asJson('{"a":1}').replace("200", "201")],
    ["jsonBody null", { jsonBody: null }, asJson("null")],
    ["a body and its type", { body: '{"a":1}', headers: { "content-type": "application/json" } }, asJson('{"a":1}')],
    ["a Reply", new Reply({ status: 404, body: { a: 1 } }), asJson('{"a":1}').replace("200", "404")],
    ["Azure's own headers", { headers: new Headers({ "x-a": "1" }) }, '200 {"x-a":"1","content-length":"0"} -'],
  ])("is made of %s", (_case, returned, expected) => {
    expect(said(toHttpReply(returned))).toBe(expected);
  });

  it.each([5, true, [1]])("cannot be made of %p", (returned) => {
    expect(() => toHttpReply(returned)).toThrow("put JSON into jsonBody");
  });
});
