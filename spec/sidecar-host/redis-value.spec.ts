import { isKeptAs } from "../../lib/sidecar-host/redis-value.js";

/** What was written to Redis through daprd 1.18, and what was read then, as JSON. */
const kept: readonly [written: string, stored: string][] = [
  ["0.1234567890123", "0.123457"],
  ["-0.1234567890123", "-0.123457"],
  ["123456.7890123", "123456.789012"],
  ["0.3333333333333333", "0.333333"],
  ["1e-7", "0"],
  ["5e-324", "0"],
  ['{"x":{"y":[1e-320,2.5]}}', '{"x":{"y":[0,2.5]}}'],
  ["1.7976931348623157e308", "1.7976931348623157e308"],
  ["1000000000000000.5", "1000000000000000.5"],
  ["7", "7"],
  ['{"a":1,"b":"\\\\ud83d"}', '{"b":"\\\\ud83d","a":1}'],
  ["null", "null"],
];

it.each(kept)("%s is kept as %s", (written, stored) => {
  expect(isKeptAs(JSON.parse(stored), JSON.parse(written))).toBe(true);
});

it.each([
  ["0.123456", "0.1234567890123"],
  ["0.333334", "0.3333333333333333"],
  ["100000000.333333", "100000000.3333333"],
  ['{"a":1}', '{"a":1,"b":2}'],
  ['{"b":1}', '{"a":1}'],
  ["[1]", "[1,2]"],
  ['"1"', "1"],
  ["[]", "{}"],
  ["undefined", "null"],
])("%s is another's where %s was written", (stored, written) => {
  const parse = (text: string): unknown => (text === "undefined" ? undefined : JSON.parse(text));
  expect(isKeptAs(parse(stored), parse(written))).toBe(false);
});
