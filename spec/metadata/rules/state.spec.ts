import { declared, problemsOf, problemsWith, untyped } from "../declared.js";

const { DaprApp, DaprState, DaprStateInput, DaprStateOutput } = untyped;
const at = { stateStore: "store", key: "{id}" };
const problems = (...decorators: ReturnType<typeof DaprApp>[]) =>
  problemsWith(...decorators).filter((line) => !/expression-|not run it yet/.test(line));

describe("a state input and output of one key", () => {
  const input = (options: object = {}) => DaprStateInput({ name: "old", ...at, ...options });
  const output = (options: object = {}) => DaprStateOutput({ name: "new", ...at, ...options });

  it("are warned of", () => {
    expect(problems(input(), output())).toEqual([
      'warning state-pair-unguarded: Orders.store, input "old": output "new" writes the key that is read here, and two ' +
        "callers at once lose one update; use @DaprState, which starts over when the key changed in between",
    ]);
  });

  it.each([
    ["another key", input({ key: "{other}" }), output()],
    ["another store", input({ stateStore: "other" }), output()],
    ["a key that each item gives", input(), output({ key: undefined })],
    ["the etag at hand", input({ record: true }), output()],
  ])("are not with %s", (_, read, write) => {
    expect(problems(read, write)).toEqual([]);
  });
});

describe("state entries of one function", () => {
  const entry = (name: string, options: object = {}) => DaprState({ name, stateStore: "store", key: name, ...options });

  it("may be several keys of one store", () => {
    expect(problems(entry("a"), entry("b"))).toEqual([]);
  });

  it.each([
    ["another store", { stateStore: "other" }],
    ["another sidecar", { daprAddress: "http://127.0.0.1:3501" }],
  ])("are not of %s", (_, options) => {
    expect(problems(entry("a"), entry("b", options))).toEqual([
      'error state-entries-stores: Orders.store, entry "b", stateStore: entry "a" is of another store, and two stores ' +
        "cannot be written as one; give both the same stateStore and daprAddress, spelt the same",
    ]);
  });

  it("are not two of one key", () => {
    expect(problems(entry("a"), entry("b", { key: "a" }))).toEqual([
      'error option-invalid: Orders.store, entry "b", key: entry "a" has this key too; keep one of them',
    ]);
  });

  it("say what a conflict does where the method calls others", () => {
    const app = DaprApp({ name: "billing", appId: "billing" });
    expect(problems(app, entry("a", { onConflict: "fail" }))).toEqual([]);
    expect(problems(app, entry("a"))).toEqual([
      'error entry-with-client: Orders.store, entry "a", onConflict: client "billing" is called while the method runs, ' +
        'and a conflict runs it again; say onConflict: "rerun" where a second call does no harm, else onConflict: "fail"',
    ]);
  });

  it.each([
    ["onConflict", { onConflict: "retry" }, 'it is "retry"; give one of rerun, fail'],
    ["attempts", { attempts: 0 }, "it is 0; give a whole number from 1 to 100"],
    ["consistency", { consistency: "Strong" }, 'it is "Strong"; give one of eventual, strong'],
  ])("take %s as it is", (member, options, text) => {
    expect(problems(entry("a", options))).toEqual([
      `error option-invalid: Orders.store, entry "a", ${member}: ${text}`,
    ]);
  });
});

describe("the keys of a state input", () => {
  it.each([
    [{ key: "k", keys: "{ids}" }, "`key` is there too"],
    [{ keys: "{ids}", required: true }, "leave out `required` and `record`"],
  ])("are not %j", (options, text) => {
    const found = problemsOf(
      declared({
        store: [untyped.DaprServiceInvocationTrigger(), DaprStateInput({ name: "all", stateStore: "s", ...options })],
      }),
    );
    expect(found.filter((line) => line.includes(", keys: ") && line.includes(text))).toHaveLength(1);
  });
});
