import type { IncomingMessage } from "node:http";
import { earlierBody } from "../../lib/server/earlier-body.js";

interface Parsed {
  readonly body?: unknown;
  readonly rawBody?: unknown;
}

/** A request that was read before, with what is left of it. */
function read(parsed: Parsed, headers: Readonly<Record<string, string | number>>): IncomingMessage {
  const rawHeaders = Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);
  return { ...parsed, rawHeaders } as unknown as IncomingMessage;
}

const json = "application/json";
const circular: { self?: unknown } = {};
circular.self = circular;

describe("a body that was read before", () => {
  it.each<[string, Parsed, Readonly<Record<string, string | number>>, string | Uint8Array]>([
    ["JSON as text", { body: '{"a":1}' }, { "content-type": json, "content-length": 7 }, '{"a":1}'],
    ["JSON as text of no known length", { body: '{"a":1}' }, { "content-type": json }, '{"a":1}'],
    ["a list as text of no known length", { body: "[1]" }, { "content-type": json }, "[1]"],
    [
      "JSON as text that was compressed",
      { body: "[1,2,3]" },
      { "content-type": json, "content-length": 3, "content-encoding": "gzip" },
      "[1,2,3]",
    ],
    ["a text as text", { body: '"a"' }, { "content-type": json, "content-length": 3 }, '"a"'],
    ["malformed JSON as text", { body: '{"a":' }, { "content-type": json, "content-length": 5 }, '{"a":'],
    ["a text that JSON held", { body: "a" }, { "content-type": json, "content-length": 3 }, '"a"'],
    ["JSON that JSON held", { body: '{"a":1}' }, { "content-type": json, "content-length": 11 }, '"{\\"a\\":1}"'],
    ["a text of digits that JSON held", { body: "41" }, { "content-type": json, "content-length": 4 }, '"41"'],
    ["a text that JSON held, of no known length", { body: "a b" }, { "content-type": json }, '"a b"'],
    ["an escape that JSON held", { body: "\xe9" }, { "content-type": json, "content-length": 8 }, '"\xe9"'],
    ["a number that JSON held", { body: 41 }, { "content-type": json, "content-length": 2 }, "41"],
    ["null that JSON held", { body: null }, { "content-type": json, "content-length": 4 }, "null"],
    [
      "an event as text",
      { body: '{"id":1}' },
      { "content-type": "application/cloudevents+json", "content-length": 8 },
      '{"id":1}',
    ],
    [
      "JSON in UTF-16",
      { body: { a: "\xe9" } },
      { "content-type": `${json}; charset=utf-16` },
      Buffer.from('{"a":"\xe9"}', "utf16le"),
    ],
    [
      "raw text beside what was made of it",
      { rawBody: '{ "a":1}', body: { a: 1 } },
      { "content-type": json },
      '{ "a":1}',
    ],
    ["raw text of a form", { rawBody: "a=1", body: { a: "1" } }, { "content-type": "x/y", "content-length": 3 }, "a=1"],
    ["text in latin1", { body: "\xe9" }, { "content-type": "text/plain; charset=latin1" }, Buffer.from([0xe9])],
    ["text with a charset that nobody knows", { body: "a\xe9" }, { "content-type": "text/plain; charset=x" }, "a\xe9"],
    ["text that has U+FFFD", { body: "\ufffd" }, { "content-type": "text/plain", "content-length": 3 }, "\ufffd"],
  ])("is taken as it was: %s", (_name, parsed, headers, body) => {
    expect(earlierBody(read(parsed, headers))).toEqual(Buffer.from(body as string));
  });

  it.each<[string, Parsed, Readonly<Record<string, string | number>>]>([
    ["nothing is left", {}, { "content-type": json }],
    ["it is a form", { body: { a: "1" } }, { "content-type": "application/x-www-form-urlencoded" }],
    ["text may be JSON or what JSON held", { body: "41" }, { "content-type": json }],
    ["text has lost bytes", { body: "a\ufffd" }, { "content-type": "image/png", "content-length": 2 }],
    ["text has lost bytes, of no known length", { rawBody: "a\ufffd" }, { "content-type": "image/png" }],
    ["its charset does not have it", { body: "\u4e2d" }, { "content-type": "text/plain; charset=latin1" }],
    ["JSON does not have it", { body: circular }, { "content-type": json }],
    ["JSON has nothing for it", { body: () => 1 }, { "content-type": json }],
  ])("is gone where %s", (_name, parsed, headers) => {
    expect(earlierBody(read(parsed, headers))).toBe("gone");
  });
});
