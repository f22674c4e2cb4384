import { problemsWith, untyped } from "../declared.js";

const { Retry } = untyped;
const fixed = { strategy: "fixedDelay", maxRetryCount: 4, delayInterval: "00:00:15" };
const exponential = {
  strategy: "exponentialBackoff",
  maxRetryCount: -1,
  minimumInterval: "00:00:01",
  maximumInterval: "23:59:59",
};

describe("@Retry", () => {
  it.each([fixed, exponential, { ...exponential, maximumInterval: "00:00:01" }, { ...fixed, maxRetryCount: 0 }])(
    "takes %j",
    (options) => {
      expect(problemsWith(Retry(options))).toEqual([]);
    },
  );

  it.each([
    ["strategy", {}, 'it is undefined; give "fixedDelay" or "exponentialBackoff"'],
    ["strategy", { ...fixed, strategy: "linear" }, 'it is "linear"; give "fixedDelay" or "exponentialBackoff"'],
    ["maxRetryCount", { ...fixed, maxRetryCount: -2 }, "it is -2; give a whole number, -1 for ever"],
    ["maxRetryCount", { ...fixed, maxRetryCount: "3" }, 'it is "3"; give a whole number, -1 for ever'],
    ["maxRetryCount", { ...fixed, maxRetryCount: 1.5 }, "it is 1.5; give a whole number"],
    ["maxRetryCount", { ...fixed, maxRetryCount: undefined }, "it is undefined; give a whole number"],
    ["delayInterval", { ...fixed, delayInterval: undefined }, "fixedDelay needs it; give a time below 24 hours as"],
    [
      "delayInterval",
      { ...fixed, delayInterval: "24:00:00" },
      'it is "24:00:00"; give a time below 24 hours as "HH:MM:SS"',
    ],
    ["delayInterval", { ...fixed, delayInterval: "0:0:15" }, 'it is "0:0:15"; give'],
    ["delayInterval", { ...fixed, delayInterval: 15 }, "it is 15; give"],
    ["minimumInterval", { ...exponential, minimumInterval: undefined }, "exponentialBackoff needs it"],
    ["maximumInterval", { ...exponential, maximumInterval: "x" }, 'it is "x"'],
    [
      "minimumInterval",
      { ...exponential, minimumInterval: "00:00:09", maximumInterval: "00:00:08" },
      'it is above maximumInterval, "00:00:08"; give at most that',
    ],
    ["minimumInterval", { ...fixed, minimumInterval: "00:00:01" }, "fixedDelay has no such option; it takes strategy"],
    ["delayInterval", { ...exponential, delayInterval: "00:00:01" }, "exponentialBackoff has no such option"],
    ["maxRetrycount", { ...fixed, maxRetrycount: 1 }, "did you mean `maxRetryCount`?"],
  ])("refuses a wrong %s: %j", (member, options, text) => {
    const [problem, ...others] = problemsWith(Retry(options));
    expect(problem).toContain(`error retry-invalid: Orders.store, ${member}: `);
    expect(problem).toContain(text);
    expect(others).toEqual([]);
  });

  it.each([undefined, null, "fixedDelay"])("refuses %p for its options", (options) => {
    expect(problemsWith(Retry(options))[0]).toContain("retry-invalid: Orders.store: @Retry takes an object of options");
  });

  it("stands once", () => {
    expect(problemsWith(Retry(fixed), Retry(exponential))).toEqual([
      "error decorator-repeated: Orders.store: @Retry stands more than once; keep one",
    ]);
  });
});
