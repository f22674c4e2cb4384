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

const rows: readonly Row[] = [
  [["orders", "L orders"]],
  [["{key}", "E key"]],
  [["a-{key}.{ext}", "L a- · E key · L . · E ext"]],
  [["", ""]],
  [["{{key}}", "L {key}"]],
  [["{{{key}}}", "L { · E key · L }"]],
  [["{key}}}", "E key · L }"]],
  [["{key}}", "OPEN(6)"]],
  [["{{key}", "OPEN(6)"]],
  [["{{}", "OPEN(3)"]],
  [["}{key}", "OPEN(1)"]],
  [["{", "CLOSE(1)"]],
  [["}", "OPEN(1)"]],
  [["malformed-{path", "CLOSE(11)"]],
  [["{a{b}c}", "CLOSE(1)"]],
  [["{}", "EMPTY(1)"]],
  [["x{}", "EMPTY(2)"]],
  [["{ }", "EXPR( )"]],
  [["{a b}", "EXPR(a b)"]],
  [["{1a}", "EXPR(1a)"]],
  [["{_a1}", "E _a1"]],
  [["{é}", "E é"]],
  [
    ["{a$}", "EXPR(a$)"],
    ["{$return}", "EXPR($return)"],
  ],
  [["{a-b}", "NAME(a-b)"]],
  [["{a.x-b}", "E a→x-b"]],
  [["{data.key}", "E data→key"]],
  [
    ["{a..b}", "ILLEGAL"],
    ["{a.}", "ILLEGAL"],
  ],
  [["{.a}", "EXPR(.a)"]],
  [
    ["{a[0]}", "EXPR(a[0])"],
    ["{a/b}", "EXPR(a/b)"],
  ],
  [["{a:N}", "E a, format N"]],
  [["{a:}", "E a"]],
  [["{:N}", "EXPR(:N)"]],
  [["{a:b:c}", "E a, format b:c"]],
  [
    ["{rand-guid}", "built-in rand-guid"],
    ["{Rand-Guid:N}", "built-in rand-guid, format N"],
  ],
  [["{datetime}", "built-in datetime"]],
  [["{datetime:yyyy-MM-dd}", "built-in datetime, format yyyy-MM-dd"]],
  [["{datetime:yyyy.MM.dd}", "built-in datetime, format yyyy"]],
  [
    ["{datetimes}", "built-in datetime"],
    ["{rand-guidX}", "built-in rand-guid"],
  ],
  [["{datetime..x}", "ILLEGAL"]],
  [
    ["{sys.randguid}", "E sys→randguid"],
    ["{sys.utcnow:yyyyMMdd}", "E sys→utcnow, format yyyyMMdd"],
    ["{sys.methodname}", "E sys→methodname"],
  ],
  [["{sys.nope}", "E sys→nope"]],
  [["{sys}", "E sys"]],
  [
    ["{headers.x-id}", "E headers→x-id"],
    ["{query.x}", "E query→x"],
  ],
  [["{headers}", "E headers"]],
  [["%st%", "L statestore"]],
  [["pre%st%post", "L prestatestorepost"]],
  [["%ST%", "L statestore"]],
  [["%missing%", "UNSET(missing)"]],
  [
    ["%%", "UNSET()"],
    ["a%%b", "UNSET()"],
  ],
  [["%st", "PCT(0)"]],
  [["100%", "PCT(3)"]],
  [["%st%%c1%", "L statestorea"]],
  [["%t%", "E key"]],
  [["%{key}%", "UNSET({key})"]],
  [["{%c1%}", "E a"]],
  [["%pct%", "L %"]],
];

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe("the table of expressions", () => {
  for (const row of rows) {
    const texts = row.map(([text]) => JSON.stringify(text)).join(", ");
    it(`${texts} means ${row.map(([, meaning]) => meaning || "nothing").join(", ")}`, () => {
      expect(row.map(([text]) => meaningOf(text))).toEqual(row.map(([, meaning]) => meaning));
    });
  }

  it("in a trigger a missing setting and a lone % are errors as anywhere, where the Functions host takes the raw text", () => {
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

  it("a GUID is new each time, with hyphens unless its format says otherwise", () => {
    expect(boundTo(data, "{rand-guid}")).toMatch(guid);
    expect(boundTo(data, "{rand-guid}")).not.toBe(boundTo(data, "{rand-guid}"));
    expect(boundTo(data, "{Rand-Guid:N}")).toMatch(/^[0-9a-f]{32}$/);
    expect(boundTo(data, "{sys.randguid}")).toMatch(guid);
    expect(boundTo(data, "{SYS.RandGuid:B}")).toMatch(/^\{[0-9a-f-]{36}\}$/);
    expect(boundTo(data, "{sys.randguid}{sys.randguid}").slice(0, 36)).not.toBe(boundTo(data, "{sys.randguid}"));
  });

  it("the time is UTC, in the format given up to a dot", () => {
    expect(boundTo(data, "{datetime}")).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/);
    expect(boundTo(data, "{datetime:yyyy-MM-dd}")).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(boundTo(data, "{datetime:yyyy.MM.dd}")).toMatch(/^\d{4}$/);
    expect(boundTo(data, "{sys.utcnow:yyyyMMdd}")).toMatch(/^\d{8}$/);
    expect(boundTo(data, "{sys.utcnow}")).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/);
    expect(boundTo(data, "{sys.methodname}")).toBe("findParcel");
  });

  it("the data goes before a built-in", () => {
    expect(boundTo(data, "{rand-guidX}")).toMatch(guid);
    expect(boundTo({ datetimes: "mine", "rand-guidx": "too" }, "{datetimes} {rand-guidX}")).toBe("mine too");
    expect(boundTo({ datetime: { zone: "CET" } }, "{datetime.zone}")).toBe("CET");
  });

  it("a missing member, and an object where text is due, fail", () => {
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
