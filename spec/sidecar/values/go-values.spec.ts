import { isTruthy, parseBool, parseDuration, toRfc3339 } from "../../../lib/sidecar/values/go-values.js";

it.each([
  ["1h30m", 5_400_000],
  ["1.5s", 1500],
  ["-2m", -120_000],
  ["+.5h", 1_800_000],
  ["250ms", 250],
  ["0", 0],
  ["5", undefined],
  ["soon", undefined],
  ["1s soon", undefined],
  ["", undefined],
  ["1.", undefined],
  ["1.s", 1000],
  [".s", undefined],
  ["1h1", undefined],
  ["1 h", undefined],
  ["1sm", undefined],
  ["1toString", undefined],
  [`${"0".repeat(100_000)}1`, undefined],
  [`${"1s".repeat(100_000)}x`, undefined],
])("parseDuration reads %j as %s ms", (text, expected) => expect(parseDuration(text)).toBe(expected));

it("parseBool takes Go's words for true and false, and no others", () => {
  expect(["1", "t", "T", "TRUE", "true", "True"].map(parseBool)).not.toContain(false);
  expect(["0", "f", "F", "FALSE", "false", "False"].map(parseBool)).not.toContain(true);
  expect(["", "yes", "tRUE"].map(parseBool)).toEqual([undefined, undefined, undefined]);
});

it("isTruthy takes what Dapr's components take", () => {
  expect(["y", "Yes", "TRUE", " on ", "1", "t"].every(isTruthy)).toBe(true);
  expect(["", "no", "0", "false", "off"].some(isTruthy)).toBe(false);
});

it("toRfc3339 writes UTC to the second", () => {
  expect(toRfc3339(Date.UTC(2031, 4, 1, 12, 0, 0, 999))).toBe("2031-05-01T12:00:00Z");
});
