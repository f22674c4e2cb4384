import type { OutputType } from "../../lib/model/binding-table.js";
import { requestBodyItems } from "../../lib/collectors/request-body.js";
import { JsonText } from "../../lib/model/json.js";

const where = (): string => 'Orders.create, output "copies"';

function items(body: unknown, type: OutputType = "daprPublish", unknown = new Set<string>()) {
  return requestBodyItems(body, type, where, unknown).map(({ value, overrides }) => [
    value instanceof JsonText ? value.text : value,
    overrides,
  ]);
}

describe("a request body", () => {
  it.each([[null], [undefined], [[]], ["[]"]])("%j has no items", (body) => {
    expect(items(body)).toEqual([]);
  });

  it("is an object, or a list of objects, text and bytes", () => {
    expect(items({ payload: 1 })).toEqual([[1, {}]]);
    expect(items([{ payload: 1 }, '{"payload":2}', Buffer.from('{"payload":3}')])).toEqual([
      [1, {}],
      ["2", {}],
      ["3", {}],
    ]);
  });

  it("may be JSON text or bytes of an object or of a list", () => {
    expect(items(' {"payload":1,"topic":"t"} ')).toEqual([["1", { topic: "t" }]]);
    expect(items(Buffer.from('[{"payload":1},{"payload":[{"a":[]}]}]'))).toEqual([
      ["1", {}],
      ['[{"a":[]}]', {}],
    ]);
    expect(items(new TextEncoder().encode('{"payload":"é"}').buffer)).toEqual([['"é"', {}]]);
  });

  it("may be a JSON string of JSON text, once", () => {
    const text = '{"payload":1}';
    expect(items(JSON.stringify(text))).toEqual([["1", {}]]);
    expect(items(JSON.stringify(`[${text}]`))).toEqual([["1", {}]]);
    expect(items([JSON.stringify(text)])).toEqual([["1", {}]]);
    expect(items(JSON.stringify([text]))).toEqual([["1", {}]]);
    expect(() => items(JSON.stringify(JSON.stringify(text)))).toThrow("a request body must be");
  });

  it.each([
    ["a number", 5],
    ["a boolean", true],
    ["text that is not JSON", "hello"],
    ["JSON text of a number", "5"],
    ["JSON null", "null"],
    ["JSON with a comment", '{"payload":1} // x'],
    ["a list in a list", [[{ payload: 1 }]]],
    ["a list in JSON text of a list", '[[{"payload":1}]]'],
    ["text of a list in a list", ['[{"payload":1}]']],
    ["null in a list", [null]],
    ["a number in JSON text of a list", "[1]"],
    ["bytes that are not UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d)],
    ["bytes whose text is not UTF-8", Buffer.from('{"payload":"\xe9"}', "latin1")],
    ["empty text", ""],
  ])("is not %s", (_, body) => {
    expect(() => items(body)).toThrow('Orders.create, output "copies": ');
  });

  it.each([
    ['{"payload":2.50}', "2.50"],
    ['{"payload" : -0.0E+1 ,"topic":"t"}', "-0.0E+1"],
    ['{"payload":12345678901234567890}', "12345678901234567890"],
    ['{"payload":{ "a": [1, "}]{[,:\\"", {}] }}', '{ "a": [1, "}]{[,:\\"", {}] }'],
    ['{"payload":"\\u00e9\\ud800"}', '"\\u00e9\\ud800"'],
    ['{"payload":[ ]}', "[ ]"],
    ['{"payload":false}', "false"],
    ['{"payload":"null"}', '"null"'],
    ['{"payload":1,"payload":2}', "2"],
    ['{"payload":1,"PAYLOAD":2}', "2"],
    ['{"\\u0070ayload":1}', "1"],
  ])("%s has its value as written: %s", (body, text) => {
    expect(items(body)[0]![0]).toBe(text);
  });

  it("survives JSON text nested 100,000 deep", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    expect(items(`{"payload":${deep}}`)[0]![0]).toBe(deep);
  });

  it("reads property names whatever their case and takes the last", () => {
    expect(items({ PayLoad: 1, TOPIC: "a", topic: "b", pubsubname: "p" })).toEqual([
      [1, { topic: "b", pubSubName: "p" }],
    ]);
    expect(items({ payload: 1, topic: "a", Topic: null })).toEqual([[1, {}]]);
  });

  it("takes null for absent, but for a state value", () => {
    expect(items({ payload: null, topic: null })).toEqual([[undefined, {}]]);
    expect(items('{"payload":null}')).toEqual([[undefined, {}]]);
    expect(items({ value: null }, "daprState")).toEqual([[null, {}]]);
    expect(items('{"value":null}', "daprState")).toEqual([[null, {}]]);
    expect(items({ body: null }, "daprInvoke")).toEqual([[undefined, {}]]);
  });

  it("names the properties that it drops", () => {
    const unknown = new Set<string>();
    expect(items('{"payload":1,"colour":"red","__proto__":{"topic":"x"}}', "daprPublish", unknown)).toEqual([
      ["1", {}],
    ]);
    items({ body: 1, headers: { a: "1" } }, "daprInvoke", unknown);
    expect([...unknown]).toEqual(["colour", "__proto__", "headers"]);
  });

  it("has metadata as text, in order and without null", () => {
    const metadata = '{"b":1,"a":true,"n":null,"__proto__":"x"}';
    const [[, overrides]] = items(`{"payload":1,"metadata":${metadata}}`) as [[unknown, { metadata: object }]];
    expect(JSON.stringify(overrides.metadata)).toBe('{"b":"1","a":"true","__proto__":"x"}');
  });

  it.each([
    [{ payload: 1, topic: 5 }, "topic: must be text, not a number"],
    [{ payload: 1, topic: "" }, "topic: No topic information was found"],
    ['{"payload":1,"topic":{}}', "topic: must be text, not an object"],
    [{ payload: 1, metadata: "a=1" }, "metadata: must be a map of text, not text"],
    [{ payload: 1, metadata: ["a"] }, "metadata: must be a map of text, not a list"],
    [{ payload: 1, metadata: { a: { b: 1 } } }, 'metadata: "a" must be text, a number or a boolean, not an object'],
    [{ payload: 1, contentType: "a\r\nb: c" }, "contentType: holds a character that no header can carry"],
  ])("%j is refused, naming the property", (body, message) => {
    expect(() => items(body)).toThrow(`Orders.create, output "copies", ${message}`);
  });
});
