import { runInNewContext } from "node:vm";
import { LostInJson, bytesOf, jsonTextOf } from "../../lib/collectors/json-value.js";
import { JsonText } from "../../lib/model/json.js";

class Tagged {
  readonly [Symbol.toStringTag] = "Tagged";
  constructor(readonly member: unknown) {}
}
class Line {
  constructor(readonly price: unknown) {}
  get total(): number {
    return NaN;
  }
}
class OwnDate extends Date {
  override toJSON(): string {
    return "never";
  }
}
class Awaitable {
  readonly id = 1;
  // oxlint-disable-next-line unicorn/no-thenable -- what query builders have
  then(): void {}
}
class Piped {
  readonly id = 1;
  pipe(): this {
    return this;
  }
}

const base64 = "which JSON does not know; give its bytes as base64 text";
const plain = "which JSON does not know; give an object, a list or text";
const finite = "which JSON does not know; give a finite number or null";

function taken(bytes: Uint8Array): Uint8Array {
  structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
  return bytes;
}

/** What JSON makes something else of, and what is said of it inside a value. */
const lost: readonly [kind: string, make: () => unknown, says: string][] = [
  ["NaN", () => NaN, `NaN, ${finite}`],
  ["Infinity", () => Infinity, `Infinity, ${finite}`],
  ["-Infinity", () => -Infinity, `-Infinity, ${finite}`],
  ["a boxed NaN", () => Object(NaN) as unknown, `NaN, ${finite}`],
  ["an invalid Date", () => new Date(NaN), "an invalid Date, which JSON does not know; give a valid one or null"],
  ["an invalid Date of another realm", () => runInNewContext("new Date(NaN)") as unknown, "an invalid Date"],
  ["a Uint8Array", () => new Uint8Array([1, 2]), `a Uint8Array, ${base64}`],
  ["no bytes", () => new Uint8Array(), `a Uint8Array, ${base64}`],
  ["a Buffer", () => Buffer.from("x"), `a Buffer, ${base64}`],
  ["an ArrayBuffer", () => new ArrayBuffer(1), `an ArrayBuffer, ${base64}`],
  ["a Float64Array", () => new Float64Array(2), `a Float64Array, ${base64}`],
  ["a DataView", () => new DataView(new ArrayBuffer(1)), `a DataView, ${base64}`],
  ["a Map", () => new Map([[1, 2]]), `a Map, ${plain}`],
  ["a Set", () => new Set([1]), `a Set, ${plain}`],
  ["a Set with a member of its own", () => Object.assign(new Set([1]), { x: 1 }), `a Set, ${plain}`],
  ["a WeakMap", () => new WeakMap(), `a WeakMap, ${plain}`],
  ["headers", () => new Headers({ a: "1" }), `a Headers, ${plain}`],
  ["a promise", () => Promise.resolve(1), "a promise; await it"],
  ["what can be awaited", () => new Awaitable(), "a promise; await it"],
  ["an Error", () => new Error("no"), "an Error; throw it, or give what it says"],
  ["an Error with a code", () => Object.assign(new Error("no"), { code: 1 }), "an Error; throw it"],
  ["an Error of another realm", () => runInNewContext("new Error('no')") as unknown, "an Error; throw it"],
  ["a RegExp", () => /a/, "a RegExp; give its text"],
  ["a toJSON of NaN", () => ({ toJSON: () => NaN }), `NaN, ${finite}`],
  ["a toJSON of a Map", () => ({ toJSON: () => new Map([[1, 2]]) }), `a Map, ${plain}`],
  ["a toJSON of bytes", () => ({ toJSON: () => Buffer.from("x") }), `a Buffer, ${base64}`],
  ["a toJSON of a Date, which is not asked for its own", () => ({ toJSON: () => new Date(0) }), `a Date, ${plain}`],
  [
    "bytes that were transferred",
    () => taken(new Uint8Array([1])),
    "bytes that are gone, as their buffer was transferred",
  ],
];

/** Where it may be. */
const places: readonly [path: string, around: (value: unknown) => unknown][] = [
  ["photo", (value) => ({ id: 1, photo: value })],
  ["[1]", (value) => [1, value]],
  ["lines[1].price", (value) => ({ id: "a", lines: [new Line(1), new Line(value)] })],
  ['a["b c"][0].d', (value) => ({ a: { "b c": [{ d: value }] } })],
  ["member", (value) => new Tagged(value)],
  ["bare", (value) => Object.assign(Object.create(null) as object, { bare: value })],
];

describe.each(lost)("%s", (_kind, make, says) => {
  it.each(places)("at %s is refused with its place", (path, around) => {
    const refused = expect.objectContaining({ message: expect.stringContaining(`${path} is ${says}`) });
    expect(() => jsonTextOf(around(make()))).toThrow(refused);
    expect(() => jsonTextOf(around(make()))).toThrow(LostInJson);
  });
});

it.each<[string, (value: unknown) => unknown, string]>([
  ["a member", (value) => ({ toJSON: () => ({ price: value }) }), "price"],
  ["a member of itself", (value) => ({ price: value, toJSON: returnThis }), "price"],
  ["an element", (value) => ({ toJSON: () => [1, { price: value }] }), "[1].price"],
])("what a toJSON says of %s is refused where JSON would lose it", (_case, around, path) => {
  expect(() => jsonTextOf({ line: around(NaN) })).toThrow(`${path} is NaN`);
  expect(jsonTextOf({ line: around(1) })!.text).toContain("1");
});

function returnThis<T>(this: T): T {
  return this;
}

describe("bytes that are gone", () => {
  it.each<[string, unknown]>([
    ["of a Uint8Array", taken(new Uint8Array([1, 2]))],
    ["of a Buffer", taken(Buffer.from(new Uint8Array([1, 2]).buffer))],
    ["of an ArrayBuffer", taken(new Uint8Array([1, 2])).buffer],
    ["of a DataView", viewOfTaken()],
  ])("%s are not taken for none", (_case, value) => {
    expect(bytesOf(value)).toBeUndefined();
    expect(() => jsonTextOf(value)).toThrow(
      "bytes that are gone, as their buffer was transferred or shrunk; copy them",
    );
  });

  it("are not those of which there are none", () => {
    expect([new Uint8Array(), Buffer.alloc(0), new ArrayBuffer(0)].map(bytesOf)).toEqual(
      Array(3).fill(Buffer.alloc(0)),
    );
  });
});

function viewOfTaken(): DataView {
  const bytes = new Uint8Array([1, 2]);
  const view = new DataView(bytes.buffer);
  taken(bytes);
  return view;
}

it("NaN alone is refused, as is what else JSON has null for", () => {
  expect(() => jsonTextOf(NaN)).toThrow("NaN, which JSON does not know; give a finite number or null");
  expect(() => jsonTextOf(-Infinity)).toThrow("-Infinity, which JSON does not know; give a finite number or null");
  expect(() => jsonTextOf(new Date(NaN))).toThrow(
    "an invalid Date, which JSON does not know; give a valid one or null",
  );
});

it.each<[string, unknown, string]>([
  [
    "what is left out",
    { a: undefined, b: () => 1, c: Symbol("c"), d: [undefined, null, () => 1] },
    '{"d":[null,null,null]}',
  ],
  ["null", { a: null, b: [null] }, '{"a":null,"b":[null]}'],
  ["empty ones", { a: {}, b: [], c: "", d: 0, e: -0, f: false }, '{"a":{},"b":[],"c":"","d":0,"e":0,"f":false}'],
  ["text that looks like it", { a: "NaN", b: '{"type":"Buffer"}' }, '{"a":"NaN","b":"{\\"type\\":\\"Buffer\\"}"}'],
  ["an object with the names of bytes", { 0: 1, 1: 2 }, '{"0":1,"1":2}'],
  ["a toJSON", { a: Object.assign(new Map([[1, 2]]), { toJSON: () => [[1, 2]] }) }, '{"a":[[1,2]]}'],
  ["a toJSON of null", { a: { toJSON: () => null, n: NaN } }, '{"a":null}'],
  ["a toJSON that hides a cycle", hidden(), '{"a":1}'],
  ["dates", { a: new Date(0), b: new OwnDate(NaN) }, '{"a":"1970-01-01T00:00:00.000Z","b":"never"}'],
  ["a getter of a class", { line: new Line(1) }, '{"line":{"price":1}}'],
  ["what is inherited", { a: Object.create({ n: NaN }) as unknown }, '{"a":{}}'],
  ["boxed ones", [Object("a"), Object(1), Object(true)], '["a",1,true]'],
  ["a class with a tag", new Tagged(1), '{"member":1}'],
  ["a class with a pipe of its own", { a: new Piped() }, '{"a":{"id":1}}'],
  ["JSON text", { a: new JsonText('{"n":2.50}') }, '{"a":{"n":2.5}}'],
])("%s stays what JSON makes of it", (_case, value, text) => {
  expect(jsonTextOf(value)!.text).toBe(text);
});

function hidden(): unknown {
  const value: Record<string, unknown> = { n: NaN, toJSON: () => ({ a: 1 }) };
  value["self"] = value;
  return value;
}

it("reads members once, where nothing is lost, beside what JSON reads", () => {
  let reads = 0;
  const value = {
    get n(): number {
      return ++reads;
    },
  };
  expect([jsonTextOf(value)!.text, reads]).toEqual(['{"n":1}', 2]);
});
