import { formatDate, Guid, isDateFormat, isGuidFormat } from "../../lib/expressions/format.js";

const date = new Date("2026-03-04T05:06:07.089Z");

describe("formatDate", () => {
  it.each([
    ["yyyy-MM-ddTHH-mm-ssK", "2026-03-04T05-06-07Z"],
    ["yyyy/MM/dd HH:mm:ss.fff", "2026/03/04 05:06:07.089"],
    ["yy M d H m s", "26 3 4 5 6 7"],
    ["yyyyMMddHHmmssfff", "20260304050607089"],
    ["'day' dd \"of\" MM", "day 04 of 03"],
    ["'' yy", " 26"],
    ["KK", "ZZ"],
    ["T_x", "T_x"],
  ])("writes %s", (format, text) => {
    expect(formatDate(date, format)).toBe(text);
  });

  it("has the host's default", () => {
    expect(formatDate(date)).toBe("2026-03-04T05-06-07Z");
  });

  it.each([
    "yyyyy",
    "yyy",
    "MMM",
    "MMMM",
    "ddd",
    "dddd",
    "hh",
    "tt",
    "zzz",
    "gg",
    "ff",
    "FFF",
    "%d",
    "\\d",
    "'open",
    "'a\\'",
  ])("leaves %s to the Functions host", (format) => {
    expect(isDateFormat(`${format} yyyy`)).toBe(false);
  });

  it.each(["d", "D", "o", "s", "u", "K", "M", "y", "-"])(
    "leaves the standard format %s to the Functions host",
    (format) => {
      expect(isDateFormat(format)).toBe(false);
    },
  );
});

describe("a GUID", () => {
  it("is written as its format says, in either case", () => {
    const guid = Guid.random();
    const text = guid.format();
    expect(text).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(guid.format("D")).toBe(text);
    expect(guid.format("n")).toBe(text?.replaceAll("-", ""));
    expect(guid.format("B")).toBe(`{${text}}`);
    expect(guid.format("p")).toBe(`(${text})`);
    expect(guid.format("X")).toBeUndefined();
    expect(["N", "d", "B", "P", "X", "NN", ""].filter(isGuidFormat)).toEqual(["N", "d", "B", "P"]);
  });
});
