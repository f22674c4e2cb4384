import { readBindingPayload, readPayload } from "../../lib/invocation/read-payload.js";

const bytes = Buffer.from([0xff, 0xfe, 0x00]);
const text = (value: string) => Buffer.from(value);

it("of an input binding is bytes where its label says text and it is none", () => {
  expect(readBindingPayload(Buffer.from([0x68, 0xe9]), "text/plain")).toEqual(new Uint8Array([0x68, 0xe9]));
  expect(readBindingPayload(Buffer.from([0x68, 0xe9]), "text/plain; charset=latin1")).toBe("hé");
});

describe("a service invocation's body", () => {
  it.each<[string, Buffer, string | undefined, unknown]>([
    ["an empty body, whatever its type", text(""), "application/json", undefined],
    ["JSON", text('{"a":[1]}'), "application/json", { a: [1] }],
    ["JSON with parameters", text("5"), "Application/JSON; charset=utf-8", 5],
    ["JSON of another kind", text('"x"'), "application/vnd.shop+json", "x"],
    ["JSON behind a byte order mark", text("\uFEFF1"), "application/json", 1],
    ["JSON by an older name", text("[5]"), "text/json; charset=utf-8", [5]],
    [
      "JSON in a charset that its label names",
      Buffer.from([0x22, 0xe9, 0x22]),
      "application/json; charset=latin1",
      "é",
    ],
    ["JSON in UTF-16 that its label names", Buffer.from("[5]", "utf16le"), "application/json; charset=utf-16le", [5]],
    ["text in UTF-16 by its mark", Buffer.from("\ufeffhé", "utf16le").swap16(), "text/plain; charset=utf-16", "hé"],
    ["JSON in UTF-16 by its mark", Buffer.from("\ufeff[5]", "utf16le").swap16(), "text/json; charset=utf-16", [5]],
    ["text in UTF-16 with the usual mark", Buffer.from("\ufeffhé", "utf16le"), "text/plain; charset=utf-16", "hé"],
    ["JSON in a charset nobody knows", text("5"), "application/json; charset=nope", 5],
    ["text", text("5"), "text/plain", "5"],
    ["text in another charset", Buffer.from([0xe9]), 'text/plain; charset="iso-8859-1"', "é"],
    ["text of Windows", Buffer.from([0x80, 0x92, 0x9f, 0x81]), "text/plain; charset=windows-1252", "€’Ÿ\x81"],
    ["JSON of Windows", Buffer.from([0x22, 0x80, 0x22]), "application/json; charset=latin1", "€"],
    ["text in a charset nobody knows", text("é"), "text/plain; charset=nope", "é"],
    ["no type, JSON", text("[1]"), undefined, [1]],
    ["no type, no JSON", text("abc"), undefined, new Uint8Array(text("abc"))],
    ["no type, JSON that is not UTF-8", Buffer.from([0x22, 0xff, 0x22]), undefined, new Uint8Array([0x22, 0xff, 0x22])],
    ["a blank type", text("[1]"), " ", [1]],
    ["bytes", bytes, "application/octet-stream", new Uint8Array(bytes)],
    ["XML", text("<o/>"), "application/xml", new Uint8Array(text("<o/>"))],
  ])("is read by its type: %s", (_case, body, type, expected) => {
    expect(readPayload(body, type)).toEqual(expected);
  });

  it("labelled JSON and none is the caller's fault, of which the message quotes nothing", () => {
    expect(() => readPayload(text('{"card":41'), "application/json")).toThrow(
      expect.objectContaining({ code: "ERR_MALFORMED_REQUEST", message: "the body is not valid JSON; send JSON" }),
    );
  });

  it.each<[string, Buffer, string, string]>([
    ["latin1 without saying so", Buffer.from([0x22, 0xe9, 0x22]), "application/json", "UTF-8"],
    ["a lone surrogate", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), "application/json", "UTF-8"],
    ["UTF-16 with a byte order mark", Buffer.from('\ufeff"x"', "utf16le"), "application/json", "UTF-8"],
    ["other than its label names", Buffer.from([0x22, 0xe9, 0x22]), "application/json; charset=UTF-8", "UTF-8"],
    ["in a charset nobody knows", Buffer.from([0x22, 0xe9, 0x22]), "application/json; charset=nope", "UTF-8"],
    ["other than UTF-16 of its label", Buffer.from([0x5b]), "application/json; charset=utf-16le", "utf-16le"],
  ])("that is JSON in %s is refused, since it would be stored with U+FFFD", (_case, body, type, named) => {
    expect(() => readPayload(body, type)).toThrow(
      expect.objectContaining({
        code: "ERR_MALFORMED_REQUEST",
        message: `the body is JSON that is not ${named}; send it in UTF-8`,
      }),
    );
  });

  it.each<[string, Buffer, string, string]>([
    ["latin1 without saying so", Buffer.from([0x68, 0xe9]), "text/plain", "UTF-8"],
    ["half a character", Buffer.from([0x68, 0xc3]), "text/csv; charset=utf-8", "UTF-8"],
    ["UTF-16 of half a character", Buffer.from([0x68]), "text/plain; charset=utf-16le", "utf-16le"],
  ])("that is text in %s is refused, too", (_case, body, type, named) => {
    const message = `the body is text that is not ${named}; send it in UTF-8`;
    expect(() => readPayload(body, type)).toThrow(expect.objectContaining({ code: "ERR_MALFORMED_REQUEST", message }));
  });

  it("keeps a member called __proto__ a member", () => {
    const payload = readPayload(text('{"__proto__":{"admin":true}}'), "application/json") as { admin?: boolean };
    expect(Object.keys(payload)).toEqual(["__proto__"]);
    expect(payload.admin).toBeUndefined();
  });

  it("comes as plain bytes, not as a Buffer", () => {
    expect(Buffer.isBuffer(readPayload(bytes, "image/png"))).toBe(false);
  });
});

describe("an input binding's body", () => {
  it.each<[string, Buffer, string | undefined, unknown]>([
    ["JSON", text("[1]"), "application/json", [1]],
    ["text, as all events are labelled JSON", text("hello"), "application/json", "hello"],
    ["bytes", bytes, "application/json", new Uint8Array(bytes)],
    ["text of its own type", text("5"), "text/csv", "5"],
    ["nothing", text(""), "application/json", undefined],
  ])("is never malformed: %s", (_case, body, type, expected) => {
    expect(readBindingPayload(body, type)).toEqual(expected);
  });
});
