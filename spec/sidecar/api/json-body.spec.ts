import { JsonObject, jsonList, parseJson } from "../../../lib/sidecar/api/json-body.js";

const parse = (text: string) => parseJson(Buffer.from(text));

describe("parseJson", () => {
  it("reads the first value and leaves what follows it", () => {
    expect(parse(' [{"a":1}] ')).toEqual([{ a: 1 }]);
    expect(parse("[1] x")).toEqual([1]);
  });

  it.each([
    ["", "EOF"],
    ["  ", "EOF"],
    ["{", "unexpected EOF"],
    ["[{", "unexpected EOF"],
    ['{"a', "unexpected EOF"],
    ["xy", "invalid character 'x' looking for beginning of value"],
    ["{oops}", "invalid character 'o' looking for beginning of value"],
  ])("says of %j: %s", (text, message) => expect(() => parse(text)).toThrow(expect.objectContaining({ message })));
});

describe("JsonObject", () => {
  const object = (value: unknown) => new JsonObject(value, "state.SetRequest");

  it("reads members in any case, of several spellings the last, null as absent", () => {
    const entry = object({ key: "a", KEY: "b", etag: null });
    expect([entry.text("key"), entry.text("etag"), entry.raw("etag"), entry.text("none")]).toEqual([
      "b",
      undefined,
      null,
      undefined,
    ]);
    expect(object(null).text("key")).toBeUndefined();
  });

  it("names the member whose type is wrong", () => {
    const entry = object({ key: 1, metadata: { a: true, b: null }, options: [], keys: [1], list: "a" });
    const wrong = (what: string, type: string) =>
      new Error(`json: cannot unmarshal ${what} into Go struct field SetRequest.${type}`);
    expect(() => entry.text("key")).toThrow(wrong("number", "key of type string"));
    expect(() => entry.textMap("metadata")).toThrow(wrong("bool", "metadata of type string"));
    expect(() => entry.object("options", "state.SetStateOption")).toThrow(
      wrong("array", "options of type state.SetStateOption"),
    );
    expect(() => entry.textList("keys")).toThrow(wrong("number", "keys of type string"));
    expect(() => entry.textList("list")).toThrow(wrong("string", "list of type []string"));
    expect(object({ metadata: { a: "x", b: null } }).textMap("metadata")).toEqual({ a: "x", b: "" });
  });

  it("refuses what is not an object, and jsonList what is not a list", () => {
    expect(() => object([])).toThrow("json: cannot unmarshal array into Go value of type state.SetRequest");
    expect(() => jsonList({}, "[]state.SetRequest")).toThrow(
      "json: cannot unmarshal object into Go value of type []state.SetRequest",
    );
    expect(jsonList(null, "[]state.SetRequest")).toEqual([]);
  });
});
