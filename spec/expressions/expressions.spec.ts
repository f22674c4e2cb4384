import { compileTemplate, systemData } from "../../lib/expressions/template.js";
import { ExpressionError } from "../../lib/expressions/error.js";
import { parseTemplate, type Token } from "../../lib/expressions/parse.js";
import { resolveSettings } from "../../lib/expressions/resolve-settings.js";
import { settingsFrom, substituteSettings } from "../../lib/expressions/settings.js";
import type { FunctionDefinition } from "../../lib/model/function-definition.js";

const settings = settingsFrom({ st: "statestore", t: "{key}", c1: "a", pct: "%" });

/** What a text means, in the words of the table below. */
function meaningOf(text: string): string {
  return explain(() => parseTemplate(substituteSettings(text, settings)).map(printToken).join(" · "));
}

function boundTo(data: Record<string, unknown>, text: string): string {
  return explain(() => compileTemplate(text).bind(data));
}

function explain(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const { kind, position, subject } = error;
    switch (kind) {
      case "not-closed":
        return `CLOSE(${position})`;
      case "not-opened":
        return `OPEN(${position})`;
      case "empty":
        return `EMPTY(${position})`;
      case "not-an-expression":
        return `EXPR(${subject})`;
      case "name":
        return `NAME(${subject})`;
      case "blank-part":
        return "ILLEGAL";
      case "setting-unclosed":
        return `PCT(${position})`;
      case "setting-missing":
        return `UNSET(${subject})`;
      case "no-value":
        return `NOVAL(${subject})`;
      case "no-member":
        return `PROP(${subject})`;
      case "not-text":
        return "not text";
      case "format":
        return `FORMAT(${subject})`;
    }
  }
}

function printToken(token: Token): string {
  if ("literal" in token) return `L ${token.literal}`;
  const format = token.format === undefined ? "" : `, format ${token.format}`;
  return "builtin" in token ? `built-in ${token.builtin}${format}` : `E ${token.path.join("→")}${format}`;
}

type Row = readonly (readonly [text: string, meaning: string])[];

const rows: Readonly<Record<number, Row>> = {
  1: [["orders", "L orders"]],
  2: [["{key}", "E key"]],
  3: [["a-{key}.{ext}", "L a- · E key · L . · E ext"]],
  4: [["", ""]],
  5: [["{{key}}", "L {key}"]],
  6: [["{{{key}}}", "L { · E key · L }"]],
  7: [["{key}}}", "E key · L }"]],
  8: [["{key}}", "OPEN(6)"]],
  9: [["{{key}", "OPEN(6)"]],
  10: [["{{}", "OPEN(3)"]],
  11: [["}{key}", "OPEN(1)"]],
  12: [["{", "CLOSE(1)"]],
  13: [["}", "OPEN(1)"]],
  14: [["malformed-{path", "CLOSE(11)"]],
  15: [["{a{b}c}", "CLOSE(1)"]],
  16: [["{}", "EMPTY(1)"]],
  17: [["x{}", "EMPTY(2)"]],
  18: [["{ }", "EXPR( )"]],
  19: [["{a b}", "EXPR(a b)"]],
  20: [["{1a}", "EXPR(1a)"]],
  21: [["{_a1}", "E _a1"]],
  22: [["{é}", "E é"]],
  23: [
    ["{a$}", "EXPR(a$)"],
    ["{$return}", "EXPR($return)"],
  ],
  24: [["{a-b}", "NAME(a-b)"]],
  25: [["{a.x-b}", "E a→x-b"]],
  26: [["{data.key}", "E data→key"]],
  27: [
    ["{a..b}", "ILLEGAL"],
    ["{a.}", "ILLEGAL"],
  ],
  28: [["{.a}", "EXPR(.a)"]],
  29: [
    ["{a[0]}", "EXPR(a[0])"],
    ["{a/b}", "EXPR(a/b)"],
  ],
  30: [["{a:N}", "E a, format N"]],
  31: [["{a:}", "E a"]],
  32: [["{:N}", "EXPR(:N)"]],
  33: [["{a:b:c}", "E a, format b:c"]],
  34: [
    ["{rand-guid}", "built-in rand-guid"],
    ["{Rand-Guid:N}", "built-in rand-guid, format N"],
  ],
  35: [["{datetime}", "built-in datetime"]],
  36: [["{datetime:yyyy-MM-dd}", "built-in datetime, format yyyy-MM-dd"]],
  37: [["{datetime:yyyy.MM.dd}", "built-in datetime, format yyyy"]],
  38: [
    ["{datetimes}", "built-in datetime"],
    ["{rand-guidX}", "built-in rand-guid"],
  ],
  39: [["{datetime..x}", "ILLEGAL"]],
  40: [
    ["{sys.randguid}", "E sys→randguid"],
    ["{sys.utcnow:yyyyMMdd}", "E sys→utcnow, format yyyyMMdd"],
    ["{sys.methodname}", "E sys→methodname"],
  ],
  41: [["{sys.nope}", "E sys→nope"]],
  42: [["{sys}", "E sys"]],
  43: [
    ["{headers.x-id}", "E headers→x-id"],
    ["{query.x}", "E query→x"],
  ],
  44: [["{headers}", "E headers"]],
  45: [["%st%", "L statestore"]],
  46: [["pre%st%post", "L prestatestorepost"]],
  47: [["%ST%", "L statestore"]],
  48: [["%missing%", "UNSET(missing)"]],
  49: [
    ["%%", "UNSET()"],
    ["a%%b", "UNSET()"],
  ],
  50: [["%st", "PCT(0)"]],
  51: [["100%", "PCT(3)"]],
  52: [["%st%%c1%", "L statestorea"]],
  53: [["%t%", "E key"]],
  54: [["%{key}%", "UNSET({key})"]],
  55: [["{%c1%}", "E a"]],
  56: [["%pct%", "L %"]],
};

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe("the table of expressions", () => {
  for (const [number, row] of Object.entries(rows)) {
    const texts = row.map(([text]) => JSON.stringify(text)).join(", ");
    it(`row ${number}: ${texts} means ${row.map(([, meaning]) => meaning || "nothing").join(", ")}`, () => {
      expect(row.map(([text]) => meaningOf(text))).toEqual(row.map(([, meaning]) => meaning));
    });
  }

  it("row 57: in a trigger rows 48 to 51 are errors as anywhere, where the Functions host takes the raw text", () => {
    const topics = ["%missing%", "%%", "a%%b", "%st", "100%"];
    const { problems, definitions } = resolveSettings(topics.map(onTopic), settings);
    expect(problems.map(({ code, member }) => [code, member])).toEqual([
      ["setting-missing", "topic"],
      ...Array.from({ length: 4 }, () => ["setting-unclosed", "topic"]),
    ]);
    expect(definitions.map(({ trigger }) => "topic" in trigger && trigger.topic)).toEqual(topics);
  });
});

describe("the rows of the table that depend on data", () => {
  const data = { sys: systemData("findParcel"), headers: { "x-id": "7" }, query: {}, key: "k1" };

  it("rows 34 and 40: a GUID is new each time, with hyphens unless its format says otherwise", () => {
    expect(boundTo(data, "{rand-guid}")).toMatch(guid);
    expect(boundTo(data, "{rand-guid}")).not.toBe(boundTo(data, "{rand-guid}"));
    expect(boundTo(data, "{Rand-Guid:N}")).toMatch(/^[0-9a-f]{32}$/);
    expect(boundTo(data, "{sys.randguid}")).toMatch(guid);
    expect(boundTo(data, "{SYS.RandGuid:B}")).toMatch(/^\{[0-9a-f-]{36}\}$/);
    expect(boundTo(data, "{sys.randguid}{sys.randguid}").slice(0, 36)).not.toBe(boundTo(data, "{sys.randguid}"));
  });

  it("rows 35 to 37 and 40: the time is UTC, in the format given up to a dot", () => {
    expect(boundTo(data, "{datetime}")).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/);
    expect(boundTo(data, "{datetime:yyyy-MM-dd}")).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(boundTo(data, "{datetime:yyyy.MM.dd}")).toMatch(/^\d{4}$/);
    expect(boundTo(data, "{sys.utcnow:yyyyMMdd}")).toMatch(/^\d{8}$/);
    expect(boundTo(data, "{sys.utcnow}")).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/);
    expect(boundTo(data, "{sys.methodname}")).toBe("findParcel");
  });

  it("row 38: the data goes before a built-in", () => {
    expect(boundTo(data, "{rand-guidX}")).toMatch(guid);
    expect(boundTo({ datetimes: "mine", "rand-guidx": "too" }, "{datetimes} {rand-guidX}")).toBe("mine too");
    expect(boundTo({ datetime: { zone: "CET" } }, "{datetime.zone}")).toBe("CET");
  });

  it("rows 41 to 44: a missing member, and an object where text is due, fail", () => {
    expect(boundTo(data, "{sys.nope}")).toBe("PROP(nope)");
    expect(boundTo(data, "{sys}")).toBe("not text");
    expect(boundTo(data, "{headers.x-id}")).toBe("7");
    expect(boundTo(data, "{headers.x-other}")).toBe("PROP(x-other)");
    expect(boundTo(data, "{query.x}")).toBe("PROP(x)");
    expect(boundTo(data, "{headers}")).toBe("not text");
  });
});

function onTopic(topic: string): FunctionDefinition {
  const trigger = { type: "daprTopicTrigger", direction: "in", name: "payload", pubSubName: "bus", topic } as const;
  const target = class Parcels {};
  return {
    name: "keepScan",
    className: "Parcels",
    methodName: "keepScan",
    target,
    trigger,
    inputs: [],
    outputs: [],
    entries: [],
    clients: [],
  };
}
