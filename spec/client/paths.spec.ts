import { enc, metadataQuery, methodNameProblem, methodPath, rawQuery } from "../../lib/client/paths.js";

describe("enc", () => {
  it.each([
    ["orders", "orders"],
    ["a/b c", "a%2Fb%20c"],
    [".", "%2E"],
    ["..", "%2E%2E"],
    ["...", "..."],
    ["a+b", "a%2Bb"],
    ["", ""],
  ])("makes %j one segment: %j", (part, encoded) => {
    expect(enc(part)).toBe(encoded);
  });
});

describe("methodPath", () => {
  it.each([
    ["charge", "charge", undefined],
    ["/charge", "charge", undefined],
    ["a/b c", "a/b%20c", undefined],
    ["a?b?c=/%41", "a", "b?c=/%41"],
    ["a?", "a", ""],
    ["a;v=1/b&c", "a%3Bv%3D1/b%26c", undefined],
  ])("of %j is %j and %j", (methodName, path, query) => {
    expect(methodNameProblem(methodName)).toBeUndefined();
    expect(methodPath(methodName)).toEqual({ path, query });
  });

  it.each([
    "",
    "/",
    "?a=1",
    "//",
    "a//b",
    "a/",
    "../admin",
    "a/..",
    "./a",
    "a/./b",
    "50%",
    "a%2Fb",
    "a#b",
    "a\ud800",
    "a?\udc00",
  ])("refuses %j", (methodName) => {
    expect(methodNameProblem(methodName)).toBeDefined();
  });
});

describe("queries", () => {
  it("of metadata keep the order and escape names and values", () => {
    expect(metadataQuery({ b: "1&2", "a=": "x y" })).toBe("metadata.b=1%262&metadata.a%3D=x%20y");
    expect(metadataQuery({})).toBe("");
    expect(metadataQuery(undefined)).toBe("");
  });

  it("as written lose only what a URL cannot hold", () => {
    const kept = "!$%&()*+,-./0:;=?@A[\\]^_`a{|}~";
    expect(rawQuery(kept)).toBe(kept);
    expect(rawQuery("a b\"'<>#é😀\r\n")).toBe("a%20b%22%27%3C%3E%23%C3%A9%F0%9F%98%80%0D%0A");
  });
});

describe("half of a surrogate pair", () => {
  it.each<[string, () => unknown]>([
    ["a part", () => enc("a\ud800")],
    ["a name of metadata", () => metadataQuery({ "\udc00": "a" })],
    ["a value of metadata", () => metadataQuery({ a: "\udc00b" })],
    ["a query", () => rawQuery("a=\ud800")],
  ])("is refused in %s, by a code", (_, call) => {
    expect(call).toThrow(
      expect.objectContaining({
        code: "ERR_DAPR_BAD_REQUEST",
        message: expect.stringContaining("half of a surrogate pair; give well-formed text"),
      }) as Error,
    );
  });
});
