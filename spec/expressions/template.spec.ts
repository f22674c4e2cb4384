import { ExpressionError, toBindingDataError } from "../../lib/expressions/error.js";
import { compileTemplate, memberName, systemData, unsupportedFormat } from "../../lib/expressions/template.js";

function errorOf(text: string, data: Record<string, unknown>): ExpressionError {
  try {
    compileTemplate(text).bind(data);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`${text} was bound`);
}

function bind(text: string, data: Record<string, unknown>): string {
  return compileTemplate(text).bind(data);
}

describe("a template", () => {
  it("is constant when it has no expression", () => {
    expect(compileTemplate("orders").constant).toBe("orders");
    expect(compileTemplate("{{id}}").constant).toBe("{id}");
    expect(compileTemplate("").constant).toBe("");
    expect(compileTemplate("{id}").constant).toBeUndefined();
    expect(compileTemplate("{rand-guid}").constant).toBeUndefined();
  });

  it("puts values between its literals", () => {
    expect(bind("a-{key}.{ext}", { key: "k", ext: "txt" })).toBe("a-k.txt");
  });

  it("prefers an exact match to one that ignores case, in each part", () => {
    expect(bind("{ID}{Id}{data.Key}", { id: "1", Id: "2", Data: { KEY: "3", Key: "4" } })).toBe("224");
    expect(bind("{DATA.KEY}", { data: { key: "k" } })).toBe("k");
  });

  it("puts values in once", () => {
    expect(bind("{a}-{b}", { a: "{b}", b: "%X%" })).toBe("{b}-%X%");
  });

  it("writes numbers as JSON does, true in lower case, and dates in text as they are", () => {
    const data = { n: 1e21, half: 0.5, yes: true, no: false, at: "2026-01-02T03:04:05.000Z", big: 12n };
    expect(bind("{n} {half} {yes} {no} {at} {at:yyyy} {big}", data)).toBe(
      "1e+21 0.5 true false 2026-01-02T03:04:05.000Z 2026-01-02T03:04:05.000Z 12",
    );
  });

  it("formats a date that is one", () => {
    const data = { at: new Date("2026-01-02T03:04:05Z") };
    expect(bind("{at} {at:yyyyMMdd}", data)).toBe("2026-01-02T03-04-05Z 20260102");
    expect(errorOf("{at:dddd}", data).kind).toBe("format");
  });

  it("may come out empty", () => {
    expect(bind("{id}", { id: "" })).toBe("");
  });

  it("names what is missing and the names that are there, never values", () => {
    const error = errorOf("parcel-{id}", { payload: "secret", weight: "12", sys: systemData("f") });
    expect(error).toMatchObject({ kind: "no-value", subject: "id" });
    expect(error.message).toBe('"{id}" has no value in this invocation; it has payload, weight, sys');
    expect(errorOf("{data.id.x}", { data: { id: "secret" } }).message).toBe(
      '"{data.id.x}" has no value in this invocation; "data.id" is text',
    );
    expect(errorOf("{data.id}", { data: { key: "secret", "a b": 1 } }).message).toBe(
      '"{data.id}" has no value in this invocation; "data" has key, "a b"',
    );
    expect(errorOf("{data.id}", { data: {} }).message).toContain('"data" has no members');
  });

  it("lists no more names than one can read", () => {
    const data = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`n${index}`, "v"]));
    expect(errorOf("{id}", data).message).toMatch(/it has n0, .*n19 and 480 more$/);
    expect(errorOf("{id}", { ["x".repeat(10_000)]: "v" }).message.length).toBeLessThan(200);
  });

  it("refuses objects, lists and null where text is due", () => {
    const data = { data: { list: ["secret"], nothing: null, more: { a: "secret" } } };
    expect(errorOf("{data.list}", data)).toMatchObject({ kind: "not-text", subject: "data.list" });
    expect(errorOf("{data.list}", data).message).toBe('"{data.list}" is not text in this invocation; it is a list');
    expect(errorOf("{data.nothing}", data).message).toBe('"{data.nothing}" is not text in this invocation; it is null');
    expect(errorOf("{data.more}", data).message).toBe('"{data.more}" is not text in this invocation; it has a');
    expect(errorOf("{data.list.0}", data)).toMatchObject({ kind: "no-member", subject: "0" });
    expect(errorOf("{data.nothing.x}", data)).toMatchObject({ kind: "no-member", subject: "x" });
  });

  it.each(["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "CONSTRUCTOR"])(
    "finds no inherited %s",
    (name) => {
      expect(errorOf(`{${name}}`, { id: "1" }).kind).toBe("no-value");
      expect(errorOf(`{data.${name}}`, { data: { id: "1" } }).kind).toBe("no-member");
      expect(errorOf(`{id.${name}}`, { id: "1" }).kind).toBe("no-member");
      expect(errorOf(`{list.${name}}`, { list: [] }).kind).toBe("no-member");
    },
  );

  it("finds members of its own by such names", () => {
    const data = JSON.parse('{"__proto__": "p", "data": {"__proto__": {"constructor": "c"}}}') as Record<
      string,
      unknown
    >;
    expect(bind("{__proto__} {data.__proto__.constructor}", data)).toBe("p c");
  });
});

describe("memberName", () => {
  it("finds the exact name, else the last that differs in case only", () => {
    expect(memberName({ ID: 1, id: 2, Id: 3 }, "id")).toBe("id");
    expect(memberName({ ID: 1, Id: 3 }, "id")).toBe("Id");
    expect(memberName({ ID: 1 }, "x")).toBeUndefined();
  });
});

describe("toBindingDataError", () => {
  it("says where before what", () => {
    const error = errorOf("{id}", { payload: "secret", weight: 12, sys: {} });
    const told = toBindingDataError(error, 'Parcels.findParcel, input "parcel", key');
    expect(told.code).toBe("ERR_BINDING_DATA");
    expect(told.message).toBe(
      'Parcels.findParcel, input "parcel", key: "{id}" has no value in this invocation; it has payload, weight, sys',
    );
    expect(told.cause).toBe(error);
  });
});

describe("unsupportedFormat", () => {
  it.each([
    ["{datetime:yyyy-MM-dd}", undefined],
    ["{datetime:dddd}", "dddd"],
    ["{datetime:N}", "N"],
    ["{rand-guid:n}", undefined],
    ["{rand-guid:X}", "X"],
    ["{rand-guid:yyyy}", "yyyy"],
    ["{sys.randguid:X}", "X"],
    ["{sys.UtcNow:hh}", "hh"],
    ["a{id:N}b{id:yyyyMMdd}", undefined],
    ["a{id:C2}b{at:tt}", "tt"],
    ["{id:}", undefined],
    ["plain", undefined],
  ])("of %s is %s", (text, format) => {
    expect(unsupportedFormat(text)).toBe(format);
  });
});
